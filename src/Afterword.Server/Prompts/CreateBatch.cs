using System.Security.Cryptography;
using System.Text.Json;
using Afterword.Client.Wire;
using Afterword.Server.Answers;
using Afterword.Server.Changes;
using Afterword.Server.Channels;
using Afterword.Server.Limits;
using Afterword.Server.Messages;
using Afterword.Server.Reports;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Prompts;

/// <summary>What a batch of create calls knows while it is decided, and what it will write.</summary>
/// <remarks>Each decision sees those before it: the second of two calls for one recipient finds the cap taken.</remarks>
/// <param name="now">Unix milliseconds.</param>
internal sealed class CreateBatch(long now)
{
    private readonly Dictionary<long, (long Stamp, DayWindow Window, RollupState Rollups)> _senders = [];
    private readonly Dictionary<(long Sender, long Recipient), long> _promptedNow = [];
    private readonly Dictionary<(long Sender, string Key), KeyedAnswer> _answered = [];
    private readonly List<KeyedAnswer> _keyed = [];
    private readonly List<Accepted> _accepted = [];
    private readonly List<NewDispatch> _dispatches = [];
    private readonly Outbox _outbox = new();
    private readonly Tally _tally = new();

    public long Now => now;

    /// <summary>Facts about each request's recipient, by the request's place.</summary>
    public Dictionary<int, RecipientFacts> Facts { get; } = [];

    /// <summary>Finds the webhooks of the senders.</summary>
    public Lookup Webhooks(IEnumerable<long> senders) => _outbox.Lookup(senders);

    /// <summary>Takes over the senders' windows as they were found.</summary>
    public void Open(Dictionary<long, SenderState> states)
    {
        foreach (var (sender, state) in states) _senders[sender] = (state.Stamp, DayWindow.At(now, state.WindowStartedAt, state.WindowUsed), state.Rollups);
    }

    public long StampOf(long sender) => _senders[sender].Stamp;

    public DayWindow WindowOf(long sender) => _senders[sender].Window;

    public void Remember(KeyedAnswer answer) => _answered[(answer.SenderId, answer.Key)] = answer;

    /// <summary>What the same key was answered before, or null when it is new.</summary>
    public CreateOutcome? EarlierAnswer(CreateRequest request)
    {
        if (!_answered.TryGetValue((request.Sender.UserId, request.IdempotencyKey!), out var earlier)) return null;
        if (!CryptographicOperations.FixedTimeEquals(earlier.Fingerprint, request.Fingerprint())) return new CreateOutcome.KeyReused();

        return new CreateOutcome.Created(JsonSerializer.Deserialize(earlier.Answer, WireJson.Default.FeedbackJson)!, Replayed: true);
    }

    public long? LastPromptAt(CreateRequest request, RecipientFacts facts) =>
        _promptedNow.TryGetValue((request.Sender.UserId, request.Draft.RecipientId), out var at) ? at
        : facts.PromptedAt is { } noted && noted <= now + CallWindows.Ahead ? noted : null;

    public void Accept(CreateRequest request, Prompt prompt, Channel channel, CardLink? card, long changeId, FeedbackJson feedback)
    {
        if (channel != Channel.BuiltIn) _dispatches.Add(new(prompt.SenderId, prompt.Id, channel, request.CardBase, card!.Value));
        _accepted.Add(new(request, prompt, channel, card?.Hash(), new(prompt.SenderId, prompt.CreatedAt, changeId, ChangeKind.Created, prompt.Id)));

        // A sender whose stamps lie in the future, by a clock that was wrong once, must not be kept from its recipients until then.
        _promptedNow[(prompt.SenderId, prompt.RecipientId)] = prompt.CreatedAt <= now + CallWindows.Ahead ? prompt.CreatedAt : now;
        _tally.Add(CountedPrompt.Of(prompt, new(request.Draft.Agent, request.Draft.Tags, channel, Delivered: true)), _senders[prompt.SenderId].Rollups);
        if (request.IdempotencyKey is not { } key) return;

        var answer = new KeyedAnswer(
            prompt.SenderId, key, request.Fingerprint(), JsonSerializer.SerializeToUtf8Bytes(feedback, WireJson.Default.FeedbackJson), prompt.CreatedAt);
        Remember(answer);
        _keyed.Add(answer);
    }

    public void Write(Session session, Store store)
    {
        WritePrompts(session);
        WriteTags(session);
        Message.Write(session, store, [.. _accepted.Select(a => new Message(
            a.Prompt.SenderId, a.Prompt.MessageId, a.Prompt.RecipientId, a.Prompt.Id, a.Request.Draft.Message, a.Prompt.CreatedAt))]);
        ChangeLog.Append(session, [.. _accepted.Select(a => a.Change)]);
        _outbox.Write(session, store, _accepted.Select(a => new Announcement(a.Change, a.Prompt)), now);
        NewDispatch.Write(session, store, _dispatches, now);
        _tally.WriteNew(session);
        WriteCaps(session);
        Idempotency.Write(session, _keyed, store.Secrets);
    }

    private void WritePrompts(Session session) => session.Then(
        """
        insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question,
            privacy_url, external_id, display_name, card_hash, language, created_at, updated_at, agent, tags, channel)
        select sender_id, id, recipient_id, message_id, type, test, question_variant, question,
            privacy_url, external_id, display_name, card_hash, language, created_at, created_at, agent, tags, channel from {rows}
        """,
        Rows.Of(_accepted).Long("sender_id", a => a.Prompt.SenderId).Long("id", a => a.Prompt.Id).Long("recipient_id", a => a.Prompt.RecipientId)
            .Long("message_id", a => a.Prompt.MessageId).Long("type", a => (long)a.Prompt.Type).Long("test", a => a.Prompt.Test ? 1 : 0)
            .Long("question_variant", a => a.Prompt.QuestionVariant).Text("question", a => a.Prompt.Question).Text("privacy_url", a => a.Prompt.PrivacyUrl)
            .Text("external_id", a => a.Prompt.ExternalId).Text("display_name", a => a.Prompt.DisplayName).Bytes("card_hash", a => a.CardHash)
            .Text("language", a => a.Prompt.Language).Long("created_at", a => a.Prompt.CreatedAt)
            .Text("agent", a => a.Request.Draft.Agent).Text("tags", a => a.Request.Draft.Tags?.ToString()).Long("channel", a => (long)a.Channel));

    private void WriteTags(Session session) => session.Then(
        "insert into prompt_tag (sender_id, tag, prompt_id) select sender_id, tag, prompt_id from {rows}",
        Rows.Of([.. _accepted.Where(a => a.Request.Draft.Tags is not null).SelectMany(a => a.Request.Draft.Tags!.All, (a, tag) => (a.Prompt, Tag: tag))])
            .Long("sender_id", t => t.Prompt.SenderId).Text("tag", t => t.Tag).Long("prompt_id", t => t.Prompt.Id));

    private void WriteCaps(Session session)
    {
        session.Then(
            """
            insert into contact (sender_id, user_id, prompted_at)
            select sender_id, user_id, prompted_at from {rows} where true order by sender_id, user_id
            on conflict (sender_id, user_id) do update set prompted_at = excluded.prompted_at
            """,
            Rows.Of([.. _promptedNow]).Long("sender_id", p => p.Key.Sender).Long("user_id", p => p.Key.Recipient).Long("prompted_at", p => p.Value));

        var used = _accepted.Select(a => a.Prompt.SenderId).Distinct().Select(sender => (Sender: sender, _senders[sender].Window)).ToArray();
        session.Then(
            """
            update sender_state set window_started_at = item.started_at, window_used = item.used
            from {rows} where sender_state.sender_id = item.sender_id
            """,
            Rows.Of(used).Long("sender_id", u => u.Sender).Long("started_at", u => u.Window.StartedAt).Long("used", u => u.Window.Used));
    }

    private sealed record Accepted(CreateRequest Request, Prompt Prompt, Channel Channel, byte[]? CardHash, Change Change);
}
