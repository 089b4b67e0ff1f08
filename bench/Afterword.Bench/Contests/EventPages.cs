using System.Globalization;
using System.Text.Json;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Client.Wire;

namespace Afterword.Bench.Contests;

/// <summary>Whether a late page of one sender's events costs what the first costs.</summary>
internal static class EventPages
{
    private const int PerPage = 100;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) => RunAsync(bench, BenchServer.Sqlite(bench.NewFolder("store")), tell);

    public static async Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        await RunAsync(bench, BenchServer.Postgres(await cluster.CreateDatabaseAsync("store")), tell);
    }

    private static async Task RunAsync(BenchEnvironment bench, BenchServer benchServer, Action<Result> tell)
    {
        // Four feedbacks have five events; one page more than asked for, so that the late page has a cursor too.
        var pages = bench.IsQuick ? 1_000 : 10_000;
        SampleUsers users;
        History history;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, senders: 1);
            history = new History(store, users, (pages + 1) * PerPage * 4L / 5, days: 20);
            await history.WriteAsync();
        }

        await using var server = await bench.StartServerAsync(benchServer);
        var writer = new RequestWriter(server.Address.ToString());
        byte[] First() => writer.Get(
            users.Senders[0].Credentials, "/1.1/feedback/events.json",
            ("from_time", history.From.ToString(CultureInfo.InvariantCulture)), ("to_time", history.To.ToString(CultureInfo.InvariantCulture)));
        byte[] At(string cursor) => writer.Get(users.Senders[0].Credentials, "/1.1/feedback/events.json", ("cursor", cursor));

        // The walk is the check that page and cursor are what they are said to be.
        var cursor = "";
        var late = "";
        long events = 0;
        for (var page = 1; page == 1 || cursor.Length > 0; page++)
        {
            if (page == pages) late = cursor;
            var answer = await Exchange.SendAsync(server.Address, cursor.Length == 0 ? First() : At(cursor));
            var read = JsonSerializer.Deserialize(answer.Body, WireJson.Default.EventsPageJson)!;
            events += read.Events.Count;
            cursor = read.NextCursor;
        }

        if (events != history.Events) throw new InvalidOperationException($"The walk found {events} events of {history.Events}.");

        // One connection: what is measured is the time of one page after another.
        var lates = new Once(bench, server, 1, 2_000, () => _ => At(late));
        var firsts = new Once(bench, server, 1, 2_000, () => _ => First());
        var duel = await Duel.RunAsync(bench, lates, firsts);
        var ratio = 1 / duel.Ratio;
        tell(Result.Of("", duel, "page 1", null) with
        {
            What = FormattableString.Invariant($"events, page {pages:N0} of {history.Events:N0}, {benchServer.Name}"),
            Value = 1_000 / duel.Rate,
            Unit = " ms",
            Baseline = 1_000 / duel.BareRate,
            Ratio = ratio,
            LowestRatio = 1 / duel.Ratios.Max(),
            HighestRatio = 1 / duel.Ratios.Min(),
            Target = "<= 1.20",
            Pass = ratio <= 1.2 && duel.Real.Concat(duel.Bare).All(run => run.IsClean),
        });
    }
}
