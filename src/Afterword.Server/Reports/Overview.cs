using Afterword.Server.Console;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>Metrics of a range of days.</summary>
/// <param name="From">The first day.</param>
/// <param name="To">The last day, included.</param>
/// <param name="IsHidden">Whether they are limited to so few answers, or leave so few to the others, that nothing that comes from scores is shown.</param>
internal sealed record PeriodMetrics(long From, long To, Metrics Metrics, bool IsHidden)
{
    /// <summary>A change of scores since these days, as far as it may be shown: what is hidden of them must not be had from it.</summary>
    public MetricChange Shown(MetricChange change) => IsHidden && change.Trend != Trend.Unknown ? new(Trend.TooFew, 0, Tested: false) : change;
}

/// <summary>The metrics of one value of a breakdown.</summary>
/// <param name="IsHidden">Whether there are too few answers to show a score, here or in what is left when this is taken away from all.</param>
internal sealed record BreakdownPart(string Value, Metrics Metrics, bool IsHidden);

/// <summary>An answer that was given today.</summary>
internal sealed record TodaysAnswer(long PromptId, long At, int Score, bool HasText);

/// <summary>All that the Overview shows.</summary>
/// <param name="Zone">Where days begin and end.</param>
/// <param name="Now">The period that was asked for.</param>
/// <param name="Before">As many days before it.</param>
/// <param name="Points">The period in steps.</param>
/// <param name="Parts">Breakdowns of the whole period, whatever it is limited to.</param>
/// <param name="Counted">How many agents and tags there are, of which those in the breakdowns are the first.</param>
/// <param name="Since">The first day of those that begin later than the period, because there are too many values in it.</param>
internal sealed record Overview(
    string Zone, OverviewQuery Query, PromptType Type, PeriodMetrics Now, PeriodMetrics Before, ChartInterval ChartInterval, IReadOnlyList<PeriodMetrics> Points,
    IReadOnlyDictionary<Breakdown, IReadOnlyList<BreakdownPart>> Parts, IReadOnlyDictionary<Breakdown, long> Counted, IReadOnlyDictionary<Breakdown, long> Since, IReadOnlyList<TodaysAnswer> Today)
{
    /// <summary>Requests that the rules made.</summary>
    public const string Automatic = "automatic";

    /// <summary>Requests that someone made by a call.</summary>
    public const string ByHand = "hand";

    private const long MostToday = 8;

    /// <summary>Reads and calculates; null while the counts are not ready.</summary>
    public static Task<Overview?> ReadAsync(Database db, long sender, OverviewQuery query, DateTimeOffset now, CancellationToken stop) => db.ReadAsync(
        async session =>
        {
            if (await ReadRollups.ZoneAsync(session, sender, stop) is not { } zone) return null;

            var days = ConsoleDays.Of(zone);
            return await ReadAsync(session, sender, query, days, zone, days.DayOf(now.ToUnixTimeMilliseconds()), stop);
        },
        stop);

    private static async Task<Overview> ReadAsync(Session session, long sender, OverviewQuery query, ConsoleDays days, string zone, long today, CancellationToken stop)
    {
        var (from, to) = query.Days(today);
        var before = from - (to - from + 1);
        var type = query.Type ?? PromptType.Csat;
        var range = new RollupRange(sender, query.Test, type, before, to);
        var cells = await ReadRollups.CellsAsync(session, range, from, IsMeant, stop);
        if (cells.ByCell.Count == 0 && query.Type is null)
        {
            // Those who only ask the one kind of question see it without having to choose it.
            var other = range with { Type = PromptType.Nps };
            if (await ReadRollups.CellsAsync(session, other, from, IsMeant, stop) is { ByCell.Count: > 0 } found) (range, type, cells) = (other, PromptType.Nps, found);
        }

        var automatic = await ReadRollups.DaysAsync(session, range, Dimension.Automatic, "", stop);
        var scored = cells.ByDay.ToDictionary(one => one.Day, one => one.Counts.Scored);
        var counts = query.Only switch
        {
            (Breakdown.Origin, Automatic) => automatic,
            (Breakdown.Origin, ByHand) => Without(cells.ByDay, automatic),
            (Breakdown.Origin, _) => [],
            (Breakdown.Agent, var agent) => await ReadRollups.DaysAsync(session, range, Dimension.Agent, agent, stop),
            (Breakdown.Tag, var tag) => await ReadRollups.DaysAsync(session, range, Dimension.Tag, tag, stop),
            _ => cells.ByDay,
        };

        var now = PeriodOf(counts, from, to);
        var chartInterval = query.StepFor(to - from + 1, now.Metrics.Counts.Scored);
        var current = range with { From = from };
        var agents = await ValuesAsync(session, current, query, Breakdown.Agent, stop);
        var tags = await ValuesAsync(session, current, query, Breakdown.Tag, stop);
        return new(
            zone, query, type, now, PeriodOf(counts, before, from - 1), chartInterval, PointsOf(counts, from, to, chartInterval, PeriodOf),
            new Dictionary<Breakdown, IReadOnlyList<BreakdownPart>>
            {
                [Breakdown.Agent] = PartsOf(type, agents.Values),
                [Breakdown.Tag] = PartsOf(type, tags.Values),
                [Breakdown.Variant] = PartsOf(type, cells.ByCell, Breakdown.Variant),
                [Breakdown.Language] = PartsOf(type, cells.ByCell, Breakdown.Language),
                [Breakdown.Channel] = PartsOf(type, cells.ByCell, Breakdown.Channel),
                [Breakdown.Origin] = Origins(type, cells.ByCell.Values, automatic.Where(one => one.Day >= from).Select(one => one.Counts)),
            },
            new Dictionary<Breakdown, long> { [Breakdown.Agent] = agents.All, [Breakdown.Tag] = tags.All },
            new[] { (Slice: Breakdown.Agent, agents.From), (Slice: Breakdown.Tag, tags.From) }.Where(one => one.From > from).ToDictionary(one => one.Slice, one => one.From),
            await TodayAsync(session, current, days.StartOf(today), stop));

        bool IsMeant(Cell cell) => query.Only switch
        {
            null => true,
            (Breakdown.Agent or Breakdown.Tag, _) => false,
            (Breakdown.Origin, _) => true,
            var (breakdown, value) => ReadRollups.ValueOf(cell, breakdown) == value,
        };

        PeriodMetrics PeriodOf(IReadOnlyList<(long Day, Counts Counts)> some, long first, long last)
        {
            var sum = new Counts();
            foreach (var (day, one) in some)
            {
                if (day >= first && day <= last) sum.Add(one);
            }

            var metrics = Metrics.Of(type, sum);
            return new(first, last, metrics, query.Only is var (breakdown, _) && (metrics.IsTooFew || (breakdown == Breakdown.Origin && IsFew(ScoredIn(first, last) - sum.Scored))));
        }

        long ScoredIn(long first, long last) => scored.Where(one => one.Key >= first && one.Key <= last).Sum(one => one.Value);
    }

    private static Task<ValueSums> ValuesAsync(Session session, RollupRange range, OverviewQuery query, Breakdown breakdown, CancellationToken stop) => ReadRollups.ValuesAsync(
        session, range, breakdown == Breakdown.Agent ? Dimension.Agent : Dimension.Tag, query.Whole == breakdown ? ReadRollups.MostValues : ReadRollups.FirstValues, query.Whole == breakdown ? query.Find : null, stop);

    private static bool IsFew(long scored) => scored is > 0 and < Metrics.Enough;

    private static List<PeriodMetrics> PointsOf(List<(long Day, Counts Counts)> counts, long from, long to, ChartInterval chartInterval, Func<IReadOnlyList<(long Day, Counts Counts)>, long, long, PeriodMetrics> periodOf)
    {
        var points = new List<PeriodMetrics>();
        var sorted = counts.ToLookup(one => StartOf(one.Day, chartInterval), one => one);
        for (var start = from; start <= to; start = EndOf(start, chartInterval) + 1)
        {
            points.Add(periodOf([.. sorted[StartOf(start, chartInterval)]], start, Math.Min(to, EndOf(start, chartInterval))));
        }

        return points;
    }

    private static long StartOf(long day, ChartInterval chartInterval)
    {
        var date = DateOnly.FromDayNumber((int)day);
        return chartInterval switch
        {
            ChartInterval.Week => ConsoleDays.MondayOf(day),
            ChartInterval.Month => new DateOnly(date.Year, date.Month, 1).DayNumber,
            _ => day,
        };
    }

    private static long EndOf(long day, ChartInterval chartInterval) => chartInterval switch
    {
        ChartInterval.Week => StartOf(day, chartInterval) + 6,
        ChartInterval.Month => DateOnly.FromDayNumber((int)StartOf(day, chartInterval)).AddMonths(1).DayNumber - 1,
        _ => day,
    };

    private static List<BreakdownPart> PartsOf(PromptType type, List<(string Value, Counts Counts)> values) =>
        values.Where(one => one.Counts.Sent > 0).Select(one => (one.Value, Figures: Metrics.Of(type, one.Counts))).Select(one => new BreakdownPart(one.Value, one.Figures, one.Figures.IsTooFew)).ToList();

    private static List<(long Day, Counts Counts)> Without(List<(long Day, Counts Counts)> all, List<(long Day, Counts Counts)> some)
    {
        var taken = some.ToDictionary(one => one.Day, one => one.Counts);
        foreach (var (day, counts) in all)
        {
            if (taken.TryGetValue(day, out var less)) counts.Add(less, -1);
        }

        return all;
    }

    // Two parts that make up the whole: what is hidden of one must not be had by taking the other away.
    private static List<BreakdownPart> Origins(PromptType type, IEnumerable<Counts> all, IEnumerable<Counts> automatic)
    {
        var (byHand, byRules) = (new Counts(), new Counts());
        foreach (var counts in automatic) byRules.AddNumbers(counts, 1);
        foreach (var counts in all) byHand.AddNumbers(counts, 1);
        if (byRules.Sent == 0) return [];

        byHand.AddNumbers(byRules, -1);
        var (rules, hand) = (Metrics.Of(type, byRules), Metrics.Of(type, byHand));
        var isHidden = IsFew(rules.Counts.Scored) || IsFew(hand.Counts.Scored);
        return hand.Counts.Sent == 0 ? [new(Automatic, rules, rules.IsTooFew)] : [new(Automatic, rules, isHidden || rules.IsTooFew), new(ByHand, hand, isHidden || hand.IsTooFew)];
    }

    private static List<BreakdownPart> PartsOf(PromptType type, Dictionary<Cell, Counts> cells, Breakdown breakdown)
    {
        var sums = new Dictionary<string, Counts>();
        foreach (var (cell, counts) in cells)
        {
            var value = ReadRollups.ValueOf(cell, breakdown);
            if (!sums.TryGetValue(value, out var sum)) sums[value] = sum = new();
            sum.Add(counts);
        }

        return PartsOf(type, [.. sums.Select(sum => (sum.Key, sum.Value))]);
    }

    // The change log leads to today's answers: a few steps back from its end, whenever they were asked for. The type is compared
    // with a select for each of them, since a join would let PostgreSQL begin with the prompts, of which a sender has a million.
    private static Task<List<TodaysAnswer>> TodayAsync(Session session, RollupRange range, long start, CancellationToken stop) => session.Sql(
        """
        select p.id, p.score_at, p.score, case when p.comment is null then 0 else 1 end
        from (
            select c.sender_id, c.prompt_id, c.changed_at, c.id from change c
            where c.sender_id = @sender and c.changed_at >= @start and c.kind = 2 and @type = (
                select a.type from prompt a where a.sender_id = c.sender_id and a.id = c.prompt_id and a.score_at = c.changed_at and a.test = @test)
            order by c.changed_at desc, c.id desc limit @most) as newest
        join prompt p on p.sender_id = newest.sender_id and p.id = newest.prompt_id
        order by newest.changed_at desc, newest.id desc
        """)
        .Bind("sender", range.SenderId).Bind("start", start).Bind("type", (long)range.Type).Bind("test", range.Test ? 1L : 0L).Bind("most", MostToday)
        .ListAsync(row => new TodaysAnswer(row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), row.Flag(3)), stop);
}
