using Afterword.Server.Answers;
using Afterword.Server.Changes;
using Afterword.Server.Channels;
using Afterword.Server.Languages;
using Afterword.Server.Limits;
using Afterword.Server.Messages;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Prompts;

/// <summary>What is asked, and of whom.</summary>
/// <param name="SenderName">The sender's profile name.</param>
/// <param name="Draft">What is asked, checked.</param>
/// <param name="Facts">Of the recipient.</param>
/// <param name="CardBase">The public address that a card's link begins with.</param>
/// <param name="Language">A tag that goes before the recipient's; null is the recipient's.</param>
/// <param name="Automatic">Whether the rules ask.</param>
internal sealed record NewPrompt(long SenderId, string SenderName, PromptDraft Draft, RecipientFacts Facts, string CardBase, string? Language = null, bool Automatic = false);

/// <summary>The requests of one transaction: the windows and caps that they use while it is decided, and all that is written of them.</summary>
/// <remarks>Whoever asks, a call or the rules, asks through this: message, card, event, deliveries, delivery, counts and caps are stored together or not at all.</remarks>
/// <param name="now">Unix milliseconds.</param>
internal sealed class NewPrompts(long now)
{
    private readonly Dictionary<long, (long Stamp, DayWindow Window, RollupState Rollups)> _senders = [];
    private readonly Dictionary<(long Sender, long Recipient), RequestTimes> _requestTimes = [];
    private readonly List<Accepted> _accepted = [];
    private readonly List<NewChannelDelivery> _deliveries = [];
    private readonly Outbox _outbox = new();
    private readonly RollupWriter _rollupWriter = new();

    public long Now => now;

    /// <summary>Finds the webhooks of the senders.</summary>
    public Lookup Webhooks(IEnumerable<long> senders) => _outbox.Lookup(senders);

    /// <summary>Takes over the senders' windows as they were found.</summary>
    public void Open(Dictionary<long, SenderState> states)
    {
        foreach (var (sender, state) in states) _senders[sender] = (state.Stamp, DayWindow.At(now, state.WindowStartedAt, state.WindowUsed), state.Rollups);
    }

    public long StampOf(long sender) => _senders[sender].Stamp;

    public DayWindow WindowOf(long sender) => _senders[sender].Window;

    /// <summary>When the sender asked the recipient last, Unix milliseconds.</summary>
    public long? LastPromptAt(long sender, long recipient, RecipientFacts facts) =>
        _requestTimes.TryGetValue((sender, recipient), out var asked) ? asked.PromptedAt : Past(facts.PromptedAt);

    /// <summary>The same of requests that are no tests.</summary>
    public long? LastAskedAt(long sender, long recipient, RecipientFacts facts) =>
        _requestTimes.TryGetValue((sender, recipient), out var asked) && asked.AskedAt is { } at ? at : Past(facts.AskedAt);

    /// <summary>Asks, when this is committed.</summary>
    /// <returns>The request, and its card where a link to it goes out.</returns>
    public (Prompt Prompt, CardLink? Card) Add(Store store, Questions questions, NewPrompt newPrompt)
    {
        var (draft, facts) = (newPrompt.Draft, newPrompt.Facts);
        var stamp = StampOf(newPrompt.SenderId);
        var id = store.Ids.NextPair();
        var question = questions.Ask(
            draft.Type, draft.QuestionVariant, draft.DisplayName ?? newPrompt.SenderName, Language.Find(newPrompt.Language) ?? Language.Find(facts.Language) ?? Language.English);
        var prompt = new Prompt(
            newPrompt.SenderId, id, draft.RecipientId, id + 1, draft.Type, draft.Test, draft.QuestionVariant, question.Text,
            draft.PrivacyUrl, draft.ExternalId, draft.DisplayName, stamp, stamp, null, null, null, null, null, question.Language.Tag);
        var card = draft.IncludeCard || facts.Channel != Channel.BuiltIn ? CardLink.New(prompt.SenderId, prompt.Id) : (CardLink?)null;

        if (facts.Channel != Channel.BuiltIn) _deliveries.Add(new(prompt.SenderId, prompt.Id, facts.Channel, newPrompt.CardBase, card!.Value));
        _accepted.Add(new(draft, prompt, facts.Channel, newPrompt.Automatic, card?.Hash(), new(prompt.SenderId, prompt.CreatedAt, store.Ids.Next(), ChangeKind.Created, prompt.Id)));
        Note(prompt);
        _rollupWriter.Add(CountedRequest.Of(prompt, new(draft.Agent, draft.Tags, facts.Channel, Delivered: true, newPrompt.Automatic)), _senders[prompt.SenderId].Rollups);
        return (prompt, card);
    }

    public void Write(Session session, Store store)
    {
        if (_accepted.Count == 0) return;

        WritePrompts(session);
        WriteTags(session);
        Message.Write(session, store, [.. _accepted.Select(a => new Message(
            a.Prompt.SenderId, a.Prompt.MessageId, a.Prompt.RecipientId, a.Prompt.Id, a.Draft.Message, a.Prompt.CreatedAt))]);
        ChangeLog.Append(session, [.. _accepted.Select(a => a.Change)]);
        _outbox.Write(session, store, _accepted.Select(a => new OutboxEntry(a.Change, a.Prompt)), now);
        NewChannelDelivery.Write(session, store, _deliveries, now);
        _rollupWriter.WriteNew(session);
        WriteCaps(session);
    }

    // A sender whose stamps lie in the future, by a clock that was wrong once, must not be kept from its recipients until then.
    private long? Past(long? at) => at <= now + RateWindows.Ahead ? at : null;

    private void Note(Prompt prompt)
    {
        var at = Past(prompt.CreatedAt) ?? now;
        var before = _requestTimes.GetValueOrDefault((prompt.SenderId, prompt.RecipientId));
        _requestTimes[(prompt.SenderId, prompt.RecipientId)] = new(at, prompt.Test ? before.AskedAt : at, prompt.Test ? at : before.TestedAt);
    }

    private void WritePrompts(Session session) => session.Then(
        """
        insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question,
            privacy_url, external_id, display_name, card_hash, language, created_at, updated_at, agent, tags, channel, automatic)
        select sender_id, id, recipient_id, message_id, type, test, question_variant, question,
            privacy_url, external_id, display_name, card_hash, language, created_at, created_at, agent, tags, channel, automatic from {rows}
        """,
        Rows.Of(_accepted).Long("sender_id", a => a.Prompt.SenderId).Long("id", a => a.Prompt.Id).Long("recipient_id", a => a.Prompt.RecipientId)
            .Long("message_id", a => a.Prompt.MessageId).Long("type", a => (long)a.Prompt.Type).Long("test", a => a.Prompt.Test ? 1 : 0)
            .Long("question_variant", a => a.Prompt.QuestionVariant).Text("question", a => a.Prompt.Question).Text("privacy_url", a => a.Prompt.PrivacyUrl)
            .Text("external_id", a => a.Prompt.ExternalId).Text("display_name", a => a.Prompt.DisplayName).Bytes("card_hash", a => a.CardHash)
            .Text("language", a => a.Prompt.Language).Long("created_at", a => a.Prompt.CreatedAt)
            .Text("agent", a => a.Draft.Agent).Text("tags", a => a.Draft.Tags?.ToString()).Long("channel", a => (long)a.Channel).Long("automatic", a => a.Automatic ? 1 : 0));

    private void WriteTags(Session session) => session.Then(
        "insert into prompt_tag (sender_id, tag, prompt_id) select sender_id, tag, prompt_id from {rows}",
        Rows.Of([.. _accepted.Where(a => a.Draft.Tags is not null).SelectMany(a => a.Draft.Tags!.All, (a, tag) => (a.Prompt, Tag: tag))])
            .Long("sender_id", t => t.Prompt.SenderId).Text("tag", t => t.Tag).Long("prompt_id", t => t.Prompt.Id));

    private void WriteCaps(Session session)
    {
        // The latest request that was no test is the latest of all, unless that was one: programs of the release before write prompted_at alone.
        session.Then(
            """
            insert into contact (sender_id, user_id, prompted_at, asked_at, tested_at)
            select sender_id, user_id, prompted_at, asked_at, tested_at from {rows} where true order by sender_id, user_id
            on conflict (sender_id, user_id) do update set
                prompted_at = excluded.prompted_at,
                asked_at = coalesce(excluded.asked_at, case when contact.prompted_at = contact.tested_at then contact.asked_at else contact.prompted_at end),
                tested_at = coalesce(excluded.tested_at, contact.tested_at)
            """,
            Rows.Of([.. _requestTimes]).Long("sender_id", p => p.Key.Sender).Long("user_id", p => p.Key.Recipient).Long("prompted_at", p => p.Value.PromptedAt)
                .LongOrNull("asked_at", p => p.Value.AskedAt).LongOrNull("tested_at", p => p.Value.TestedAt));

        var used = _accepted.Select(a => a.Prompt.SenderId).Distinct().Select(sender => (Sender: sender, _senders[sender].Window)).ToArray();
        session.Then(
            """
            update sender_state set window_started_at = item.started_at, window_used = item.used
            from {rows} where sender_state.sender_id = item.sender_id
            """,
            Rows.Of(used).Long("sender_id", u => u.Sender).Long("started_at", u => u.Window.StartedAt).Long("used", u => u.Window.Used));
    }

    private sealed record Accepted(PromptDraft Draft, Prompt Prompt, Channel Channel, bool Automatic, byte[]? CardHash, Change Change);

    /// <summary>When a recipient was asked in this transaction, Unix milliseconds.</summary>
    private readonly record struct RequestTimes(long PromptedAt, long? AskedAt, long? TestedAt);
}
