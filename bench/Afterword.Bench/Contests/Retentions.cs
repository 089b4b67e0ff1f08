using Afterword.Bench.Report;
using Afterword.Bench.Stage;
using Afterword.Server.Access.Console;
using Afterword.Server.Retention;
using Afterword.Server.Storage;

namespace Afterword.Bench.Contests;

/// <summary>Whether create keeps its rate while a server removes what senders keep no longer: the same load on two stores, of which one is kept whole.</summary>
internal static class Retentions
{
    private const int Connections = 64;
    private const int Senders = 50;
    private const int Days = 900;

    public static Task RunOnSqliteAsync(Ground ground, Action<Figure> tell) => TwoStores.OnSqliteAsync(ground, (kept, removed) => RunAsync(ground, kept, removed, tell));

    public static Task RunOnPostgresAsync(Ground ground, Action<Figure> tell) => TwoStores.OnPostgresAsync(ground, async (cluster, kept, removed) =>
        await RunAsync(ground, kept, removed, tell, () => cluster.ExecuteAsync("few", "vacuum analyze"), () => cluster.ExecuteAsync("many", "vacuum analyze")));

    private static async Task RunAsync(Ground ground, Site kept, Site removed, Action<Figure> tell, params Func<Task>[] settle)
    {
        // So many that a round lasts longer than the contest.
        var count = ground.IsQuick ? 1_000_000 : 4_000_000;
        var (keptCast, removedCast) = (await FillAsync(kept, count, removes: false), await FillAsync(removed, count, removes: true));
        foreach (var step in settle) await step();

        await using var still = await ground.StartServerAsync(kept);
        await using var removing = await ground.StartServerAsync(removed);
        var beside = new Once(ground, removing, Connections, 4_000, new CreateRequests(new(removing.Address.ToString()), removedCast, Senders).Begin);
        var alone = new Once(ground, still, Connections, 4_000, new CreateRequests(new(still.Address.ToString()), keptCast, Senders).Begin);
        var duel = await Duel.RunAsync(ground, beside, alone);
        var run = await RunOfAsync(removed);
        var figure = Figure.Of(FormattableString.Invariant($"signed create while {run.Removed.Comments:N0} comments and {run.Removed.Messages:N0} messages were removed, {removed.Name}"), duel, "nothing is removed", 0.8);
        tell(figure with { Pass = figure.Pass is true && run.IsRunning });
    }

    private static async Task<Cast> FillAsync(Site site, long count, bool removes)
    {
        await using var store = await site.OpenAsync();
        var cast = await Cast.CreateAsync(store, Senders);
        await new History(store, cast, count, Days).WriteAsync();
        if (!removes || !RetentionPeriod.TryParse("30d", out var month)) return cast;

        var choose = new ChooseRetention(store, new AuditLog(store, TimeProvider.System));
        foreach (var sender in cast.Senders) await choose.SaveAsync(sender.Id, Person.CommandLine, new(month, month, null), seen: 0, CancellationToken.None);
        return cast;
    }

    private static async Task<RetentionRun> RunOfAsync(Site site)
    {
        // As a command does, beside the server.
        await using var store = await Store.OpenAsync(site.Settings, TimeProvider.System, CancellationToken.None);
        return (await store.Main.ReadAsync(session => RetentionRun.FindAsync(session, TimeProvider.System.GetUtcNow(), CancellationToken.None), CancellationToken.None))!;
    }
}
