using System.Globalization;
using System.Text;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>Signed create calls of a server that is watched and of one that is not, in turn.</summary>
internal static class Watching
{
    private const int Connections = 64;
    private const int Senders = 50;

    public static async Task RunAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var collector = await bench.StartReceiverAsync();
        var metrics = ChildProcess.FreeAddress();
        var server = BenchServer.Sqlite(
            bench.NewFolder("watched"),
            ("Telemetry:Prometheus", "true"), ("Telemetry:Urls", $"http://{metrics}"), ("Telemetry:Otlp", $"http://{collector.Address}"), ("Telemetry:OtlpProtocol", "http"));
        var otherSite = BenchServer.Sqlite(bench.NewFolder("unwatched"));
        var (users, otherCast) = (await CastAsync(server), await CastAsync(otherSite));
        await using var watched = await bench.StartServerAsync(server);
        await using var unwatched = await bench.StartServerAsync(otherSite);

        using var over = new CancellationTokenSource();
        var scrapes = ScrapeAsync(metrics, over.Token);
        var duel = await Duel.RunAsync(bench, ContenderOf(bench, watched, users), ContenderOf(bench, unwatched, otherCast));
        await over.CancelAsync();

        var collected = int.Parse(Encoding.UTF8.GetString((await Exchange.SendAsync(collector.Address, new RequestWriter(collector.Address.ToString()).Open("/collected"))).Body), CultureInfo.InvariantCulture);
        if (await scrapes == 0 || collected == 0) throw new InvalidOperationException("Nobody watched the server.");
        tell(Result.Of($"signed create, SQLite, {Senders} senders, {Connections} connections, metrics fetched each second, a collector told", duel, "nobody watches", 0.9));
    }

    private static async Task<SampleUsers> CastAsync(BenchServer server)
    {
        await using var store = await server.OpenAsync();
        return await SampleUsers.CreateAsync(store, Senders);
    }

    private static Once ContenderOf(BenchEnvironment bench, ChildProcess server, SampleUsers users) =>
        new(bench, server, Connections, 5_000, new CreateRequests(new RequestWriter(server.Address.ToString()), users, together: Senders).Begin);

    /// <summary>Fetches the metrics once a second, and says how often.</summary>
    private static async Task<int> ScrapeAsync(System.Net.IPEndPoint metrics, CancellationToken stop)
    {
        using var http = new HttpClient();
        var times = 0;
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), stop);
                using var answer = await http.GetAsync(new Uri($"http://{metrics}/metrics"), stop);
                answer.EnsureSuccessStatusCode();
                times++;
            }
        }
        catch (OperationCanceledException)
        {
            return times;
        }
    }
}
