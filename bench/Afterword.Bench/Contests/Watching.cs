using System.Globalization;
using System.Text;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>Signed create calls of a server that is watched and of one that is not, in turn.</summary>
internal static class Watching
{
    private const double Least = 0.9;

    public static async Task RunAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await ScrapedAsync(bench, tell);
        await ReportingAsync(bench, tell);
    }

    private static async Task ScrapedAsync(BenchEnvironment bench, Action<Result> tell)
    {
        var metrics = ChildProcess.FreeAddress();
        using var over = new CancellationTokenSource();
        var scrapes = ScrapeAsync(metrics, over.Token);
        var duel = await RunAsync(bench, ("Telemetry:Prometheus", "true"), ("Telemetry:Urls", $"http://{metrics}"));
        await over.CancelAsync();
        if (await scrapes == 0) throw new InvalidOperationException("Nobody fetched the metrics.");
        tell(Result.Of($"signed create, SQLite, {CreatingServer.Senders} senders, {CreatingServer.Connections} connections, metrics fetched each second", duel, "telemetry off", Least));
    }

    private static async Task ReportingAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var collector = await bench.StartReceiverAsync();
        var duel = await RunAsync(bench, ("Telemetry:Otlp", $"http://{collector.Address}"), ("Telemetry:OtlpProtocol", "http"));
        var collected = (await Exchange.SendAsync(collector.Address, new RequestWriter(collector.Address.ToString()).Open("/collected"))).Body;
        if (int.Parse(Encoding.UTF8.GetString(collected), CultureInfo.InvariantCulture) == 0) throw new InvalidOperationException("Nothing came to the collector.");
        tell(Result.Of("the same, metrics, traces and logs sent to a collector", duel, "telemetry off", Least));
    }

    private static async Task<Duel> RunAsync(BenchEnvironment bench, params (string Key, string Value)[] telemetry)
    {
        await using var watched = await CreatingServer.StartAsync(bench, BenchServer.Sqlite(bench.NewFolder("watched"), telemetry));
        await using var unwatched = await CreatingServer.StartAsync(bench, BenchServer.Sqlite(bench.NewFolder("unwatched")));
        return await Duel.RunAsync(bench, watched.Contender, unwatched.Contender);
    }

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
                try
                {
                    using var answer = await http.GetAsync(new Uri($"http://{metrics}/metrics"), stop);
                    answer.EnsureSuccessStatusCode();
                    times++;
                }
                catch (HttpRequestException) when (times == 0)
                {
                    // The server is not up yet.
                }
            }
        }
        catch (OperationCanceledException)
        {
            return times;
        }
    }
}
