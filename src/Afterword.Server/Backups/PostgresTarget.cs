using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Npgsql;

namespace Afterword.Server.Backups;

/// <summary>A database. Everything happens in one transaction; the tables that were there move into a schema of their own.</summary>
internal sealed class PostgresTarget : RestoreTarget
{
    private static readonly TimeSpan s_waitForOthers = TimeSpan.FromSeconds(5);
    private static readonly string[] s_records = ["schema_version", "schema_beside"];

    private readonly PostgresDatabase _db;

    private PostgresTarget(Settings settings, TimeProvider clock, PostgresDatabase db)
        : base(settings, clock) => _db = db;

    public static async Task<PostgresTarget> ConnectAsync(Settings settings, TimeProvider clock, CancellationToken stop)
    {
        var db = await PostgresDatabase.OpenAsync(settings.Database!, settings.Storage, syncEveryCommit: true, clock, stop);
        try
        {
            await db.ReadAsync(
                async session =>
                {
                    await RefuseIfServedAsync(session, clock, stop);
                    return 0;
                },
                stop);
            return new(settings, clock, db);
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    public override Task<bool> HasRowsAsync(CancellationToken stop) => _db.ReadAsync(session => HasRowsAsync(_db, session, stop), stop);

    public override Task<(BackupContent Content, string? KeptAs)> RunAsync(ReadBackup backup, Action<BackupProgress> progress, CancellationToken stop) => _db.MigrateAsync(
        async session =>
        {
            var connection = ((PostgresSession)session).Connection;
            await session.Sql(PostgresDatabase.ForAsLongAsItTakes).FirstAsync(_ => 0, stop);
            var kept = await SetAsideAloneAsync(session, stop);
            if (kept is not null) Erased = [.. Erased, .. await ErasedFromAsync(session, kept, stop)];
            var blueprint = await PrepareAsync(session, _db, backup.Header, stop);
            var content = backup.Run(table => new PostgresTableLoader(connection, blueprint.Tables[table.Name]), progress, stop);
            foreach (var index in blueprint.Indexes)
            {
                progress(new("indexes", content.Rows, content.Bytes));
                await session.Sql(index).RunAsync(stop);
            }

            await FinishAsync(session, _db, backup.Header, stop);
            if (kept is not null) await KeepAdmissionsAsync(session, kept, stop);
            return (content, kept);
        },
        stop);

    public override ValueTask DisposeAsync() => _db.DisposeAsync();

    /// <summary>The same, while nobody else uses the tables.</summary>
    private async Task<string?> SetAsideAloneAsync(Session session, CancellationToken stop)
    {
        try
        {
            await session.Sql("select set_config('lock_timeout', @wait, true)").Bind("wait", string.Create(CultureInfo.InvariantCulture, $"{s_waitForOthers.TotalMilliseconds}ms")).FirstAsync(_ => 0, stop);

            // A server may have been started since the look before.
            if (await IsThereAsync(session, "worker_lease", stop)) await session.Sql("lock table worker_lease in access exclusive mode").RunAsync(stop);
            await RefuseIfServedAsync(session, Clock, stop);
            return await SetAsideAsync(session, stop);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new BackupException("Others use the tables of this store, such as a backup, a shell of PostgreSQL, or this command itself, when it copies a store onto itself. End them, and try again. Nothing has been changed.");
        }
    }

    private static async Task RefuseIfServedAsync(Session session, TimeProvider clock, CancellationToken stop)
    {
        if (await IsThereAsync(session, "worker_lease", stop) && await WorkerLease.CountHeldAsync(session, clock.GetUtcNow(), stop) > 0)
        {
            throw new InvalidOperationException("Others are at work on this store. Stop the server first, on every node; after a crash this may take five minutes.");
        }
    }

    /// <summary>Moves what is there out of the way. Nonces stay: a call of before must not be taken a second time.</summary>
    private async Task<string?> SetAsideAsync(Session session, CancellationToken stop)
    {
        var there = await session.Sql("select c.relname::text from pg_class c where c.relkind = 'r' and c.relnamespace = quote_ident(current_schema())::regnamespace order by 1")
            .ListAsync(row => row.GetString(0), stop);
        var ours = there.Where(name => StoredTables.Ours.Contains(name) || s_records.Contains(name)).ToArray();
        if (ours.Length == 0) return null;

        var schema = $"afterword_{NameOfBefore().Replace('-', '_')}";
        try
        {
            await session.Sql($"create schema \"{schema}\"").RunAsync(stop);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            var at = new NpgsqlConnectionStringBuilder(PostgresUrl.ConnectionText(Settings.Database!));
            throw new BackupException(
                $"What is there moves into a schema of its own, and this user may not make one. Have the owner of the database run: grant create on database \"{at.Database}\" to \"{at.Username}\". Nothing has been changed.");
        }

        foreach (var table in ours) await session.Sql($"alter table {table} set schema \"{schema}\"").RunAsync(stop);
        return schema;
    }

    /// <summary>Who was erased from the old store: nobody can write into it any more.</summary>
    private static async Task<List<Erasure>> ErasedFromAsync(Session session, string kept, CancellationToken stop) =>
        await session.Sql("select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relname = 'erasure' and n.nspname = @schema").Bind("schema", kept).FirstAsync(row => row.GetInt64(0), stop) > 0
            ? await session.Sql($"select {Erasures.Columns} from \"{kept}\".erasure order by user_id").ListAsync(Erasures.Read, stop)
            : [];

    private static async Task KeepAdmissionsAsync(Session session, string kept, CancellationToken stop)
    {
        foreach (var table in StoredTables.OfAdmissions)
        {
            if (!await IsThereAsync(session, table, stop)) return;
        }

        await session.Sql($"insert into schema_version (part, number, name, applied_at) select part, number, name, applied_at from \"{kept}\".schema_version where part = 'admissions'").RunAsync(stop);
    }

    private static async Task<bool> IsThereAsync(Session session, string table, CancellationToken stop) =>
        await session.Sql("select count(*) from pg_class where relname = @table and relkind = 'r' and relnamespace = quote_ident(current_schema())::regnamespace").Bind("table", table).FirstAsync(row => row.GetInt64(0), stop) > 0;
}
