using System.Diagnostics.Metrics;
using Afterword.Server.Configuration;
using Afterword.Server.Storage.Postgres;
using Afterword.Server.Storage.Sqlite;

namespace Afterword.Server.Storage;

/// <summary>The opened store: data, nonces and windows, ids and secrets. One per process.</summary>
internal sealed class Store : IAsyncDisposable
{
    // EWOULDBLOCK of both, and ERROR_SHARING_VIOLATION: what else is wrong with the file has nothing to do with other servers.
    private const int LockedOnLinux = 11;
    private const int LockedOnMac = 35;
    private const int LockedOnWindows = 32;

    private readonly FileStream? _lock;
    private WorkerLease? _lease;
    private bool _isClosed;

    private Store(Database main, Database admissions, MasterKeys? keys, FileStream? onlyServer, TimeProvider clock)
    {
        _lock = onlyServer;
        Main = main;
        Nonces = admissions;
        Ids = new Snowflakes(clock);
        MasterKeys = keys;
        Secrets = Secrets.Of(main, keys);
        Problems = new Problems(clock);
        Faults = new StoreFaults(this, Problems, clock);
        main.Measure(Problems.Meter, "main");
        admissions.Measure(Problems.Meter, "admissions");
        Problems.Meter.CreateObservableGauge<long>(
            "afterword.write.queue", () => (Measurement<long>[])[new(main.Waiting, new KeyValuePair<string, object?>("store", "main")), new(admissions.Waiting, new KeyValuePair<string, object?>("store", "admissions"))],
            "{writes}", "Writes that wait for their batch.");
    }

    /// <summary>All that must never be lost.</summary>
    public Database Main { get; }

    /// <summary>
    /// Nonces and call windows: written by every signed request, worthless after an hour. They have a queue of their own, and on
    /// SQLite a file, which keeps reads out of the way of the writes.
    /// </summary>
    public Database Nonces { get; }

    public Snowflakes Ids { get; }

    /// <summary>Rung when a webhook has something to deliver.</summary>
    public ChangeNotifier WebhookNotifier { get; } = new();

    /// <summary>Rung when a request is to go through a channel.</summary>
    public ChangeNotifier ChannelNotifier { get; } = new();

    /// <summary>Rung when the rules have someone to be asked now.</summary>
    public ChangeNotifier AutomationNotifier { get; } = new();

    /// <summary>Rung when there is something to tell a sender's people.</summary>
    public ChangeNotifier AlertNotifier { get; } = new();

    /// <summary>Rung for a user, about another, when there is something new between them: a message, an answer, that it was read.</summary>
    public ChangeNotifier InboxNotifier { get; } = new();

    /// <summary>What encrypts the key ring; null when it is readable in the store.</summary>
    public MasterKeys? MasterKeys { get; }

    /// <summary>Rung after every commit that changes what a sender's metrics count.</summary>
    public ChangeNotifier MetricsNotifier { get; } = new();

    public Secrets Secrets { get; }

    /// <summary>What is wrong just now, for operators.</summary>
    public Problems Problems { get; }

    /// <summary>Where requests come from whose traces are collected.</summary>
    public RecentTraces Traces { get; } = new();

    /// <summary>Tells the log what is wrong with this store.</summary>
    public StoreFaults Faults { get; }

    /// <summary>Whether <paramref name="error"/> means that the store cannot be reached, read or written just now.</summary>
    public bool IsUnavailable(Exception error) => Main.IsUnavailable(error) || Nonces.IsUnavailable(error);

    /// <summary>Opens the store, creating it when missing, and brings its schema up to date.</summary>
    /// <param name="settings">Which store, and how.</param>
    /// <param name="clock">The clock of ids and migrations.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="serves">
    /// Whether this is the server itself. A SQLite store has one: it alone checkpoints, and knows which of its writes are under
    /// way. Commands beside it only write.
    /// </param>
    /// <param name="migrates">Whether this is an order to migrate, whoever serves the store meanwhile.</param>
    /// <param name="mustExist">Whether none is made: a command with a mistake in its <c>--data</c> would work on a new one.</param>
    /// <exception cref="InvalidOperationException">
    /// Another server runs on this SQLite store, the key file is missing or another one, or the store needs a migration and others serve it.
    /// </exception>
    /// <exception cref="NoStoreException">There is none, and none was to be made.</exception>
    public static async Task<Store> OpenAsync(
        Settings settings, TimeProvider clock, CancellationToken stop, bool serves = false, bool migrates = false, bool mustExist = false)
    {
        if (mustExist && settings.Database is null && !IsIn(settings.Data)) throw new NoStoreException();

        var keys = settings.KeyFile is { } file ? MasterKeys.Read(file) : null;
        var onlyServer = serves && settings.Database is null ? LockFolder(settings.Data) : null;
        Store? store = null;
        try
        {
            var (main, admissions) = settings.Database is { } url
                ? await OpenPostgresAsync(url, settings.Storage, clock, stop)
                : OpenSqlite(settings.Data, settings.Storage, serves);
            store = new Store(main, admissions, keys, onlyServer, clock);
            await Migrator.RunAsync(main, "main", clock, stop, migrates ? null : (newest, missing) => newest == 0 && mustExist ? throw new NoStoreException() : AllowAsync(store, settings, newest, missing, serves, clock, stop));
            await Migrator.RunAsync(admissions, "admissions", clock, stop);
            await KeyRing.CheckAsync(main, keys, stop);
            store.Secrets.EnsureKey();
            return store;
        }
        catch
        {
            if (store is not null) await store.DisposeAsync();
            else if (onlyServer is not null) await onlyServer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets no migration run under processes that cannot go on after it, nor by a command that was about something else.</summary>
    private static async Task AllowAsync(
        Store store, Settings settings, long newest, IReadOnlyList<Migration> missing, bool serves, TimeProvider clock, CancellationToken stop)
    {
        if (newest == 0 || (serves && missing.All(migration => migration.Oldest <= newest))) return;
        if (await store.IsServedAsync(settings, clock, stop))
        {
            throw new InvalidOperationException(
                $"The store has schema {newest}, this version brings {missing[^1].Number}, and others are at work on the store{(serves ? " that cannot go on with it" : "")}. Stop them first (after a crash this may take five minutes), or migrate now with: afterword migrate");
        }
    }

    /// <summary>Whether another process serves this store: on PostgreSQL any that holds a worker number, on SQLite the one server.</summary>
    public async Task<bool> IsServedAsync(Settings settings, TimeProvider clock, CancellationToken stop)
    {
        if (Main is not SqliteDatabase)
        {
            // A command that has opened the store holds one itself.
            return await Main.ReadAsync(session => WorkerLease.CountHeldAsync(session, clock.GetUtcNow(), stop), stop) > (_lease is null ? 0 : 1);
        }

        if (_lock is not null) return false;

        try
        {
            await LockFolder(settings.Data).DisposeAsync();
            return false;
        }
        catch (StoreInUseException)
        {
            return true;
        }
    }

    /// <summary>Whether there is a SQLite store in a folder.</summary>
    /// <exception cref="UnauthorizedAccessException">This user may not look into the folder.</exception>
    public static bool IsIn(string folder)
    {
        try
        {
            // File.Exists would say no where nobody may look.
            File.GetAttributes(MainFile(folder));
            return true;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <summary>The file of a SQLite store that holds all that must never be lost.</summary>
    public static string MainFile(string folder) => Path.Combine(folder, "afterword.db");

    /// <summary>Holds the place of the one server on a folder.</summary>
    /// <exception cref="InvalidOperationException">A server runs on it.</exception>
    public static FileStream LockFolder(string folder)
    {
        SqliteConnections.CreateFolder(folder);
        try
        {
            // The system lets go of it when this process ends, however it ends.
            return PrivateFile.Open(Path.Combine(folder, "afterword.lock"), FileMode.OpenOrCreate, FileShare.None);
        }
        catch (IOException error) when ((error.HResult & 0xFFFF) is LockedOnLinux or LockedOnMac or LockedOnWindows)
        {
            throw new StoreInUseException(Path.GetFullPath(folder), error);
        }
    }

    // A nonce must outlive the process, not a power cut (docs/decisions/0005), so admissions do not wait for the disk.
    private static (Database Main, Database Admissions) OpenSqlite(string folder, StorageSettings settings, bool serves)
    {
        // A command has nobody else to serve meanwhile.
        TimeSpan? patience = serves ? settings.CommitWait : null;
        return (
            SqliteDatabase.Open(MainFile(folder), settings.WriteQueue, syncEveryCommit: true, checkpoints: serves, patience),
            SqliteDatabase.Open(Path.Combine(folder, "admissions.db"), settings.WriteQueue, syncEveryCommit: false, checkpoints: serves, patience));
    }

    private static async Task<(Database Main, Database Admissions)> OpenPostgresAsync(string url, StorageSettings settings, TimeProvider clock, CancellationToken stop) => (
        await PostgresDatabase.OpenAsync(url, settings, syncEveryCommit: true, clock, stop),
        await PostgresDatabase.OpenAsync(url, settings with { Lanes = 1 }, syncEveryCommit: false, clock, stop));

    /// <summary>Leases a worker number, so that <see cref="Ids"/> can be made.</summary>
    /// <inheritdoc cref="WorkerLease.AcquireAsync"/>
    /// <exception cref="InvalidOperationException">There are no ids of this time.</exception>
    public async Task<WorkerLease> LeaseAsync(TimeProvider clock, CancellationToken stop, DateTimeOffset? until = null)
    {
        Snowflakes.CheckRange(clock.GetUtcNow());
        return _lease ??= await WorkerLease.AcquireAsync(Main, Ids, clock, stop, until);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isClosed) return;

        _isClosed = true;
        if (_lease is not null) await _lease.DisposeAsync();
        await Main.DisposeAsync();
        await Nonces.DisposeAsync();
        if (_lock is not null) await _lock.DisposeAsync();
        Problems.Dispose();
    }
}
