using System.Diagnostics;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Configuration;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

/// <summary>What is to be sent: looked for, taken under a lease, and noted.</summary>
/// <remarks>
/// A claim is a lease, not a removal. If its node dies, the row falls due again when the lease runs out; what became of the
/// attempt is uncertain then, and it is made once more. Every claim raises the fence, and a word under an older one is refused.
/// </remarks>
internal sealed class ChannelDeliveries(Store store, Settings settings, TimeProvider clock)
{
    // A process is held up between the claim and the request, and clocks of nodes differ.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);

    private const long CalledOffAtOnce = 500;

    /// <summary>Said of what was cancelled while someone was at it.</summary>
    public const string MayHaveArrived = "An attempt was under way and may have arrived.";

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The queues with something due. What has nowhere to go yet waits: for a mail server, for the sender's own means, helpdesk or keys of X, or for the end of a limit there.</summary>
    public async Task<List<ChannelQueue>> DueQueuesAsync(CancellationToken stop)
    {
        var queues = await store.Main.ReadAsync(
            async session => await OutboundPause.FindAsync(session, stop) is not null ? null : await session.Sql(
                """
                select 2, h.sender_id from handover h where (
                    select d.due_at from dispatch d where d.sender_id = h.sender_id and d.state < 2 and d.channel = 2 order by d.due_at limit 1) <= @now
                union all
                select 3, h.sender_id from (select sender_id from helpdesk group by sender_id having max(held_until) <= @now) as h where (
                    select d.due_at from dispatch d where d.sender_id = h.sender_id and d.state < 2 and d.channel = 3 order by d.due_at limit 1) <= @now
                union all
                select 4, x.sender_id from x_account x where x.held_until <= @now and (
                    select d.due_at from dispatch d where d.sender_id = x.sender_id and d.state < 2 and d.channel = 4 order by d.due_at limit 1) <= @now
                """).Bind("now", Now).ListAsync(row => new ChannelQueue((Channel)row.GetInt32(0), row.GetInt64(1)), stop),
            stop);
        if (queues is null) return [];

        if (settings.Mail is not null) queues.Add(ChannelQueue.Email);
        return queues;
    }

    /// <summary>Takes what is due longest in a queue, and calls off what there is no need for any more.</summary>
    /// <returns>What is to be sent now; perhaps less than was due, when another node was faster.</returns>
    public async Task<List<ChannelDelivery>> ClaimAsync(ChannelQueue queue, int most, CancellationToken stop)
    {
        var found = await FindAsync(queue, most, stop);
        if (found.Count == 0) return [];

        var now = clock.GetUtcNow();
        var obsolete = found.Where(delivery => delivery.CalledOffBecause(now, settings) is not null)
            .Select(delivery => new ObsoleteDelivery(
                delivery.Prompt.SenderId, delivery.Prompt.Id, delivery.Fence, delivery.CalledOffBecause(now, settings)!, delivery.State == ChannelDeliveryState.Sending ? delivery.Attempts : null))
            .ToArray();
        var needed = found.Where(delivery => delivery.CalledOffBecause(now, settings) is null).OrderBy(one => one.Prompt.SenderId).ThenBy(one => one.Prompt.Id).ToArray();
        return await store.Main.WriteAsync(
            async session =>
            {
                await CallOffAsync(session, obsolete, now, stop);
                return await ClaimAsync(session, needed, queue, stop);
            },
            stop);
    }

    /// <summary>Notes what became of an attempt.</summary>
    /// <param name="delivery">As it was claimed.</param>
    /// <param name="attempt">What happened.</param>
    /// <param name="retryIn">When it is tried again; null for never.</param>
    /// <returns>False when another node has taken over since: its word counts.</returns>
    public async Task<bool> SettleAsync(ChannelDelivery delivery, ChannelAttempt attempt, TimeSpan? retryIn)
    {
        var state = attempt.Outcome == AttemptOutcome.Sent ? ChannelDeliveryState.Sent : retryIn is null ? ChannelDeliveryState.Dead : ChannelDeliveryState.Waiting;
        var (now, due) = (Now, Now + (long)(retryIn?.TotalMilliseconds ?? 0));
        return await store.Main.WriteAsync(
            async session =>
            {
                var states = await DeliveredRequests.LockAsync(session, state == ChannelDeliveryState.Dead ? [delivery.Prompt.SenderId] : [], clock.GetUtcNow(), CancellationToken.None);
                var noted = await session.Sql(
                    """
                    update dispatch set state = @state, due_at = @due, failures = failures + @failed, reason = @reason,
                        settled_at = case when @state > 1 then @now end, token = case when @state > 1 then null else token end
                    where sender_id = @sender and prompt_id = @prompt and state = 1 and fence = @fence
                    """)
                    .Bind("state", (long)state).Bind("due", due).Bind("failed", attempt.Outcome == AttemptOutcome.Sent || attempt.IsEarly ? 0L : 1L)
                    .Bind("reason", attempt.Error).Bind("now", now)
                    .Bind("sender", delivery.Prompt.SenderId).Bind("prompt", delivery.Prompt.Id).Bind("fence", delivery.Fence).RunAsync(CancellationToken.None);
                if (noted == 1) Note(session, delivery, attempt);
                if (attempt.Hold is { } hold) await HoldAsync(session, delivery, now + (long)RetrySchedule.WaitAsked(hold).TotalMilliseconds);
                if (noted == 1 && state == ChannelDeliveryState.Dead) await DeliveredRequests.NoteAsync(session, states, [(delivery.Prompt.SenderId, delivery.Prompt.Id)], delivered: false, CancellationToken.None);
                return noted == 1;
            },
            CancellationToken.None);
    }

    /// <summary>Ends all leases: for a store that only one server runs on, whose predecessor cannot be alive.</summary>
    public Task EndAllAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("update dispatch set due_at = @now where state < 2 and channel in (1, 2, 3, 4) and due_at > @now and state = 1").Bind("now", Now).RunAsync(stop), stop);

    /// <summary>Calls off what waited so long for a way to be sent that its card has closed, and wipes the card's token with it.</summary>
    public async Task CallOffExpiredAsync(CancellationToken stop)
    {
        while (true)
        {
            var now = clock.GetUtcNow();
            var expired = await store.Main.ReadAsync(
                session => session.Sql(
                    "select sender_id, prompt_id, fence from dispatch where state < 2 and channel in (1, 2, 3, 4) and due_at < @before and state = 0 order by sender_id, prompt_id limit @most")
                    .Bind("before", now.ToUnixTimeMilliseconds() - (long)settings.CardLifetime.TotalMilliseconds).Bind("most", CalledOffAtOnce)
                    .ListAsync(row => new ObsoleteDelivery(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), "The card is closed.", Begun: null), stop),
                stop);
            if (expired.Count == 0) return;

            await store.Main.WriteAsync(session => CallOffAsync(session, expired, now, stop), stop);
        }
    }

    /// <summary>Calls off what waits for the conversations of a sender at a helpdesk.</summary>
    /// <returns>How many were.</returns>
    public static async Task<int> CallOffConversationsAsync(Session session, long sender, HelpdeskKind kind, string reason, DateTimeOffset now, CancellationToken stop)
    {
        var waiting = await session.Sql(
            """
            select d.prompt_id, d.fence, d.state, d.attempts from dispatch d join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id
            where d.state < 2 and d.channel = 3 and d.sender_id = @sender and p.external_id like @conversations
            """).Bind("sender", sender).Bind("conversations", $"{kind.Name}:%")
            .ListAsync(row => new ObsoleteDelivery(sender, row.GetInt64(0), row.GetInt64(1), reason, (ChannelDeliveryState)row.GetInt32(2) == ChannelDeliveryState.Sending ? row.GetInt64(3) : null), stop);
        return waiting.Count == 0 ? 0 : await CallOffAsync(session, waiting, now, stop);
    }

    private Task<List<ChannelDelivery>> FindAsync(ChannelQueue queue, int most, CancellationToken stop) => store.Main.ReadAsync(
        session => (queue.Channel == Channel.Email
                ? session.Sql(
                    $"""
                    select {ChannelDelivery.Columns} from dispatch d {ChannelDelivery.Joins}
                    where d.state < 2 and d.channel = 1 and d.due_at <= @now order by d.due_at, d.sender_id, d.prompt_id limit @most
                    """)
                : session.Sql(
                    $"""
                    select {ChannelDelivery.Columns} from dispatch d {ChannelDelivery.Joins}
                    where d.state < 2 and {OfChannel(queue.Channel)} and d.sender_id = @sender and d.due_at <= @now order by d.due_at, d.prompt_id limit @most
                    """).Bind("sender", queue.SenderId))
            .Bind("now", Now).Bind("most", (long)most).ListAsync(ChannelDelivery.Read, stop),
        stop);

    // Each has an index of its own, which SQLite takes only where its condition stands as it is.
    private static string OfChannel(Channel channel) => channel switch
    {
        Channel.Webhook => "d.channel = 2",
        Channel.Conversation => "d.channel = 3",
        Channel.X => "d.channel = 4",
        _ => throw new UnreachableException(channel.ToString()),
    };

    /// <summary>Sends nothing more of a sender this way until then, on any node: the other side has said that it takes no more. A shorter limit does not end a longer one.</summary>
    private static Task<int> HoldAsync(Session session, ChannelDelivery delivery, long until) => session.Sql(
        delivery.Channel == Channel.X ? "update x_account set held_until = @until where sender_id = @sender and held_until < @until" : "update helpdesk set held_until = @until where sender_id = @sender and held_until < @until")
        .Bind("until", until).Bind("sender", delivery.Prompt.SenderId).RunAsync(CancellationToken.None);

    private async Task<List<ChannelDelivery>> ClaimAsync(Session session, ChannelDelivery[] found, ChannelQueue queue, CancellationToken stop)
    {
        var (now, until) = (Now, Now + (long)(TimeoutOf(queue) + s_margin).TotalMilliseconds);
        var claimed = new HashSet<long>();
        await session.EachAsync(
            """
            update dispatch set state = 1, due_at = item.until, attempts = dispatch.attempts + 1, fence = item.fence + 1
            from {rows}
            where dispatch.sender_id = item.sender_id and dispatch.prompt_id = item.prompt_id and dispatch.state < 2 and dispatch.fence = item.fence
            returning dispatch.prompt_id
            """,
            KeysOf(found).Long("fence", d => d.Fence).Long("until", _ => until), row => claimed.Add(row.GetInt64(0)), stop);

        var taken = found.Where(delivery => claimed.Contains(delivery.Prompt.Id)).ToList();
        EndBegun(session, taken.Where(delivery => delivery.State == ChannelDeliveryState.Sending).Select(delivery => (delivery.Prompt.SenderId, delivery.Prompt.Id, delivery.Attempts)));
        session.Then(
            "insert into dispatch_attempt (sender_id, prompt_id, number, started_at) select sender_id, prompt_id, number, started_at from {rows}",
            KeysOf(taken).Long("number", d => d.Attempts + 1).Long("started_at", _ => now));
        return taken.ConvertAll(delivery => delivery with { State = ChannelDeliveryState.Sending, Attempts = delivery.Attempts + 1, Fence = delivery.Fence + 1, WasBegun = delivery.State == ChannelDeliveryState.Sending });
    }

    private static async Task<int> CallOffAsync(Session session, IReadOnlyList<ObsoleteDelivery> obsolete, DateTimeOffset now, CancellationToken stop)
    {
        var states = await DeliveredRequests.LockAsync(session, obsolete.Select(one => one.SenderId), now, stop);
        var calledOff = new List<(long Sender, long Id)>();
        await session.EachAsync(
            """
            update dispatch set state = 4, settled_at = item.now, token = null, reason = item.reason from {rows}
            where dispatch.sender_id = item.sender_id and dispatch.prompt_id = item.prompt_id and dispatch.state < 2 and dispatch.fence = item.fence
            returning dispatch.sender_id, dispatch.prompt_id
            """,
            Rows.Of(obsolete).Long("sender_id", n => n.SenderId).Long("prompt_id", n => n.PromptId).Long("fence", n => n.Fence)
                .Long("now", _ => now.ToUnixTimeMilliseconds()).Text("reason", n => n.Begun is null ? n.Reason : $"{n.Reason} {MayHaveArrived}"),
            row => calledOff.Add((row.GetInt64(0), row.GetInt64(1))), stop);
        EndBegun(session, obsolete.Where(one => one.Begun is not null && calledOff.Contains((one.SenderId, one.PromptId))).Select(one => (one.SenderId, one.PromptId, one.Begun!.Value)));
        await DeliveredRequests.NoteAsync(session, states, calledOff, delivered: false, stop);
        return calledOff.Count;
    }

    /// <summary>Ends attempts whose holder did not come back: what became of them is uncertain, and stays so.</summary>
    private static void EndBegun(Session session, IEnumerable<(long SenderId, long PromptId, long Number)> begun) => session.Then(
        """
        update dispatch_attempt set outcome = 4, error = item.error from {rows}
        where dispatch_attempt.sender_id = item.sender_id and dispatch_attempt.prompt_id = item.prompt_id and dispatch_attempt.number = item.number and outcome is null
        """,
        Rows.Of([.. begun]).Long("sender_id", b => b.SenderId).Long("prompt_id", b => b.PromptId).Long("number", b => b.Number).Text("error", _ => "It was begun, and what became of it was not noted."));

    private static void Note(Session session, ChannelDelivery delivery, ChannelAttempt attempt) => session.Then(
        """
        update dispatch_attempt set took = item.took, outcome = item.outcome, status = item.status, error = item.error from {rows}
        where dispatch_attempt.sender_id = item.sender_id and dispatch_attempt.prompt_id = item.prompt_id and dispatch_attempt.number = item.number
        """,
        KeysOf([delivery]).Long("number", d => d.Attempts).Long("took", _ => attempt.Took).Long("outcome", _ => (long)attempt.Outcome)
            .LongOrNull("status", _ => attempt.Status).Text("error", _ => attempt.Error));

    private static Rows.Builder<ChannelDelivery> KeysOf(IReadOnlyList<ChannelDelivery> deliveries) =>
        Rows.Of(deliveries).Long("sender_id", d => d.Prompt.SenderId).Long("prompt_id", d => d.Prompt.Id);

    /// <summary>What there is no need to send any more.</summary>
    /// <param name="Begun">The number of an attempt that was begun and never noted; null when there is none.</param>
    private sealed record ObsoleteDelivery(long SenderId, long PromptId, long Fence, string Reason, long? Begun);

    private TimeSpan TimeoutOf(ChannelQueue queue) => queue.Channel switch
    {
        Channel.Email => settings.Mail!.Timeout,

        // A repeat looks first whether it is needed.
        Channel.Conversation => settings.Webhooks.Timeout * 2,
        _ => settings.Webhooks.Timeout,
    };
}
