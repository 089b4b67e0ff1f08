using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Afterword.Client.Wire;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Automation;

/// <summary>Clients that close conversations on one server process, from its start to its end, and reopen a few.</summary>
internal sealed class CloseBurst : IDisposable
{
    private const int MostPolls = 6_000;

    private readonly Closings _closings;
    private readonly HttpMessageInvoker _http;
    private readonly Task _work;
    private volatile bool _ending;
    private volatile bool _stopped;
    private int _acknowledged;

    /// <param name="closings">Where everything is written down.</param>
    /// <param name="server">The process.</param>
    /// <param name="connections">How many requests are sent at once.</param>
    /// <param name="seed">Decides what is reopened.</param>
    public CloseBurst(Closings closings, ServerProcess server, int connections, int seed)
    {
        _closings = closings;
        _http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        _work = Task.WhenAll(Enumerable.Range(0, connections).Select(i => Task.Run(() => WorkAsync(new Random(seed + i)))));
    }

    public int Acknowledged => _acknowledged;

    /// <summary>Answers that nobody expects, and silence before the end.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>Waits until so many closes have been answered with success.</summary>
    public async Task AcknowledgeAsync(int count)
    {
        for (var poll = 0; _acknowledged < count; poll++)
        {
            Assert.True(poll < MostPolls && !_work.IsCompleted, $"Of {count} closes {_acknowledged} were acknowledged. {string.Join('\n', Faults.Take(10))}");
            await Task.Delay(10);
        }
    }

    /// <summary>From now on, silence is no fault: the process is about to end.</summary>
    public void Expect() => _ending = true;

    /// <summary>Lets each connection end what it is at, and waits for them.</summary>
    public Task StopAsync()
    {
        _stopped = true;
        return _work;
    }

    /// <summary>Waits until every connection has found out that the process is gone.</summary>
    public Task EndAsync() => _work;

    public void Dispose() => _http.Dispose();

    private async Task WorkAsync(Random random)
    {
        Closing? earlier = null;
        while (!_stopped)
        {
            var closing = _closings.Next();
            var request = await closing.SignAsync();
            closing.Fate = Fate.InDoubt;
            if (await SendAsync(request) is not { } answer) return;

            if (answer.Status != HttpStatusCode.OK) continue;
            (closing.Fate, closing.Told) = (Fate.Stored, Read(answer));
            Interlocked.Increment(ref _acknowledged);

            if (earlier is not null && random.Next(8) == 0 && !await ReopenAsync(earlier)) return;
            earlier = closing;
        }
    }

    private async Task<bool> ReopenAsync(Closing closing)
    {
        closing.MayBeReopened = true;
        if (await SendAsync(await closing.SignReopeningAsync()) is not { } answer) return false;

        if (answer.Status == HttpStatusCode.OK) closing.ToldReopened = Read(answer);
        return true;
    }

    private async Task<Answer?> SendAsync(SignedRequest request)
    {
        try
        {
            var answer = await request.SendAsync(_http, CancellationToken.None);
            if (answer.Status is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable)) Faults.Enqueue($"{request} was answered with {answer.Status} {answer.Text}");
            return answer;
        }
        catch (Exception error) when (error is HttpRequestException or BrokenAnswerException)
        {
            if (!_ending) Faults.Enqueue($"{request} was not answered: {error.Message}");
            return null;
        }
    }

    private static ConversationJson Read(Answer answer) => JsonSerializer.Deserialize(answer.Body, WireJson.Default.ConversationJson)!;
}
