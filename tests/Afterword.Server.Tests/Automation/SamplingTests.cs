using System.Security.Cryptography;
using Afterword.Server.Automation;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Automation;

/// <summary>The sample: as large as the rules say, whoever led the conversations, and the same whoever draws it again.</summary>
public sealed class SamplingTests
{
    private const int Closes = 100_000;

    // Of a normal distribution: beyond it lies one key in three million.
    private const double Deviations = 5;

    [Theory]
    [InlineData(500_000)]
    [InlineData(100_000)]
    [InlineData(900_000)]
    [InlineData(1_000)]
    public void Of_100_000_conversations_the_share_is_in_the_sample_and_of_each_agents_too(int millionths)
    {
        var rate = new SamplingRate(millionths);
        for (var key = 0; key < 3; key++)
        {
            // An agent for each reference, a reference for each day and case: what helpdesks give has a pattern, and the sample none.
            var secret = SHA256.HashData([(byte)key]);
            var sampled = new int[20];
            for (var i = 0; i < Closes; i++)
            {
                if (Draw.Of(secret, FormattableString.Invariant($"ticket-{2026_0000 + (i / 40)}-{i % 40}")).IsBelow(rate)) sampled[i % sampled.Length]++;
            }

            AssertNear(rate, Closes, sampled.Sum());
            Assert.All(sampled, one => AssertNear(rate, Closes / sampled.Length, one));
        }
    }

    [Fact]
    public void A_sample_of_nobody_and_of_everybody_is_that()
    {
        var key = SHA256.HashData([7]);
        for (var i = 0; i < Closes; i++)
        {
            var draw = Draw.Of(key, FormattableString.Invariant($"t{i}"));
            if (draw.IsBelow(new(0)) || !draw.IsBelow(SamplingRate.All) || draw.Value is < 0 or >= 1) Assert.Fail($"{draw} of t{i}");
        }
    }

    [Fact]
    public void Neighbouring_references_and_keys_have_nothing_to_do_with_each_other()
    {
        // A correlation of 100,000 pairs by chance is below 0.0158 but for one key in two million.
        var (one, other) = (SHA256.HashData([1]), SHA256.HashData([2]));
        Assert.InRange(Math.Abs(Correlation(i => Draw.Of(one, $"t{i}").Value, i => Draw.Of(one, $"t{i + 1}").Value)), 0, 0.0158);
        Assert.InRange(Math.Abs(Correlation(i => Draw.Of(one, $"t{i}").Value, i => Draw.Of(other, $"t{i}").Value)), 0, 0.0158);
        Assert.InRange(Math.Abs(Correlation(i => Draw.Of(one, $"t{i}").Value, i => i)), 0, 0.0158);
    }

    private static void AssertNear(SamplingRate rate, int of, int sampled)
    {
        var (expected, spread) = (of * rate.Value, Deviations * Math.Sqrt(of * rate.Value * (1 - rate.Value)));
        Assert.InRange(sampled, expected - spread - 1, expected + spread + 1);
    }

    private static double Correlation(Func<int, double> x, Func<int, double> y)
    {
        var pairs = Enumerable.Range(0, Closes).Select(i => (X: x(i), Y: y(i))).ToArray();
        var (mx, my) = (pairs.Average(pair => pair.X), pairs.Average(pair => pair.Y));
        return pairs.Sum(pair => (pair.X - mx) * (pair.Y - my)) / Math.Sqrt(pairs.Sum(pair => Math.Pow(pair.X - mx, 2)) * pairs.Sum(pair => Math.Pow(pair.Y - my, 2)));
    }
}

/// <summary>Every draw of the ledger is made again.</summary>
public abstract class VerifyTests(Engine engine, int draws)
{
    private const int AtOnce = 10_000;

    [Fact]
    public async Task Each_draw_is_calculated_again_and_the_first_that_differs_is_named()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody("\"share\":0.3"));
        var (store, furni) = (world.Server.Server.Store, world.Fixture.Furni.Id);
        var key = store.Secrets.Unprotect(await store.Main.ReadAsync(session => session.Sql("select sampling_key from automation").FirstAsync(row => row.GetBytes(0), default), default) ?? []);
        var rate = new SamplingRate(300_000);
        for (var from = 0; from < draws; from += AtOnce)
        {
            var some = Enumerable.Range(from, Math.Min(AtOnce, draws - from)).Select(i => Of(furni, i, rate, Draw.Of(key, $"t{i}"))).ToArray();
            await store.Main.WriteAsync(
                session =>
                {
                    Conversation.Insert(session, some);
                    return Task.FromResult(0);
                },
                default);
        }

        var verify = new VerifyDraws(store);
        Assert.Equal(new VerifiedDraws(draws, null, null), await verify.RunAsync(furni, default));

        // One bit of the last but ten, and what followed from the one before that.
        await world.RunAsync($"update conversation set draw = draw + 1 where external_id = 't{draws - 10}'");
        var wrong = await verify.RunAsync(furni, default);
        Assert.Equal((draws - 10, $"t{draws - 10}"), (wrong.Checked, wrong.Wrong?.ExternalId));
        await world.RunAsync($"update conversation set decision = 1 - decision + 2, reason = 4 - reason where external_id = 't{draws - 11}'");
        wrong = await verify.RunAsync(furni, default);
        Assert.Equal((draws - 11, $"t{draws - 11}"), (wrong.Checked, wrong.Wrong?.ExternalId));
    }

    private static Conversation Of(long sender, int at, SamplingRate rate, Draw draw)
    {
        var asked = draw.IsBelow(rate);
        return new(
            sender, at + 1, $"t{at}", 1, Test: false, null, null, null, null, null, null, null, null, null, default, "", at, at, at, 1,
            asked ? Decision.Asked : Decision.Skipped, asked ? Reason.None : Reason.SampledOut, 1, "all", rate, draw, null, null, null, null);
    }
}

public sealed class SqliteVerifyTests() : VerifyTests(Engine.Sqlite, 100_000);

public sealed class PostgresVerifyTests() : VerifyTests(Engine.Postgres, LongForm.Or(10_000, 100_000));
