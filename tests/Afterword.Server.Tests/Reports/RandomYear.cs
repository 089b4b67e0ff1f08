using System.Globalization;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Reports;

/// <summary>A request as its row has it.</summary>
internal sealed record RawRow(
    PromptType Type, bool Test, int Variant, string? Agent, string[] Tags, long CreatedAt, long? DismissedAt, int? Score, long? ScoreAt, string? Comment);

/// <summary>Requests of all kinds with answers of all kinds, over some weeks, through the API.</summary>
internal sealed class RandomYear(FeedbackFixture fixture, int seed)
{
    private static readonly string[] s_agents = ["zoe", "Ömer", "li, wei"];
    private static readonly string[] s_tags = ["billing", "refund", "late delivery", "praise"];

    private readonly Random _random = new(seed);

    public async Task LiveAsync(int requests)
    {
        var open = new List<(string Id, int Most)>();
        for (var i = 0; i < requests; i++)
        {
            await fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(_random.Next(1, 700)));
            var nps = _random.Next(3) == 0;
            open.Add(((await fixture.AskAsync(nps ? "nps" : "csat", [.. More(nps)])).Text("id"), nps ? 10 : 5));
            while (open.Count > 0 && _random.Next(3) > 0) await AnswerAsync(open);
        }
    }

    public static Task<List<RawRow>> RowsAsync(FeedbackFixture fixture) => fixture.Server.Server.Store.Main.ReadAsync(
        session => session.Sql("select type, test, question_variant, agent, tags, created_at, dismissed_at, score, score_at, comment from prompt").ListAsync(
            row => new RawRow(
                (PromptType)row.GetInt32(0), row.GetInt32(1) == 1, row.GetInt32(2), row.TextOrNull(3), row.TextOrNull(4)?.Split(',') ?? [], row.GetInt64(5), row.LongOrNull(6),
                (int?)row.LongOrNull(7), row.LongOrNull(8), row.TextOrNull(9)),
            default),
        default);

    private IEnumerable<(string, string)> More(bool nps)
    {
        yield return ("question_variant_id", _random.Next(nps ? 3 : 5).ToString(CultureInfo.InvariantCulture));
        if (_random.Next(4) > 0) yield return ("agent", s_agents[_random.Next(s_agents.Length)]);
        if (_random.Next(3) > 0) yield return ("tags", string.Join(',', s_tags.Where(_ => _random.Next(2) == 0)));
        if (_random.Next(8) == 0) yield return ("test", "1");
    }

    private async Task AnswerAsync(List<(string Id, int Most)> open)
    {
        var (id, most) = open[_random.Next(open.Count)];
        await fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(_random.Next(1, 4_000)));
        switch (_random.Next(5))
        {
            case 0:
                await fixture.Server.PostAsync(fixture.Recipient, $"/1.1/feedback/dismiss/{id}.json");
                break;
            case 1:
                await fixture.SubmitAsync(id, ("text", "Because"));
                break;
            case 2:
                await fixture.SubmitAsync(id, ("score", $"{_random.Next(1, most + 1)}"), ("text", "Both"));
                break;
            default:
                await fixture.SubmitAsync(id, ("score", $"{_random.Next(1, most + 1)}"));
                break;
        }

        if (_random.Next(2) == 0) open.RemoveAll(one => one.Id == id);
    }
}
