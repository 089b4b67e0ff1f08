using System.Diagnostics.Metrics;
using System.Globalization;
using Afterword.Server.Changes;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>A sender asks: stores the message, the card and the event, and counts both caps, all in one transaction.</summary>
internal sealed class CreatePrompt
{
    private readonly Store _store;
    private readonly Settings _settings;
    private readonly Questions _questions;
    private readonly PromptWindow _window;
    private readonly TimeProvider _clock;
    private readonly WriteGroup<CreateRequest, CreateAnswer> _group;
    private readonly Counter<long> _creates;

    public CreatePrompt(Store store, Settings settings, Questions questions, PromptWindow window, TimeProvider clock)
    {
        (_store, _settings, _questions, _window, _clock) = (store, settings, questions, window, clock);
        _group = store.Main.Group<CreateRequest, CreateAnswer>(request => request.Sender.UserId, RunAsync);
        _creates = store.Problems.Meter.CreateCounter<long>("afterword.creates", "{requests}", "Requests for feedback that calls have made.");
    }

    public Task<CreateAnswer> RunAsync(CreateRequest request) => _group.RunAsync(request);

    /// <summary>Decides a batch of requests one after the other, then writes what was accepted.</summary>
    private async Task<CreateAnswer[]> RunAsync(Session session, IReadOnlyList<CreateRequest> requests)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();

        // First the lock, then the reads: what they find holds until the commit.
        var states = new Dictionary<long, SenderState>();
        var batch = new CreateBatch(now);
        var senders = requests.Select(request => request.Sender.UserId).Distinct().ToArray();
        await session.EachAsync(
            [
                .. ChangeLog.Stamp(senders, now, states),
                batch.Prompts.Webhooks(senders),
                RecipientFacts.Lookup(requests, r => r.Sender.UserId, r => r.Draft.RecipientId, (place, facts) => batch.Facts[place] = facts),
                Idempotency.Lookup(requests, batch, now, _store.Secrets),
            ],
            CancellationToken.None);
        batch.Prompts.Open(states);

        var answers = new CreateAnswer[requests.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            var outcome = Decide(batch, requests[i], i);
            answers[i] = new(outcome, batch.Prompts.WindowOf(requests[i].Sender.UserId).StateFor(_window.MostFor(requests[i].Sender)));
        }

        // Before the webhooks are woken, whose deliveries look for the trace.
        if (_creates.Enabled || Tracing.Source.HasListeners()) Watch(session, requests, answers);
        batch.Write(session, _store);
        return answers;
    }

    private void Watch(Session session, IReadOnlyList<CreateRequest> requests, CreateAnswer[] answers) => session.OnCommit(() =>
    {
        for (var i = 0; i < answers.Length; i++)
        {
            if (answers[i].Outcome is not CreateOutcome.Created(var feedback, Replayed: false)) continue;

            var (sender, draft) = (requests[i].Sender.UserId, requests[i].Draft);
            _creates.Add(1, _settings.Telemetry.Labels(sender, new("type", draft.Type.Wire), new("test", draft.Test ? "true" : "false")));
            if (requests[i].Span is { } span) _store.Traces.Note(long.Parse(feedback.Id, CultureInfo.InvariantCulture), span.Context);
        }
    });

    private CreateOutcome Decide(CreateBatch batch, CreateRequest request, int place)
    {
        if (request.IdempotencyKey is not null && batch.EarlierAnswer(request) is { } earlier) return earlier;

        var facts = batch.Facts[place];
        if (facts.Name is null) return new CreateOutcome.RecipientUnknown();
        if (facts.Suspended) return new CreateOutcome.RecipientSuspended();
        if (request.Draft.RecipientId == request.Sender.UserId || !facts.CanBeAsked) return new CreateOutcome.CannotMessage();

        var interval = _settings.Limits.IntervalFor(request.Sender.Sender);
        if (interval > 0 && !facts.Exempt && batch.Prompts.LastPromptAt(request.Sender.UserId, request.Draft.RecipientId, facts) is { } last && batch.Prompts.Now < last + interval)
        {
            return new CreateOutcome.RecipientCapReached(last + interval);
        }

        if (!batch.Prompts.WindowOf(request.Sender.UserId).TryCount(_window.MostFor(request.Sender))) return new CreateOutcome.SenderCapReached();
        return new CreateOutcome.Created(batch.Accept(_store, _questions, request, facts), Replayed: false);
    }
}
