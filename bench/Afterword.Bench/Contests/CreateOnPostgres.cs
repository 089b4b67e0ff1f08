using System.Globalization;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>Signed create calls on PostgreSQL, 50 senders and 64 connections, against pgbench writing the same rows without us.</summary>
internal static class CreateOnPostgres
{
    private const int Connections = 64;
    private const int Senders = 50;

    public static async Task RunAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        var benchServer = BenchServer.Postgres(await cluster.CreateDatabaseAsync("store"));
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync()) users = await SampleUsers.CreateAsync(store, Senders);

        var ordinary = await OrdinaryTransactions.PrepareAsync(bench, cluster);
        await cluster.ExecuteAsync("store", "vacuum analyze");
        await using var server = await bench.StartServerAsync(benchServer);
        var requests = new CreateRequests(new RequestWriter(server.Address.ToString()), users, together: Senders);

        var real = new Once(bench, server, Connections, 5_000, requests.Begin);
        var duel = await Duel.RunAsync(bench, real, ordinary);
        var result = Result.Of("signed create, PostgreSQL, 50 senders, 64 connections", duel, $"pgbench, {ordinary.Clients} clients", 2.0);
        tell(result with { Note = $"{result.Note}; pgbench by clients: {ordinary.Tried}" });
    }

    /// <summary>pgbench: what an ordinary program does, one transaction a request, with nothing around it.</summary>
    private sealed class OrdinaryTransactions(string program, string script, int port) : Contender
    {
        private readonly Dictionary<int, double> _tried = [];

        public int Clients { get; private set; }

        public string Tried => string.Join(", ", _tried.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}: {pair.Value:0}/s")));

        /// <summary>Makes a database with the same tables and indexes, and finds the number of clients that serves it best.</summary>
        public static async Task<OrdinaryTransactions> PrepareAsync(BenchEnvironment bench, PostgresCluster cluster)
        {
            await using (await BenchServer.Postgres(await cluster.CreateDatabaseAsync("ordinary")).OpenAsync())
            {
            }

            await cluster.ExecuteAsync("ordinary", "create sequence ordinary_id start 684095374270562304 increment 4");
            await cluster.ExecuteAsync("ordinary", "insert into sender_state select i, 0, 0, 0 from generate_series(1, 50) i");

            var script = bench.New("ordinary.sql");
            await using (var from = typeof(CreateOnPostgres).Assembly.GetManifestResourceStream("ordinary.sql")!)
            await using (var to = File.Create(script))
            {
                await from.CopyToAsync(to);
            }

            var contender = new OrdinaryTransactions(Path.Combine(PostgresCluster.Programs!, "pgbench"), script, cluster.Port);
            await contender.RunAsync(16, bench.Round);
            foreach (var clients in (int[])[8, 16, 32, 64]) contender._tried[clients] = (await contender.RunAsync(clients, bench.Round)).Rate;
            contender.Clients = contender._tried.MaxBy(pair => pair.Value).Key;
            return contender;
        }

        public override Task<Measurement> RunAsync(TimeSpan time) => RunAsync(Clients, time);

        private async Task<Measurement> RunAsync(int clients, TimeSpan time)
        {
            string[] arguments =
            [
                "-n", "-M", "prepared", "-f", script, "-h", "127.0.0.1", "-p", Text(port), "-U", "bench",
                "-c", Text(clients), "-j", "2", "-T", Text((int)time.TotalSeconds), "ordinary",
            ];
            var output = await PostgresCluster.RunAsync(program, arguments);
            var transactions = (long)Number(output, "number of transactions actually processed: ");
            var failed = (long)Number(output, "number of failed transactions: ");
            var latency = Number(output, "latency average = ");
            return new()
            {
                Completed = transactions,
                Seconds = transactions / Number(output, "tps = "),
                Statuses = new() { [200] = transactions },
                Broken = failed,
                P50 = latency,
                P90 = latency,
                P99 = latency,
                Longest = latency,
                GeneratorCpu = 0,
                RanOut = false,
            };
        }

        private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

        private static double Number(string output, string label)
        {
            var at = output.IndexOf(label, StringComparison.Ordinal);
            if (at < 0) throw new InvalidOperationException($"pgbench did not say \"{label}\": {output}");

            var digits = output[(at + label.Length)..].TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.');
            return double.Parse([.. digits], CultureInfo.InvariantCulture);
        }
    }
}
