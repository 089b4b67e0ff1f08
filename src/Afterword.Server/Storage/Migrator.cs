using System.Globalization;

namespace Afterword.Server.Storage;

/// <summary>Brings a store to the schema of this program: numbered SQL files, each in one transaction under a lock.</summary>
internal static class Migrator
{
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
    /// <exception cref="InvalidOperationException">The store was written by a newer version.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(Database db, string set, TimeProvider clock, CancellationToken stop)
    {
        var known = Of(set);
        var done = new List<string>();

        // A store that is up to date costs one transaction, not one a migration.
        var newest = await db.MigrateAsync(session => BeginAsync(session, set, stop), stop);
        if (newest < known[^1].Number)
        {
            foreach (var migration in known.Where(migration => migration.Number > newest))
            {
                if (await db.MigrateAsync(session => ApplyAsync(session, db, set, migration, clock, stop), stop)) done.Add(migration.Name);
            }

            // A newer program may have gone further meanwhile.
            newest = await db.ReadAsync(session => NewestAsync(session, set, stop), stop);
        }

        if (newest > known[^1].Number)
        {
            throw new InvalidOperationException(
                $"The store has schema {newest} of {set}, this program knows {known[^1].Number}: it was written by a newer version. Run that version, or restore a backup.");
        }

        return done;
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
        return true;
    }

    private static async Task<long> NewestAsync(Session session, string set, CancellationToken stop) =>
        await session.Sql("select coalesce(max(number), 0) from schema_version where part = @set").Bind("set", set)
            .FirstAsync(row => row.GetInt64(0), stop);

    private static Migration Read(Stream content, string file)
    {
        using var reader = new StreamReader(content);
        return new(long.Parse(file.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), file, reader.ReadToEnd());
    }
}

internal sealed record Migration(long Number, string Name, string Text);
