using System.Diagnostics.Metrics;
using Afterword.Server.Storage;

namespace Afterword.Server.Hosting;

/// <summary>Looks every half minute at what waits, since when, and what was given up, while somebody measures it.</summary>
/// <remarks>Whoever measures more often is told what was found: what a look costs does not depend on them, nor much on how much waits.</remarks>
internal sealed partial class Backlog : BackgroundService
{
    /// <summary>So many are counted at most, of each webhook and each sender.</summary>
    public const int MostOfOne = 1_000;

    private const int MostOfAll = 1_000_000;

    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(30);

    private readonly Store _store;
    private readonly Settings _settings;
    private readonly TimeProvider _clock;
    private readonly ILogger<Backlog> _log;
    private readonly List<Instrument> _instruments = [];
    private volatile Found? _found;

    public Backlog(Store store, Settings settings, TimeProvider clock, ILogger<Backlog> log)
    {
        (_store, _settings, _clock, _log) = (store, settings, clock, log);
        Count("afterword.deliveries.waiting", "{deliveries}", "Deliveries to webhooks that wait, 1,000 of each webhook at most.", found => found.Webhooks.Sum(one => one.Waiting));
        Age("afterword.deliveries.oldest", "How long ago that happened which the oldest waiting delivery tells.", found => found.Webhooks.Min(one => one.OldestAt));
        Count("afterword.deliveries.dead", "{deliveries}", "Deliveries that failed too often, 1,000 of each webhook at most.", found => found.Webhooks.Sum(one => one.Dead));
        Count("afterword.webhooks.failing", "{webhooks}", "Webhooks whose last attempt failed.", found => found.Webhooks.Count(one => one is { IsOn: true, FailingSince: not null }));
        Age("afterword.webhooks.failing_for", "How long the webhook has failed that has failed longest.", found => found.Webhooks.Where(one => one.IsOn).Min(one => one.FailingSince));
        Count("afterword.webhooks.off", "{webhooks}", "Webhooks that are switched off.", found => found.Webhooks.Count(one => !one.IsOn));
        Count("afterword.dispatches.waiting", "{requests}", "Requests that wait to be sent by mail or handed over.", found => found.Dispatches.Waiting);
        Age("afterword.dispatches.overdue", "How long the request is due that is due longest of those that wait to be sent.", found => found.Dispatches.DueAt);
        Count("afterword.dispatches.dead", "{requests}", "Requests that were refused or failed too often.", found => found.Dispatches.Dead);
        Count("afterword.conversations.due", "{conversations}", "Conversations whose customers are to be asked now, 1,000 of each sender at most.", found => found.Conversations.Sum(one => one.Due));
        Age("afterword.conversations.late", "How long the conversation is due that is due longest.", found => found.Conversations.Min(one => one.DueAt));
        Count("afterword.nonces", "{nonces}", "Nonces of signed requests that are kept, 1,000,000 at most.", found => found.Nonces);
        if (settings.Database is null) _instruments.Add(store.Troubles.Meter.CreateObservableGauge<long>("afterword.disk.free", FreeSpace, "By", "Room on the disk of the store."));
    }

    /// <summary>Looks once.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var found = await _store.Main.ReadAsync(
            async session => new Found(
                await session.Sql(
                    """
                    select w.failing_since, w.disabled_at,
                        (select count(*) from (select d.id from delivery d where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 0 order by d.due_at limit @most) as waiting),
                        (select min(waiting.changed_at) from (
                            select d.changed_at from delivery d where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 0 order by d.due_at limit @most) as waiting),
                        (select count(*) from (select d.id from delivery d where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 2 limit @most) as dead)
                    from webhook w where w.removed_at is null and w.polled = 0
                    """).Bind("most", (long)MostOfOne)
                    .ListAsync(row => new Webhook(row.LongOrNull(0), row.IsDBNull(1), row.GetInt64(2), row.LongOrNull(3), row.GetInt64(4)), stop),
                (await session.Sql(
                    """
                    select (select count(*) from (select d.due_at from dispatch d where d.state < 2 and d.channel in (1, 2) limit @most) as waiting),
                        (select min(first.due_at) from (
                            select (select d.due_at from dispatch d where d.state < 2 and d.channel = 1 order by d.due_at limit 1) as due_at
                            union all select (select d.due_at from dispatch d where d.state < 2 and d.channel = 2 order by d.due_at limit 1)) as first),
                        (select count(*) from (select d.prompt_id from dispatch d where d.state = 3 limit @most) as dead)
                    """).Bind("most", (long)MostOfAll)
                    .FirstAsync(row => new Dispatched(row.GetInt64(0), row.LongOrNull(1), row.GetInt64(2)), stop))!,
                await session.Sql(
                    """
                    select (select count(*) from (select c.id from conversation c where c.sender_id = a.sender_id and c.decision = 0 and c.due_at <= @now order by c.due_at limit @most) as due),
                        (select c.due_at from conversation c where c.sender_id = a.sender_id and c.decision = 0 order by c.due_at limit 1)
                    from automation a
                    """).Bind("now", now).Bind("most", (long)MostOfOne)
                    .ListAsync(row => new Conversations(row.GetInt64(0), row.LongOrNull(1)), stop),
                Nonces: 0),
            stop);
        var nonces = await _store.Admissions.ReadAsync(
            session => session.Sql("select count(*) from (select n.hash from nonce n limit @most) as kept").Bind("most", (long)MostOfAll).FirstAsync(row => row.GetInt64(0), stop), stop);
        _found = found with { Nonces = nonces };
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Rounds.RepeatAsync(
        s_every, _clock, stop => _instruments.Exists(instrument => instrument.Enabled) ? LookAsync(stop) : Task.CompletedTask, RoundFailed, stoppingToken, atOnce: true);

    private void Count(string name, string unit, string what, Func<Found, long> count) =>
        _instruments.Add(_store.Troubles.Meter.CreateObservableGauge<long>(name, () => _found is { } found ? [new(count(found))] : (IEnumerable<Measurement<long>>)[], unit, what));

    /// <summary>Measures how long something has gone on: 0 when there is nothing, or it is yet to come.</summary>
    private void Age(string name, string what, Func<Found, long?> since) =>
        _instruments.Add(_store.Troubles.Meter.CreateObservableGauge<double>(name, () => _found is { } found ? [new(SecondsSince(since(found)))] : (IEnumerable<Measurement<double>>)[], "s", what));

    private double SecondsSince(long? at) => at is { } began ? Math.Max(0, (_clock.GetUtcNow().ToUnixTimeMilliseconds() - began) / 1_000.0) : 0;

    private IEnumerable<Measurement<long>> FreeSpace()
    {
        try
        {
            return [new(new DriveInfo(Path.GetFullPath(_settings.Data)).AvailableFreeSpace)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private void RoundFailed(Exception error)
    {
        if (!_store.Faults.Tell(error)) LookFailed(_log, error);
    }

    [LoggerMessage(EventId = 1117, Level = LogLevel.Error, Message = "A look at what waits failed; the next one comes in half a minute. Until then metrics show what was found before.")]
    private static partial void LookFailed(ILogger log, Exception error);

    private sealed record Found(IReadOnlyList<Webhook> Webhooks, Dispatched Dispatches, IReadOnlyList<Conversations> Conversations, long Nonces);

    /// <param name="OldestAt">When that happened which the oldest waiting delivery tells, Unix milliseconds.</param>
    private sealed record Webhook(long? FailingSince, bool IsOn, long Waiting, long? OldestAt, long Dead);

    private sealed record Dispatched(long Waiting, long? DueAt, long Dead);

    private sealed record Conversations(long Due, long? DueAt);
}
