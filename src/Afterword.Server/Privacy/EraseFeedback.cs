using System.Text.Json;
using Afterword.Client.Wire;
using Afterword.Server.Automation;
using Afterword.Server.Reports.Search;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>Takes the person out of their feedback, messages and conversations. Scores, times, types, variants, languages, agents and tags stay, so that every metric is as before.</summary>
internal static class EraseFeedback
{
    private static readonly TimeSpan s_keysAreKept = TimeSpan.FromHours(25);

    /// <param name="session">The transaction.</param>
    /// <param name="secrets">Open the answers that are kept for repeated calls.</param>
    /// <param name="person">What was found in it.</param>
    /// <param name="pseudonym">To whom the feedback belongs from now on.</param>
    /// <param name="now">The present.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task RunAsync(Session session, Secrets secrets, FoundPerson person, long pseudonym, DateTimeOffset now, CancellationToken stop)
    {
        var references = NewReferences(person);
        await ChangeConversationsAsync(session, person, pseudonym, references, now, stop);
        await ChangeRequestsAsync(session, person, pseudonym, references, stop);
        await ChangeMessagesAsync(session, person, pseudonym, stop);
        await ForgetDeliveriesAsync(session, person, stop);
        await ForgetRepeatableAnswersAsync(session, secrets, person, now, stop);
    }

    /// <summary>What stands for a sender's own reference, such as the number of a ticket, where a conversation and its request must go on to have the same one.</summary>
    private static Dictionary<(long Sender, string Reference), string> NewReferences(FoundPerson person) => person.Conversations
        .Select(conversation => (conversation.SenderId, conversation.ExternalId)).Distinct().ToDictionary(one => one, _ => $"erased-{Pseudonym.Random(16)}");

    // The draw is a keyed hash of the reference: with the key it would lead back to it.
    private static Task ChangeConversationsAsync(
        Session session, FoundPerson person, long pseudonym, Dictionary<(long, string), string> references, DateTimeOffset now, CancellationToken stop) => session.EachAsync(
        [
            new(
                """
                update conversation set recipient_id = item.pseudonym, external_id = item.external_id, display_name = null, privacy_url = null, draw = null,
                    reason = case when conversation.decision = 0 then item.reason else conversation.reason end,
                    due_at = case when conversation.decision = 0 then null else conversation.due_at end,
                    updated_at = case when conversation.decision = 0 then item.now else conversation.updated_at end,
                    decision = case when conversation.decision = 0 then item.decision else conversation.decision end
                from {rows} where conversation.sender_id = item.sender_id and conversation.id = item.id
                """,
                Rows.Of(person.Conversations).Long("sender_id", c => c.SenderId).Long("id", c => c.Id).Long("pseudonym", _ => pseudonym).Text("external_id", c => references[(c.SenderId, c.ExternalId)])
                    .Long("decision", _ => (long)Decision.Skipped).Long("reason", _ => (long)Reason.RecipientUnknown).Long("now", _ => now.ToUnixTimeMilliseconds()), null),
        ],
        stop);

    // A text becomes an empty one: that there was one is counted.
    private static Task ChangeRequestsAsync(Session session, FoundPerson person, long pseudonym, Dictionary<(long, string), string> references, CancellationToken stop)
    {
        var texts = person.Requests.Where(request => request.Comment is { Length: > 0 }).Select(request => new SearchedText(request.SenderId, request.Id, request.Comment!));
        Rows keys = Rows.Of(person.Requests).Long("sender_id", r => r.SenderId).Long("prompt_id", r => r.Id);
        return session.EachAsync(
            [
                new(
                    """
                    delete from text_word where (sender_id, word, prompt_id) in (select item.sender_id, item.word, item.prompt_id from {rows})
                    """,
                    Rows.Of(SearchIndex.WordsOf(texts)).Long("sender_id", one => one.Text.SenderId).Bytes("word", one => one.Word).Long("prompt_id", one => one.Text.PromptId), null),
                new("delete from unsearched_text where (sender_id, prompt_id) in (select item.sender_id, item.prompt_id from {rows})", keys, null),
                new("delete from dispatch_attempt where (sender_id, prompt_id) in (select item.sender_id, item.prompt_id from {rows})", keys, null),
                new("delete from dispatch where (sender_id, prompt_id) in (select item.sender_id, item.prompt_id from {rows})", keys, null),
                new("delete from follow_up_note where (sender_id, prompt_id) in (select item.sender_id, item.prompt_id from {rows})", keys, null),
                new(
                    """
                    update prompt set recipient_id = item.pseudonym, question = '', privacy_url = item.privacy_url, external_id = item.external_id, display_name = null, card_hash = null,
                        comment = case when prompt.comment is null then null else '' end
                    from {rows} where prompt.sender_id = item.sender_id and prompt.id = item.id
                    """,
                    Rows.Of(person.Requests).Long("sender_id", r => r.SenderId).Long("id", r => r.Id).Long("pseudonym", _ => pseudonym).Text("privacy_url", r => HostOf(r.PrivacyUrl))
                        .Text("external_id", r => r.ExternalId is { } reference ? references.GetValueOrDefault((r.SenderId, reference)) : null), null),
            ],
            stop);
    }

    /// <summary>Empties the messages of requests, which stand in nobody's list any more, and deletes all others.</summary>
    private static async Task ChangeMessagesAsync(Session session, FoundPerson person, long pseudonym, CancellationToken stop)
    {
        var (requests, others) = (person.Messages.Where(message => message.PromptId is not null).ToArray(), person.Messages.Where(message => message.PromptId is null).ToArray());
        await session.EachAsync(
            [
                new(
                    "update message set recipient_id = item.pseudonym, body = '', hidden = 3 from {rows} where message.sender_id = item.sender_id and message.id = item.id",
                    Rows.Of(requests).Long("sender_id", m => m.SenderId).Long("id", m => m.Id).Long("pseudonym", _ => pseudonym), null),
                new(
                    "delete from message where (sender_id, id) in (select item.sender_id, item.id from {rows})",
                    Rows.Of(others).Long("sender_id", m => m.SenderId).Long("id", m => m.Id), null),
            ],
            stop);

        // A window counts no more messages than there are.
        var windows = new Dictionary<long, long>();
        await session.EachAsync(
            "select w.sender_id, w.started_at from {rows} join message_window w on w.sender_id = item.sender_id",
            Rows.Of(others.Select(message => message.SenderId).Distinct().Order().ToArray()).Long("sender_id", id => id), row => windows[row.GetInt64(0)] = row.GetInt64(1), stop);
        await session.EachAsync(
            [
                new(
                    """
                    update message_window set used = case when message_window.used > item.many then message_window.used - item.many else 0 end
                    from {rows} where message_window.sender_id = item.sender_id
                    """,
                    Rows.Of([.. windows]).Long("sender_id", w => w.Key).Long("many", w => others.LongCount(message => message.SenderId == w.Key && message.CreatedAt >= w.Value)), null),
            ],
            stop);
    }

    /// <summary>Forgets what endpoints answered: they may have given back what they were sent.</summary>
    private static async Task ForgetDeliveriesAsync(Session session, FoundPerson person, CancellationToken stop)
    {
        var deliveries = new List<(long Sender, long Endpoint, long Id)>();
        await session.EachAsync(
            """
            select d.sender_id, d.endpoint_id, d.id from {rows} cross join webhook w cross join delivery d
            where w.sender_id = item.sender_id and d.sender_id = w.sender_id and d.endpoint_id = w.id and d.prompt_id = item.prompt_id
            """,
            Rows.Of(person.Requests).Long("sender_id", r => r.SenderId).Long("prompt_id", r => r.Id), row => deliveries.Add((row.GetInt64(0), row.GetInt64(1), row.GetInt64(2))), stop);
        await session.EachAsync(
            [
                new(
                    """
                    update delivery_attempt set answer = null from {rows}
                    where delivery_attempt.sender_id = item.sender_id and delivery_attempt.endpoint_id = item.endpoint_id and delivery_attempt.delivery_id = item.id
                    """,
                    Rows.Of(deliveries).Long("sender_id", d => d.Sender).Long("endpoint_id", d => d.Endpoint).Long("id", d => d.Id), null),
            ],
            stop);
    }

    /// <summary>Forgets the answers that a repeated call would get. They are sealed, so that the day's keys of the sender are opened.</summary>
    private static async Task ForgetRepeatableAnswersAsync(Session session, Secrets secrets, FoundPerson person, DateTimeOffset now, CancellationToken stop)
    {
        var since = (now - s_keysAreKept).ToUnixTimeMilliseconds();
        foreach (var recent in person.Requests.Where(request => request.CreatedAt >= since).GroupBy(request => request.SenderId))
        {
            var times = recent.Select(request => request.CreatedAt).ToHashSet();
            var ids = recent.Select(request => request.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToHashSet();
            var keys = new List<string>();
            await session.Sql("select idempotency_key, created_at, answer from idempotency where sender_id = @sender and created_at >= @since").Bind("sender", recent.Key).Bind("since", since)
                .EachAsync(
                    row =>
                    {
                        if (!times.Contains(row.GetInt64(1))) return;
                        if (ids.Contains(JsonSerializer.Deserialize(secrets.Unprotect(row.GetBytes(2)), WireJson.Default.FeedbackJson)!.Id)) keys.Add(row.GetString(0));
                    },
                    stop);
            foreach (var key in keys) await session.Sql("delete from idempotency where sender_id = @sender and idempotency_key = @key").Bind("sender", recent.Key).Bind("key", key).RunAsync(stop);
        }
    }

    /// <summary>A business has one page on privacy, on a server of its own; what stands behind that may be made for one customer.</summary>
    private static string HostOf(string privacyUrl) => Uri.TryCreate(privacyUrl, UriKind.Absolute, out var url) ? $"{url.Scheme}://{url.Authority}/" : "";
}
