using Afterword.Server.Hosting;

namespace Afterword.Server.Storage;

/// <summary>The opened store: data, nonces and windows, ids and secrets. One per process.</summary>
internal sealed class Store : IAsyncDisposable
{
    private WorkerLease? _lease;

    private Store(Database main, Database admissions, TimeProvider clock)
    {
        Main = main;
        Admissions = admissions;
        Ids = new Snowflakes(clock);
        Secrets = Secrets.Of(main);
    }

    /// <summary>All that must never be lost.</summary>
    public Database Main { get; }

    /// <summary>
    /// Nonces and call windows: written by every signed request, worthless after an hour. On SQLite they have a file, and so
    /// a writer, of their own, which keeps reads out of the queue of the writes.
    /// </summary>
    public Database Admissions { get; }

    public Snowflakes Ids { get; }

    public Secrets Secrets { get; }

    /// <summary>Opens the store, creating it when missing, and brings its schema up to date.</summary>
    public static async Task<Store> OpenAsync(Settings settings, TimeProvider clock, CancellationToken stop)
    {
        Database main;
        Database admissions;
        if (settings.Database is { } url)
        {
            main = admissions = await PostgresDatabase.OpenAsync(url, settings.Storage.WriteQueue, settings.Storage.Lanes, stop);
        }
        else
        {
            main = SqliteDatabase.Open(Path.Combine(settings.Data, "afterword.db"), settings.Storage.WriteQueue, syncEveryCommit: true);

            // A nonce must outlive the process, not a power cut: docs/decisions/0005.
            admissions = SqliteDatabase.Open(Path.Combine(settings.Data, "admissions.db"), settings.Storage.WriteQueue, syncEveryCommit: false);
        }

        var store = new Store(main, admissions, clock);
        try
        {
            await Migrator.RunAsync(main, "main", clock, stop);
            await Migrator.RunAsync(admissions, "admissions", clock, stop);
            store.Secrets.EnsureKey();
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Leases a worker number, so that <see cref="Ids"/> can be made.</summary>
    public async Task<WorkerLease> LeaseAsync(TimeProvider clock, CancellationToken stop) =>
        _lease ??= await WorkerLease.AcquireAsync(Main, Ids, clock, stop);

    public async ValueTask DisposeAsync()
    {
        if (_lease is not null) await _lease.DisposeAsync();
        await Main.DisposeAsync();
        if (Admissions != Main) await Admissions.DisposeAsync();
    }
}
