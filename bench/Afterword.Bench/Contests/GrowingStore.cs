using Afterword.Bench.Report;
using Afterword.Bench.Stage;

namespace Afterword.Bench.Contests;

/// <summary>Whether create keeps its rate when many feedbacks are stored: the same load on a small and on a large store.</summary>
internal static class GrowingStore
{
    private const int Connections = 64;
    private const int Senders = 50;
    private const long Few = 10_000;

    public static Task RunOnSqliteAsync(Ground ground, Action<Figure> tell) => TwoStores.OnSqliteAsync(ground, (few, many) => RunAsync(ground, few, many, tell));

    public static Task RunOnPostgresAsync(Ground ground, Action<Figure> tell) => TwoStores.OnPostgresAsync(ground, (cluster, few, many) => RunAsync(ground, few, many, tell, async () =>
    {
        await cluster.ExecuteAsync("few", "vacuum analyze");
        await cluster.ExecuteAsync("many", "vacuum analyze");
        await cluster.ExecuteAsync("many", "checkpoint");
    }));

    private static async Task RunAsync(Ground ground, Site few, Site many, Action<Figure> tell, Func<Task>? settle = null)
    {
        var count = ground.IsQuick ? 1_000_000 : 10_000_000;
        var (fewCast, manyCast) = (await FillAsync(few, Few), await FillAsync(many, count));
        if (settle is not null) await settle();

        await using var small = await ground.StartServerAsync(few);
        await using var large = await ground.StartServerAsync(many);
        var onSmall = new Once(ground, small, Connections, 4_000, new CreateRequests(new(small.Address.ToString()), fewCast, Senders).Begin);
        var onLarge = new Once(ground, large, Connections, 4_000, new CreateRequests(new(large.Address.ToString()), manyCast, Senders).Begin);
        var duel = await Duel.RunAsync(ground, onLarge, onSmall);
        tell(Figure.Of(
            FormattableString.Invariant($"signed create, {count:N0} feedbacks stored, {many.Name}"), duel, FormattableString.Invariant($"{Few:N0} stored"), 0.8));
    }

    private static async Task<Cast> FillAsync(Site site, long count)
    {
        await using var store = await site.OpenAsync();
        var cast = await Cast.CreateAsync(store, Senders);
        await new History(store, cast, count, days: 365).WriteAsync();
        return cast;
    }
}
