using System.Globalization;
using System.Net;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Soaks;

/// <summary>A server at steady work for a quarter of an hour: what it holds comes to rest.</summary>
/// <remarks>Caches fill for minutes, and nonces are kept for ten: there is no shorter form that would prove anything.</remarks>
[Collection(nameof(Loads)), LongForm]
public sealed class SoakTests
{
    private const long Mebibyte = 1024 * 1024;
    private const long WritersCache = 64 * Mebibyte;
    private const int Workers = 6;

    // Long ones fill the caches soon.
    private static readonly string s_message = new('m', 8_000);

    // Nonces are kept for ten minutes and a second, and looked through every half minute.
    private static readonly TimeSpan s_nonces = TimeSpan.FromMinutes(11);
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_length = TimeSpan.FromMinutes(int.Parse(Environment.GetEnvironmentVariable("AFTERWORD_TEST_SOAK_MINUTES") ?? "15", CultureInfo.InvariantCulture));

    private int _requests;

    [Fact]
    public async Task What_a_server_holds_comes_to_rest()
    {
        var store = await SqliteStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: Workers, members: 0, customers: 100_000);
        await using var server = await ServerProcess.StartAsync(
            store, "Feedback:EventsDelay=00:00:00", "Limits:RecipientInterval=00:00:00", "Cards:CallsPerAddress=1000000", "Cards:CallsPerLink=1000000");
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var work = Task.WhenAll(data.Senders.Select((sender, i) => Task.Run(() => WorkAsync(server, sender, i, enough.Token), CancellationToken.None)));

        // The writer keeps the last 64 MiB of pages, and grows until it has so many.
        while (new FileInfo(Path.Combine(store.Place.Value, "afterword.db")).Length < 2 * WritersCache && !work.IsCompleted) await Task.Delay(s_every, TestContext.Current.CancellationToken);

        var readings = new List<Reading>();
        for (var taken = TimeSpan.Zero; taken < s_length && !work.IsCompleted; taken += s_every)
        {
            await Task.Delay(s_every, TestContext.Current.CancellationToken);
            readings.Add(await Reading.TakeAsync(server.Id, store.Place.Value, Volatile.Read(ref _requests)));
            if (readings.Count % 12 == 0) await Console.Out.WriteLineAsync($"Soak: {readings[^1]}");
        }

        await enough.CancelAsync();
        await work;

        string?[] breaches =
        [
            Flat.Breach("Anonymous memory", [.. readings.Select(reading => reading.Anonymous)], share: 0.02, slack: 2 * Mebibyte),
            Flat.Breach("Threads", [.. readings.Select(reading => (long)reading.Threads)], share: 0, slack: 4),
            Flat.Breach("Descriptors", [.. readings.Select(reading => (long)reading.Files)], share: 0, slack: 4),
            Flat.Breach("Temporary files", [.. readings.Select(reading => (long)reading.Temporary)], share: 0, slack: 0),
            Flat.Breach("Windows of calls", [.. readings.Select(reading => reading.Windows)], share: 0, slack: 0),
        ];
        Assert.All(breaches, Assert.Null);

        // Logs are used again from their beginning, at 16,000 pages: 64 MiB of 4 KiB and 16 MiB of 1 KiB.
        Assert.InRange(readings.Max(reading => reading.Log), 1, 72 * Mebibyte);
        Assert.InRange(readings.Max(reading => reading.AdmissionsLog), 1, 72 * Mebibyte);

        // No nonce is older than that, so there are no more than were signed since.
        var since = Math.Max(0, readings.Count - 1 - (int)(s_nonces / s_every));
        Assert.InRange(readings[^1].Nonces, 1, readings[^1].Requests - (since == 0 ? 0 : readings[since].Requests));
        Assert.True(readings[^1].Requests > readings.Count * 100, $"There was little work. {readings[^1]}");
    }

    /// <summary>Asks, opens the card, answers, and reads what came of it, at a steady pace.</summary>
    private async Task WorkAsync(ServerProcess server, TestUser sender, int worker, CancellationToken enough)
    {
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        using var pace = new PeriodicTimer(s_pace);
        var begun = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            var customer = 1 + (((i * Workers) + worker) % 100_000);
            var asked = await SendAsync(HttpMethod.Post, "/1.1/feedback/create.json", sender,
                new("type", "csat"), new("to_user_id", customer.ToString(CultureInfo.InvariantCulture)), new("message", $"{i} {s_message}"), new("privacy_url", "https://shop.example/privacy"),
                new("external_id", $"{worker}-{i}"), new("include_card", "true"));
            var card = $"/f/{asked.Feedback.CardToken}";
            await SendAsync(HttpMethod.Get, card, null);
            await SendAsync(HttpMethod.Post, card, null, new KeyValuePair<string, string>("score", "4"));
            await SendAsync(HttpMethod.Get, $"/1.1/feedback/show/{asked.Feedback.Id}.json", sender);
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            await SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/1.1/feedback/events.json?from_time={begun}&to_time={now}&count=20"), sender);
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }

        async Task<Answer> SendAsync(HttpMethod method, string target, TestUser? signer, params KeyValuePair<string, string>[] form)
        {
            var request = await SignedRequest.MakeAsync(signer?.Credentials, method, target, form.Length == 0 ? null : form);
            var answer = await request.SendAsync(http, CancellationToken.None);
            Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.SeeOther, $"{request} was answered with {answer.Status} {answer.Text}");
            Interlocked.Increment(ref _requests);
            return answer;
        }
    }
}
