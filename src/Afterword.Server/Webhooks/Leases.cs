using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>The right to deliver to one endpoint, for a while.</summary>
/// <param name="Target">Where to deliver.</param>
/// <param name="Fence">Grows with every holder; a completion with an older one is refused.</param>
/// <param name="Until">When the right ends unless it is renewed, Unix milliseconds.</param>
/// <param name="FailingSince">The first failed attempt since the last success, Unix milliseconds; null when the last attempt succeeded.</param>
/// <param name="Version">Of the endpoint as it was read: with another one, the lease is to be renewed.</param>
internal sealed record Lease(WebhookTarget Target, long Fence, long Until, long? FailingSince, long Version);

/// <summary>What became of an attempt to take a lease.</summary>
/// <param name="Lease">The lease; null when it was not to be had.</param>
/// <param name="HeldUntil">How long another node holds it, at most; null when nothing is to be delivered to this endpoint now.</param>
internal sealed record LeaseAnswer(Lease? Lease, long? HeldUntil);

/// <summary>Leases on endpoints: one node at a time delivers to each.</summary>
/// <remarks>
/// An attempt is only begun while the lease lasts longer than the attempt can take, and every settlement extends it. If the
/// holder dies, another takes over when the lease runs out, with a higher fence.
/// </remarks>
internal sealed class Leases
{
    // A process is held up between the look at the lease and the request, and clocks of nodes differ.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(5);

    private readonly Store _store;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _needed;
    private readonly WriteGroup<LeaseRequest, FoundLease> _group;

    public Leases(Store store, Settings settings, TimeProvider clock)
    {
        (_store, _clock) = (store, clock);
        _needed = settings.Webhooks.Timeout + s_margin;
        Length = _needed * 2;
        _group = store.Main.Group<LeaseRequest, FoundLease>(request => request.Key.SenderId, RunAsync);
    }

    /// <summary>How long a lease lasts without being renewed.</summary>
    public TimeSpan Length { get; }

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Whether an attempt may be begun under a lease that lasts until then.</summary>
    public bool Covers(long until) => until - Now >= _needed.TotalMilliseconds;

    public async Task<LeaseAnswer> TakeAsync(EndpointKey endpoint) => Open(endpoint, await _group.RunAsync(new(endpoint, null, Release: false)));

    /// <summary>Extends a lease and reads anew what is known of the endpoint; gives none when it was lost, or is to be delivered to no more.</summary>
    public async Task<Lease?> RenewAsync(Lease lease) =>
        Open(lease.Target.Key, await _group.RunAsync(new(lease.Target.Key, lease.Fence, Release: false))).Lease;

    /// <summary>Gives a lease back, so that the next holder need not wait.</summary>
    public Task ReleaseAsync(Lease lease) => _group.RunAsync(new(lease.Target.Key, lease.Fence, Release: true));

    /// <summary>Ends all leases: for a store that only one server runs on, whose predecessor cannot be alive.</summary>
    public Task EndAllAsync(CancellationToken stop) => _store.Main.WriteAsync(
        session => session.Sql("update webhook set lease_until = 0, fence = fence + 1 where lease_until > 0").RunAsync(stop), stop);

    private async Task<FoundLease[]> RunAsync(Session session, IReadOnlyList<LeaseRequest> requests)
    {
        var now = Now;
        var until = now + (long)Length.TotalMilliseconds;
        var leased = new Dictionary<EndpointKey, Sealed>();
        var held = new Dictionary<EndpointKey, long>();
        var rooms = new Dictionary<EndpointKey, ChatDestination?>();
        LeaseRequest[] ordered = [.. requests.OrderBy(request => request.Key.SenderId).ThenBy(request => request.Key.Id)];
        await session.EachAsync(
            [
                new(
                    """
                    update webhook set fence = case when item.fence = 0 then webhook.fence + 1 else webhook.fence end, lease_until = item.until
                    from {rows}
                    where webhook.sender_id = item.sender_id and webhook.id = item.id and webhook.removed_at is null and webhook.disabled_at is null and webhook.approved_at is not null and webhook.polled = 0
                        and not exists (select 1 from outbound_hold)
                        and (webhook.fence = item.fence or item.fence = 0 and webhook.lease_until <= item.now)
                    returning webhook.sender_id, webhook.id, webhook.fence, url, basic, secret, old_secret, old_secret_until, failing_since, version
                    """,
                    Of([.. ordered.Where(request => !request.Release)]).Long("until", _ => until).Long("now", _ => now),
                    row => leased[new(row.GetInt64(0), row.GetInt64(1))] = Sealed.Read(row)),
                new(
                    """
                    update webhook set lease_until = 0 from {rows}
                    where webhook.sender_id = item.sender_id and webhook.id = item.id and webhook.fence = item.fence
                    returning webhook.id
                    """,
                    Of([.. ordered.Where(request => request.Release)]), _ => { }),
                new(
                    """
                    select w.sender_id, w.id, w.lease_until, w.format, a.screen_name
                    from {rows} join webhook w on w.sender_id = item.sender_id and w.id = item.id join account a on a.id = w.sender_id
                    where w.removed_at is null and w.disabled_at is null
                    """,
                    Of(ordered), row =>
                    {
                        var key = new EndpointKey(row.GetInt64(0), row.GetInt64(1));
                        (held[key], rooms[key]) = (row.GetInt64(2), ChatDestination.Of((WebhookFormat)row.GetInt32(3), row.GetString(4)));
                    }),
            ],
            CancellationToken.None);

        return [.. requests.Select(request => leased.TryGetValue(request.Key, out var found) && !request.Release
            ? new FoundLease(found, until, null, rooms.GetValueOrDefault(request.Key))
            : new FoundLease(null, 0, held.TryGetValue(request.Key, out var heldUntil) && heldUntil > now ? heldUntil : null, null))];
    }

    // Not inside the write: unsealing may have to read the key ring.
    private LeaseAnswer Open(EndpointKey key, FoundLease foundLease)
    {
        if (foundLease.Endpoint is not { } endpoint) return new(null, foundLease.HeldUntil);

        byte[][] secrets = endpoint.OldSecret is { } old && endpoint.OldSecretUntil > Now ? [endpoint.Secret, old] : [endpoint.Secret];
        return new(new Lease(WebhookTarget.Unseal(_store.Secrets, key, endpoint.Url, endpoint.Basic, secrets) with { Room = foundLease.Room }, endpoint.Fence, foundLease.Until, endpoint.FailingSince, endpoint.Version), null);
    }

    private static Rows.Builder<LeaseRequest> Of(LeaseRequest[] requests) => Rows.Of(requests)
        .Long("sender_id", r => r.Key.SenderId).Long("id", r => r.Key.Id).Long("fence", r => r.Fence ?? 0);

    /// <param name="Fence">That of the lease to renew or to release; null takes a new one.</param>
    private sealed record LeaseRequest(EndpointKey Key, long? Fence, bool Release);

    private sealed record FoundLease(Sealed? Endpoint, long Until, long? HeldUntil, ChatDestination? Room);

    private sealed record Sealed(long Fence, string Url, byte[]? Basic, byte[] Secret, byte[]? OldSecret, long? OldSecretUntil, long? FailingSince, long Version)
    {
        public static Sealed Read(Row row) => new(
            row.GetInt64(2), row.GetString(3), row.BytesOrNull(4), row.GetBytes(5), row.BytesOrNull(6), row.LongOrNull(7), row.LongOrNull(8), row.GetInt64(9));
    }
}
