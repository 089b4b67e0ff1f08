using System.Globalization;

namespace Afterword.Server.Storage;

/// <summary>Brings a store to the schema of this program: numbered SQL files, each in one transaction under a lock.</summary>
/// <remarks>
/// A migration may say, on a line of its own, beside which older programs it leaves the store usable: <c>-- Serves beside: 0023</c>, by
/// the newest migration that they know. Those go on with the store, and may be started on it. All others say that they are not ready.
/// </remarks>
internal static class Migrator
{
    private const string Beside = "-- Serves beside:";

    // The migration that brought the table in which this is noted.
    private const long FirstWithBeside = 27;

    /// <summary>The files of one set, in order. The store proper is <c>main</c>; nonces and windows are <c>admissions</c>.</summary>
    public static IReadOnlyList<Migration> Of(string set)
    {
        var assembly = typeof(Migrator).Assembly;
        var prefix = $"migrations/{set}/";
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => Read(assembly.GetManifestResourceStream(name)!, name[prefix.Length..]))
            .OrderBy(migration => migration.Number)];
    }

    /// <summary>Runs what is missing and gives the names of what was run.</summary>
    /// <param name="db">The store.</param>
    /// <param name="set">Which migrations.</param>
    /// <param name="clock">Dates what is run.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="allow">Called with the newest that ran before and what is missing, if anything is; it throws to refuse.</param>
    /// <exception cref="InvalidOperationException">The store was written by a newer version.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(
        Database db, string set, TimeProvider clock, CancellationToken stop, Func<long, IReadOnlyList<Migration>, Task>? allow = null)
    {
        var known = Of(set);
        var done = new List<string>();

        // A store that is up to date costs one transaction, not one a migration.
        var newest = await db.MigrateAsync(session => BeginAsync(session, set, stop), stop);
        if (newest < known[^1].Number)
        {
            var missing = known.Where(migration => migration.Number > newest).ToArray();
            if (allow is not null) await allow(newest, missing);
            foreach (var migration in missing)
            {
                if (await db.MigrateAsync(session => ApplyAsync(session, db, set, migration, clock, stop), stop)) done.Add(migration.Name);
            }

            // A newer program may have gone further meanwhile.
            newest = await db.ReadAsync(session => NewestAsync(session, set, stop), stop);
        }

        if (newest > known[^1].Number && !await db.ReadAsync(session => FitsAsync(session, set, stop), stop))
        {
            throw new InvalidOperationException(
                $"The store has schema {newest} of {set}, this program knows {known[^1].Number}: it was written by a newer version. Run that version, or restore a backup.");
        }

        return done;
    }

    /// <summary>Runs what is missing up to a schema, in a transaction that someone else commits.</summary>
    public static async Task RunWithinAsync(Session session, Database db, string set, long upTo, TimeProvider clock, CancellationToken stop)
    {
        var newest = await BeginAsync(session, set, stop);
        foreach (var migration in Of(set).Where(migration => migration.Number > newest && migration.Number <= upTo)) await ApplyAsync(session, db, set, migration, clock, stop);
    }

    /// <summary>Whether this program may go on with the store as it is now, though a newer one may have migrated it.</summary>
    public static async Task<bool> FitsAsync(Session session, string set, CancellationToken stop)
    {
        var known = Of(set)[^1].Number;
        var newer = await session.Sql("select number from schema_version where part = @set and number > @known").Bind("set", set).Bind("known", known)
            .ListAsync(row => row.GetInt64(0), stop);
        return newer.Count == 0 || (set == "main" && 0 == await session.Sql(
            """
            select count(*) from schema_version v left join schema_beside b on b.part = v.part and b.number = v.number
            where v.part = @set and v.number > @known and (b.oldest is null or b.oldest > @known)
            """).Bind("set", set).Bind("known", known).FirstAsync(row => row.GetInt64(0), stop));
    }

    private static async Task<long> BeginAsync(Session session, string set, CancellationToken stop)
    {
        await session.Sql("create table if not exists schema_version (part text not null, number bigint not null, name text not null, applied_at bigint not null, primary key (part, number))").RunAsync(stop);
        return await NewestAsync(session, set, stop);
    }

    private static async Task<bool> ApplyAsync(Session session, Database db, string set, Migration migration, TimeProvider clock, CancellationToken stop)
    {
        // Another node may have run it since we looked.
        if (await NewestAsync(session, set, stop) >= migration.Number) return false;

        foreach (var statement in db.Translate(migration.Text).Split(";\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            await session.Sql(statement).RunAsync(stop);
        }

        await session.Sql("insert into schema_version (part, number, name, applied_at) values (@set, @number, @name, @now)")
            .Bind("set", set).Bind("number", migration.Number).Bind("name", migration.Name)
            .Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop);
        if (set == "main" && migration is { Number: >= FirstWithBeside, Oldest: { } oldest })
        {
            await session.Sql("insert into schema_beside (part, number, oldest) values (@set, @number, @oldest)")
                .Bind("set", set).Bind("number", migration.Number).Bind("oldest", oldest).RunAsync(stop);
        }

        return true;
    }

    private static async Task<long> NewestAsync(Session session, string set, CancellationToken stop) =>
        await session.Sql("select coalesce(max(number), 0) from schema_version where part = @set").Bind("set", set)
            .FirstAsync(row => row.GetInt64(0), stop);

    private static Migration Read(Stream content, string file)
    {
        using var reader = new StreamReader(content);
        var text = reader.ReadToEnd();
        var beside = text.Split('\n').FirstOrDefault(line => line.StartsWith(Beside, StringComparison.Ordinal));
        return new(
            long.Parse(file.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), file, text,
            beside is null ? null : long.Parse(beside.AsSpan(Beside.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture));
    }
}

/// <param name="Oldest">The newest migration that the oldest programs know that may serve beside it; null when none may.</param>
internal sealed record Migration(long Number, string Name, string Text, long? Oldest);
