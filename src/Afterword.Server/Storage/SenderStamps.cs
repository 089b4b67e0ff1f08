namespace Afterword.Server.Storage;

/// <summary>Takes the stamps of senders back from the future: of their events, and of all that has the stamp of an event.</summary>
/// <remarks>
/// They become the milliseconds that come next, in the same order. So whoever has read all events up to now gets them, once each.
/// Ids stay as they were given out. Metrics are counted anew by the next server.
/// </remarks>
internal static class SenderStamps
{
    /// <returns>How many senders were mended.</returns>
    public static async Task<int> MendAsync(Database db, DateTimeOffset now, CancellationToken stop)
    {
        var senders = await db.ReadAsync(
            session => session.Sql("select sender_id from sender_state where changed_at > @soon order by sender_id").Bind("soon", FutureStamps.Soon(now)).ListAsync(row => row.GetInt64(0), stop), stop);
        foreach (var sender in senders) await db.WriteAsync(session => MendAsync(session, sender, now, stop), stop);
        return senders.Count;
    }

    private static async Task<int> MendAsync(Session session, long sender, DateTimeOffset now, CancellationToken stop)
    {
        var soon = FutureStamps.Soon(now);

        // The lock of all who write this sender's changes.
        await session.Sql("update sender_state set window_started_at = 0, window_used = 0, day_zone = null, counted_to = 0, counted_from = 0 where sender_id = @sender").Bind("sender", sender).RunAsync(stop);
        var changes = await session.Sql("select changed_at, id, prompt_id from change where sender_id = @sender and changed_at > @soon").Bind("sender", sender).Bind("soon", soon)
            .ListAsync(row => new Stamped(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), stop);
        var webhooks = await session.Sql("select id, added_at, approved_at, removed_at from webhook where sender_id = @sender").Bind("sender", sender)
            .ListAsync(row => new Webhook(row.GetInt64(0), row.GetInt64(1), row.LongOrNull(2), row.LongOrNull(3)), stop);
        var stamps = new NewStamps(now.ToUnixTimeMilliseconds(), soon, changes.Select(change => change.At).Concat(webhooks.SelectMany(webhook => webhook.Stamps)));

        await MendPromptsAsync(session, sender, stamps, stop);
        MendEvents(session, sender, changes, stamps);
        session.Then(
            "update webhook set added_at = item.added, approved_at = item.approved, removed_at = item.removed from {rows} where webhook.sender_id = item.sender_id and webhook.id = item.id",
            Rows.Of(webhooks.FindAll(webhook => webhook.Stamps.Any(stamp => stamp > soon))).Long("sender_id", _ => sender).Long("id", w => w.Id)
                .Long("added", w => stamps.Of(w.AddedAt)).LongOrNull("approved", w => stamps.Of(w.ApprovedAt)).LongOrNull("removed", w => stamps.Of(w.RemovedAt)));
        await session.Sql("update alert set at = @now where sender_id = @sender and kind <> 1 and at > @soon").Bind("sender", sender).Bind("now", stamps.Last).Bind("soon", soon).RunAsync(stop);
        return await session.Sql("update sender_state set changed_at = @last where sender_id = @sender").Bind("last", stamps.Last).Bind("sender", sender).RunAsync(stop);
    }

    private static async Task MendPromptsAsync(Session session, long sender, NewStamps stamps, CancellationToken stop)
    {
        var prompts = await session.Sql(
            """
            select id, recipient_id, message_id, created_at, updated_at, dismissed_at, score_at, comment_at, test from prompt
            where sender_id = @sender and (created_at > @soon or updated_at > @soon or dismissed_at > @soon or score_at > @soon or comment_at > @soon)
            """).Bind("sender", sender).Bind("soon", stamps.Soon)
            .ListAsync(
                row => new Prompt(
                    row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.LongOrNull(5), row.LongOrNull(6), row.LongOrNull(7), row.Flag(8)),
                stop);
        session.Then(
            """
            update prompt set created_at = item.created, updated_at = item.updated, dismissed_at = item.dismissed, score_at = item.scored, comment_at = item.commented
            from {rows} where prompt.sender_id = item.sender_id and prompt.id = item.id
            """,
            Rows.Of(prompts).Long("sender_id", _ => sender).Long("id", p => p.Id).Long("created", p => stamps.Of(p.CreatedAt)).Long("updated", p => stamps.Of(p.UpdatedAt))
                .LongOrNull("dismissed", p => stamps.Of(p.DismissedAt)).LongOrNull("scored", p => stamps.Of(p.ScoreAt)).LongOrNull("commented", p => stamps.Of(p.CommentAt)));
        session.Then(
            "update message set created_at = item.created from {rows} where message.sender_id = item.sender_id and message.id = item.id",
            Rows.Of(prompts).Long("sender_id", _ => sender).Long("id", p => p.MessageId).Long("created", p => stamps.Of(p.CreatedAt)));

        MendContacts(session, sender, stamps, prompts);
        var scored = prompts.FindAll(prompt => prompt.ScoreAt > stamps.Soon);
        Rows scores = Rows.Of(scored).Long("sender_id", _ => sender).Long("id", p => p.Id).Long("old", p => p.ScoreAt!.Value).Long("at", p => stamps.Of(p.ScoreAt!.Value));
        session.Then(
            """
            update follow_up set scored_at = item.at from {rows}
            where follow_up.sender_id = item.sender_id and follow_up.state in (0, 1, 2) and follow_up.scored_at = item.old and follow_up.prompt_id = item.id
            """,
            scores);
        session.Then("update alert set at = item.at from {rows} where alert.sender_id = item.sender_id and alert.kind = 1 and alert.subject = item.id and alert.at = item.old", scores);
    }

    private static void MendContacts(Session session, long sender, NewStamps stamps, List<Prompt> prompts)
    {
        // Of what is noted of a recipient, the newest request counts.
        session.Then(
            """
            update contact set prompted_at = item.prompted, asked_at = coalesce(item.asked, contact.asked_at), tested_at = coalesce(item.tested, contact.tested_at)
            from {rows} where contact.sender_id = item.sender_id and contact.user_id = item.user_id
            """,
            Rows.Of(prompts.Where(prompt => prompt.CreatedAt > stamps.Soon).GroupBy(prompt => prompt.RecipientId).ToArray())
                .Long("sender_id", _ => sender).Long("user_id", c => c.Key).Long("prompted", c => c.Max(prompt => stamps.Of(prompt.CreatedAt)))
                .LongOrNull("asked", c => NewestOf(c, test: false)).LongOrNull("tested", c => NewestOf(c, test: true)));
        session.Then(
            "update contact set dismissed_at = item.dismissed from {rows} where contact.sender_id = item.sender_id and contact.user_id = item.user_id and contact.dismissed_at > item.soon",
            Rows.Of(prompts.Where(prompt => prompt.DismissedAt > stamps.Soon).GroupBy(prompt => prompt.RecipientId).ToArray())
                .Long("sender_id", _ => sender).Long("user_id", c => c.Key).Long("dismissed", c => c.Max(prompt => stamps.Of(prompt.DismissedAt)!.Value)).Long("soon", _ => stamps.Soon));

        long? NewestOf(IEnumerable<Prompt> asked, bool test) => asked.Where(prompt => prompt.Test == test).Select(prompt => (long?)stamps.Of(prompt.CreatedAt)).Max();
    }

    private static void MendEvents(Session session, long sender, List<Stamped> changes, NewStamps stamps)
    {
        Rows rows = Rows.Of(changes).Long("sender_id", _ => sender).Long("old", c => c.At).Long("at", c => stamps.Of(c.At)).Long("id", c => c.Id).Long("prompt_id", c => c.PromptId)
            .Long("now", _ => stamps.Now);
        session.Then("update change set changed_at = item.at from {rows} where change.sender_id = item.sender_id and change.changed_at = item.old and change.id = item.id", rows);
        session.Then(
            """
            update delivery set changed_at = item.at, due_at = case when delivery.state = 0 then item.now else delivery.due_at end from {rows}
            where delivery.sender_id = item.sender_id and delivery.endpoint_id in (select w.id from webhook w where w.sender_id = item.sender_id)
                and delivery.prompt_id = item.prompt_id and delivery.changed_at = item.old and delivery.id = item.id
            """,
            rows);
    }

    /// <summary>The stamps that take the place of those in the future.</summary>
    private sealed class NewStamps
    {
        private readonly Dictionary<long, long> _new = [];

        public NewStamps(long now, long soon, IEnumerable<long> stamps)
        {
            (Now, Soon, Last) = (now, soon, now);
            foreach (var stamp in stamps.Where(stamp => stamp > soon).Distinct().Order()) _new[stamp] = ++Last;
        }

        public long Now { get; }

        public long Soon { get; }

        public long Last { get; }

        public long Of(long stamp) => stamp <= Soon ? stamp : _new.GetValueOrDefault(stamp, Last);

        public long? Of(long? stamp) => stamp is { } given ? Of(given) : null;
    }

    private sealed record Stamped(long At, long Id, long PromptId);

    private sealed record Webhook(long Id, long AddedAt, long? ApprovedAt, long? RemovedAt)
    {
        public IEnumerable<long> Stamps => [AddedAt, ApprovedAt ?? 0, RemovedAt ?? 0];
    }

    private sealed record Prompt(long Id, long RecipientId, long MessageId, long CreatedAt, long UpdatedAt, long? DismissedAt, long? ScoreAt, long? CommentAt, bool Test);
}
