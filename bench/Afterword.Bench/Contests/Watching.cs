using System.Globalization;
using System.Text;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Bench.Stage;

namespace Afterword.Bench.Contests;

/// <summary>Signed create calls of a server that is watched and of one that is not, in turn.</summary>
internal static class Watching
{
    private const int Connections = 64;
    private const int Senders = 50;

    public static async Task RunAsync(Ground ground, Action<Figure> tell)
    {
        await using var collector = await ground.StartReceiverAsync();
        var metrics = Child.FreeAddress();
        var site = Site.Sqlite(
            ground.NewFolder("watched"),
            ("Telemetry:Prometheus", "true"), ("Telemetry:Urls", $"http://{metrics}"), ("Telemetry:Otlp", $"http://{collector.Address}"), ("Telemetry:OtlpProtocol", "http"));
        var otherSite = Site.Sqlite(ground.NewFolder("unwatched"));
        var (cast, otherCast) = (await CastAsync(site), await CastAsync(otherSite));
        await using var watched = await ground.StartServerAsync(site);
        await using var unwatched = await ground.StartServerAsync(otherSite);

        using var over = new CancellationTokenSource();
        var scrapes = ScrapeAsync(metrics, over.Token);
        var duel = await Duel.RunAsync(ground, ContenderOf(ground, watched, cast), ContenderOf(ground, unwatched, otherCast));
        await over.CancelAsync();

        var collected = int.Parse(Encoding.UTF8.GetString((await Exchange.SendAsync(collector.Address, new RequestWriter(collector.Address.ToString()).Open("/collected"))).Body), CultureInfo.InvariantCulture);
        if (await scrapes == 0 || collected == 0) throw new InvalidOperationException("Nobody watched the server.");
        tell(Figure.Of($"signed create, SQLite, {Senders} senders, {Connections} connections, metrics fetched each second, a collector told", duel, "nobody watches", 0.9));
    }

    private static async Task<Cast> CastAsync(Site site)
    {
        await using var store = await site.OpenAsync();
        return await Cast.CreateAsync(store, Senders);
    }

    private static Once ContenderOf(Ground ground, Child server, Cast cast) =>
        new(ground, server, Connections, 5_000, new CreateRequests(new RequestWriter(server.Address.ToString()), cast, together: Senders).Begin);

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
