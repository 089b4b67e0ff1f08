using System.Text;
using Afterword.Server.Changes;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>An endpoint that was just added, with the secret that is told once.</summary>
/// <param name="IsApproved">False while it waits for someone to approve it.</param>
/// <param name="IsPolled">Whether its receiver fetches the changes.</param>
internal sealed record NewEndpoint(EndpointKey Key, string Url, RotateSecret Secret, bool IsApproved, bool IsPolled, WebhookFormat Format);

/// <summary>The endpoints of senders: added, removed, switched off and on, given new secrets.</summary>
internal sealed class Endpoints(Store store, Settings settings, TimeProvider clock)
{
    private const int BuriedAtOnce = 1_000;

    private readonly RetryNow _retryNow = new(store, clock);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Adds an endpoint for events.</summary>
    public Task<NewEndpoint> AddAsync(long sender, Uri? url, string? basic, Approval approval, CancellationToken stop) => AddAsync(sender, url, basic, WebhookFormat.Events, approval, stop);

    /// <summary>Adds an endpoint: it gets every change that is committed after this, or after its approval.</summary>
    /// <param name="sender">Whose changes.</param>
    /// <param name="url">Checked by <see cref="WebhookUrl"/>; null for one that is polled.</param>
    /// <param name="basic">Credentials as <c>user:password</c>, or null.</param>
    /// <param name="format">What it is sent. That never changes, for an owner has approved it.</param>
    /// <param name="approval">Whether it waits.</param>
    /// <param name="stop">Gives up.</param>
    public Task<NewEndpoint> AddAsync(long sender, Uri? url, string? basic, WebhookFormat format, Approval approval, CancellationToken stop) =>
        store.Main.WriteAsync(session => AddAsync(session, sender, url, basic, format, approval, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<NewEndpoint> AddAsync(Session session, long sender, Uri? url, string? basic, WebhookFormat format, Approval approval, CancellationToken stop)
    {
        var (key, fresh) = (new EndpointKey(sender, store.Ids.Next()), RotateSecret.New());
        var credentials = basic is null ? null : store.Secrets.Protect(Encoding.UTF8.GetBytes(basic));
        var address = url?.AbsoluteUri ?? Endpoint.PolledUrl;
        var stamp = await StampAsync(session, sender, stop);
        var waits = approval is Approval.Needed or Approval.NeededByOperator || (approval == Approval.NeededIfOwned && await HasOwnerAsync(session, sender, stop));
        await session.Sql(
            """
            insert into webhook (sender_id, id, url, secret, basic, format, added_at, approved_at, polled, awaits_operator)
            values (@sender, @id, @url, @secret, @basic, @format, @now, @approved, @polled, @awaits)
            """)
            .Bind("sender", sender).Bind("id", key.Id).Bind("url", address).Bind("secret", store.Secrets.Protect(fresh.Key)).Bind("basic", credentials).Bind("format", (long)format)
            .Bind("now", stamp).Bind("approved", waits ? null : stamp).Bind("polled", url is null ? 1L : 0L).Bind("awaits", approval == Approval.NeededByOperator ? 1L : 0L).RunAsync(stop);
        return new(key, address, fresh, !waits, url is null, format);
    }

    /// <summary>How many endpoints a sender has. Whoever adds another one meanwhile waits until this transaction ends.</summary>
    public async Task<long> HoldAndCountAsync(Session session, long sender, CancellationToken stop)
    {
        await StampAsync(session, sender, stop);
        return await session.Sql("select count(*) from webhook where sender_id = @sender and removed_at is null").Bind("sender", sender).FirstAsync(row => row.GetInt64(0), stop);
    }

    /// <summary>Approves an endpoint that waits for <paramref name="by"/>: it gets every change that is committed after this.</summary>
    /// <returns>False when there is none that does.</returns>
    public async Task<bool> ApproveAsync(EndpointKey endpoint, Approver by, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        async session =>
        {
            var stamp = await StampAsync(session, endpoint.SenderId, stop);
            return await session.Sql(
                """
                update webhook set version = version + 1, approved_at = @now
                where sender_id = @sender and id = @id and removed_at is null and approved_at is null and awaits_operator = coalesce(@awaits, awaits_operator)
                """)
                .Bind("now", stamp).Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).Bind("awaits", by == Approver.Shell ? null : by == Approver.Operator ? 1L : (long?)0).RunAsync(stop);
        },
        stop);

    /// <summary>Removes an endpoint: it gets no later change, and what still waits for it is given up.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="told">Called with how many deliveries were given up so far.</param>
    /// <param name="stop">Gives up; the rest is done by maintenance.</param>
    /// <returns>False when there is none.</returns>
    public async Task<bool> RemoveAsync(EndpointKey endpoint, Action<long> told, CancellationToken stop)
    {
        var removed = await store.Main.WriteAsync(
            async session =>
            {
                var stamp = await StampAsync(session, endpoint.SenderId, stop);
                return await session.Sql("update webhook set removed_at = @now, version = version + 1, fence = fence + 1, lease_until = 0 where sender_id = @sender and id = @id and removed_at is null")
                    .Bind("now", stamp).Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).RunAsync(stop);
            },
            stop);
        if (removed == 0) return false;

        await BuryAsync(endpoint, told, stop);
        return true;
    }

    /// <summary>Gives up what waits for an endpoint that was removed, some at a time.</summary>
    public async Task BuryAsync(EndpointKey endpoint, Action<long> told, CancellationToken stop)
    {
        var all = 0L;
        for (var some = BuriedAtOnce; some == BuriedAtOnce; told(all += some))
        {
            some = await store.Main.WriteAsync(
                session => session.Sql(
                    """
                    update delivery set state = 2, settled_at = @now
                    from (
                        select d.prompt_id, d.changed_at, d.id from delivery d
                        where d.sender_id = @sender and d.endpoint_id = @endpoint and d.state = 0
                        order by d.due_at limit @most) as waiting
                    where delivery.sender_id = @sender and delivery.endpoint_id = @endpoint and delivery.prompt_id = waiting.prompt_id
                        and delivery.changed_at = waiting.changed_at and delivery.id = waiting.id
                    """)
                    .Bind("now", Now).Bind("sender", endpoint.SenderId).Bind("endpoint", endpoint.Id).Bind("most", (long)BuriedAtOnce).RunAsync(stop),
                stop);
        }
    }

    /// <summary>Gives a new secret. The old one signs besides it for a while, so that receivers can change over.</summary>
    /// <returns>Null when there is no such endpoint.</returns>
    public async Task<RotateSecret?> RotateAsync(EndpointKey endpoint, CancellationToken stop)
    {
        var secret = RotateSecret.New();
        var column = store.Secrets.Protect(secret.Key);
        var rotated = await store.Main.WriteAsync(
            session => session.Sql(
                """
                update webhook set version = version + 1, old_secret = secret, old_secret_until = @until, secret = @secret
                where sender_id = @sender and id = @id and removed_at is null
                """)
                .Bind("until", Now + (long)settings.Webhooks.SecretOverlap.TotalMilliseconds).Bind("secret", column)
                .Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).RunAsync(stop),
            stop);
        return rotated == 0 ? null : secret;
    }

    /// <summary>Switches an endpoint on: what waits for it is delivered now, in order. It counts as failing until it takes something over.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> EnableAsync(EndpointKey endpoint, CancellationToken stop)
    {
        // The time after which it would be switched off begins anew, so that it is worth while to switch it on. It has failed for
        // just so long that the next event which it takes shows that it is mended.
        var since = Now - (long)EndpointThrottle.Outage.TotalMilliseconds;
        var enabled = await store.Main.WriteAsync(
            session => session.Sql(
                """
                update webhook set version = version + 1, disabled_at = null, disabled_reason = null,
                    failing_since = case when failing_since < @since then @since else failing_since end
                where sender_id = @sender and id = @id and removed_at is null
                """).Bind("since", since).Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).RunAsync(stop),
            stop);
        if (enabled == 0) return false;

        await RetryNowAsync(endpoint, stop);
        return true;
    }

    /// <summary>Makes what waits for an endpoint due now.</summary>
    public Task RetryNowAsync(EndpointKey endpoint, CancellationToken stop) => _retryNow.RunAsync(endpoint, stop);

    /// <summary>Switches an endpoint off: what happens from now on waits for it. Requests under way are still noted.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> DisableAsync(EndpointKey endpoint, string reason, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        session => session.Sql(
            """
            update webhook set version = version + 1, disabled_at = coalesce(disabled_at, @now), disabled_reason = coalesce(disabled_reason, @reason)
            where sender_id = @sender and id = @id and removed_at is null
            """).Bind("now", Now).Bind("reason", reason).Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).RunAsync(stop),
        stop);

    /// <summary>All endpoints, or those of a sender, or one.</summary>
    public Task<List<ListedEndpoint>> ListAsync(long? sender, long? id, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            $"""
            select {Endpoint.Columns}, a.screen_name,
                (select count(*) from delivery d where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 0),
                (select count(*) from delivery d where d.sender_id = w.sender_id and d.endpoint_id = w.id and d.state = 2)
            from webhook w join account a on a.id = w.sender_id
            where w.removed_at is null and w.sender_id = coalesce(@sender, w.sender_id) and w.id = coalesce(@id, w.id)
            order by a.screen_name_key, w.id
            """).Bind("sender", sender).Bind("id", id)
            .ListAsync(row => new ListedEndpoint(Endpoint.Read(row), row.GetString(Endpoint.ColumnCount), row.GetInt64(Endpoint.ColumnCount + 1), row.GetInt64(Endpoint.ColumnCount + 2)), stop),
        stop);

    /// <summary>How to reach an endpoint that is approved and not polled, for what is no delivery: tests and alerts.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="onlyActive">Leaves out one that is switched off.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<WebhookTarget?> TargetAsync(EndpointKey endpoint, bool onlyActive, CancellationToken stop)
    {
        var found = await store.Main.ReadAsync(
            session => session.Sql(
                """
                select w.url, w.basic, w.secret, case when w.old_secret_until > @now then w.old_secret end, w.format, a.screen_name
                from webhook w join account a on a.id = w.sender_id
                where w.sender_id = @sender and w.id = @id and w.removed_at is null and w.approved_at is not null and w.polled = 0 and (w.disabled_at is null or @active = 0)
                """)
                .Bind("now", Now).Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).Bind("active", onlyActive ? 1L : 0L)
                .FirstAsync(row => (Url: row.GetString(0), Basic: row.BytesOrNull(1), Secret: row.GetBytes(2), Old: row.BytesOrNull(3), Room: ChatDestination.Of((WebhookFormat)row.GetInt32(4), row.GetString(5))), stop),
            stop);
        return found.Url is null ? null : WebhookTarget.Unseal(store.Secrets, endpoint, found.Url, found.Basic, found.Old is null ? [found.Secret] : [found.Secret, found.Old]) with { Room = found.Room };
    }

    /// <summary>Whether an endpoint gets alerts besides the changes.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> SetAlertsAsync(EndpointKey endpoint, bool on, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        session => session.Sql("update webhook set alerts = @on where sender_id = @sender and id = @id and removed_at is null")
            .Bind("on", on ? 1L : 0L).Bind("sender", endpoint.SenderId).Bind("id", endpoint.Id).RunAsync(stop),
        stop);

    private static Task<bool> HasOwnerAsync(Session session, long sender, CancellationToken stop) =>
        session.Sql("select 1 from person_role where sender_id = @sender and role = @owner limit 1").Bind("sender", sender).Bind("owner", (long)Role.Owner).FirstAsync(_ => true, stop);

    /// <summary>The sender's lock, and an instant that lies between the changes committed before and those after.</summary>
    private async Task<long> StampAsync(Session session, long sender, CancellationToken stop)
    {
        var states = new Dictionary<long, SenderState>();
        await session.EachAsync(ChangeLog.Stamp([sender], Now, states), stop);
        return states[sender].Stamp;
    }
}
