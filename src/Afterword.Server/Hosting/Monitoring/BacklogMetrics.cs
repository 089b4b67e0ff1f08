using System.Diagnostics.Metrics;
using Afterword.Server.Storage;

namespace Afterword.Server.Hosting.Monitoring;

/// <summary>Looks every half minute at what waits, since when, and what was given up, while someone measures it.</summary>
/// <remarks>Whoever measures more often is told what was found: what a look costs does not depend on them, nor much on how much waits.</remarks>
internal sealed partial class BacklogMetrics : BackgroundService
{
    /// <summary>So many are counted at most, of each webhook and each sender.</summary>
    public const int MostOfOne = 1_000;

    private const int MostOfAll = 1_000_000;

    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(30);

    private readonly Store _store;
    private readonly TimeProvider _clock;
    private readonly ILogger<BacklogMetrics> _log;
    private readonly List<Instrument> _instruments = [];
    private volatile BacklogReading? _reading;

    public BacklogMetrics(Store store, TimeProvider clock, ILogger<BacklogMetrics> log)
    {
        (_store, _clock, _log) = (store, clock, log);
        Count("afterword.deliveries.waiting", "{deliveries}", "Deliveries to webhooks that wait, 1,000 of each webhook at most.", reading => reading.Work.Deliveries);
        Age("afterword.deliveries.oldest", "How long ago that happened which the oldest waiting delivery tells.", reading => reading.Work.OldestDeliveryAt);
        Count("afterword.deliveries.dead", "{deliveries}", "Deliveries that failed too often, 1,000 of each webhook at most.", reading => reading.Work.DeadDeliveries);
        Count("afterword.webhooks.failing", "{webhooks}", "Webhooks whose last attempt failed.", reading => reading.Work.FailingWebhooks);
        Age("afterword.webhooks.failing_for", "How long the webhook has failed that has failed longest.", reading => reading.Work.WebhookFailingSince);
        Count("afterword.webhooks.off", "{webhooks}", "Webhooks that are switched off.", reading => reading.Work.WebhooksOff);
        Count("afterword.dispatches.waiting", "{requests}", "Requests that wait to be sent through their channels.", reading => reading.Work.Dispatches);
        Age("afterword.dispatches.overdue", "How long the request is due that is due longest of those that wait to be sent.", reading => reading.Work.DeliveryDueAt);
        Count("afterword.dispatches.dead", "{requests}", "Requests that were refused or failed too often.", reading => reading.Work.DeadDispatches);
        Count("afterword.conversations.due", "{conversations}", "Conversations whose customers are to be asked now, 1,000 of each sender at most.", reading => reading.Work.Conversations);
        Age("afterword.conversations.late", "How long the conversation is due that is due longest.", reading => reading.Work.ConversationDueAt);
        Count("afterword.nonces", "{nonces}", "Nonces of signed requests that are kept, 1,000,000 at most.", reading => reading.Nonces);
        Count("afterword.figures.pending", "{senders}", "Senders whose figures are still to be counted, 1,000 at most.", reading => reading.Uncounted);
        Count("afterword.search.pending", "{texts}", "Texts that are still to be made searchable, 1,000,000 at most.", reading => reading.Unsearched);
    }

    /// <summary>Looks once, for those who measure.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        var work = await FindWorkAsync(MostOfAll, stop);
        var (uncounted, unsearched) = await _store.Main.ReadAsync(
            async session => (
                await session.Sql(
                    """
                    select count(*) from (select s.sender_id from sender_state s join figure_zone z on z.id = 1
                        where s.day_zone is null or s.day_zone <> z.zone or s.counted_from > 0 limit @most) as uncounted
                    """).Bind("most", (long)MostOfOne).FirstAsync(row => row.GetInt64(0), stop),
                await session.Sql("select count(*) from (select u.prompt_id from unsearched_text u limit @most) as unsearched").Bind("most", (long)MostOfAll).FirstAsync(row => row.GetInt64(0), stop)),
            stop);
        var nonces = await _store.Nonces.ReadAsync(
            session => session.Sql("select count(*) from (select n.hash from nonce n limit @most) as kept").Bind("most", (long)MostOfAll).FirstAsync(row => row.GetInt64(0), stop), stop);
        _reading = new(work, uncounted, unsearched, nonces);
    }

    /// <summary>Finds what waits and what was given up.</summary>
    /// <param name="most">So many requests are counted at most.</param>
    /// <param name="stop">Gives up.</param>
    public Task<WaitingWork> FindWorkAsync(long most, CancellationToken stop) => WaitingWork.FindAsync(_store.Main, _clock.GetUtcNow(), MostOfOne, most, stop);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicWork.RepeatAsync(
        s_every, _clock, stop => _instruments.Exists(instrument => instrument.Enabled) ? LookAsync(stop) : Task.CompletedTask, RoundFailed, stoppingToken, atOnce: true);

    private void Count(string name, string unit, string what, Func<BacklogReading, long> count) =>
        _instruments.Add(_store.Problems.Meter.CreateObservableGauge<long>(name, () => _reading is { } reading ? [new(count(reading))] : (IEnumerable<Measurement<long>>)[], unit, what));

    /// <summary>Measures how long something has gone on: 0 when there is nothing, or it is yet to come.</summary>
    private void Age(string name, string what, Func<BacklogReading, DateTimeOffset?> since) =>
        _instruments.Add(_store.Problems.Meter.CreateObservableGauge<double>(name, () => _reading is { } reading ? [new(SecondsSince(since(reading)))] : (IEnumerable<Measurement<double>>)[], "s", what));

    private double SecondsSince(DateTimeOffset? at) => at is { } began ? Math.Max(0, (_clock.GetUtcNow() - began).TotalSeconds) : 0;

    private void RoundFailed(Exception error)
    {
        if (!_store.Faults.Tell(error)) LookFailed(_log, error);
    }

    [LoggerMessage(EventId = 1117, Level = LogLevel.Error, Message = "A look at what waits failed; the next one comes in half a minute. Until then metrics show what was found before.")]
    private static partial void LookFailed(ILogger log, Exception error);

    private sealed record BacklogReading(WaitingWork Work, long Uncounted, long Unsearched, long Nonces);
}
