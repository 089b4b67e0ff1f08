using Afterword.Bench.Fixtures;
using Afterword.Bench.Report;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Retention;
using Afterword.Server.Storage;

namespace Afterword.Bench.Contests;

/// <summary>Whether create keeps its rate while a server removes what senders keep no longer: the same load on two stores, of which one is kept whole.</summary>
internal static class Retentions
{
    private const int Connections = 64;
    private const int Senders = 50;
    private const int Days = 900;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnSqliteAsync(bench, (kept, removed) => RunAsync(bench, kept, removed, tell));

    public static Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnPostgresAsync(bench, async (cluster, kept, removed) =>
        await RunAsync(bench, kept, removed, tell, () => cluster.ExecuteAsync("few", "vacuum analyze"), () => cluster.ExecuteAsync("many", "vacuum analyze")));

    private static async Task RunAsync(BenchEnvironment bench, BenchServer kept, BenchServer removed, Action<Result> tell, params Func<Task>[] settle)
    {
        // So many that a round lasts longer than the contest.
        var count = bench.IsQuick ? 1_000_000 : 4_000_000;
        var (keptCast, removedCast) = (await FillAsync(kept, count, removes: false), await FillAsync(removed, count, removes: true));
        foreach (var step in settle) await step();

        await using var still = await bench.StartServerAsync(kept);
        await using var removing = await bench.StartServerAsync(removed);
        var beside = new Once(bench, removing, Connections, 4_000, new CreateRequests(new(removing.Address.ToString()), removedCast, Senders).Begin);
        var alone = new Once(bench, still, Connections, 4_000, new CreateRequests(new(still.Address.ToString()), keptCast, Senders).Begin);
        var duel = await Duel.RunAsync(bench, beside, alone);
        var run = await RunOfAsync(removed);
        var result = Result.Of(FormattableString.Invariant($"signed create while {run.Removed.Comments:N0} comments and {run.Removed.Messages:N0} messages were removed, {removed.Name}"), duel, "nothing is removed", 0.8);
        tell(result with { Pass = result.Pass is true && run.IsRunning });
    }

    private static async Task<SampleUsers> FillAsync(BenchServer server, long count, bool removes)
    {
        await using var store = await server.OpenAsync();
        var users = await SampleUsers.CreateAsync(store, Senders);
        await new History(store, users, count, Days).WriteAsync();
        if (!removes || !RetentionPeriod.TryParse("30d", out var month)) return users;

        var choose = new ChooseRetention(store, new AuditLog(store, TimeProvider.System));
        foreach (var sender in users.Senders) await choose.SaveAsync(sender.Id, Member.CommandLine, new(month, month, null), seen: 0, CancellationToken.None);
        return users;
    }

    private static async Task<RetentionRun> RunOfAsync(BenchServer server)
    {
        // As a command does, beside the server.
        await using var store = await Store.OpenAsync(server.Settings, TimeProvider.System, CancellationToken.None);
        return (await store.Main.ReadAsync(session => RetentionRun.FindAsync(session, TimeProvider.System.GetUtcNow(), CancellationToken.None), CancellationToken.None))!;
    }
}
