using System.Globalization;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>Signed show and events calls against a store of 200,000 feedbacks of 20 senders.</summary>
internal static class Reads
{
    private const int Connections = 64;
    private const int Feedbacks = 200_000;
    private const int Senders = 20;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) =>
        RunAsync(bench, BenchServer.Sqlite(bench.NewFolder("store")), show: 0.4, events: 0.25, tell);

    public static async Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        await RunAsync(bench, BenchServer.Postgres(await cluster.CreateDatabaseAsync("store")), show: null, events: null, tell);
    }

    private static async Task RunAsync(BenchEnvironment bench, BenchServer benchServer, double? show, double? events, Action<Result> tell)
    {
        SampleUsers users;
        History history;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, Senders);
            history = new History(store, users, Feedbacks, days: 20);
            await history.WriteAsync();
        }

        await using var server = await bench.StartServerAsync(benchServer);
        var writer = new RequestWriter(server.Address.ToString());
        byte[] Show(int i) => ShowOf(writer, history, Scatter(i, Feedbacks));
        byte[] Events(int i) => EventsOf(writer, history, users.Senders[i % Senders], Scatter(i, Feedbacks * 9 / 10));

        var feedback = await Exchange.SendAsync(server.Address, Show(4));
        var page = await Exchange.SendAsync(server.Address, Events(1));
        await using var bare = await bench.StartBareAsync(("show.json", feedback.Body), ("events.json", page.Body));

        var shows = new Once(bench, server, Connections, 15_000, () => Show);
        tell(Result.Of($"signed show, {benchServer.Name}", await Duel.RunAsync(bench, shows, new Again(bare, Connections, shows)), "bare endpoint", show));

        var pages = new Once(bench, server, Connections, 4_000, () => Events);
        tell(Result.Of($"signed events, 100 a page, {benchServer.Name}", await Duel.RunAsync(bench, pages, new Again(bare, Connections, pages)), "bare endpoint", events));
    }

    private static byte[] ShowOf(RequestWriter writer, History history, long feedback) => writer.Get(
        history.SenderOf(feedback).Credentials,
        string.Create(CultureInfo.InvariantCulture, $"/1.1/feedback/show/{history.IdOf(feedback)}.json"));

    // First pages that begin anywhere: each is another range of the log.
    private static byte[] EventsOf(RequestWriter writer, History history, SampleSender sender, long from) => writer.Get(
        sender.Credentials, "/1.1/feedback/events.json",
        ("from_time", history.TimeOf(from).ToString(CultureInfo.InvariantCulture)),
        ("to_time", history.To.ToString(CultureInfo.InvariantCulture)),
        ("count", "100"));

    // 7919 is prime to both ranges.
    private static long Scatter(int i, int range) => i * 7919L % range;
}
