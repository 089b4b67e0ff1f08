using Afterword.Server.Automation.Conversations;
using Afterword.Server.Limits;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Messages;

/// <summary>What decides whether a user may write to another, apart from what they wrote to each other.</summary>
/// <param name="Accepts">Whose messages the recipient takes; null when there is no such user.</param>
/// <param name="Suspended">The recipient's account is suspended.</param>
/// <param name="Follows">The recipient follows the sender.</param>
/// <param name="Blocks">The recipient blocks the sender.</param>
/// <param name="Asked">The recipient has asked the sender for feedback.</param>
internal sealed record MessageRecipient(string? Accepts, bool Suspended, bool Follows, bool Blocks, bool Asked)
{
    public bool IsKnown => Accepts is not null;
}

/// <summary>What a batch of direct messages knows while it is decided, and what it will write.</summary>
/// <remarks>
/// Each decision sees those before it: of two messages the second finds one place less in the window, and a reply
/// finds the message that it replies to.
/// </remarks>
/// <param name="now">Unix milliseconds.</param>
internal sealed class SendBatch(long now)
{
    private readonly Dictionary<long, DayWindow> _senders = [];
    private readonly Dictionary<long, DayWindow> _apps = [];
    private readonly Dictionary<int, MessageRecipient> _recipients = [];
    private readonly Dictionary<(long Sender, long User), Inbound> _inbound = [];
    private readonly List<Scheduled> _scheduled = [];
    private readonly List<Message> _accepted = [];

    /// <summary>First the locks, always in the same order, then the reads: what they find of the sender's holds until the commit.</summary>
    public IReadOnlyList<Lookup> Lookups(IReadOnlyList<SendRequest> requests) =>
    [
        new(
            """
            insert into message_window (sender_id, started_at, used)
            select sender_id, 0, 0 from {rows} where true order by sender_id
            on conflict (sender_id) do update set used = message_window.used
            returning sender_id, started_at, used
            """,
            Rows.Of(Distinct(requests, request => request.SenderId)).Long("sender_id", sender => sender),
            row => _senders[row.GetInt64(0)] = DayWindow.At(now, row.GetInt64(1), row.GetInt64(2))),
        new(
            """
            insert into app_message_window (app_id, started_at, used)
            select app_id, 0, 0 from {rows} where true order by app_id
            on conflict (app_id) do update set used = app_message_window.used
            returning app_id, started_at, used
            """,
            Rows.Of(Distinct(requests.Where(request => request.AppId is not null), request => request.AppId!.Value)).Long("app_id", app => app),
            row => _apps[row.GetInt64(0)] = DayWindow.At(now, row.GetInt64(1), row.GetInt64(2))),
        new(
            """
            select item.place, a.accepts, a.suspended_at, c.follows, c.blocks, r.prompted_at, c.wrote_at, c.free_replies
            from {rows}
            left join account a on a.id = item.recipient_id
            left join contact c on c.sender_id = item.sender_id and c.user_id = item.recipient_id
            left join contact r on r.sender_id = item.recipient_id and r.user_id = item.sender_id
            """,
            Rows.Of(requests).Place().Long("sender_id", r => r.SenderId).Long("recipient_id", r => r.Draft.RecipientId),
            row =>
            {
                var place = (int)row.GetInt64(0);
                _recipients[place] = new(row.TextOrNull(1), !row.IsDBNull(2), row.Flag(3), row.Flag(4), !row.IsDBNull(5));
                _inbound[Pair(requests[place])] = new Inbound { WroteAt = row.LongOrNull(6), FreeReplies = row.LongOrNull(7) ?? 0 };
            }),
        WithdrawOnReply.Lookup([.. requests.Select(Pair).Distinct()], _scheduled.Add),
    ];

    public DayWindow WindowOfSender(SendRequest request) => _senders[request.SenderId];

    /// <returns>Null when no app is in between.</returns>
    public DayWindow? WindowOfApp(SendRequest request) => request.AppId is { } app ? _apps[app] : null;

    /// <param name="place">The request's place in the batch.</param>
    public MessageRecipient RecipientOf(int place) => _recipients[place];

    public bool CanWrite(SendRequest request, MessageRecipient recipient) => MessagingPermission.IsOpen(
        recipient.Accepts, recipient.Follows, recipient.Blocks, wrote: recipient.Asked || _inbound[Pair(request)].WroteAt is not null);

    /// <summary>Uses one of the free replies; false when this is none or they are used up.</summary>
    public bool TryReplyFree(SendRequest request, long most)
    {
        var inbound = _inbound[Pair(request)];
        if (inbound.WroteAt is not { } at || now >= at + DayWindow.Length || inbound.FreeReplies >= most) return false;

        inbound.FreeReplies++;
        inbound.Replied++;
        return true;
    }

    public Message Accept(SendRequest request, long id)
    {
        // Not before the window that counts it, whatever the clock of the node says that opened it.
        var at = Math.Max(now, WindowOfSender(request).StartedAt);
        var message = new Message(request.SenderId, id, request.Draft.RecipientId, null, request.Draft.Text, at);
        _accepted.Add(message);

        // For the recipient it is an inbound message: it opens the way back, with new free replies.
        var back = (message.RecipientId, message.SenderId);
        if (!_inbound.TryGetValue(back, out var inbound)) _inbound[back] = inbound = new Inbound();
        inbound.WroteAt = inbound.WroteNow = at;
        inbound.FreeReplies = inbound.Replied = 0;
        return message;
    }

    /// <summary>What was scheduled with someone who has written again.</summary>
    public IReadOnlyList<Scheduled> Withdrawn { get; private set; } = [];

    public void Write(Session session, Store store)
    {
        if (_accepted.Count == 0) return;

        Message.Write(session, store, _accepted);
        Withdrawn = _scheduled.FindAll(one => _accepted.Exists(message => message.SenderId == one.RecipientId && message.RecipientId == one.SenderId));
        WithdrawOnReply.Write(session, Withdrawn, now);
        session.Then(
            "update message_window set started_at = item.started_at, used = item.used from {rows} where message_window.sender_id = item.sender_id",
            Rows.Of([.. _senders]).Long("sender_id", s => s.Key).Long("started_at", s => s.Value.StartedAt).Long("used", s => s.Value.Used));
        session.Then(
            "update app_message_window set started_at = item.started_at, used = item.used from {rows} where app_message_window.app_id = item.app_id",
            Rows.Of([.. _apps]).Long("app_id", a => a.Key).Long("started_at", a => a.Value.StartedAt).Long("used", a => a.Value.Used));
        WriteContacts(session);
    }

    // Replies are added, not set: meanwhile the other side may have written again, on another node, and given new ones.
    private void WriteContacts(Session session) => session.Then(
        """
        insert into contact (sender_id, user_id, wrote_at, free_replies)
        select sender_id, user_id, wrote_at, free_replies from {rows} where true order by sender_id, user_id
        on conflict (sender_id, user_id) do update set
            wrote_at = case when excluded.wrote_at is null or contact.wrote_at > excluded.wrote_at then contact.wrote_at else excluded.wrote_at end,
            free_replies = case when excluded.wrote_at is null then contact.free_replies else 0 end + excluded.free_replies
        """,
        Rows.Of(_inbound.Where(pair => pair.Value is { WroteNow: not null } or { Replied: > 0 }).OrderBy(pair => pair.Key).ToArray())
            .Long("sender_id", p => p.Key.Sender).Long("user_id", p => p.Key.User).LongOrNull("wrote_at", p => p.Value.WroteNow).Long("free_replies", p => p.Value.Replied));

    private static (long Sender, long User) Pair(SendRequest request) => (request.SenderId, request.Draft.RecipientId);

    private static long[] Distinct(IEnumerable<SendRequest> requests, Func<SendRequest, long> key) => [.. requests.Select(key).Distinct().Order()];

    /// <summary>What a user wrote to a sender, and the sender's free replies to it.</summary>
    private sealed class Inbound
    {
        /// <summary>When the user wrote last, Unix milliseconds.</summary>
        public long? WroteAt { get; set; }

        /// <summary>When the user wrote in this batch.</summary>
        public long? WroteNow { get; set; }

        /// <summary>Free replies since <see cref="WroteAt"/>.</summary>
        public long FreeReplies { get; set; }

        /// <summary>Those of them in this batch.</summary>
        public long Replied { get; set; }
    }
}
