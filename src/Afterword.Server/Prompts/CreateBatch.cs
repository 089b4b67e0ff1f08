using System.Security.Cryptography;
using System.Text.Json;
using Afterword.Client.Wire;
using Afterword.Server.Answers;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>What a batch of create calls knows while it is decided, and what it will write.</summary>
/// <remarks>Each decision sees those before it: the second of two calls for one recipient finds the cap taken.</remarks>
/// <param name="now">Unix milliseconds.</param>
internal sealed class CreateBatch(long now)
{
    private readonly Dictionary<(long Sender, string Key), KeyedAnswer> _answered = [];
    private readonly List<KeyedAnswer> _keyed = [];

    public NewPrompts Prompts { get; } = new(now);

    /// <summary>Facts about each request's recipient, by the request's place.</summary>
    public Dictionary<int, RecipientFacts> Facts { get; } = [];

    public void Remember(KeyedAnswer answer) => _answered[(answer.SenderId, answer.Key)] = answer;

    /// <summary>What the same key was answered before, or null when it is new.</summary>
    public CreateOutcome? EarlierAnswer(CreateRequest request)
    {
        if (!_answered.TryGetValue((request.Sender.UserId, request.IdempotencyKey!), out var earlier)) return null;
        if (!CryptographicOperations.FixedTimeEquals(earlier.Fingerprint, request.Fingerprint())) return new CreateOutcome.KeyReused();

        return new CreateOutcome.Created(JsonSerializer.Deserialize(earlier.Answer, WireJson.Default.FeedbackJson)!, Replayed: true);
    }

    /// <summary>Asks, and gives the answer.</summary>
    public FeedbackJson Accept(Store store, Questions questions, CreateRequest request, RecipientFacts facts)
    {
        var (prompt, card) = Prompts.Add(store, questions, new(request.Sender.UserId, request.Sender.Name, request.Draft, facts, request.CardBase));
        var feedback = prompt.ToWire();
        if (request.Draft.IncludeCard) feedback = feedback with { CardUrl = $"{request.CardBase}{CardLink.PathPrefix}{card}", CardToken = card.ToString() };
        if (request.IdempotencyKey is not { } key) return feedback;

        var answer = new KeyedAnswer(
            prompt.SenderId, key, request.Fingerprint(), JsonSerializer.SerializeToUtf8Bytes(feedback, WireJson.Default.FeedbackJson), prompt.CreatedAt);
        Remember(answer);
        _keyed.Add(answer);
        return feedback;
    }

    public void Write(Session session, Store store)
    {
        Prompts.Write(session, store);
        Idempotency.Write(session, _keyed, store.Secrets);
    }
}
