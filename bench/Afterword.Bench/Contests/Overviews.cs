using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Bench.Contests;

/// <summary>Whether the Overview of twelve months costs the same however many feedbacks lie behind it.</summary>
internal static class Overviews
{
    private const long Few = 100_000;
    private const long AtOnce = 50_000;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnSqliteAsync(bench, (few, many) => RunAsync(bench, few, many, tell));

    public static Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnPostgresAsync(bench, (_, few, many) => RunAsync(bench, few, many, tell));

    private static async Task RunAsync(BenchEnvironment bench, BenchServer few, BenchServer many, Action<Result> tell)
    {
        var count = bench.IsQuick ? 1_000_000L : 10_000_000;
        var (fewSender, manySender) = (await FillAsync(few, Few), await FillAsync(many, count));

        // Filling takes minutes: longer than a session may be idle, and than a worker number lasts that nobody renews.
        var (fewKey, manyKey) = (await SampleMembers.SignInAsync(few, fewSender, Role.Analyst), await SampleMembers.SignInAsync(many, manySender, Role.Analyst));

        await using var small = await bench.StartServerAsync(few);
        await using var large = await bench.StartServerAsync(many);
        var onSmall = new Once(bench, small, 1, 500, () => _ => Open(small, fewKey));
        var onLarge = new Once(bench, large, 1, 500, () => _ => Open(large, manyKey));
        var duel = await Duel.RunAsync(bench, onLarge, onSmall);
        var ratio = 1 / duel.Ratio;
        tell(Result.Of("", duel, FormattableString.Invariant($"{Few:N0} stored"), null) with
        {
            What = FormattableString.Invariant($"Overview, 12 months, {count:N0} feedbacks stored, {many.Name}"),
            Value = 1_000 / duel.Rate,
            Unit = " ms",
            Baseline = 1_000 / duel.BareRate,
            Ratio = ratio,
            LowestRatio = 1 / duel.Ratios.Max(),
            HighestRatio = 1 / duel.Ratios.Min(),
            Target = "<= 1.50",
            Pass = ratio <= 1.5 && duel.Real.Concat(duel.Bare).All(run => run.IsClean),
        });
    }

    private static byte[] Open(ChildProcess server, string key) =>
        new RequestWriter(server.Address.ToString()).Open("/console/@sender_0/overview?type=nps&range=365", $"{ConsoleSessions.Cookie}={key}");

    /// <summary>One sender with a year of feedbacks, counted as an upgrade counts them; gives its id.</summary>
    private static async Task<long> FillAsync(BenchServer server, long count)
    {
        var (clock, stop) = (TimeProvider.System, CancellationToken.None);
        await using var store = await server.OpenAsync();
        var users = await SampleUsers.CreateAsync(store, senders: 1);
        var history = new History(store, users, count, days: 364);
        await history.WriteAsync();
        for (var first = 0L; first < count; first += AtOnce) await NameAsync(store, users.Senders[0].Id, history.IdOf(first), history.IdOf(Math.Min(first + AtOnce, count)), stop);
        await store.Main.WriteAsync(
            session => session.Sql("insert into sender_state (sender_id, changed_at, window_started_at, window_used) values (@sender, 0, 0, 0)").Bind("sender", users.Senders[0].Id).RunAsync(stop), stop);
        await RebuildRollups.RecordZoneAsync(store, "UTC", stop);
        await new RebuildRollups(store, clock, NullLogger<RebuildRollups>.Instance).RunAsync(stop);
        return users.Senders[0].Id;
    }

    // Five agents and ten tags, which the plain history has not: by the time of the request, so that each day has all of them, however
    // many feedbacks there are. 997 keeps the even steps of a history from meeting the same few.
    private static Task NameAsync(Store store, long sender, long first, long end, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql(
            """
            update prompt set agent = 'agent ' || (id / 4194304 / 997 % 5), tags = 'tag ' || (id / 4194304 / 997 % 7) || ',topic ' || (id / 4194304 / 997 % 3)
            where sender_id = @sender and id >= @first and id < @end
            """).Bind("sender", sender).Bind("first", first).Bind("end", end).RunAsync(stop),
        stop);
}
