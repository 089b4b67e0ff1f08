using System.Globalization;
using System.Net;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>What clients sent to servers whose writes were recorded, and what they knew of it at any moment.</summary>
internal sealed class Story(Scene scene)
{
    private readonly Lock _lock = new();
    private readonly Ledger _ledger = new(scene);
    private readonly List<Act> _acts = [];
    private int _marks;

    public int Acknowledged
    {
        get
        {
            lock (_lock) return _acts.Count(act => act.Status is HttpStatusCode.OK or HttpStatusCode.SeeOther);
        }
    }

    public int Unavailable
    {
        get
        {
            lock (_lock) return _acts.Count(act => act.Status == HttpStatusCode.ServiceUnavailable);
        }
    }

    /// <summary>Answers that nobody expects.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Sends requests, over some connections at once, until so many are answered.</summary>
    public Task TellAsync(ServerProcess server, int connections, int requests, Random random) => Task.WhenAll(Enumerable.Range(0, connections).Select(_ =>
    {
        var own = new Random(random.Next());
        return Task.Run(async () =>
        {
            using var http = new Marker(this, server.Transport);
            for (var i = 0; i < requests / connections; i++) await ActAsync(http, own);
        });
    }));

    /// <summary>What the clients knew: everything that was answered before is done, what was not answered yet is in doubt, the rest was never sent.</summary>
    public Ledger At(Recording recording, int moment) => Know(act => FateOf(act, recording, moment));

    /// <summary>What they know now.</summary>
    public Ledger Now() => Know(act => FateOf(act));

    private Ledger Know(Func<Act, Fate> fateOf)
    {
        var known = new Dictionary<int, Asked>();
        foreach (var act in _acts)
        {
            var fate = fateOf(act);
            if (act.Parts is not { } parts)
            {
                var asked = known[act.Asked.Number] = act.Asked.Anew();
                if (fate == Fate.Stored) asked.Acknowledge(act.Answer!.Feedback);
                else asked.Fate = fate;
            }
            else if (known.TryGetValue(act.Asked.Number, out var asked) && fate != Fate.Absent)
            {
                if (parts.Score is { } score) asked.Score = new(fate, score, null);
                if (parts.Text is { } text) asked.Text = new(fate, text, null);
                if (parts.Score is null && parts.Text is null) asked.Dismissed = fate;
                asked.Together = fate == Fate.InDoubt && parts is { Score: not null, Text: not null };
            }
        }

        return Ledger.Of(scene, known.Values);
    }

    private static Fate FateOf(Act act, Recording recording, int moment) =>
        !(recording.Begun(act.Mark) < moment) ? Fate.Absent
        : !(recording.Answered(act.Mark) < moment) ? Fate.InDoubt
        : FateOf(act);

    private static Fate FateOf(Act act) => act.Status switch
    {
        HttpStatusCode.OK or HttpStatusCode.SeeOther => Fate.Stored,
        null or HttpStatusCode.ServiceUnavailable => Fate.InDoubt,
        _ => Fate.Absent,
    };

    private async Task ActAsync(Marker http, Random random)
    {
        var dice = random.Next(100);
        if (dice < 45 || _ledger.TakeOpen(random) is not { } asked)
        {
            asked = _ledger.Next(random);
            if (await SendAsync(http, asked, await asked.SignAsync(), null) is not { } created) return;

            asked.Acknowledge(created.Feedback);
            _ledger.PutBack(asked);
            return;
        }

        var untouched = asked.Score.Fate == Fate.Absent && asked.Text.Fate == Fate.Absent;
        var parts = dice >= 90 && untouched ? new Parts(null, null) : PartsFor(asked, random);
        if (await SendAsync(http, asked, await RequestAsync(asked, parts), parts) is null || parts is { Score: null, Text: null }) return;

        if (parts.Score is not null) asked.Score = new(Fate.Stored, parts.Score, null);
        if (parts.Text is not null) asked.Text = new(Fate.Stored, parts.Text, null);
        _ledger.PutBack(asked);
    }

    private static Parts PartsFor(Asked asked, Random random)
    {
        var score = asked.Score.Fate == Fate.Absent ? (1 + random.Next(5)).ToString(CultureInfo.InvariantCulture) : null;
        var text = asked.Text.Fate == Fate.Absent && (score is null || (asked.Recipient is not null && random.Next(3) == 0)) ? $"Answer to {asked.Number}: \u00fcber" : null;
        return new(score, text);
    }

    private static Task<SignedRequest> RequestAsync(Asked asked, Parts parts)
    {
        var dismisses = parts is { Score: null, Text: null };
        var form = new List<KeyValuePair<string, string>>();
        if (parts.Score is not null) form.Add(new("score", parts.Score));
        if (parts.Text is not null) form.Add(new("text", parts.Text));
        if (dismisses && asked.Recipient is null) form.Add(new("dismiss", "1"));
        return asked.Recipient is { } recipient
            ? SignedRequest.MakeAsync(recipient.Credentials, HttpMethod.Post, $"/1.1/feedback/{(dismisses ? "dismiss" : "submit")}/{asked.Feedback!.Id}.json", form)
            : SignedRequest.MakeAsync(null, HttpMethod.Post, $"/f/{asked.Feedback!.CardToken}", form);
    }

    /// <returns>The answer, when it says that it is done.</returns>
    private async Task<Answer?> SendAsync(Marker http, Asked asked, SignedRequest request, Parts? parts)
    {
        var act = new Act(Interlocked.Increment(ref _marks), asked, parts);
        lock (_lock) _acts.Add(act);
        http.Mark = act.Mark;
        act.Answer = await request.SendAsync(http, CancellationToken.None);
        if (act.Status is HttpStatusCode.OK or HttpStatusCode.SeeOther) return act.Answer;

        if (act.Status != HttpStatusCode.ServiceUnavailable) Blame($"{request} was answered with {act.Status} {act.Answer.Text}");
        return null;
    }

    private void Blame(string fault)
    {
        lock (_lock) Faults.Add(fault);
    }

    /// <param name="Score">The score that is given, or null.</param>
    /// <param name="Text">The text that is given, or null. Neither: it is dismissed.</param>
    private sealed record Parts(string? Score, string? Text);

    /// <param name="Mark">Tells it from all others on the wire.</param>
    /// <param name="Asked">The create call, or the one that is answered.</param>
    /// <param name="Parts">Null for the create call itself.</param>
    private sealed record Act(int Mark, Asked Asked, Parts? Parts)
    {
        public Answer? Answer { get; set; }

        public HttpStatusCode? Status => Answer?.Status;
    }

    /// <summary>Writes the mark of a request on it, so that it and its answer are found in the recording.</summary>
    private sealed class Marker(Story story, HttpMessageHandler transport) : HttpMessageInvoker(transport, disposeHandler: false)
    {
        public int Mark { get; set; }

        public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Add("X-Mark", Mark.ToString(CultureInfo.InvariantCulture));
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter?.Delta is null) story.Blame($"{request.Method} {request.RequestUri} was answered with 503 and without Retry-After");
            return response;
        }
    }
}
