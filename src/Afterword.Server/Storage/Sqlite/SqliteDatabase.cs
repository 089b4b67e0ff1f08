using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>The embedded default: one file, one writer, a pool of readers.</summary>
internal sealed class SqliteDatabase : Database
{
    // Each has descriptors and a cache of its own: what a flood has opened besides is closed.
    internal const int MostIdleReaders = 64;

    /// <summary>How long a write waits for the file's lock at most until those behind it are refused.</summary>
    internal static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(5);

    // So much is written in a few seconds.
    private const long LeastRoomForLog = 256L * 1024 * 1024;

    private readonly SqliteConnections _connections;
    private readonly SqliteWriter _writer;
    private readonly SqliteCheckpoints? _checkpoints;
    private readonly ConcurrentBag<SqliteSession> _readers = [];
    private int _idleReaders;

    private SqliteDatabase(SqliteConnections connections, SqliteWriter writer, SqliteCheckpoints? checkpoints)
    {
        _connections = connections;
        _writer = writer;
        _checkpoints = checkpoints;
        Engine = $"SQLite {writer.Version}";
    }

    public override string Engine { get; }

    public string File => _connections.File;

    public override bool IsFull => _writer.IsFull;

    public override int Waiting => _writer.Waiting;

    public override ProblemCause? StalledBy => _writer.IsStalled ? ProblemCause.NoAnswer : null;

    /// <param name="file">The store's file; it and its folder are created when missing.</param>
    /// <param name="queue">How many writes may wait, 1 or more.</param>
    /// <param name="syncEveryCommit">See <see cref="SqliteConnections"/>.</param>
    /// <param name="checkpoints">See <see cref="SqliteConnections.OpenWriter"/>.</param>
    /// <param name="patience">How long a write waits for the file's lock until those behind it are refused; null for <see cref="MostPatience"/>.</param>
    public static SqliteDatabase Open(string file, int queue, bool syncEveryCommit, bool checkpoints, TimeSpan? patience = null)
    {
        SqliteConnections.CreateFolder(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var connections = new SqliteConnections(file, syncEveryCommit);
        var writer = connections.OpenWriter(checkpoints);
        var moves = checkpoints ? SqliteCheckpoints.Of(writer) : null;
        return new(connections, new SqliteWriter(writer, queue, patience is { } less && less < MostPatience ? less : MostPatience), moves);
    }

    public override async Task<T> ReadAsync<T>(Func<Session, Task<T>> body, CancellationToken stop)
    {
        if (_readers.TryTake(out var session)) Interlocked.Decrement(ref _idleReaders);
        else session = new SqliteSession(_connections.OpenReader());
        try
        {
            var answer = await body(session);
            Keep(session);
            return answer;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private void Keep(SqliteSession session)
    {
        if (Interlocked.Increment(ref _idleReaders) <= MostIdleReaders)
        {
            _readers.Add(session);
            return;
        }

        Interlocked.Decrement(ref _idleReaders);
        session.Dispose();
    }

    public override Task<T> SnapshotAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => ReadAsync(
        async session =>
        {
            await session.Sql("begin").RunAsync(stop);
            var answer = await body(session);
            await session.Sql("commit").RunAsync(stop);
            return answer;
        },
        stop);

    // Statements run to their end on the thread that asks: a long one gets a thread of its own.
    public override Task<T> WholeSnapshotAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => Task.Factory.StartNew(
        () =>
        {
            using var session = new SqliteSession(_connections.OpenUnmappedReader());
            session.Sql("begin").RunAsync(stop).GetAwaiter().GetResult();
            var answer = body(session).GetAwaiter().GetResult();
            session.Sql("commit").RunAsync(stop).GetAwaiter().GetResult();
            return answer;
        },
        stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public override long LogLength => new FileInfo($"{File}-wal") is { Exists: true, Length: var length } ? length : 0;

    public override long RoomForLog => LogLength + RoomForMoreLog(DiskRoom.Of(Path.GetDirectoryName(Path.GetFullPath(File))!));

    /// <param name="free">What the disk has left.</param>
    internal static long RoomForMoreLog(long free) => Math.Min(Math.Max(LeastRoomForLog, free / 2), Math.Max(0, free - DiskRoom.Least));

    public override Task<T> WriteAnywayAsync<T>(Func<Session, Task<T>> body, CancellationToken stop)
    {
        var write = new SingleWrite<T>(body);
        _writer.Enqueue(write);
        return write.Done.WaitAsync(stop);
    }

    protected override void Enqueue(PendingWrite write) => _writer.Enqueue(write);

    protected override bool IsFault(Exception error) => SqliteErrors.IsFault(error);

    public override string Translate(string migration) => migration
        .Replace("{bytes}", "blob", StringComparison.Ordinal)
        .Replace("{clustered}", "without rowid", StringComparison.Ordinal);

    public override string ListColumns =>
        """
        select m.name, c.name, lower(c.type), c.pk from sqlite_master m join pragma_table_info(m.name) c
        where m.type = 'table' order by m.name, c.cid
        """;

    public override string ListIndexes => "select name, tbl_name, sql from sqlite_master where type = 'index' and sql is not null order by name";

    // The writer's transaction takes the lock of the whole file, other processes' included.
    public override Task<T> MigrateAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => WriteAnywayAsync(body, stop);

    // One server runs on a file; what commands beside it do is found out by looking.
    public override Task NotifyAsync(string channel, string text, CancellationToken stop) => Task.CompletedTask;

    public override Task ListenAsync(string channel, Action listening, Action<string> heard, CancellationToken stop) => Task.Delay(Timeout.Infinite, stop);

    public override Task<IReadOnlyList<string>> InspectAsync(CancellationToken stop) => ReadAsync<IReadOnlyList<string>>(
        async session =>
        {
            var found = await session.Sql("pragma integrity_check").ListAsync(row => row.GetString(0), stop);
            return [.. found.Where(line => line != "ok").Select(line => $"{Path.GetFileName(File)}: {line}")];
        },
        stop);

    public override TimeSpan SlowestCommit => _writer.Metrics?.SlowestCommit ?? TimeSpan.Zero;

    public override async Task<bool> EmptyLogAsync(CancellationToken stop) => await _writer.EmptyLogAsync().WaitAsync(stop);

    public override void Measure(Meter meter, string name)
    {
        _writer.Metrics = new(meter, name);
        _checkpoints?.Measure(meter, name);
    }

    public override void EndWaitingIn(TimeSpan time)
    {
    }

    public override async ValueTask DisposeAsync()
    {
        // The last connection to close moves the log into the file and removes it, but only if it can write.
        await _writer.CompleteAsync();
        while (_readers.TryTake(out var reader)) reader.Dispose();
        await _writer.DisposeAsync();
        _checkpoints?.Dispose();
    }
}
