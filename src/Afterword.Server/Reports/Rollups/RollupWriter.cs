using System.Globalization;
using Afterword.Server.Changes;
using Afterword.Server.Console;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Rollups;

/// <summary>What a transaction changes in the rollups, added up before it is written: one row for each that is touched.</summary>
/// <remarks>
/// Whoever writes holds the locks of the senders (<see cref="ChangeLog.Stamp"/>), so nobody else touches their rollups meanwhile:
/// what is read stays true until the commit, and no two writers wait for each other's rows.
/// </remarks>
internal sealed class RollupWriter
{
    private readonly Dictionary<RollupKey, Counts> _deltas = [];
    private readonly Dictionary<RollupKey, ResponseTimes> _times = [];

    /// <param name="prompt">What is counted.</param>
    /// <param name="state">Of its sender, as it was locked.</param>
    /// <param name="sign">1 to count it, -1 to take it away.</param>
    public void Add(CountedRequest prompt, RollupState state, int sign = 1)
    {
        if (!state.Counts(prompt.Id)) return;

        Add(prompt, ConsoleDays.Of(state.Zone!).DayOf(prompt.CreatedAt), sign);
    }

    /// <summary>Counts a prompt as something else than before.</summary>
    public void Change(CountedRequest before, CountedRequest after, RollupState state)
    {
        Add(before, state, -1);
        Add(after, state);
    }

    /// <summary>Counts a prompt on a day.</summary>
    public void Add(CountedRequest prompt, long day, int sign = 1)
    {
        var key = new RollupKey(prompt.SenderId, prompt.Test, prompt.Type, Dimension.Cell, day, prompt.Cell.ToString());
        Of(key).Add(prompt, sign);
        if (prompt.Marks.Agent is { } agent) Of(key with { Dimension = Dimension.Agent, Value = agent }).Add(prompt, sign);
        if (prompt.Marks.Automatic) Of(key with { Dimension = Dimension.Automatic, Value = "" }).Add(prompt, sign);
        if (prompt.Marks.Tags is not { } tags) return;

        foreach (var tag in tags.All) Of(key with { Dimension = Dimension.Tag, Value = tag }).Add(prompt, sign);
    }

    /// <summary>What was counted.</summary>
    public IReadOnlyDictionary<RollupKey, Counts> All => _deltas;

    /// <summary>Writes the changes; the statements that nobody waits for go with the commit.</summary>
    public async Task WriteAsync(Session session, CancellationToken stop)
    {
        var touched = _deltas.Where(delta => !delta.Value.IsZero).ToArray();
        await ReadTimesAsync(session, [.. touched.Where(delta => !delta.Value.Times.IsEmpty).Select(delta => delta.Key)], stop);
        session.Then(Upsert, RowsOf(touched));
    }

    /// <summary>Writes prompts that are new and that nobody has answered: on the hottest way there is, a third of the columns.</summary>
    public void WriteNew(Session session)
    {
        var touched = _deltas.ToArray();
        session.Then(
            """
            insert into rollup (sender_id, test, type, dimension, day, value, sent, delivered, dismissed, commented, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10)
            select sender_id, test, type, dimension, day, value, sent, sent, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from {rows} where true
            on conflict (sender_id, test, type, dimension, day, value) do update set
                sent = rollup.sent + excluded.sent, delivered = rollup.delivered + excluded.delivered
            """,
            KeysOf(Rows.Of(touched), one => one.Key).Long("sent", one => one.Value.Sent));
    }

    private async Task ReadTimesAsync(Session session, RollupKey[] keys, CancellationToken stop)
    {
        await session.EachAsync(
            """
            select item.place, r.times from {rows}
            join rollup r on r.sender_id = item.sender_id and r.test = item.test and r.type = item.type
                and r.dimension = item.dimension and r.day = item.day and r.value = item.value
            where r.times is not null
            """,
            KeysOf(Rows.Of(keys).Place(), key => key),
            row =>
            {
                var times = new ResponseTimes();
                times.Add(row.GetBytes(1));
                _times[keys[row.GetInt64(0)]] = times;
            },
            stop);
        foreach (var key in keys)
        {
            if (!_times.TryGetValue(key, out var times)) _times[key] = times = new();
            times.Add(_deltas[key].Times);
        }
    }

    private Counts Of(RollupKey key)
    {
        if (!_deltas.TryGetValue(key, out var counts)) _deltas[key] = counts = new();
        return counts;
    }

    private Rows RowsOf(KeyValuePair<RollupKey, Counts>[] touched)
    {
        var rows = KeysOf(Rows.Of(touched), one => one.Key)
            .Long("sent", one => one.Value.Sent).Long("delivered", one => one.Value.Delivered).Long("dismissed", one => one.Value.Dismissed).Long("commented", one => one.Value.Commented);
        for (var score = 0; score < Counts.ScoreCount; score++)
        {
            var place = score;
            rows.Long(string.Create(CultureInfo.InvariantCulture, $"s{score}"), one => one.Value.Scores[place]);
        }

        return rows.Bytes("times", one => _times.TryGetValue(one.Key, out var times) ? times.ToBytes() : null);
    }

    private static Rows.Builder<T> KeysOf<T>(Rows.Builder<T> rows, Func<T, RollupKey> key) => rows
        .Long("sender_id", one => key(one).SenderId).Long("test", one => key(one).Test ? 1 : 0).Long("type", one => (long)key(one).Type)
        .Long("dimension", one => (long)key(one).Dimension).Long("day", one => key(one).Day).Text("value", one => key(one).Value);

    private const string Upsert =
        """
        insert into rollup (sender_id, test, type, dimension, day, value, sent, delivered, dismissed, commented, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, times)
        select sender_id, test, type, dimension, day, value, sent, delivered, dismissed, commented, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, times from {rows} where true
        on conflict (sender_id, test, type, dimension, day, value) do update set
            sent = rollup.sent + excluded.sent, delivered = rollup.delivered + excluded.delivered,
            dismissed = rollup.dismissed + excluded.dismissed, commented = rollup.commented + excluded.commented,
            s0 = rollup.s0 + excluded.s0, s1 = rollup.s1 + excluded.s1, s2 = rollup.s2 + excluded.s2, s3 = rollup.s3 + excluded.s3,
            s4 = rollup.s4 + excluded.s4, s5 = rollup.s5 + excluded.s5, s6 = rollup.s6 + excluded.s6, s7 = rollup.s7 + excluded.s7,
            s8 = rollup.s8 + excluded.s8, s9 = rollup.s9 + excluded.s9, s10 = rollup.s10 + excluded.s10,
            times = coalesce(excluded.times, rollup.times)
        """;
}
