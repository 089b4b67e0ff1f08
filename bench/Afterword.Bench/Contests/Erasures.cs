using System.Globalization;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Report;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Bench.Contests;

/// <summary>Erases one person of a large store, with all that belongs to it: the transaction, and the log that is emptied behind it.</summary>
internal static class Erasures
{
    private const double MostSeconds = 5;
    private const int People = 5;
    private const int Few = 10_000;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnSqliteAsync(bench, (few, many) => RunAsync(bench, tell, few, many));

    public static Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnPostgresAsync(bench, (cluster, few, many) =>
        RunAsync(bench, tell, few, many, () => cluster.ExecuteAsync("few", "vacuum analyze"), () => cluster.ExecuteAsync("many", "vacuum analyze")));

    private static async Task RunAsync(BenchEnvironment bench, Action<Result> tell, BenchServer few, BenchServer many, params Func<Task>[] settle)
    {
        var rows = bench.IsQuick ? 200_000 : 1_000_000;
        await FillAsync(few, Few);
        await FillAsync(many, rows);
        foreach (var step in settle) await step();

        var (least, took) = (await EraseAsync(few), await EraseAsync(many));
        var (typical, worst) = (Duel.Median(took), took.Max());
        tell(new()
        {
            What = string.Create(CultureInfo.InvariantCulture, $"erasure of one person among {rows:N0} feedbacks, {many.Name}"), Value = worst, Unit = " s",
            Against = FormattableString.Invariant($"among {Few:N0}, medians"), Baseline = Duel.Median(least), Ratio = typical / Duel.Median(least),
            Target = FormattableString.Invariant($"<= {MostSeconds}"), Pass = worst <= MostSeconds, Note = FormattableString.Invariant($"the longest of {People}; median {typical:0.000} s"),
        });
    }

    private static async Task FillAsync(BenchServer server, int rows)
    {
        await using var store = await server.OpenAsync();
        await new History(store, await SampleUsers.CreateAsync(store, senders: 20), rows, days: 365).WriteAsync();
    }

    /// <summary>Erases some people, and gives the seconds of each.</summary>
    private static async Task<double[]> EraseAsync(BenchServer server)
    {
        await using var store = await server.OpenAsync();
        await store.LeaseAsync(TimeProvider.System, CancellationToken.None);
        var erase = new ErasePerson(store, server.Settings, new AuditLog(store, TimeProvider.System), TimeProvider.System, NullLogger<ErasePerson>.Instance);
        var took = new List<double>();
        foreach (var person in await FindAsync(store))
        {
            var began = TimeProvider.System.GetTimestamp();
            if (await erase.RunAsync(person, knownTo: null, Member.CommandLine, CancellationToken.None) is not ErasureOutcome.Erased) throw new InvalidOperationException("Nobody was erased.");

            took.Add(TimeProvider.System.GetElapsedTime(began).TotalSeconds);
        }

        return [.. took];
    }

    /// <summary>Those who were asked last: the store holds them among the others.</summary>
    private static Task<List<long>> FindAsync(Store store) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select distinct recipient_id from (select recipient_id from prompt where sender_id = (select min(user_id) from sender) order by id desc limit 100) as latest limit @most
            """).Bind("most", (long)People).ListAsync(row => row.GetInt64(0), CancellationToken.None),
        CancellationToken.None);
}
