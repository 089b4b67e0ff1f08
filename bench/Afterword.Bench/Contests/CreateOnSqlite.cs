using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>Signed create calls on SQLite, 64 connections, one sender at a time.</summary>
internal static class CreateOnSqlite
{
    private const int Connections = 64;

    public static async Task RunAsync(BenchEnvironment bench, Action<Result> tell)
    {
        var benchServer = BenchServer.Sqlite(bench.NewFolder("store"));
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync()) users = await SampleUsers.CreateAsync(store, senders: 16);

        await using var server = await bench.StartServerAsync(benchServer);
        var writer = new RequestWriter(server.Address.ToString());
        var requests = new CreateRequests(writer, users, together: 1);
        var sample = await Exchange.SendAsync(server.Address, requests.Make(users.Senders[^1], 0));
        await using var bare = await bench.StartBareAsync(("create.json", sample.Body));

        var real = new Once(bench, server, Connections, 8_000, requests.Begin);
        var duel = await Duel.RunAsync(bench, real, new Again(bare, Connections, real));
        tell(Result.Of("signed create, SQLite, 64 connections", duel, "bare endpoint", 0.25));
        tell(Threshold(duel, "  the same, absolute", duel.Rate, "/s", ">= 8,000/s", duel.Rate >= 8_000));

        var p99 = Duel.Median(duel.Real.Select(run => run.P99));
        tell(Threshold(duel, "  the same, p99", p99, " ms", "<= 30 ms", p99 <= 30));
    }

    private static Result Threshold(Duel duel, string what, double value, string unit, string target, bool pass) => new()
    {
        What = what,
        Value = value,
        Unit = unit,
        Target = target,
        Pass = pass && duel.Real.All(run => run.IsClean),
    };
}
