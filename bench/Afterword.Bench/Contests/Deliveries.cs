using System.Globalization;
using System.Text;
using System.Text.Json;
using Afterword.Bench.Bare;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Bench.Contests;

/// <summary>Webhooks: how fast a backlog goes out, how soon a change arrives, and what sick endpoints cost the healthy.</summary>
internal static class Deliveries
{
    private const int Concurrency = 64;
    private const int SickInTwenty = 13;

    private static readonly byte[] s_body = Encoding.UTF8.GetBytes(
        """{"event_type":"feedback.created","created_at":"Fri Nov 20 23:11:07 +0000 2026","feedback":{"created_at":"Fri Nov 20 23:11:07 +0000 2026","updated_at":"Fri Nov 20 23:11:07 +0000 2026","id":"1991651043729408000","type":"nps","test":false,"dm_id":"1991651043729408001","from_user_id":"1991651001123456789","to_user_id":"1000000400001","privacy_url":"https://shop.example/privacy","external_id":"ticket_200000","question_variant_id":"3","display_name":"The Corner Shop"}}""");

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) => RunAsync(bench, BenchServer.Sqlite(bench.NewFolder("store")), tell);

    public static async Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        await RunAsync(bench, BenchServer.Postgres(await cluster.CreateDatabaseAsync("store")), tell);
    }

    /// <summary>A thousand endpoints of a thousand senders, of which 65 of a hundred hang, fail or are not there.</summary>
    public static async Task RunSickAsync(BenchEnvironment bench, Action<Result> tell)
    {
        const int endpoints = 1_000;
        await using var receiver = await bench.StartReceiverAsync();
        var benchServer = BenchServer.Sqlite(bench.NewFolder("store"));
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, endpoints);
            for (var i = 0; i < endpoints; i++)
            {
                var url = (i % 20) switch
                {
                    < 6 => $"http://{receiver.Address}/hang",
                    < 10 => $"http://{receiver.Address}/fail",
                    < SickInTwenty => "http://127.0.0.1:1/",
                    _ => $"http://{receiver.Address}/",
                };
                await EndpointsOf(store, benchServer).AddAsync(users.Senders[i].Id, new Uri(url), null, Approval.NeededIfOwned, CancellationToken.None);
            }
        }

        await using var server = await bench.StartServerAsync(benchServer);
        var arrivals = await LoadAsync(bench, server, receiver, new CreateRequests(new RequestWriter(server.Address.ToString()), users, together: endpoints), share: (20 - SickInTwenty) / 20.0);
        tell(Soon("commit to receipt at healthy ones beside 65 % sick of 1,000, p99", arrivals, 2_000));
    }

    private static async Task RunAsync(BenchEnvironment bench, BenchServer benchServer, Action<Result> tell)
    {
        await using var receiver = await bench.StartReceiverAsync();
        var count = bench.IsQuick ? 120_000 : 400_000;
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, senders: 16);
            await WriteBacklogAsync(store, benchServer, users, new Uri($"http://{receiver.Address}/"), count);
        }

        var (reals, bares) = (new List<Arrivals>(), new List<Arrivals>());
        for (var round = 0; round < BenchEnvironment.Rounds; round++)
        {
            await BenchEnvironment.PostAsync(receiver, count, Concurrency, s_body);
            bares.Add(await TakeAsync(receiver, count));

            await using (var store = await benchServer.OpenAsync())
            {
                await store.Main.WriteAsync(session => session.Sql("update delivery set state = 0, due_at = 0, settled_at = null, took = null, status = null").RunAsync(CancellationToken.None), CancellationToken.None);
            }

            await using var server = await bench.StartServerAsync(benchServer);
            reals.Add(await TakeAsync(receiver, count));
        }

        var ratios = reals.Zip(bares, (real, bare) => real.Rate / bare.Rate).ToArray();
        tell(new()
        {
            What = $"webhook deliveries of a backlog, {benchServer.Name}, {Concurrency} at once",
            Value = Duel.Median(reals.Select(run => run.Rate)), Unit = "/s", Against = "a bare HttpClient loop", Baseline = Duel.Median(bares.Select(run => run.Rate)),
            Ratio = Duel.Median(ratios), LowestRatio = ratios.Min(), HighestRatio = ratios.Max(), Target = ">= 0.60", Pass = Duel.Median(ratios) >= 0.6,
        });

        await using var again = await bench.StartServerAsync(benchServer);
        tell(Soon("  commit to receipt, p99", await LoadAsync(bench, again, receiver, new CreateRequests(new RequestWriter(again.Address.ToString()), users, together: 1), share: 1), 1_000));
    }

    /// <summary>Create calls on one connection, and what arrived of them.</summary>
    private static async Task<Arrivals> LoadAsync(BenchEnvironment bench, ChildProcess server, ChildProcess receiver, CreateRequests requests, double share)
    {
        var load = new Once(bench, server, 1, 2_000, requests.Begin);
        await load.RunAsync(bench.WarmUp);
        await Task.Delay(TimeSpan.FromSeconds(2));
        await AskAsync(receiver, "/arrivals");
        var made = await load.RunAsync(bench.Round);
        return await TakeAsync(receiver, (long)(made.Completed * share * 0.99));
    }

    private static Result Soon(string what, Arrivals arrivals, double most) => new()
    {
        What = what, Value = arrivals.P99, Unit = " ms", Target = FormattableString.Invariant($"<= {most:0} ms"), Pass = arrivals.P99 <= most,
        Note = FormattableString.Invariant($"{arrivals.Count} arrived, {arrivals.Rate:0}/s; p50 {arrivals.P50:0.0} ms, longest {arrivals.Longest:0} ms"),
    };

    private static async Task WriteBacklogAsync(Store store, BenchServer server, SampleUsers users, Uri url, int count)
    {
        // The sender that the later calls are of; its backlog is of prompts long past.
        var endpoint = await EndpointsOf(store, server).AddAsync(users.Senders[0].Id, url, null, Approval.NeededIfOwned, CancellationToken.None);
        for (var sender = 1; sender < users.Senders.Count; sender++) await EndpointsOf(store, server).AddAsync(users.Senders[sender].Id, url, null, Approval.NeededIfOwned, CancellationToken.None);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await store.Main.WriteAsync(
            session => session.Sql(
                """
                with recursive n(i) as (select 1 union all select i + 1 from n where i < @count)
                insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question,
                    privacy_url, external_id, display_name, created_at, updated_at)
                select @sender, cast(i as bigint) * 4194304, 1000000400001, cast(i as bigint) * 4194304 + 1, 1, 0, 3, 'How likely are you to recommend The Corner Shop to a friend?',
                    'https://shop.example/privacy', 'ticket_200000', 'The Corner Shop', @now + i, @now + i from n
                """).Bind("count", (long)count).Bind("now", now).Bind("sender", endpoint.Key.SenderId).RunAsync(CancellationToken.None),
            CancellationToken.None);
        await store.Main.WriteAsync(
            session => session.Sql(
                """
                insert into delivery (sender_id, endpoint_id, prompt_id, changed_at, id, parts, state, due_at, attempts, failures)
                select p.sender_id, @endpoint, p.id, p.created_at, p.id + 2, 0, 1, 0, 0, 0 from prompt p where p.sender_id = @sender
                """).Bind("sender", endpoint.Key.SenderId).Bind("endpoint", endpoint.Key.Id).RunAsync(CancellationToken.None),
            CancellationToken.None);
    }

    private static Endpoints EndpointsOf(Store store, BenchServer server) => new(store, server.Settings, TimeProvider.System);

    private static async Task<Arrivals> TakeAsync(ChildProcess receiver, long count)
    {
        for (var waited = 0; long.Parse(await AskAsync(receiver, "/count"), CultureInfo.InvariantCulture) < count; waited++)
        {
            if (waited > 4_000) throw new TimeoutException("The deliveries did not arrive.");
            await Task.Delay(50);
        }

        return JsonSerializer.Deserialize<Arrivals>(await AskAsync(receiver, "/arrivals"))!;
    }

    private static async Task<string> AskAsync(ChildProcess receiver, string path) =>
        Encoding.UTF8.GetString((await Exchange.SendAsync(receiver.Address, new RequestWriter(receiver.Address.ToString()).Open(path))).Body);
}
