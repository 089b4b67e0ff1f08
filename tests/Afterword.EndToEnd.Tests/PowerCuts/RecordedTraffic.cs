using System.Globalization;
using System.Net;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>What clients sent to servers whose writes were recorded, and what they knew of it at any moment.</summary>
internal sealed class RecordedTraffic(SampleData data)
{
    private readonly Lock _lock = new();
    private readonly Ledger _ledger = new(data);
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
        var known = new Dictionary<int, SentRequest>();
        foreach (var act in _acts)
        {
            var fate = fateOf(act);
            if (act.Parts is not { } parts)
            {
                var sentRequest = known[act.SentRequest.Number] = act.SentRequest.Anew();
                if (fate == Fate.Stored) sentRequest.Acknowledge(act.Answer!.Feedback);
                else sentRequest.Fate = fate;
            }
            else if (known.TryGetValue(act.SentRequest.Number, out var sentRequest) && fate != Fate.Absent)
            {
                if (parts.Score is { } score) sentRequest.Score = new(fate, score, null);
                if (parts.Text is { } text) sentRequest.Text = new(fate, text, null);
                if (parts.Score is null && parts.Text is null) sentRequest.Dismissed = fate;
                sentRequest.Together = fate == Fate.InDoubt && parts is { Score: not null, Text: not null };
            }
        }

        return Ledger.Of(data, known.Values);
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
        if (dice < 45 || _ledger.TakeOpen(random) is not { } sentRequest)
        {
            sentRequest = _ledger.Next(random);
            if (await SendAsync(http, sentRequest, await sentRequest.SignAsync(), null) is not { } created) return;

            sentRequest.Acknowledge(created.Feedback);
            _ledger.PutBack(sentRequest);
            return;
        }

        var untouched = sentRequest.Score.Fate == Fate.Absent && sentRequest.Text.Fate == Fate.Absent;
        var parts = dice >= 90 && untouched ? new Parts(null, null) : PartsFor(sentRequest, random);
        if (await SendAsync(http, sentRequest, await RequestAsync(sentRequest, parts), parts) is null || parts is { Score: null, Text: null }) return;

        if (parts.Score is not null) sentRequest.Score = new(Fate.Stored, parts.Score, null);
        if (parts.Text is not null) sentRequest.Text = new(Fate.Stored, parts.Text, null);
        _ledger.PutBack(sentRequest);
    }

    private static Parts PartsFor(SentRequest sentRequest, Random random)
    {
        var score = sentRequest.Score.Fate == Fate.Absent ? (1 + random.Next(5)).ToString(CultureInfo.InvariantCulture) : null;
        var text = sentRequest.Text.Fate == Fate.Absent && (score is null || (sentRequest.Recipient is not null && random.Next(3) == 0)) ? $"Answer to {sentRequest.Number}: \u00fcber" : null;
        return new(score, text);
    }

    private static Task<SignedRequest> RequestAsync(SentRequest sentRequest, Parts parts)
    {
        var dismisses = parts is { Score: null, Text: null };
        var form = new List<KeyValuePair<string, string>>();
        if (parts.Score is not null) form.Add(new("score", parts.Score));
        if (parts.Text is not null) form.Add(new("text", parts.Text));
        if (dismisses && sentRequest.Recipient is null) form.Add(new("dismiss", "1"));
        return sentRequest.Recipient is { } recipient
            ? SignedRequest.MakeAsync(recipient.Credentials, HttpMethod.Post, $"/1.1/feedback/{(dismisses ? "dismiss" : "submit")}/{sentRequest.Feedback!.Id}.json", form)
            : SignedRequest.MakeAsync(null, HttpMethod.Post, $"/f/{sentRequest.Feedback!.CardToken}", form);
    }

    /// <returns>The answer, when it says that it is done.</returns>
    private async Task<Answer?> SendAsync(Marker http, SentRequest sentRequest, SignedRequest request, Parts? parts)
    {
        var act = new Act(Interlocked.Increment(ref _marks), sentRequest, parts);
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
    /// <param name="SentRequest">The create call, or the one that is answered.</param>
    /// <param name="Parts">Null for the create call itself.</param>
    private sealed record Act(int Mark, SentRequest SentRequest, Parts? Parts)
    {
        public Answer? Answer { get; set; }

        public HttpStatusCode? Status => Answer?.Status;
    }

    /// <summary>Writes the mark of a request on it, so that it and its answer are found in the recording.</summary>
    private sealed class Marker(RecordedTraffic traffic, HttpMessageHandler transport) : HttpMessageInvoker(transport, disposeHandler: false)
    {
        public int Mark { get; set; }

        public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Add("X-Mark", Mark.ToString(CultureInfo.InvariantCulture));
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter?.Delta is null) traffic.Blame($"{request.Method} {request.RequestUri} was answered with 503 and without Retry-After");
            return response;
        }
    }
}
