using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Client.Wire;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Bench.Contests;

/// <summary>What the rules cost: closes and requests that fall due beside create calls of the same server, and a draft that is tried out.</summary>
internal static class Closes
{
    private const int Connections = 64;
    private const double MiB = 1 << 20;
    private const int MostGrowth = 100;
    private const int MostSeconds = 10;

    public static async Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await CloseAsync(bench, BenchServer.Sqlite(bench.NewFolder("store")), senders: 16, together: 1, expected: 8_000, tell);
        await DueAsync(bench, BenchServer.Sqlite(bench.NewFolder("store")), expected: 8_000, tell);
        await SimulateAsync(bench, BenchServer.Sqlite(bench.NewFolder("store")), tell);
    }

    public static async Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        await CloseAsync(bench, BenchServer.Postgres(await cluster.CreateDatabaseAsync("closes")), senders: 50, together: 50, expected: 5_000, tell);
        await DueAsync(bench, BenchServer.Postgres(await cluster.CreateDatabaseAsync("due")), expected: 5_000, tell);
        await SimulateAsync(bench, BenchServer.Postgres(await cluster.CreateDatabaseAsync("simulated")), tell);
    }

    /// <summary>Closes that lead to a request in two weeks, against create calls.</summary>
    private static async Task CloseAsync(BenchEnvironment bench, BenchServer benchServer, int senders, int together, int expected, Action<Result> tell)
    {
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, senders);
            await RuleAsync(store, users, "P14D");
        }

        await using var server = await bench.StartServerAsync(benchServer);
        var writer = new RequestWriter(server.Address.ToString());
        var creates = new CreateRequests(writer, users, together);
        var closes = new CloseRequests(writer, users, together);
        var duel = await Duel.RunAsync(bench, new Once(bench, server, Connections, expected, () => closes.Begin(closedAt: null)), new Once(bench, server, Connections, expected, creates.Begin));

        // What the rules skip is cheaper than what they schedule.
        await using var beside = await Store.OpenAsync(benchServer.Settings, TimeProvider.System, CancellationToken.None);
        if (await CountAsync(beside, "decision <> 0 limit 1") > 0) throw new InvalidOperationException("Not every close was scheduled.");
        tell(Result.Of($"signed close, {benchServer.Name}, 64 connections", duel, "signed create, the same server", 0.9));
    }

    /// <summary>Ten thousand that fall due in the same millisecond, against create calls.</summary>
    private static async Task DueAsync(BenchEnvironment bench, BenchServer benchServer, int expected, Action<Result> tell)
    {
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, senders: 16);
            await RuleAsync(store, users, "PT0S");
        }

        await using var server = await bench.StartServerAsync(benchServer);
        await using var beside = await Store.OpenAsync(benchServer.Settings, TimeProvider.System, CancellationToken.None);
        var writer = new RequestWriter(server.Address.ToString());
        var creates = new CreateRequests(writer, users, together: 1);
        var due = new Due(bench, server, beside, new CloseRequests(writer, users, together: 16));
        var duel = await Duel.RunAsync(bench, due, new Once(bench, server, Connections, expected, creates.Begin));
        tell(Result.Of($"10,000 requests of 16 senders that fall due at once, {benchServer.Name}", duel, "signed create, the same server", 0.8) with { Note = null });
    }

    /// <summary>A draft that is run over a million closes of one sender, beside requests that people made by hand. It waits as long as rules may, so that as many as can be wait at once.</summary>
    private static async Task SimulateAsync(BenchEnvironment bench, BenchServer benchServer, Action<Result> tell)
    {
        var closes = bench.IsQuick ? 200_000 : 1_000_000;
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, senders: 1);
            await new History(store, users, closes / 5, days: 29).WriteAsync();
            await store.Main.WriteAsync(
                session => session.Sql(
                    """
                    insert into conversation (sender_id, id, external_id, recipient_id, test, agent, tags, channel, card_base, closed_at, created_at, updated_at, closes, decision, reason, rules_version, draw)
                    with recursive n (i) as (select cast(1 as bigint) union all select i + 1 from n where i < @closes)
                    select @sender, i, 'case_' || i, 1000 + i * 7919 % 200000, 0, 'agent ' || i % 100, case when i % 7 = 0 then 'vip,chair' else 'delivery' end, 0, '', @from + i * @step, @from + i * @step, 0, 1, 2, 1, 0,
                        i * 7919 % 1000000 * 9007199254 from n
                    """).Bind("closes", (long)closes).Bind("sender", users.Senders[0].Id).Bind("from", TimeProvider.System.GetUtcNow().AddDays(-29).ToUnixTimeMilliseconds()).Bind("step", 2_500_000_000L / closes)
                    .RunAsync(CancellationToken.None),
                CancellationToken.None);
        }

        await using var server = await bench.StartServerAsync(benchServer);
        var writer = new RequestWriter(server.Address.ToString());
        var body = Encoding.UTF8.GetBytes(
            $$"""{"days":30,"rules":[{"name":"vip","when":{"tags_any":["vip"],"agents":["agent 7","agent 8"]},"ask":null},{"name":"rest","ask":{{AskOf("P14D").Replace("{\"type\"", "{\"share\":0.5,\"per_day\":100000,\"type\"", StringComparison.Ordinal)}}}]}""");
        var times = new List<double>();
        using var watching = new CancellationTokenSource();
        var before = server.ResidentAnonymous;
        var most = MostAsync(server, watching.Token);
        for (var round = 0; round <= BenchEnvironment.Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            var answer = await Exchange.SendAsync(server.Address, writer.PostJson(users.Senders[0].Credentials, "/1.1/feedback/rules/simulate.json", body));
            times.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            var seen = JsonSerializer.Deserialize(answer.Body, WireJson.Default.SimulationJson)!.Closes;
            if (seen != closes) throw new InvalidOperationException($"The simulation saw {seen} closes of {closes}.");
        }

        await watching.CancelAsync();
        var growth = (await most - before) / MiB;
        var time = Duel.Median(times.Skip(1));
        tell(new()
        {
            What = string.Create(CultureInfo.InvariantCulture, $"simulation over {closes:N0} closes, {benchServer.Name}"), Value = time, Unit = " s", Target = FormattableString.Invariant($"<= {MostSeconds}"), Pass = time <= MostSeconds,
        });
        tell(new() { What = $"memory grown during simulations, {benchServer.Name}", Value = growth, Unit = " MiB", Target = FormattableString.Invariant($"<= {MostGrowth}"), Pass = growth <= MostGrowth });
    }

    private static async Task<long> MostAsync(ChildProcess server, CancellationToken stop)
    {
        var most = 0L;
        while (!stop.IsCancellationRequested)
        {
            most = Math.Max(most, server.ResidentAnonymous);
            await Task.Delay(20, CancellationToken.None);
        }

        return most;
    }

    private static Task<long> CountAsync(Store store, string condition) => store.Main.ReadAsync(
        session => session.Sql($"select count(*) from (select 1 from conversation where {condition}) as found").FirstAsync(row => row.GetInt64(0), CancellationToken.None), CancellationToken.None);

    /// <summary>Gives every sender one rule, which asks everybody.</summary>
    public static async Task RuleAsync(Store store, SampleUsers users, string delay)
    {
        var rules = new ChangeRules(store, new AuditLog(store, TimeProvider.System), TimeProvider.System);
        foreach (var sender in users.Senders)
        {
            await rules.RunAsync(sender.Id, Member.CommandLine, seen: null, $$"""{"recipient_interval_days":0,"rules":[{"name":"all","ask":{{AskOf(delay)}}}]}""", CancellationToken.None);
        }
    }

    private static string AskOf(string delay) =>
        $$$"""{"type":"nps","question_variant_id":"3","delay":"{{{delay}}}","privacy_url":"https://shop.example/privacy","display_name":"The Corner Shop","message":{"en":"Thank you for talking to us today about your order {external_id}. Would you tell us how we did? It takes a minute and helps a lot."}}""";

    /// <summary>Makes closes, each of another conversation.</summary>
    private sealed class CloseRequests(RequestWriter writer, SampleUsers users, int together)
    {
        private int _files;

        /// <summary>The maker of the next file.</summary>
        /// <param name="closedAt">When all of them were closed, Unix milliseconds; null for now.</param>
        public Func<int, byte[]> Begin(long? closedAt)
        {
            var file = _files++;
            var groups = users.Senders.Count / together;
            return i =>
            {
                var (sender, number) = (users.Senders[(file % groups * together) + (i % together)], FormattableString.Invariant($"case_{file}_{i}"));

                // The even ones: create calls ask the odd ones.
                var recipient = SampleUsers.RecipientAt(2 * (((i * 7919L) + (file * 10_007L)) % (SampleUsers.Recipients / 2))).ToString(CultureInfo.InvariantCulture);
                return closedAt is { } at
                    ? writer.Post(
                        sender.Credentials, "/1.1/feedback/conversations/close.json", ("to_user_id", recipient), ("external_id", number), ("agent", "kenji"), ("tags", "delivery,chair"), ("agent_messages", "4"),
                        ("closed_at", at.ToString(CultureInfo.InvariantCulture)))
                    : writer.Post(
                        sender.Credentials, "/1.1/feedback/conversations/close.json", ("to_user_id", recipient), ("external_id", number), ("agent", "kenji"), ("tags", "delivery,chair"), ("agent_messages", "4"));
            };
        }
    }

    /// <summary>Closes ten thousand conversations that all fall due at one moment, and measures from that moment until all are asked about.</summary>
    private sealed class Due(BenchEnvironment bench, ChildProcess server, Store beside, CloseRequests closes) : Contender
    {
        private const int Many = 10_000;

        // As long as it takes to close them, on a slow machine too; the API takes closes from five minutes ahead.
        private static readonly TimeSpan s_ahead = TimeSpan.FromSeconds(12);

        public override async Task<Measurement> RunAsync(TimeSpan time)
        {
            var file = bench.New("requests");
            var due = TimeProvider.System.GetUtcNow() + s_ahead;
            RequestFile.Write(file, Many, closes.Begin(due.ToUnixTimeMilliseconds()));
            var closed = await BenchEnvironment.SendAsync(file, server, Connections, s_ahead, again: false);
            if (closed.Completed != Many || !closed.IsClean || TimeProvider.System.GetUtcNow() > due) throw new InvalidOperationException($"Of {Many} closes {closed.Completed} were answered in time. {closed.FirstRefusal}");

            await Task.Delay(due - TimeProvider.System.GetUtcNow());
            var (began, cpu) = (Stopwatch.GetTimestamp(), server.Cpu);
            while (await CountAsync(beside, "decision = 0 limit 1") > 0) await Task.Delay(2);
            var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (await CountAsync(beside, "decision <> 1 limit 1") > 0) throw new InvalidOperationException("Not everybody was asked.");
            return new()
            {
                Completed = Many, Seconds = took, Statuses = new() { [200] = Many }, Broken = 0, P50 = 0, P90 = 0, P99 = 0, Longest = 0, GeneratorCpu = 0, RanOut = false,
                ServerCpu = server.Cpu - cpu,
            };
        }
    }
}
