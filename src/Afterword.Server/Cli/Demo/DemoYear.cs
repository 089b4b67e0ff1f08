using System.Globalization;
using Afterword.Server.Prompts;

namespace Afterword.Server.Cli.Demo;

/// <summary>One conversation of the demo's year, and what came of it. What never happened is null.</summary>
/// <param name="Customer">Which of the customers, counted from 0.</param>
/// <param name="At">When it was closed; of a test, when it was asked.</param>
/// <param name="Agent">Who led it.</param>
/// <param name="Tags">What it was about, separated by commas.</param>
/// <param name="Message">Of a request by hand, with the customer's name still to be filled in.</param>
/// <param name="ReopenedAt">When the customer came back to it, before anybody was asked.</param>
/// <param name="AskedAt">When the customer was asked, by the rules or by hand.</param>
/// <param name="ByHand">The agent asked, though the rules would not have.</param>
internal sealed record DemoConversation(
    int Customer, DateTimeOffset At, PromptType Type, string Message, string ExternalId, bool Test,
    string? Agent = null, string? Tags = null, DateTimeOffset? ReopenedAt = null, DateTimeOffset? AskedAt = null, bool ByHand = false,
    DateTimeOffset? DismissedAt = null, int? Score = null, DateTimeOffset? ScoreAt = null, string? Comment = null, DateTimeOffset? CommentAt = null)
{
    /// <summary>Whether it counts as a request of the year.</summary>
    public bool IsAsked => AskedAt is not null;
}

/// <summary>Makes up a year of a small furniture shop: service gets better, but for one week when nothing is delivered. The rules ask, and one agent picks whom to ask besides.</summary>
internal sealed class DemoYear
{
    private const double AnsweredShare = 0.6;
    private const double CommentedShare = 0.4;
    private const double DismissedShare = 0.08;
    private const double InternalShare = 0.03;
    private const double ReopenedShare = 0.03;

    // Whose scores are the lowest, and who asks most of the happy ones by hand where the sample left them out.
    private const string Picker = "Pauline";
    private const double PickedShare = 0.75;

    // Some lead conversations better than others, and one of them joined in the middle of the year.
    private static readonly (string Name, double Gift)[] s_agents = [("Nora", 0.4), ("Idris", 0.2), ("Pauline", -0.35), ("Kenji", 0.3)];

    // Some customers are easier to please than others.
    private static readonly double[] s_temper = [0.25, -0.3, 0];

    private readonly DateTimeOffset _start;
    private readonly DateTimeOffset _end;
    private readonly DateTimeOffset _badWeek;
    private readonly Random _random;
    private readonly Dictionary<string[], Queue<string>> _unsaid = [];

    private DemoYear(DateTimeOffset end, Random random)
    {
        (_end, _random) = (end, random);
        _start = end.AddDays(-364);
        _badWeek = end.AddDays(-140);
    }

    /// <summary>The conversations of all customers in the order in which they ended: a year up to the day before yesterday, and those of the last hours.</summary>
    public static IReadOnlyList<DemoConversation> Of(DateTimeOffset now, Random random)
    {
        var year = new DemoYear(now.AddDays(-1.5), random);
        var all = new List<DemoConversation>();
        for (var customer = 0; customer < s_temper.Length; customer++) year.Add(all, customer);
        year.AddToday(all, now);
        all.Sort((one, other) => one.At.CompareTo(other.At));

        var ticket = 4_096;
        return [.. all.Select(conversation => conversation.Test || conversation.IsAsked
            ? conversation
            : year.Lived(conversation with { ExternalId = string.Create(CultureInfo.InvariantCulture, $"ticket_{ticket += random.Next(1, 9)}") }))];
    }

    private void Add(List<DemoConversation> all, int customer)
    {
        // Before it went live, each customer's card was tried out once.
        all.Add(new(
            customer, DaytimeAfter(_start), PromptType.Csat, "Just a test, {name}: please ignore this.", string.Create(CultureInfo.InvariantCulture, $"test_{customer + 1}"), Test: true));

        for (var at = _start.AddDays(2 + _random.Next(3)); at < _end.AddDays(-1); at = at.AddDays(IsBadWeek(at) || IsSeason(at) ? 1 : 1 + _random.Next(3)))
        {
            // About half of them are asked about.
            for (var twice = 0; twice < 2; twice++) all.Add(Conversation(customer, DaytimeAfter(at), IsBadWeek(at) || _random.NextDouble() < 0.25 ? DemoTexts.Delivery : Pick(DemoTexts.Others)));
        }
    }

    private DemoConversation Conversation(int customer, DateTimeOffset at, DemoTopic topic)
    {
        var tags = TagsOf(topic, at);
        return new(customer, at, DemoRules.TypeOf(tags), Pick(topic.Messages), "", Test: false, AgentOf(at).Name, tags);
    }

    /// <summary>What came in just before someone looks: one good answer, one fair and one bad.</summary>
    private void AddToday(List<DemoConversation> all, DateTimeOffset now)
    {
        foreach (var (customer, hours, score, topic) in new[] { (0, 5.0, 5, DemoTexts.Others[0]), (2, 3.5, 4, DemoTexts.Others[3]), (1, 2.0, 2, DemoTexts.Delivery) })
        {
            var at = now.AddHours(-hours);
            var (askedAt, scoreAt) = (at + DemoRules.Delay, (at + DemoRules.Delay).AddMinutes(4 + (_random.NextDouble() * 30)));
            all.Add(new(
                customer, at, PromptType.Csat, topic.Messages[0], DemoRules.SampledName($"today_{customer + 1}", topic.Tag), Test: false, AgentOf(at).Name, topic.Tag, AskedAt: askedAt,
                Score: score, ScoreAt: scoreAt, Comment: score < 3 ? topic.Unhappy[0] : null, CommentAt: score < 3 ? scoreAt.AddSeconds(40) : null));
        }
    }

    /// <summary>Decides, as the rules will, whether the customer is asked, and then whether and how they answered.</summary>
    private DemoConversation Lived(DemoConversation closed)
    {
        // Who was let down is more eager to say so.
        var bad = IsBadWeek(closed.At);
        var (score, mood) = Score(closed, bad);
        if (_random.NextDouble() < InternalShare) return closed with { Tags = $"{closed.Tags},{DemoRules.Internal}" };

        var sampled = DemoRules.IsSampled(closed.ExternalId, closed.Tags!);
        if (sampled && _random.NextDouble() < ReopenedShare) return closed with { ReopenedAt = closed.At + (DemoRules.Delay / 2) };
        if (sampled) return Answered(closed with { AskedAt = closed.At + DemoRules.Delay }, bad, score, mood);

        return closed.Agent == Picker && mood > 0 && _random.NextDouble() < PickedShare ? Answered(closed with { AskedAt = closed.At.AddMinutes(2), ByHand = true }, bad, score, mood) : closed;
    }

    private DemoConversation Answered(DemoConversation asked, bool bad, int score, int mood)
    {
        var at = asked.AskedAt!.Value;
        if (_random.NextDouble() >= (bad ? 0.9 : AnsweredShare))
        {
            return _random.NextDouble() < DismissedShare ? asked with { DismissedAt = at.AddMinutes(1 + (_random.NextDouble() * 30)) } : asked;
        }

        var scoreAt = at + AnswerDelay();
        if (scoreAt > _end) return asked;

        var answered = asked with { Score = score, ScoreAt = scoreAt };
        if (_random.NextDouble() >= (bad ? 0.8 : CommentedShare)) return answered;

        var topic = DemoTexts.Delivery.Messages.Contains(asked.Message) ? DemoTexts.Delivery : DemoTexts.Others.First(topic => topic.Messages.Contains(asked.Message));
        var comment = Unsaid(mood switch { > 0 => topic.Happy, 0 => topic.Lukewarm, _ => topic.Unhappy });
        return answered with { Comment = comment, CommentAt = scoreAt.AddSeconds(15 + (_random.NextDouble() * 120)) };
    }

    /// <summary>A score on the scale, and whether that is a good one (1), one in the middle (0) or a bad one (-1).</summary>
    private (int Score, int Mood) Score(DemoConversation asked, bool bad)
    {
        var passed = (asked.At - _start) / (_end - _start);
        var feeling = (bad ? 1.6 : 3.6 + passed) + s_temper[asked.Customer] + GiftOf(asked.Agent!) + (0.85 * Normal());
        if (asked.Type == PromptType.Csat)
        {
            var csat = (int)Math.Clamp(Math.Round(feeling), 1, 5);
            return (csat, Math.Sign(csat - 3));
        }

        // A csat of 3 is felt like a 6 of nps, a 4.5 like a 9.
        var nps = (int)Math.Clamp(Math.Round(feeling * 2), 0, 10);
        return (nps, nps >= 9 ? 1 : nps >= 7 ? 0 : -1);
    }

    // Most answer at once, some in the evening, a few after days.
    private TimeSpan AnswerDelay() => _random.NextDouble() switch
    {
        < 0.65 => TimeSpan.FromMinutes(1 + (_random.NextDouble() * 45)),
        < 0.92 => TimeSpan.FromHours(1 + (_random.NextDouble() * 9)),
        _ => TimeSpan.FromHours(20 + (_random.NextDouble() * 60)),
    };

    private bool IsBadWeek(DateTimeOffset at) => at >= _badWeek && at < _badWeek.AddDays(7);

    // Furniture is bought before Christmas, and before summer ends.
    private static bool IsSeason(DateTimeOffset at) => at is { Month: 12, Day: < 22 } or { Month: 11, Day: > 20 } or { Month: 8, Day: > 20 };

    private (string Name, double Gift) AgentOf(DateTimeOffset at) => s_agents[_random.Next(at < _start.AddDays(200) ? s_agents.Length - 1 : s_agents.Length)];

    private static double GiftOf(string agent) => Array.Find(s_agents, one => one.Name == agent).Gift;

    private string TagsOf(DemoTopic topic, DateTimeOffset at) =>
        string.Join(',', [topic.Tag, .. _random.NextDouble() < 0.2 ? ["vip"] : Array.Empty<string>(), .. IsSeason(at) ? ["season"] : Array.Empty<string>()]);

    // Half past eight to eight in the evening, so that two of one customer are never less than a day apart.
    private DateTimeOffset DaytimeAfter(DateTimeOffset day) =>
        new DateTimeOffset(day.UtcDateTime.Date, TimeSpan.Zero).AddHours(8.5 + (_random.NextDouble() * 11.5));

    // The sum of twelve is near enough to a bell curve.
    private double Normal() => Enumerable.Range(0, 12).Sum(_ => _random.NextDouble()) - 6;

    private T Pick<T>(IReadOnlyList<T> among) => among[_random.Next(among.Count)];

    /// <summary>One of the texts; none comes again before all have been used.</summary>
    private string Unsaid(string[] texts)
    {
        if (!_unsaid.TryGetValue(texts, out var left) || left.Count == 0) _unsaid[texts] = left = new Queue<string>(texts.OrderBy(_ => _random.Next()));
        return left.Dequeue();
    }
}
