using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Rollups;

/// <summary>Which of a sender's rollups are read.</summary>
/// <param name="From">The first day.</param>
/// <param name="To">The last day, included.</param>
internal sealed record RollupRange(long SenderId, bool Test, PromptType Type, long From, long To);

/// <summary>Counts of cells, added up.</summary>
/// <param name="ByDay">In the order of the days.</param>
/// <param name="ByCell">Of every cell that there is; without the times, which nobody asks for.</param>
internal sealed record CellSums(List<(long Day, Counts Counts)> ByDay, Dictionary<Cell, Counts> ByCell);

/// <summary>Counts of agents or tags.</summary>
/// <param name="From">The first day that they count: later than the first of the range where there are too many of them to add up.</param>
/// <param name="All">How many there are, shown or not.</param>
/// <param name="Values">Those that are shown, those with most answers first.</param>
internal sealed record ValueSums(long From, long All, List<(string Value, Counts Counts)> Values);

/// <summary>Counts out of the store. The prompts themselves are not touched, however many there are.</summary>
internal static class ReadRollups
{
    /// <summary>Agents or tags that are shown at first.</summary>
    public const int FirstValues = 10;

    /// <summary>Agents or tags that are shown at most.</summary>
    public const int MostValues = 1_000;

    // Adding up one of them takes SQLite about a microsecond: 70 agents for a year, or 800 for a month.
    private const long MostRows = 25_000;

    private const string Where = "sender_id = @sender and test = @test and type = @type and dimension = @dimension and day >= @from and day <= @to";

    /// <summary>The time zone of a sender's counts; null while they are not ready.</summary>
    public static async Task<string?> ZoneAsync(Session session, long sender, CancellationToken stop)
    {
        var state = await session.Sql($"select {RollupState.Columns} from sender_state where sender_id = @sender").Bind("sender", sender)
            .FirstAsync(row => (RollupState?)new RollupState(row.TextOrNull(0), row.GetInt64(1), row.GetInt64(2)), stop);
        if (state is { } known) return known.CountedFrom > 0 ? null : known.Zone;

        // Who never asked anybody has no counts, and they are ready.
        return await session.Sql("select zone from figure_zone").FirstAsync(row => row.GetString(0), stop);
    }

    /// <summary>Adds up the counts of all cells while they are read: a year of them has hundreds a day.</summary>
    /// <param name="session">Reads.</param>
    /// <param name="range">Which.</param>
    /// <param name="from">The first day that counts for the sums by cell; it is within the range.</param>
    /// <param name="isMeant">Whether a cell counts for the sums by day.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<CellSums> CellsAsync(Session session, RollupRange range, long from, Func<Cell, bool> isMeant, CancellationToken stop)
    {
        var sums = new CellSums([], []);
        var known = new Dictionary<string, (bool IsMeant, Counts Sum)>();
        await Bind(session.Sql($"select day, value, {Counts.Columns} from rollup where {Where} order by day"), range, Dimension.Cell)
            .EachAsync(
                row =>
                {
                    var (day, value) = (row.GetInt64(0), row.GetString(1));
                    if (!known.TryGetValue(value, out var cell))
                    {
                        var parsed = Cell.Parse(value);
                        known[value] = cell = (isMeant(parsed), sums.ByCell[parsed] = new());
                    }

                    if (day >= from) cell.Sum.AddNumbers(row, 2);
                    if (!cell.IsMeant) return;

                    if (sums.ByDay is not [.., var (last, _)] || last != day) sums.ByDay.Add((day, new()));
                    sums.ByDay[^1].Counts.Add(row, 2);
                },
                stop);
        return sums;
    }

    /// <summary>Counts by day of one agent or tag.</summary>
    /// <remarks>Each day is looked up by itself: the key has the day before the value, and a day may have as many values as there are requests.</remarks>
    public static Task<List<(long Day, Counts Counts)>> DaysAsync(Session session, RollupRange range, Dimension dimension, string value, CancellationToken stop) => Bind(
        session.Sql(
            $"""
            with recursive days(of_day) as (select cast(@from as bigint) union all select of_day + 1 from days where of_day < @to)
            select day, {Counts.Columns} from days cross join rollup
            where sender_id = @sender and test = @test and type = @type and dimension = @dimension and day = of_day and value = @value order by day
            """),
        range, dimension).Bind("value", value)
        .ListAsync(row => (row.GetInt64(0), Counts.Read(row, 1)), stop);

    /// <summary>Counts of agents or tags, those with most answers first; without the times, which nobody asks for here.</summary>
    /// <param name="session">Reads.</param>
    /// <param name="range">Which.</param>
    /// <param name="dimension">Agents or tags.</param>
    /// <param name="most">So many.</param>
    /// <param name="find">Only those that have this in their name.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<ValueSums> ValuesAsync(Session session, RollupRange range, Dimension dimension, int most, string? find, CancellationToken stop)
    {
        var full = await Bind(session.Sql($"select day from rollup where {Where} order by day desc limit 1 offset @most"), range, dimension)
            .Bind("most", MostRows).FirstAsync(row => (long?)row.GetInt64(0), stop);
        if (full is { } day) range = range with { From = day + 1 };
        var (values, all) = (new List<(string Value, Counts Counts)>(), 0L);

        // The engines do not agree on what a small letter is, so names are compared here.
        await Bind(
            session.Sql(
                $"""
                select value, sum(sent), sum(delivered), sum(dismissed), sum(commented),
                    sum(s0), sum(s1), sum(s2), sum(s3), sum(s4), sum(s5), sum(s6), sum(s7), sum(s8), sum(s9), sum(s10), null, count(*) over ()
                from rollup where {Where} group by value
                order by sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10) desc, value limit @most
                """),
            range, dimension).Bind("most", find is null ? most : MostRows)
            .EachAsync(
                row =>
                {
                    all = row.GetInt64(17);
                    if (values.Count < most && (find is null || row.GetString(0).Contains(find, StringComparison.InvariantCultureIgnoreCase))) values.Add((row.GetString(0), Counts.Read(row, 1)));
                },
                stop);
        return new(range.From, all, values);
    }

    /// <summary>The value of a cell in a breakdown.</summary>
    public static string ValueOf(Cell cell, Breakdown breakdown) => breakdown switch
    {
        Breakdown.Variant => cell.Variant.ToString(CultureInfo.InvariantCulture),
        Breakdown.Language => cell.Language,
        _ => cell.Channel.Name,
    };

    private static Statement Bind(Statement sql, RollupRange range, Dimension dimension) => sql
        .Bind("sender", range.SenderId).Bind("test", range.Test ? 1L : 0L).Bind("type", (long)range.Type).Bind("dimension", (long)dimension)
        .Bind("from", range.From).Bind("to", range.To);
}
