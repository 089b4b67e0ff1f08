using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>Moves the log of a SQLite file into the file when it has grown, as the engine would by itself, and measures that.</summary>
internal sealed unsafe class SqliteCheckpoints : IDisposable
{
    // A checkpoint holds up every writer, and writes a page once however often it changed. Twice as rare as at 8,000, it took a
    // score POST of one sender from 0.23-0.25 to 0.25-0.27 of a bare endpoint, and its p99 from 60 ms to 7: fewer than one in a hundred meets it.
    private const int Pages = 16_000;

    // SQLITE_CHECKPOINT_PASSIVE: as far as readers allow, without waiting for them.
    private const int Passive = 0;

    // SQLITE_CHECKPOINT_TRUNCATE: all of it, and then the log has no byte.
    private const int Truncate = 3;

    // What the log has of each page besides its content (https://sqlite.org/fileformat2.html#walformat).
    private const int FrameHeader = 24;

    private readonly long _frame;
    private GCHandle _self;
    private Histogram<double>? _took;
    private KeyValuePair<string, object?> _store;
    private long _pages;

    private SqliteCheckpoints(long page)
    {
        _frame = page + FrameHeader;
        _self = GCHandle.Alloc(this);
    }

    /// <param name="connection">The one that writes; it is closed before this is disposed of.</param>
    public static SqliteCheckpoints Of(SqliteConnection connection)
    {
        var checkpoints = new SqliteCheckpoints(long.Parse(SqliteConnections.Ask(connection, "page_size"), CultureInfo.InvariantCulture));
        SqliteNative.HookLog(connection.Handle!.DangerousGetHandle(), &Committed, GCHandle.ToIntPtr(checkpoints._self));
        return checkpoints;
    }

    public void Measure(Meter meter, string store)
    {
        _store = new("store", store);
        _took = meter.CreateHistogram("afterword.sqlite.checkpoint", "s", "How long it took to move the log into the file; no write is committed meanwhile.", null, WriteMetrics.Seconds);
        meter.CreateObservableGauge<long>("afterword.sqlite.log", () => new Measurement<long>(Volatile.Read(ref _pages) * _frame, _store), "By", "What of the log is in use.");
    }

    /// <summary>Moves all of the log into the file and leaves it empty; false when someone still reads from it.</summary>
    public static bool TryTruncate(SqliteConnection connection)
    {
        fixed (byte* main = "main\0"u8)
        {
            var result = SqliteNative.Checkpoint(connection.Handle!.DangerousGetHandle(), main, Truncate, out _, out _);
            if (result is not (SqliteNative.Ok or SQLitePCL.raw.SQLITE_BUSY)) SqliteException.ThrowExceptionForRC(result, connection.Handle);
            return result == SqliteNative.Ok;
        }
    }

    public void Dispose()
    {
        if (_self.IsAllocated) _self.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Committed(nint context, nint connection, byte* database, int pages)
    {
        ((SqliteCheckpoints)GCHandle.FromIntPtr(context).Target!).Note(connection, database, pages);
        return SqliteNative.Ok;
    }

    // What is not moved now stays in the log, and is tried again after the next commit: the engine takes no notice of errors here either.
    private void Note(nint connection, byte* database, int pages)
    {
        Volatile.Write(ref _pages, pages);
        if (pages < Pages) return;

        var began = Stopwatch.GetTimestamp();
        SqliteNative.Checkpoint(connection, database, Passive, out _, out _);
        if (_took is { Enabled: true } took) took.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, _store);
    }
}
