using Afterword.Bench.Fixtures;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>Whether create keeps its rate when many feedbacks are stored: the same load on a small and on a large store.</summary>
internal static class GrowingStore
{
    private const int Connections = 64;
    private const int Senders = 50;
    private const long Few = 10_000;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnSqliteAsync(bench, (few, many) => RunAsync(bench, few, many, tell));

    public static Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnPostgresAsync(bench, (cluster, few, many) => RunAsync(bench, few, many, tell, async () =>
    {
        await cluster.ExecuteAsync("few", "vacuum analyze");
        await cluster.ExecuteAsync("many", "vacuum analyze");
        await cluster.ExecuteAsync("many", "checkpoint");
    }));

    private static async Task RunAsync(BenchEnvironment bench, BenchServer few, BenchServer many, Action<Result> tell, Func<Task>? settle = null)
    {
        var count = bench.IsQuick ? 1_000_000 : 10_000_000;
        var (fewCast, manyCast) = (await FillAsync(few, Few), await FillAsync(many, count));
        if (settle is not null) await settle();

        await using var small = await bench.StartServerAsync(few);
        await using var large = await bench.StartServerAsync(many);
        var onSmall = new Once(bench, small, Connections, 4_000, new CreateRequests(new(small.Address.ToString()), fewCast, Senders).Begin);
        var onLarge = new Once(bench, large, Connections, 4_000, new CreateRequests(new(large.Address.ToString()), manyCast, Senders).Begin);
        var duel = await Duel.RunAsync(bench, onLarge, onSmall);
        tell(Result.Of(
            FormattableString.Invariant($"signed create, {count:N0} feedbacks stored, {many.Name}"), duel, FormattableString.Invariant($"{Few:N0} stored"), 0.8));
    }

    private static async Task<SampleUsers> FillAsync(BenchServer server, long count)
    {
        await using var store = await server.OpenAsync();
        var users = await SampleUsers.CreateAsync(store, Senders);
        await new History(store, users, count, days: 365).WriteAsync();
        return users;
    }
}
