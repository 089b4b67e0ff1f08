using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Afterword.Client;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>Kills a server again and again under load, starts it on the same store, and writes down what it finds.</summary>
internal sealed class KillRun
{
    private const int Connections = 64;
    private const int RetriesPerKill = 3;

    private readonly Func<Task<TestStore>> _newStore;
    private readonly Random _random;
    private int _replays;

    private KillRun(Func<Task<TestStore>> newStore)
    {
        _newStore = newStore;
        Seed = int.TryParse(Environment.GetEnvironmentVariable("AFTERWORD_TEST_SEED"), CultureInfo.InvariantCulture, out var seed)
            ? seed : RandomNumberGenerator.GetInt32(int.MaxValue);
        _random = new Random(Seed);
    }

    /// <summary>Decides the moments of the kills and what is sent. AFTERWORD_TEST_SEED sets it.</summary>
    public int Seed { get; }

    // The law is checked against all that was ever asked of the store, so the cost of a run grows with the square of this.
    public static int KillsPerStore => LongForm.IsOn ? 50 : 8;

    public static int Stores => LongForm.IsOn ? 4 : 1;

    public int Kills { get; private set; }

    /// <summary>Exit codes of the killed processes.</summary>
    public HashSet<int> ExitCodes { get; } = [];

    public int Acknowledged { get; private set; }

    public int Unanswered { get; private set; }

    /// <summary>Unanswered creates and answers that turned out to be stored.</summary>
    public int DoneInSilence { get; private set; }

    /// <summary>The most polls that a start took until the server was ready.</summary>
    public int MostPolls { get; private set; }

    /// <summary>Breaches of the law, each with the kill after which it was found.</summary>
    public List<string> Breaches { get; } = [];

    /// <summary>What a client that takes silence for success would miss.</summary>
    public List<string> Illusions { get; } = [];

    /// <summary>Answers that nobody expects.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Requests that were accepted before a kill and, sent again after it, not refused.</summary>
    public List<string> AcceptedReplays { get; } = [];

    /// <summary>Repeated creates with an Idempotency-Key that did not give the one prompt.</summary>
    public List<string> WrongRetries { get; } = [];

    /// <summary>Repeated creates that had been stored, and those that had not.</summary>
    public (int Stored, int Missing) Retries { get; private set; }

    /// <summary>The last store, with no server on it, and what its clients know.</summary>
    public (TestStore Store, Ledger Ledger) Last { get; private set; }

    public static async Task<KillRun> RunAsync(Func<Task<TestStore>> newStore)
    {
        var run = new KillRun(newStore);
        for (var i = 0; i < Stores; i++) await run.WearOutAsync();
        return run;
    }

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Last.Store.Engine}, seed {Seed}: {Kills} kills, {Acknowledged} requests acknowledged, {Unanswered} unanswered ({DoneInSilence} of them stored), {Last.Ledger.All.Count} creates, {_replays} replays, {Retries.Stored} + {Retries.Missing} retries, at most {MostPolls} polls to be ready");

    private async Task WearOutAsync()
    {
        var store = await _newStore();
        var data = await SampleData.SetUpAsync(store, senders: 16, members: LongForm.IsOn ? 1_000 : 200, customers: 20_000);
        var ledger = new Ledger(data);
        Burst? burst = null;
        IReadOnlySet<int> sessions = new HashSet<int>();
        for (var kill = 0; kill <= KillsPerStore; kill++)
        {
            await using var server = await ServerProcess.StartAsync(store, "Feedback:EventsDelay=00:00:00", "Limits:AnswersPer15Minutes=1000000000");
            MostPolls = Math.Max(MostPolls, server.Polls);
            await store.EndOfAsync(sessions);
            if (burst is not null) await JudgeAsync(store, ledger, burst, server);
            burst?.Dispose();
            if (kill == KillsPerStore || Breaches.Count > 0)
            {
                await WalkEventsAsync(data, server, await StoreImage.ReadAsync(store));
                if (await server.TerminateAsync() is not 0 and var code) Faults.Add($"The server ended with {code} when it was asked to stop.");
                break;
            }

            burst = new Burst(data, ledger, server, Connections, _random.Next());
            await Task.Delay(_random.Next(150, 600));
            sessions = await store.SessionsAsync();
            burst.Expect();
            ExitCodes.Add(await server.KillAsync());
            await burst.EndAsync();
            Kills++;
            Acknowledged += burst.Acknowledged;
            Unanswered += burst.Unanswered;
            Faults.AddRange(burst.Faults);
            Faults.AddRange(server.Errors.Where(line => line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal)));
        }

        Last = (store, ledger);
    }

    /// <summary>Everything that must hold after a kill, before the next clients come.</summary>
    private async Task JudgeAsync(TestStore store, Ledger ledger, Burst burst, ServerProcess server)
    {
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        await ReplayAsync(http, burst.Accepted, "accepted");

        var image = await StoreImage.ReadAsync(store);
        Breaches.AddRange(Invariants.Check(image, ledger).Select(line => $"After kill {Kills}: {line}"));
        Illusions.AddRange(Invariants.Check(image, ledger, silenceIsSuccess: true));
        DoneInSilence += ledger.CountDoneInSilence(image);
        ledger.Settle(image);

        // Their nonces were stored before they were: a network that sends them twice must not do them twice.
        await ReplayAsync(http, burst.Silent.Where(silent => silent.Asked.Fate == Fate.Stored).Select(silent => silent.Request), "stored");
        var acknowledged = ledger.All.Where(sentRequest => sentRequest.Key is not null && sentRequest.Fate == Fate.Stored).TakeLast(RetriesPerKill);
        await RetryAsync(http, [.. burst.Silent.Select(silent => silent.Asked).Where(sentRequest => sentRequest.Key is not null).Union(acknowledged)], image);
    }

    private async Task ReplayAsync(HttpMessageInvoker http, IEnumerable<SignedRequest> requests, string what)
    {
        foreach (var request in requests)
        {
            _replays++;
            var answer = await request.SendAsync(http, CancellationToken.None);
            if (answer is not { Status: HttpStatusCode.Unauthorized, Code: 32 }) AcceptedReplays.Add($"After kill {Kills}, {request} was {what} before and is answered with {answer.Status} {answer.Text}");
        }
    }

    private async Task RetryAsync(HttpMessageInvoker http, IReadOnlyList<SentRequest> keyed, StoreImage image)
    {
        foreach (var sentRequest in keyed)
        {
            var row = image.Find(sentRequest);
            var answer = await (await sentRequest.SignAsync()).SendAsync(http, CancellationToken.None);
            if (answer.Status != HttpStatusCode.OK || answer.Replayed != row is not null || (row is not null && answer.Feedback.Id != row.Id.ToString(CultureInfo.InvariantCulture)))
            {
                WrongRetries.Add($"After kill {Kills}, the retry of {sentRequest.ExternalId}, {(row is null ? "not stored" : "stored")} before, is answered with {answer.Status}, replayed: {answer.Replayed}, {answer.Text}");
                continue;
            }

            Retries = row is null ? (Retries.Stored, Retries.Missing + 1) : (Retries.Stored + 1, Retries.Missing);
            sentRequest.Acknowledge(answer.Feedback);
        }
    }

    /// <summary>Whoever pages through the events of each sender meets every stored change once, in order.</summary>
    private async Task WalkEventsAsync(SampleData data, ServerProcess server, StoreImage image)
    {
        var changes = image.Changes.ToLookup(row => row.SenderId);
        foreach (var sender in data.Senders)
        {
            using var client = new FeedbackClient(new FeedbackClientOptions(new Uri("http://feedback.test"), sender.Credentials), server.Transport);
            var walked = new List<string>();
            await foreach (var change in client.EventsAsync(DateTimeOffset.UnixEpoch, TimeProvider.System.GetUtcNow())) walked.Add($"{change.EventType} {change.Feedback.Id}");

            var stored = changes[sender.Id].OrderBy(row => row.ChangedAt).ThenBy(row => row.Id)
                .Select(row => string.Create(CultureInfo.InvariantCulture, $"feedback.{(row.Kind == 1 ? "created" : "updated")} {row.PromptId}"));
            if (!walked.SequenceEqual(stored)) Breaches.Add($"Sender {sender.Id} has {changes[sender.Id].Count()} changes, and its events are {walked.Count} others.");
        }
    }
}
