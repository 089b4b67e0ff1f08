using System.Diagnostics.Metrics;
using Afterword.Server.Changes;
using Afterword.Server.Configuration;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.FollowUps;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Reports.Search;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Answers;

/// <summary>A customer answers: records score and text, each once and for good, with the events that announce them.</summary>
internal sealed class AnswerPrompt
{
    private readonly Store _store;
    private readonly Questions _questions;
    private readonly Settings _settings;
    private readonly TimeProvider _clock;
    private readonly WriteGroup<AnswerRequest, AnswerOutcome> _group;
    private readonly Counter<long> _answers;

    public AnswerPrompt(Store store, Questions questions, Settings settings, TimeProvider clock)
    {
        (_store, _questions, _settings, _clock) = (store, questions, settings, clock);
        _group = store.Main.Group<AnswerRequest, AnswerOutcome>(request => request.Key.SenderId, RunAsync);
        _answers = store.Problems.Meter.CreateCounter<long>("afterword.answers", "{answers}", "Scores and comments that customers gave, and cards that they dismissed.");
    }

    public Task<AnswerOutcome> RunAsync(AnswerRequest request) => _group.RunAsync(request);

    private async Task<AnswerOutcome[]> RunAsync(Session session, IReadOnlyList<AnswerRequest> requests)
    {
        var now = _clock.GetUtcNow();
        var states = new Dictionary<long, SenderState>();
        var cards = new Dictionary<(long, long), Card>();
        var found = new Dictionary<(long, long), FoundPrompt>();
        var outbox = new Outbox();
        var low = new LowScores();
        var senders = requests.Select(request => request.Key.SenderId).Distinct().ToArray();

        // A link that someone made up may name any sender.
        await session.EachAsync(
            [.. ChangeLog.StampAsking(senders, now.ToUnixTimeMilliseconds(), states), outbox.Lookup(senders), low.Lookup(senders), Lookup(requests, cards, found)], CancellationToken.None);

        var changed = new HashSet<(long, long)>();
        var changes = new List<OutboxEntry>();
        var outcomes = new AnswerOutcome[requests.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            var key = (requests[i].Key.SenderId, requests[i].Key.PromptId);
            if (!cards.TryGetValue(key, out var card) || card.Prompt.IsErased || !requests[i].Key.Opens(found[key].LinkHash))
            {
                outcomes[i] = new AnswerOutcome.NotFound();
                continue;
            }

            // The sender is locked and each decision sees those before it, so two racing answers leave one.
            outcomes[i] = Decide(card, requests[i], states[key.SenderId].Stamp, now, changes);
            if (outcomes[i] is not AnswerOutcome.Recorded(var after, _, _) || after == card) continue;

            cards[key] = after;
            changed.Add(key);
        }

        await CountAsync(session, changed.Select(key => (found[key].Counted, cards[key].Prompt, states[key.Item1].Rollups)));
        var prompts = changed.ToDictionary(key => key, key => cards[key].Prompt);
        Write(session, [.. prompts.Values]);
        SearchIndex.Write(session, [.. changed.Where(key => !found[key].Counted.Commented && prompts[key].Comment is not null).Select(key => new SearchedText(key.Item1, key.Item2, prompts[key].Comment!))]);
        NoteDismissals(session, [.. changed.Select(key => cards[key].Prompt).Where(prompt => prompt is { Test: false, Score: null, DismissedAt: not null })]);
        ChangeLog.Append(session, [.. changes.Select(announced => announced.Change)]);
        outbox.Write(session, _store, changes, now.ToUnixTimeMilliseconds());
        low.Write(session, _store, [.. changed.Where(key => found[key].Counted.Score is null && prompts[key].Score is not null).Select(key => prompts[key])]);
        session.OnCommit(() =>
        {
            foreach (var prompt in prompts.Values)
            {
                // Not the sender's inbox: agents read it, and would see when someone answers.
                _store.InboxNotifier.Notify(prompt.RecipientId, prompt.RecipientId);
                _store.MetricsNotifier.Notify(prompt.SenderId, prompt.RecipientId);
                if (_answers.Enabled) Count(found[(prompt.SenderId, prompt.Id)].Counted, prompt);
            }
        });
        return outcomes;
    }

    private void Count(CountedRequest before, Prompt after)
    {
        if (before.Score is null && after.Score is not null) Count(after, "score");
        if (!before.Commented && after.Comment is not null) Count(after, "comment");
        if (!before.Dismissed && after.DismissedAt is not null) Count(after, "dismissal");
    }

    private void Count(Prompt prompt, string part) => _answers.Add(1, _settings.Telemetry.Labels(prompt.SenderId, new("type", prompt.Type.Wire), new("part", part), new("test", prompt.Test ? "true" : "false")));

    private AnswerOutcome Decide(Card card, AnswerRequest request, long stamp, DateTimeOffset now, List<OutboxEntry> changes)
    {
        var prompt = card.Prompt;
        if (request.Dismiss) return Dismiss(card, stamp, now);
        if (request.Score is { } given && !prompt.Type.Allows(given)) return new AnswerOutcome.OutOfRange(prompt.Type);
        if (!prompt.IsOpen(now, _settings.CardLifetime)) return new AnswerOutcome.Closed();

        var after = prompt;
        if (request.Score is { } score && prompt.Score is null)
        {
            after = after with { Score = score, ScoreAt = stamp, UpdatedAt = stamp };
            if (request.SeenIn is { } language && _questions.For(prompt, language) is var seen) after = after with { Question = seen.Text, Language = seen.Language.Tag };
            changes.Add(Updated(after, stamp));
        }

        if (request.Text is { } text && prompt.Comment is null)
        {
            after = after with { Comment = text, CommentAt = stamp, UpdatedAt = stamp };
            changes.Add(Updated(after, stamp));
        }

        return new AnswerOutcome.Recorded(card with { Prompt = after }, request.Score is not null && prompt.Score is not null, request.Text is not null && prompt.Comment is not null);
    }

    // Nothing was answered, so there is no event and updated_at stays.
    private AnswerOutcome Dismiss(Card card, long stamp, DateTimeOffset now) => card.Prompt switch
    {
        { DismissedAt: not null } => new AnswerOutcome.Recorded(card, false, false),
        var prompt when !prompt.IsOpen(now, _settings.CardLifetime) => new AnswerOutcome.Closed(),
        var prompt => new AnswerOutcome.Recorded(card with { Prompt = prompt with { DismissedAt = stamp } }, false, false),
    };

    private OutboxEntry Updated(Prompt after, long stamp) => new(new(after.SenderId, stamp, _store.Ids.Next(), ChangeKind.Updated, after.Id), after);

    private static Task CountAsync(Session session, IEnumerable<(CountedRequest Before, Prompt After, RollupState State)> changes)
    {
        var rollupWriter = new RollupWriter();
        foreach (var (before, after, state) in changes)
        {
            // Whatever its channel said: what is answered or dismissed has arrived.
            rollupWriter.Change(before, CountedRequest.Of(after, before.Marks with { Delivered = true }), state);
        }

        return rollupWriter.WriteAsync(session, CancellationToken.None);
    }

    private static Lookup Lookup(
        IReadOnlyList<AnswerRequest> requests, Dictionary<(long, long), Card> cards, Dictionary<(long, long), FoundPrompt> found) => new(
        $$"""
        select {{Card.Columns}}, {{RequestMetadata.Columns}}, p.card_hash
        from {rows}
        join prompt p on p.sender_id = item.sender_id and p.id = item.id
        {{Card.BesidesPrompt}}
        """,
        Rows.Of(requests).Long("sender_id", r => r.Key.SenderId).Long("id", r => r.Key.PromptId),
        row =>
        {
            var card = Card.Read(row);
            var key = (card.Prompt.SenderId, card.Prompt.Id);
            cards[key] = card;
            found[key] = new(CountedRequest.Of(card.Prompt, RequestMetadata.Read(row, Card.ColumnCount)), row.BytesOrNull(Card.ColumnCount + RequestMetadata.ColumnCount));
        });

    // A comment that was removed meanwhile stays so.
    private static void Write(Session session, IReadOnlyList<Prompt> prompts) => session.Then(
        """
        update prompt set score = item.score, score_at = item.score_at, comment = coalesce(prompt.comment, item.comment), comment_at = item.comment_at,
            dismissed_at = item.dismissed_at, delivered = 1, updated_at = item.updated_at, question = item.question, language = item.language
        from {rows}
        where prompt.sender_id = item.sender_id and prompt.id = item.id
        """,
        Rows.Of(prompts).Long("sender_id", p => p.SenderId).Long("id", p => p.Id).LongOrNull("score", p => p.Score).LongOrNull("score_at", p => p.ScoreAt)
            .Text("comment", p => p.Comment).LongOrNull("comment_at", p => p.CommentAt).LongOrNull("dismissed_at", p => p.DismissedAt)
            .Long("updated_at", p => p.UpdatedAt).Text("question", p => p.Question).Text("language", p => p.Language));

    // The sender's rules leave the customer alone for a while. Stamps of a sender only go forward: what is written last is the latest.
    private static void NoteDismissals(Session session, IReadOnlyList<Prompt> prompts) => session.Then(
        "update contact set dismissed_at = item.dismissed_at from {rows} where contact.sender_id = item.sender_id and contact.user_id = item.user_id",
        Rows.Of(prompts.OrderBy(prompt => (prompt.SenderId, prompt.RecipientId)).ToArray()).Long("sender_id", p => p.SenderId).Long("user_id", p => p.RecipientId).Long("dismissed_at", p => p.DismissedAt!.Value));

    /// <summary>A prompt as the batch found it: as it was counted, and with what its card's link must fit.</summary>
    private readonly record struct FoundPrompt(CountedRequest Counted, byte[]? LinkHash);
}
