using Afterword.Server.Changes;
using Afterword.Server.Console;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Rollups;

/// <summary>Counts a sender's prompts from the start: after an upgrade from before there were rollups, and when the time zone was changed.</summary>
/// <remarks>
/// Each chunk is a transaction under the sender's lock, and how far it got stands beside the lock. So writers wait for a chunk
/// at most, know which prompts are counted, and a killed rebuild goes on where it was. Two nodes at it help each other.
/// </remarks>
internal sealed partial class RebuildRollups(Store store, TimeProvider clock, ILogger<RebuildRollups> log)
{
    private const long Chunk = 5_000;

    /// <summary>Keeps the time zone of the metrics in the store, for every node and command.</summary>
    public static Task RecordZoneAsync(Store store, string zone, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("insert into figure_zone (id, zone) values (1, @zone) on conflict (id) do update set zone = excluded.zone").Bind("zone", zone).RunAsync(stop), stop);

    /// <summary>Rebuilds what is missing, or is of another zone.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var after = 0L;
        while (await NextAsync(after, stop) is { } sender)
        {
            await RunAsync(sender, stop);
            after = sender;
        }
    }

    private Task<long?> NextAsync(long after, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select s.sender_id from sender_state s join figure_zone z on z.id = 1
            where s.sender_id > @after and (s.day_zone is null or s.day_zone <> z.zone or s.counted_from > 0)
            order by s.sender_id limit 1
            """).Bind("after", after).FirstAsync(row => (long?)row.GetInt64(0), stop),
        stop);

    private async Task RunAsync(long sender, CancellationToken stop)
    {
        while (await store.Main.WriteAsync(session => StepAsync(session, sender, stop), stop) is { } done)
        {
            if (done == 0) continue;

            var until = DateTimeOffset.FromUnixTimeMilliseconds(done);
            Counted(log, sender, until);
        }

        Rebuilt(log, sender);
    }

    /// <summary>One chunk.</summary>
    /// <returns>The instant up to which it is counted, Unix milliseconds; 0 while old counts are taken away; null when all is done.</returns>
    private async Task<long?> StepAsync(Session session, long sender, CancellationToken stop)
    {
        var states = new Dictionary<long, SenderState>();
        await session.EachAsync(ChangeLog.Stamp([sender], clock.GetUtcNow().ToUnixTimeMilliseconds(), states), stop);
        var zone = await session.Sql("select zone from figure_zone").FirstAsync(row => row.GetString(0), stop);
        var state = states[sender].Rollups;
        if (state.Zone == zone) return state.CountedFrom == 0 ? null : await CountAsync(session, sender, state, stop);

        // Whoever answers meanwhile counts nothing, and neither does who asks.
        if (state.Zone is not null) await SetAsync(session, sender, new(null, 0, 0), stop);
        var removed = await session.Sql(
            """
            delete from rollup where (sender_id, test, type, dimension, day, value) in (
                select sender_id, test, type, dimension, day, value from rollup where sender_id = @sender order by test, type, dimension, day, value limit @most)
            """).Bind("sender", sender).Bind("most", Chunk).RunAsync(stop);
        if (removed > 0) return 0;

        var last = await session.Sql("select coalesce(max(id), 0) from prompt where sender_id = @sender").Bind("sender", sender).FirstAsync(row => row.GetInt64(0), stop);
        await SetAsync(session, sender, new(zone, 0, last), stop);
        return last == 0 ? null : 0;
    }

    private static async Task<long?> CountAsync(Session session, long sender, RollupState state, CancellationToken stop)
    {
        var rollupWriter = new RollupWriter();
        var days = ConsoleDays.Of(state.Zone!);
        var last = default(CountedRequest);
        var count = await session.Sql(
            $"select {CountedRequest.Columns} from prompt p where p.sender_id = @sender and p.id > @after and p.id <= @last order by p.id limit @most")
            .Bind("sender", sender).Bind("after", state.CountedTo).Bind("last", state.CountedFrom).Bind("most", Chunk)
            .EachAsync(
                row =>
                {
                    last = CountedRequest.Read(row);
                    rollupWriter.Add(last, days.DayOf(last.CreatedAt));
                },
                stop);
        await rollupWriter.WriteAsync(session, stop);
        await SetAsync(session, sender, count < Chunk ? state with { CountedTo = 0, CountedFrom = 0 } : state with { CountedTo = last!.Id }, stop);
        return count < Chunk ? null : last!.CreatedAt;
    }

    private static Task<int> SetAsync(Session session, long sender, RollupState state, CancellationToken stop) => session.Sql(
        "update sender_state set day_zone = @zone, counted_to = @to, counted_from = @from where sender_id = @sender")
        .Bind("zone", state.Zone).Bind("to", state.CountedTo).Bind("from", state.CountedFrom).Bind("sender", sender).RunAsync(stop);

    [LoggerMessage(EventId = 5101, Level = LogLevel.Information, Message = "The figures of sender {Sender} are being counted anew; done up to {Until:yyyy-MM-dd}.")]
    private static partial void Counted(ILogger log, long sender, DateTimeOffset until);

    [LoggerMessage(EventId = 5102, Level = LogLevel.Information, Message = "The figures of sender {Sender} are counted.")]
    private static partial void Rebuilt(ILogger log, long sender);
}
