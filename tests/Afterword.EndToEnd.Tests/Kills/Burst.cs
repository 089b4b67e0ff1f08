using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>Clients at work on one server process, from its start to its end: each connection sends one request after the other.</summary>
internal sealed class Burst : IDisposable
{
    private const int Kept = 8;
    private const int MostPolls = 6_000;

    private readonly SampleData _data;
    private readonly Ledger _ledger;
    private readonly bool _reads;
    private readonly long _startedAt = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly HttpMessageInvoker _http;
    private readonly Task _work;
    private volatile bool _ending;
    private int _acknowledged;
    private int _unanswered;
    private int _brokenOff;

    /// <param name="data">Who is there.</param>
    /// <param name="ledger">Where everything is written down.</param>
    /// <param name="server">The process.</param>
    /// <param name="connections">How many requests are sent at once.</param>
    /// <param name="seed">Decides what is sent.</param>
    /// <param name="reads">Whether there are reads among it.</param>
    public Burst(SampleData data, Ledger ledger, ServerProcess server, int connections, int seed, bool reads = true)
    {
        (_data, _ledger, _reads) = (data, ledger, reads);
        _http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        _work = Task.WhenAll(Enumerable.Range(0, connections).Select(i => Task.Run(() => WorkAsync(new Random(seed + i)))));
    }

    /// <summary>Requests answered with success.</summary>
    public int Acknowledged => _acknowledged;

    /// <summary>Requests that were sent before the end was ordered and never answered.</summary>
    public int Unanswered => _unanswered;

    /// <summary>Answers that began and did not end.</summary>
    public int BrokenOff => _brokenOff;

    /// <summary>What should not have happened: answers that nobody expects, silence before the end.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>The signed requests that were accepted last.</summary>
    public ConcurrentQueue<SignedRequest> Accepted { get; } = new();

    /// <summary>The creates that were not answered, as they were sent.</summary>
    public ConcurrentBag<(SentRequest Asked, SignedRequest Request)> Silent { get; } = [];

    /// <summary>Waits until so many requests have been answered with success.</summary>
    public async Task AcknowledgeAsync(int count)
    {
        for (var poll = 0; _acknowledged < count; poll++)
        {
            Assert.True(poll < MostPolls && !_work.IsCompleted, $"Of {count} requests {_acknowledged} were acknowledged. {string.Join('\n', Faults.Take(10))}");
            await Task.Delay(10);
        }
    }

    /// <summary>From now on, silence is no fault: the process is about to end.</summary>
    public void Expect() => _ending = true;

    /// <summary>Waits until every connection has found out that the process is gone.</summary>
    public Task EndAsync() => _work;

    public void Dispose() => _http.Dispose();

    private async Task WorkAsync(Random random)
    {
        var alive = true;
        while (alive)
        {
            var dice = random.Next(100);
            if (dice >= 85 && _reads)
            {
                alive = dice >= 94 ? await EventsAsync(random) : await ShowAsync(random);
            }
            else
            {
                alive = dice >= 45 && _ledger.TakeOpen(random) is { } open ? await AnswerAsync(open, random) : await CreateAsync(random);
            }
        }
    }

    private async Task<bool> CreateAsync(Random random)
    {
        var sentRequest = _ledger.Next(random);
        var request = await sentRequest.SignAsync();
        sentRequest.Fate = Fate.InDoubt;
        var answer = await SendAsync(request);
        if (answer is null)
        {
            Silent.Add((sentRequest, request));
            return false;
        }

        if (answer.Status == HttpStatusCode.OK) sentRequest.Acknowledge(answer.Feedback);
        else sentRequest.Fate = Fate.Absent;
        _ledger.PutBack(sentRequest);
        return true;
    }

    private async Task<bool> AnswerAsync(SentRequest sentRequest, Random random)
    {
        var score = sentRequest.Score.Fate == Fate.Absent && random.Next(4) > 0 ? (1 + random.Next(5)).ToString(CultureInfo.InvariantCulture) : null;
        var text = sentRequest.Text.Fate == Fate.Absent && (score is null || random.Next(4) == 0) ? $"Answer to {sentRequest.Number}: \u00fcber \u2014 \"good\"; 50% \U0001F44D" : null;
        if (score is null && text is null) score = "3";
        if (sentRequest.Recipient is not { } recipient) return await AnswerCardAsync(sentRequest, score, score is null ? text : null);

        (sentRequest.Score, sentRequest.Text) = (Sent(sentRequest.Score, score), Sent(sentRequest.Text, text));
        sentRequest.Together = score is not null && text is not null;
        var answer = await SendAsync(await SignedRequest.MakeAsync(recipient.Credentials, HttpMethod.Post, $"/1.1/feedback/submit/{sentRequest.Feedback!.Id}.json", Form(score, text)));
        if (answer is null) return false;

        var response = answer.Status == HttpStatusCode.OK ? answer.Feedback.Response : null;
        sentRequest.Score = Settled(sentRequest.Score, response?.Score is { } told ? (told.Value.ToString(CultureInfo.InvariantCulture), told.CreatedAt) : null);
        sentRequest.Text = Settled(sentRequest.Text, response?.Text is { } said ? (said.Value, said.CreatedAt) : null);
        sentRequest.Together = false;
        _ledger.PutBack(sentRequest);
        return true;
    }

    private async Task<bool> AnswerCardAsync(SentRequest sentRequest, string? score, string? text)
    {
        (sentRequest.Score, sentRequest.Text) = (Sent(sentRequest.Score, score), Sent(sentRequest.Text, text));
        var answer = await SendAsync(await SignedRequest.MakeAsync(null, HttpMethod.Post, $"/f/{sentRequest.Feedback!.CardToken}", Form(score, text)));
        if (answer is null) return false;

        var stored = answer.Status is HttpStatusCode.OK or HttpStatusCode.SeeOther;
        sentRequest.Score = Settled(sentRequest.Score, stored ? (sentRequest.Score.Value!, null) : null);
        sentRequest.Text = Settled(sentRequest.Text, stored ? (sentRequest.Text.Value!, null) : null);
        _ledger.PutBack(sentRequest);
        return true;
    }

    private async Task<bool> ShowAsync(Random random)
    {
        if (_ledger.TakeOpen(random) is not { } sentRequest) return await CreateAsync(random);

        var answer = await SendAsync(await SignedRequest.MakeAsync(sentRequest.Sender.Credentials, HttpMethod.Get, $"/1.1/feedback/show/{sentRequest.Feedback!.Id}.json"));
        if (answer is { Status: HttpStatusCode.OK })
        {
            var response = answer.Feedback.Response;
            if (response?.Score?.Value.ToString(CultureInfo.InvariantCulture) != sentRequest.Score.Value || response?.Text?.Value != sentRequest.Text.Value) Faults.Enqueue($"{sentRequest.ExternalId} was answered with {sentRequest.Score} and {sentRequest.Text}, and is shown as {answer.Text}");
        }

        _ledger.PutBack(sentRequest);
        return answer is not null;
    }

    private async Task<bool> EventsAsync(Random random)
    {
        var sender = _data.Senders[random.Next(_data.Senders.Count)];
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var target = string.Create(CultureInfo.InvariantCulture, $"/1.1/feedback/events.json?from_time={_startedAt}&to_time={now}&count=20");
        return await SendAsync(await SignedRequest.MakeAsync(sender.Credentials, HttpMethod.Get, target)) is not null;
    }

    private async Task<Answer?> SendAsync(SignedRequest request)
    {
        var sentBefore = !_ending;
        try
        {
            var answer = await request.SendAsync(_http, CancellationToken.None);
            if (answer.Status is HttpStatusCode.OK or HttpStatusCode.SeeOther) Accept(request);
            else if (answer.Status != HttpStatusCode.ServiceUnavailable) Faults.Enqueue($"{request} was answered with {answer.Status} {answer.Text}");
            return answer;
        }
        catch (Exception error) when (error is HttpRequestException or BrokenAnswerException)
        {
            if (error is BrokenAnswerException) Interlocked.Increment(ref _brokenOff);
            if (!_ending) Faults.Enqueue($"{request} was not answered: {error.Message}");
            if (sentBefore) Interlocked.Increment(ref _unanswered);
            return null;
        }
    }

    private void Accept(SignedRequest request)
    {
        Interlocked.Increment(ref _acknowledged);
        if (request.Authorization is null) return;

        Accepted.Enqueue(request);
        if (Accepted.Count > Kept) Accepted.TryDequeue(out _);
    }

    private static Part Sent(Part part, string? value) => value is null ? part : Part.InDoubt(value);

    private static Part Settled(Part part, (string Value, string? At)? told) =>
        part.Fate != Fate.InDoubt ? part : told is { } answer ? new(Fate.Stored, answer.Value, answer.At) : default;

    private static IEnumerable<KeyValuePair<string, string>> Form(string? score, string? text)
    {
        if (score is not null) yield return new("score", score);
        if (text is not null) yield return new("text", text);
    }
}
