using System.Globalization;
using Afterword.Server.Automation.Fairness;

namespace Afterword.Server.Tests.Automation;

/// <summary>Whom the page Fairness names: those who pick, and where all are fair, nobody on 95 of 100 pages.</summary>
public sealed class FairnessTests
{
    private const int Worlds = 1_000;

    [Fact]
    public void At_most_five_of_a_hundred_fair_pages_name_anybody()
    {
        var random = new Random(20260105);

        var named = Enumerable.Range(0, Worlds).Count(_ => JudgeFairness.Judge(FairWorld(random)).Count > 0);

        Assert.True(named <= Worlds * JudgeFairness.Level, string.Create(CultureInfo.InvariantCulture, $"{named} of {Worlds} fair pages name somebody."));

        // Were nobody ever named, the bound would be no merit.
        Assert.True(named > 0);
    }

    [Theory]
    [InlineData(nameof(SelectionMethod.ByHand))]
    [InlineData(nameof(SelectionMethod.Withdrawn))]
    [InlineData(nameof(SelectionMethod.Sample))]
    public void Whoever_picks_is_named_and_nobody_else(string way)
    {
        var (random, method, missed, others) = (new Random(7), Enum.Parse<SelectionMethod>(way), 0, 0);
        for (var i = 0; i < 100; i++)
        {
            var world = FairWorld(random, agents: 8, least: 400, most: 600, share: 0.3);
            var picker = world[i % 8];
            world[i % 8] = method switch
            {
                SelectionMethod.ByHand => picker with { ByHand = picker.ByHand + 45 },
                SelectionMethod.Withdrawn => picker with { Withdrawn = Math.Min(picker.Scheduled, picker.Withdrawn + (picker.Scheduled / 3)) },
                _ => picker with { Asked = (long)(picker.Expected * 0.6), Scheduled = (long)(picker.Expected * 0.6), Withdrawn = 0 },
            };
            var flags = JudgeFairness.Judge(world);
            if (!flags.Contains(new(picker.Agent, method))) missed++;
            if (flags.Any(flag => flag.Agent != picker.Agent)) others++;
        }

        Assert.True(missed <= 2, $"{missed} of 100 pickers were missed.");
        Assert.True(others <= 10, $"{others} of 100 pages name others.");
    }

    [Fact]
    public void The_tails_are_those_of_the_distributions()
    {
        // R: pbinom(q, n, p), phyper(q, m, n, k).
        foreach (var (got, expected) in new[]
        {
            (TailProbabilities.AtLeast(0, 10, 0.5), 1), (TailProbabilities.AtLeast(10, 10, 0.5), Math.Pow(0.5, 10)), (TailProbabilities.AtLeast(6, 10, 0.5), 0.376953125), (TailProbabilities.AtMost(4, 10, 0.5), 0.376953125), (TailProbabilities.AtLeast(1, 1, 0.001), 0.001),
            (TailProbabilities.AtMost(0, 50_000, 0.0001), 0.006736262), (TailProbabilities.AtLeast(25_500, 50_000, 0.5), 3.95131e-06), (TailProbabilities.AtLeast(3, 2, 0.5), 0), (TailProbabilities.AtLeast(2, 2, 1), 1),
            (TailProbabilities.AtLeastAmong(4, 5, 5, 10), 26.0 / 252), (TailProbabilities.AtLeastAmong(0, 5, 5, 10), 1), (TailProbabilities.AtLeastAmong(5, 5, 5, 5), 1), (TailProbabilities.AtLeastAmong(3, 2, 5, 10), 0),
        })
        {
            Assert.True(Math.Abs(got - expected) <= 0.002 * expected, $"{got} instead of {expected}");
        }
    }

    [Fact]
    public void Where_nothing_can_be_told_nobody_is_named()
    {
        Assert.Empty(JudgeFairness.Judge([]));
        Assert.Empty(JudgeFairness.Judge([new("kenji", 10, 10, 10, 10, 10, 10, 10)]));
        Assert.Empty(JudgeFairness.Judge([new("kenji", 0, 0, 0, 0, 0, 0, 5)]));
        Assert.Empty(JudgeFairness.Judge([new("kenji", 100, 0, 0, 0, 0, 0, 0), new("zoe", 100, 0, 0, 0, 0, 0, 0)]));
    }

    private static AgentCounts[] FairWorld(Random random) =>
        FairWorld(random, random.Next(1, 60), 1, random.Next(2, 2_000), random.Next(4) == 0 ? 1 : 0.02 + (0.96 * random.NextDouble()));

    // Every agent has customers, shares, reopened conversations and requests by hand of the same kind, of different number.
    private static AgentCounts[] FairWorld(Random random, int agents, int least, int most, double share)
    {
        var (other, eligible, reopened, byHand) = (Math.Min(1, share * 2), 0.2 + (0.8 * random.NextDouble()), 0.2 * random.NextDouble(), random.Next(3) == 0 ? 0 : 0.1 * random.NextDouble());
        return [.. Enumerable.Range(0, agents).Select(agent =>
        {
            var closed = random.Next(least, most + 1);
            var (all, hand) = (Draw(random, closed, eligible), Draw(random, closed, byHand));
            var first = Draw(random, all, 0.5);
            var asked = Draw(random, first, share) + Draw(random, all - first, other);
            return new AgentCounts(string.Create(CultureInfo.InvariantCulture, $"agent {agent}"), closed, all, (first * share) + ((all - first) * other), asked, asked, Draw(random, asked, reopened), hand);
        })];
    }

    private static int Draw(Random random, int many, double chance)
    {
        var hits = 0;
        for (var i = 0; i < many; i++)
        {
            if (random.NextDouble() < chance) hits++;
        }

        return hits;
    }
}
