using System.Globalization;
using Afterword.Bench.Report;
using Afterword.Bench.Stage;
using Afterword.Server.Access.Console;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;

namespace Afterword.Bench.Contests;

/// <summary>Erases one person of a large store, with all that belongs to it: the transaction, and the log that is emptied behind it.</summary>
internal static class Erasures
{
    private const double MostSeconds = 5;
    private const int People = 5;

    public static Task RunOnSqliteAsync(Ground ground, Action<Figure> tell) => RunAsync(ground, tell, Site.Sqlite(ground.NewFolder("store")), () => Task.CompletedTask);

    public static async Task RunOnPostgresAsync(Ground ground, Action<Figure> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(ground.NewFolder("postgres"));
        await RunAsync(ground, tell, Site.Postgres(await cluster.CreateDatabaseAsync("store")), () => cluster.ExecuteAsync("store", "vacuum analyze"));
    }

    private static async Task RunAsync(Ground ground, Action<Figure> tell, Site site, Func<Task> settle)
    {
        var rows = ground.IsQuick ? 200_000 : 1_000_000;
        await using var store = await site.OpenAsync();
        var cast = await Cast.CreateAsync(store, senders: 20);
        await new History(store, cast, rows, days: 365).WriteAsync();
        await settle();

        var erase = new ErasePerson(store, site.Settings, new AuditLog(store, TimeProvider.System), TimeProvider.System);
        var worst = TimeSpan.Zero;
        foreach (var person in await FindAsync(store))
        {
            var began = TimeProvider.System.GetTimestamp();
            if (await erase.RunAsync(person, knownTo: null, Person.CommandLine, CancellationToken.None) is not ErasureOutcome.Erased) throw new InvalidOperationException("Nobody was erased.");

            var took = TimeProvider.System.GetElapsedTime(began);
            if (took > worst) worst = took;
        }

        tell(new()
        {
            What = string.Create(CultureInfo.InvariantCulture, $"erasure of one person among {rows:N0} feedbacks, {site.Name}"), Value = worst.TotalSeconds, Unit = " s",
            Target = FormattableString.Invariant($"<= {MostSeconds}"), Pass = worst.TotalSeconds <= MostSeconds, Note = FormattableString.Invariant($"the longest of {People}"),
        });
    }

    /// <summary>Those who were asked last: the store holds them among the others.</summary>
    private static Task<List<long>> FindAsync(Store store) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select distinct recipient_id from (select recipient_id from prompt where sender_id = (select min(user_id) from sender) order by id desc limit 100) as latest limit @most
            """).Bind("most", (long)People).ListAsync(row => row.GetInt64(0), CancellationToken.None),
        CancellationToken.None);
}
