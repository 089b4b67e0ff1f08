using System.Diagnostics.Metrics;
using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>What is to be noted of a delivery.</summary>
/// <param name="Delivery">As it was read.</param>
/// <param name="Attempt">What happened; null when it is only put off behind an earlier one of its prompt.</param>
/// <param name="State">What it is from now on.</param>
/// <param name="DueAt">When it is due again, Unix milliseconds; null when that stays as it stands in the store, with the count of failures.</param>
/// <param name="Version">Of the endpoint when the attempt began, or when the delivery was read that is put off.</param>
internal sealed record Settlement(Delivery Delivery, DeliveryAttempt? Attempt, DeliveryState State, long? DueAt, long Version)
{
    /// <summary>When the wait ends that the endpoint asked for, Unix milliseconds: a delivery that waits keeps it where the others have the time of their end.</summary>
    public long? AskedUntil => DueAt is not null && Attempt is { RetryAfter: { } asked } ? Attempt.StartedAt + Attempt.Took + (long)RetrySchedule.WaitAsked(asked).TotalMilliseconds : null;

    /// <summary>
    /// What becomes of it when the endpoint has <paramref name="version"/> by now. If an operator has changed something meanwhile, a
    /// failure says nothing of the endpoint as it is now, and what was just made due must not be put off: it is tried once more. If a person
    /// was erased meanwhile, the answer may give back what it was sent of them: it is not kept.
    /// </summary>
    public Settlement Under(long version) => version == Version ? this
        : (State == DeliveryState.Delivered ? this : this with { State = DeliveryState.Waiting, DueAt = null }) with { Attempt = Attempt is null ? null : Attempt with { Answer = [] } };
}

/// <summary>What became of a settlement.</summary>
/// <param name="Noted">False when the lease had been taken over.</param>
/// <param name="LeasedUntil">The lease was extended until then.</param>
/// <param name="DisabledReason">Why nothing more is to be sent to the endpoint; null when it is active.</param>
/// <param name="Version">Of the endpoint as it is now.</param>
internal sealed record Settled(bool Noted, long LeasedUntil, string? DisabledReason, long Version);

/// <summary>Notes what became of deliveries, many in one transaction, and switches off endpoints that want or take no more.</summary>
internal sealed class Settlements
{
    private readonly TimeSpan _leaseLength;
    private readonly TimeSpan _disableAfter;
    private readonly TimeProvider _clock;
    private readonly WriteGroup<Batch, Settled> _group;
    private readonly TelemetrySettings _telemetry;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _took;

    public Settlements(Store store, Settings settings, Leases leases, TimeProvider clock)
    {
        (_leaseLength, _disableAfter, _clock) = (leases.Length, settings.Webhooks.DisableAfter, clock);
        _group = store.Main.Group<Batch, Settled>(batch => batch.Lease.Target.Key.SenderId, RunAsync);
        _telemetry = settings.Telemetry;
        _attempts = store.Problems.Meter.CreateCounter<long>("afterword.deliveries", "{attempts}", "Attempts to deliver events to webhooks, by what came of them.");
        _took = store.Problems.Meter.CreateHistogram("afterword.delivery.duration", "s", "How long webhooks took to answer, or until an attempt was given up.", null, WriteMetrics.Seconds);
    }

    /// <param name="lease">Under which they were made; with another holder since, nothing is noted.</param>
    /// <param name="settlements">One or more, of one endpoint.</param>
    public Task<Settled> RunAsync(Lease lease, params Settlement[] settlements)
    {
        var settling = _group.RunAsync(new(lease, settlements));
        return _attempts.Enabled || _took.Enabled ? CountAsync(settling, lease.Target.Key.SenderId, settlements) : settling;
    }

    private async Task<Settled> CountAsync(Task<Settled> settling, long sender, Settlement[] settlements)
    {
        var settled = await settling;
        if (!settled.Noted) return settled;

        foreach (var settlement in settlements)
        {
            if (settlement.Attempt is not { } attempt) continue;

            var outcome = settlement.Under(settled.Version).State switch { DeliveryState.Delivered => "delivered", DeliveryState.Dead => "dead", _ => "retry" };
            var labels = _telemetry.Labels(sender, new KeyValuePair<string, object?>("outcome", outcome));
            _attempts.Add(1, labels);
            _took.Record(attempt.Took / 1_000.0, labels);
        }

        return settled;
    }

    private async Task<Settled[]> RunAsync(Session session, IReadOnlyList<Batch> batches)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var until = now + (long)_leaseLength.TotalMilliseconds;
        var held = new Dictionary<(EndpointKey, long Fence), Health>();
        var outcomes = batches.GroupBy(batch => batch.Holder).Select(group => EndpointOutcome.Of(group.Key.Key, group.Key.Fence, group.SelectMany(batch => batch.Settlements)))
            .OrderBy(outcome => outcome.Key.SenderId).ThenBy(outcome => outcome.Key.Id).ToArray();
        await session.EachAsync([Touch(outcomes, now, until, held)], CancellationToken.None);

        Write(session, [.. batches.Where(batch => held.ContainsKey(batch.Holder)).SelectMany(batch => batch.Settlements, (batch, settlement) => (batch.Holder.Key, settlement.Under(held[batch.Holder].Version)))], now);
        var disabled = Disable(session, outcomes, held, now);
        return [.. batches.Select(batch => held.TryGetValue(batch.Holder, out var health)
            ? new Settled(true, until, disabled.GetValueOrDefault(batch.Holder.Key) ?? health.DisabledReason, health.Version)
            : new Settled(false, 0, null, 0))];
    }

    /// <summary>Extends the leases of those who still hold them, and notes how the endpoints do. It locks them until the commit.</summary>
    private static Lookup Touch(IReadOnlyList<EndpointOutcome> outcomes, long now, long until, Dictionary<(EndpointKey, long), Health> held) => new(
        """
        update webhook set lease_until = item.until,
            succeeded_at = case when item.succeeded = 1 then item.now else webhook.succeeded_at end,
            failing_since = case
                when item.version = webhook.version then case when item.succeeded = 1 then item.failed_at else coalesce(webhook.failing_since, item.failed_at) end
                when item.succeeded = 0 then webhook.failing_since end
        from {rows}
        where webhook.sender_id = item.sender_id and webhook.id = item.id and webhook.fence = item.fence
        returning webhook.sender_id, webhook.id, webhook.fence, webhook.failing_since, webhook.disabled_reason, webhook.version
        """,
        Rows.Of(outcomes).Long("sender_id", t => t.Key.SenderId).Long("id", t => t.Key.Id).Long("fence", t => t.Fence).Long("until", _ => until)
            .Long("now", _ => now).Long("succeeded", t => t.Succeeded ? 1 : 0).LongOrNull("failed_at", t => t.FailedAt).Long("version", t => t.Version),
        row => held[(new(row.GetInt64(0), row.GetInt64(1)), row.GetInt64(2))] = new(row.LongOrNull(3), row.TextOrNull(4), row.GetInt64(5)));

    private static void Write(Session session, (EndpointKey Endpoint, Settlement Settlement)[] noted, long now)
    {
        // The sum keeps the planner from the index of what is due: without statistics it prefers that to the key, and reads all of
        // an endpoint's backlog for each row.
        session.Then(
            """
            update delivery set state = item.state, due_at = coalesce(item.due_at, delivery.due_at), attempts = item.attempts,
                failures = coalesce(item.failures, delivery.failures), settled_at = item.settled_at,
                took = item.took, status = item.status
            from {rows}
            where delivery.sender_id = item.sender_id and delivery.endpoint_id = item.endpoint_id and delivery.prompt_id = item.prompt_id
                and delivery.changed_at = item.changed_at and delivery.id = item.id and delivery.state + 0 = 0
            """,
            Rows.Of(noted).Long("sender_id", n => n.Endpoint.SenderId).Long("endpoint_id", n => n.Endpoint.Id)
                .Long("prompt_id", n => n.Settlement.Delivery.PromptId).Long("changed_at", n => n.Settlement.Delivery.ChangedAt).Long("id", n => n.Settlement.Delivery.Id)
                .Long("state", n => (long)n.Settlement.State).LongOrNull("due_at", n => n.Settlement.DueAt).Long("attempts", n => n.Settlement.Delivery.Attempts + (n.Settlement.Attempt is null ? 0 : 1))
                .LongOrNull("failures", n => n.Settlement.DueAt is null ? null : n.Settlement.Delivery.Failures + (n.Settlement.Attempt is { Succeeded: false } ? 1 : 0))
                .LongOrNull("settled_at", n => n.Settlement.State == DeliveryState.Waiting ? n.Settlement.AskedUntil : n.Settlement.Attempt is { } attempt ? attempt.StartedAt + attempt.Took : now)
                .LongOrNull("took", n => n.Settlement.Attempt is { IsPlain: true } plain ? plain.Took : null)
                .LongOrNull("status", n => n.Settlement.Attempt is { IsPlain: true } plain ? plain.Status : null));

        // Whatever stood behind a delivery that had failed was put off with it, and is due now. If that is delivered, the next may be
        // tried early though it failed itself; if it is dead, that says nothing.
        session.Then(
            """
            update delivery set due_at = item.now, failures = case when delivery.failures > 0 then delivery.failures - 1 else 0 end
            from {rows}
            where delivery.sender_id = item.sender_id and delivery.endpoint_id = item.endpoint_id and delivery.prompt_id = item.prompt_id
                and (delivery.changed_at, delivery.id) > (item.changed_at, item.id) and delivery.state + 0 = 0 and delivery.due_at > item.now
                and (item.delivered = 1 or delivery.failures = 0) and (delivery.settled_at is null or delivery.settled_at <= item.now)
            """,
            Rows.Of(noted.Where(n => n.Settlement is { State: not DeliveryState.Waiting, Delivery.Attempts: > 0 }).ToArray()).Long("sender_id", n => n.Endpoint.SenderId)
                .Long("endpoint_id", n => n.Endpoint.Id).Long("prompt_id", n => n.Settlement.Delivery.PromptId).Long("changed_at", n => n.Settlement.Delivery.ChangedAt)
                .Long("id", n => n.Settlement.Delivery.Id).Long("delivered", n => n.Settlement.State == DeliveryState.Delivered ? 1 : 0).Long("now", _ => now));

        session.Then(
            """
            insert into delivery_attempt (sender_id, endpoint_id, delivery_id, number, started_at, took, status, error, answer)
            select sender_id, endpoint_id, delivery_id, number, started_at, took, status, error, answer from {rows} where true
            on conflict (sender_id, endpoint_id, delivery_id, number) do nothing
            """,
            Rows.Of(noted.Where(n => n.Settlement.Attempt is { IsPlain: false }).ToArray()).Long("sender_id", n => n.Endpoint.SenderId)
                .Long("endpoint_id", n => n.Endpoint.Id).Long("delivery_id", n => n.Settlement.Delivery.Id).Long("number", n => n.Settlement.Delivery.Attempts + 1)
                .Long("started_at", n => n.Settlement.Attempt!.StartedAt).Long("took", n => n.Settlement.Attempt!.Took).LongOrNull("status", n => n.Settlement.Attempt!.Status)
                .Text("error", n => n.Settlement.Attempt!.Error).Bytes("answer", n => n.Settlement.Attempt!.Answer is { Length: > 0 } answer ? answer : null));
    }

    private Dictionary<EndpointKey, string> Disable(Session session, IReadOnlyList<EndpointOutcome> outcomes, Dictionary<(EndpointKey, long), Health> held, long now)
    {
        var disabled = new Dictionary<EndpointKey, string>();
        foreach (var outcome in outcomes)
        {
            if (!held.TryGetValue((outcome.Key, outcome.Fence), out var health) || health.DisabledReason is not null || health.Version != outcome.Version) continue;
            if (outcome.Gone) disabled[outcome.Key] = "It answered 410 Gone.";
            else if (health.FailingSince <= now - (long)_disableAfter.TotalMilliseconds) disabled[outcome.Key] = string.Create(CultureInfo.InvariantCulture, $"Every attempt since {DateTimeOffset.FromUnixTimeMilliseconds(health.FailingSince.Value):u} failed.");
        }

        session.Then(
            """
            update webhook set disabled_at = item.now, disabled_reason = item.reason from {rows}
            where webhook.sender_id = item.sender_id and webhook.id = item.id
            """,
            Rows.Of([.. disabled]).Long("sender_id", d => d.Key.SenderId).Long("id", d => d.Key.Id).Long("now", _ => now).Text("reason", d => d.Value));
        return disabled;
    }

    private sealed record Batch(Lease Lease, Settlement[] Settlements)
    {
        public (EndpointKey Key, long Fence) Holder => (Lease.Target.Key, Lease.Fence);
    }

    private sealed record Health(long? FailingSince, string? DisabledReason, long Version);

    /// <summary>What a batch says of one endpoint. What failed before an operator changed something says nothing of the endpoint as it is now.</summary>
    /// <param name="Version">The latest that something was attempted under.</param>
    /// <param name="Succeeded">Something was taken over.</param>
    /// <param name="FailedAt">The first failure under that version behind the last success, Unix milliseconds; null when there is none.</param>
    /// <param name="Gone">It answered 410 under that version.</param>
    private sealed record EndpointOutcome(EndpointKey Key, long Fence, long Version, bool Succeeded, long? FailedAt, bool Gone)
    {
        public static EndpointOutcome Of(EndpointKey key, long fence, IEnumerable<Settlement> settlements)
        {
            var (succeeded, failedAt, gone) = (false, (long?)null, false);
            var all = settlements.ToArray();
            var version = all.Max(settlement => settlement.Version);
            foreach (var settlement in all)
            {
                if (settlement.Attempt is not { } attempt || (!attempt.Succeeded && settlement.Version != version)) continue;

                gone |= attempt.IsGone;
                succeeded |= attempt.Succeeded;
                failedAt = attempt.Succeeded ? null : failedAt ?? attempt.StartedAt;
            }

            return new(key, fence, version, succeeded, failedAt, gone);
        }
    }
}
