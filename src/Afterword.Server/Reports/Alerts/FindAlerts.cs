using System.Globalization;
using Afterword.Server.Console;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Pages;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Alerts;

/// <summary>Finds out what no single answer tells: that a metric fell, and that a week is over.</summary>
/// <remarks>
/// Nothing is remembered between two rounds but the alerts themselves: the key of an alert has its day or its week, so a round
/// that comes late finds what an earlier one would have found, and two nodes that find the same write it once.
/// </remarks>
internal sealed class FindAlerts(Store store, TimeProvider clock)
{
    /// <summary>Metrics on fewer answers, in either of the two periods, are no reason for an alert.</summary>
    public const long Enough = 20;

    private const int Week = 7;
    private static readonly TimeSpan s_reportAt = TimeSpan.FromHours(8);
    private static readonly PromptType[] s_types = [PromptType.Csat, PromptType.Nps];

    public async Task RunAsync(CancellationToken stop)
    {
        var alertThresholdsList = await store.Main.ReadAsync(
            session => session.Sql($"select w.sender_id, {AlertThresholds.Columns} from watch w where w.fall_points >= 0 or w.weekly_since is not null order by w.sender_id")
                .ListAsync(row => (Sender: row.GetInt64(0), Watch: AlertThresholds.Read(row, 1)), stop),
            stop);
        foreach (var (sender, alertThresholds) in alertThresholdsList)
        {
            var found = await store.Main.SnapshotAsync(session => LookAsync(session, sender, alertThresholds, stop), stop);
            if (found.Count > 0) await Alert.WriteAsync(store, found, stop);
        }
    }

    private async Task<List<Alert>> LookAsync(Session session, long sender, AlertThresholds alertThresholds, CancellationToken stop)
    {
        // While the counts are made anew there is nothing to go by; it is looked at again in a minute.
        if (await ReadRollups.ZoneAsync(session, sender, stop) is not { } zone) return [];

        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var days = ConsoleDays.Of(zone);
        var found = new List<Alert>();
        if (alertThresholds.FallPoints >= 0 && await FellAsync(session, sender, alertThresholds, days.DayOf(now), stop) is { } fell) found.Add(Alert.New(store, sender, AlertKind.FigureFell, days.DayOf(now), now, fell));
        if (alertThresholds.WeeklySince is { } since && LastReport(days, now) is var monday && days.LocalOf(since) < DueAt(monday)
            && await WeekAsync(session, sender, monday - Week, stop) is { } week)
        {
            found.Add(Alert.New(store, sender, AlertKind.Weekly, monday - Week, now, week));
        }

        return found;
    }

    /// <summary>The last Monday on which a report fell due.</summary>
    private static long LastReport(ConsoleDays days, long now)
    {
        var monday = ConsoleDays.MondayOf(days.DayOf(now));
        return days.LocalOf(now) >= DueAt(monday) ? monday : monday - Week;
    }

    // By the clocks of the place: on a day on which they are changed too.
    private static DateTime DueAt(long monday) => DateOnly.FromDayNumber((int)monday).ToDateTime(TimeOnly.FromTimeSpan(s_reportAt));

    private static async Task<AlertFactsJson?> FellAsync(Session session, long sender, AlertThresholds alertThresholds, long today, CancellationToken stop)
    {
        if (await IsWrittenAsync(session, sender, AlertKind.FigureFell, today, stop)) return null;

        var fell = new List<FigureFellJson>();
        foreach (var type in s_types)
        {
            var (now, before) = await MetricsAsync(session, sender, type, today - Week + 1, stop);
            if (now.Counts.Scored < Enough || before.Counts.Scored < Enough) continue;

            var (mine, theirs) = (now.Headline!.Value.Value * 100, before.Headline!.Value.Value * 100);
            if (theirs - mine > alertThresholds.FallPoints) fell.Add(new(type.Wire, Math.Round(mine, 1), Math.Round(theirs, 1), now.Counts.Scored, before.Counts.Scored));
        }

        return fell.Count == 0 ? null : new(Fell: fell);
    }

    private static async Task<AlertFactsJson?> WeekAsync(Session session, long sender, long from, CancellationToken stop)
    {
        if (await IsWrittenAsync(session, sender, AlertKind.Weekly, from, stop)) return null;

        var lines = new List<WeekFigureJson>();
        foreach (var type in s_types)
        {
            var (now, before) = await MetricsAsync(session, sender, type, from, stop);
            if (now.Counts.Sent + before.Counts.Sent == 0) continue;

            lines.AddRange(new MetricCards(new(from, from + Week - 1, now, IsHidden: false), new(from - Week, from - 1, before, IsHidden: false), []).All().Select(card => new WeekFigureJson(
                type.Wire, card.Name, card.Mark is null ? card.Value : $"{card.Value} ({card.Mark.ToLowerInvariant()})", ChangeOf(card.Change), card.Change?.Tone ?? "")));
        }

        return new(Week: new(Iso(from), Iso(from + Week - 1), lines));
    }

    private static string ChangeOf(ChangeView? change) => change is null ? "nothing to compare with" : string.Join(' ', new[] { change.Text, change.Verdict }.Where(word => word.Length > 0));

    private static string Iso(long day) => DateOnly.FromDayNumber((int)day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The metrics of seven days and of the seven before, out of the counts alone. Test feedback is in neither.</summary>
    private static async Task<(Metrics Now, Metrics Before)> MetricsAsync(Session session, long sender, PromptType type, long from, CancellationToken stop)
    {
        var (now, before) = (new Counts(), new Counts());
        var cells = await ReadRollups.CellsAsync(session, new(sender, Test: false, type, from - Week, from + Week - 1), from, _ => true, stop);
        foreach (var (day, counts) in cells.ByDay) (day < from ? before : now).Add(counts);

        return (Metrics.Of(type, now), Metrics.Of(type, before));
    }

    public static Task<bool> IsWrittenAsync(Session session, long sender, AlertKind kind, long subject, CancellationToken stop) => session.Sql(
        "select 1 from alert where sender_id = @sender and kind = @kind and subject = @subject")
        .Bind("sender", sender).Bind("kind", (long)kind).Bind("subject", subject).FirstAsync(_ => true, stop);
}
