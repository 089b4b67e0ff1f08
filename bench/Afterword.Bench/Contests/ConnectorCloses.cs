using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Bench.Contests;

/// <summary>A thousand closes a second that helpdesks tell, beside ordinary load of the same server: whether one is lost, and how soon they are answered.</summary>
internal static class ConnectorCloses
{
    private const int Senders = 16;
    private const int Customers = 20_000;
    private const int ClosesASecond = 1_000;
    private const int CreatesASecond = 200;
    private const int PagesASecond = 20;
    private const int Connections = 64;
    private const int MostMillis = 500;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) => RunAsync(bench, BenchServer.Sqlite(bench.NewFolder("store")), tell);

    public static async Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        await RunAsync(bench, BenchServer.Postgres(await cluster.CreateDatabaseAsync("connectors")), tell);
    }

    private static async Task RunAsync(BenchEnvironment bench, BenchServer benchServer, Action<Result> tell)
    {
        SampleUsers users;
        ConnectorSecrets[] connectors;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, Senders);
            await Closes.RuleAsync(store, users, "P14D");
            connectors = await AddAsync(store, benchServer, users);
        }

        await using var server = await bench.StartServerAsync(benchServer);
        var (writer, seconds) = (new RequestWriter(server.Address.ToString()), bench.IsQuick ? 10 : 60);
        var closes = Enumerable.Range(0, ClosesASecond * seconds).Select(i => CloseOf(server, connectors[i % Senders], i)).ToArray();
        var creates = Enumerable.Range(0, CreatesASecond * seconds).Select(new CreateRequests(writer, users, Senders).Begin()).ToArray();
        var pages = Enumerable.Range(0, PagesASecond * seconds)
            .Select(i => writer.Get(users.Senders[i % Senders].Credentials, "/1.1/feedback/events.json", ("from_time", "0"), ("to_time", Millis()), ("count", "100"))).ToArray();

        var runs = await Task.WhenAll(
            new PacedLoad(server.Address, Connections).RunAsync(closes, ClosesASecond), new PacedLoad(server.Address, Connections / 4).RunAsync(creates, CreatesASecond),
            new PacedLoad(server.Address, 4).RunAsync(pages, PagesASecond));
        var lost = closes.Length - await StoredAsync(benchServer);
        var clean = Array.TrueForAll(runs, run => run.IsClean);
        var refusal = Array.Find(runs, run => !run.IsClean)?.FirstRefusal?.ReplaceLineEndings(" ");
        tell(new()
        {
            What = string.Create(CultureInfo.InvariantCulture, $"closes by connectors that are not stored, of {closes.Length:N0} in {seconds} s, {benchServer.Name}"), Value = lost, Unit = "", Target = "0",
            Pass = lost == 0 && clean, Note = clean ? FormattableString.Invariant($"{runs[0].Rate:0}/s, {runs[1].Rate:0} create calls/s beside") : $"INVALID: {refusal}", Runs = runs,
        });
        tell(new()
        {
            What = $"answers to closes by connectors, p99, {benchServer.Name}", Value = runs[0].P99, Unit = " ms", Target = FormattableString.Invariant($"<= {MostMillis} ms"), Pass = clean && runs[0].P99 <= MostMillis,
            Note = FormattableString.Invariant($"p50 {runs[0].P50:0.0} ms, longest {runs[0].Longest:0} ms; create calls p99 {runs[1].P99:0.0} ms, events p99 {runs[2].P99:0.0} ms"),
        });
    }

    private static async Task<ConnectorSecrets[]> AddAsync(Store store, BenchServer server, SampleUsers users)
    {
        var (change, added) = (new ChangeConnectors(store, server.Settings, new AuditLog(store, TimeProvider.System), TimeProvider.System), new List<ConnectorSecrets>());
        foreach (var sender in users.Senders)
        {
            var outcome = await change.AddAsync(sender.Id, Member.CommandLine, new(Preset.Find("generic")!, null, null, null, CreatesUsers: true), CancellationToken.None);
            added.Add(outcome is AddConnectorOutcome.Added one ? one.Secrets : throw new InvalidOperationException($"No connector was added: {outcome}"));
        }

        return [.. added];
    }

    private static byte[] CloseOf(ChildProcess server, ConnectorSecrets connector, int i)
    {
        var body = Encoding.UTF8.GetBytes(FormattableString.Invariant(
            $$"""{"id":"event {{i}}","event":"closed","external_id":"case_{{i}}","email":"customer{{i * 7919L % Customers}}@example.com","name":"Customer {{i}}","agent":"kenji","team":"returns","tags":["delivery","chair"],"language":"de","messages":12,"agent_messages":5}"""));
        var time = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{time}."), .. body];
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(connector.Secret!), signed));
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST {connector.Path} HTTP/1.1\r\nHost: {server.Address}\r\nUser-Agent: bench\r\nX-Afterword-Timestamp: {time}\r\nX-Afterword-Signature: sha256={signature}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    /// <summary>How many are there with their decision, each once.</summary>
    private static async Task<long> StoredAsync(BenchServer server)
    {
        await using var beside = await Store.OpenAsync(server.Settings, TimeProvider.System, CancellationToken.None);
        return await beside.Main.ReadAsync(
            session => session.Sql(
                """
                select count(*) from connector_event e join conversation c on c.sender_id = e.sender_id and c.id = e.conversation_id
                where e.times = 1 and e.decision = 'scheduled' and c.closes = 1 and c.external_id = e.external_id
                """).FirstAsync(row => row.GetInt64(0), CancellationToken.None),
            CancellationToken.None);
    }

    private static string Millis() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
}
