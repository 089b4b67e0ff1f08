using System.Runtime.InteropServices;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>What SQLite did for a statement: how often it ran, how many steps of the engine's machine that took, and how often it was planned anew.</summary>
internal sealed record StatementWork(long Runs, long Steps, long Plans)
{
    public long StepsARun => Steps / Math.Max(Runs, 1);
}

/// <summary>Asks a SQLite store what its statements have cost. The engine counts; time plays no part in it.</summary>
internal static partial class SqliteWork
{
    // https://sqlite.org/c3ref/c_stmtstatus_counter.html
    private const int Steps = 4;
    private const int Plans = 5;
    private const int Runs = 6;

    /// <summary>Gives the work of every statement since it was asked before, by its text.</summary>
    public static async Task<Dictionary<string, StatementWork>> TakeAsync(Database store)
    {
        var work = new Dictionary<string, StatementWork>(StringComparer.Ordinal);

        // All that a store keeps: the work of one that is passed over would count for what is asked next.
        await TakeReadersAsync(store, SqliteDatabase.MostIdleReaders, work);
        await store.WriteAsync(session => Task.FromResult(Take((SqliteSession)session, work)), default);
        return work;
    }

    // Each reader is held while the next one is taken, so that none comes twice.
    private static Task<int> TakeReadersAsync(Database store, int left, Dictionary<string, StatementWork> work) => store.ReadAsync(
        async session =>
        {
            Take((SqliteSession)session, work);
            return left == 0 ? 0 : await TakeReadersAsync(store, left - 1, work);
        },
        default);

    private static int Take(SqliteSession session, Dictionary<string, StatementWork> work)
    {
        var connection = session.Connection.Handle!.DangerousGetHandle();
        for (var statement = Next(connection, 0); statement != 0; statement = Next(connection, statement))
        {
            var did = new StatementWork(Status(statement, Runs, 1), Status(statement, Steps, 1), Status(statement, Plans, 1));
            if (did.Steps == 0) continue;

            var sql = Marshal.PtrToStringUTF8(TextOf(statement))!;
            work[sql] = work.TryGetValue(sql, out var other) ? new(did.Runs + other.Runs, did.Steps + other.Steps, did.Plans + other.Plans) : did;
        }

        return 0;
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_next_stmt")]
    private static partial nint Next(nint connection, nint statement);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_stmt_status")]
    private static partial int Status(nint statement, int counter, int reset);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_sql")]
    private static partial nint TextOf(nint statement);
}
