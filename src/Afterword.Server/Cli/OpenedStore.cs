using System.Collections.Concurrent;
using System.CommandLine;
using Afterword.Server.Allowlists;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Channels.X;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Embed;
using Afterword.Server.OAuth;
using Afterword.Server.Operators;
using Afterword.Server.Privacy;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Afterword.Server.Cli;

/// <summary>The store as a command uses it, beside a running server or without one. Closing it gives the worker number back.</summary>
internal sealed class OpenedStore : IAsyncDisposable
{
    // A start writes less than this, and a disk with so little is full for all others too.
    private const long LittleRoom = 256 * 1024;

    private readonly ConcurrentDictionary<EndpointKey, bool> _due = new();

    private OpenedStore(Store store, Settings settings, TimeProvider clock)
    {
        (Store, Settings) = (store, settings);
        store.WebhookNotifier.Committed += (sender, endpoint) => _due[new(sender, endpoint)] = true;
        UserAccounts = new UserAccounts(store, new PasswordHashes(settings.SignIn.HashRounds), clock);
        Audit = new AuditLog(store, clock);
        ErasePerson = new ErasePerson(store, settings, Audit, clock, NullLogger<ErasePerson>.Instance);
        UserPasswords = new UserPasswords(store, new ResetLinks(store, clock), Audit);
        Apps = new Apps(store, clock);
        Allowlist = new Allowlist(store, Audit, clock);
        Endpoints = new Endpoints(store, settings, clock);
        OperatorKeys = new OperatorKeys(store, clock);
        RelayAddresses = new RelayAddresses(store, clock);
        Helpdesks = new SenderHelpdesks(store, clock);
        XAccounts = new XAccounts(store, clock);
        EmbedOrigins = new EmbedOrigins(store, clock);
        Memberships = new Memberships(store, new Invitations(store, Audit, clock), Audit, clock);
    }

    public Store Store { get; }

    public Settings Settings { get; }

    public UserAccounts UserAccounts { get; }

    public ErasePerson ErasePerson { get; }

    public UserPasswords UserPasswords { get; }

    public Apps Apps { get; }

    public Allowlist Allowlist { get; }

    public Endpoints Endpoints { get; }

    public OperatorKeys OperatorKeys { get; }

    public RelayAddresses RelayAddresses { get; }

    public SenderHelpdesks Helpdesks { get; }

    public XAccounts XAccounts { get; }

    public EmbedOrigins EmbedOrigins { get; }

    public Memberships Memberships { get; }

    public AuditLog Audit { get; }

    /// <exception cref="CommandException">The settings are wrong, or the store cannot be opened.</exception>
    /// <remarks>It makes no store: with a mistake in <c>--data</c>, the command would work on a new one.</remarks>
    public static Task<OpenedStore> OpenAsync(ParseResult parsed, CancellationToken stop) =>
        OpenAsync(StoreOptions.SettingsOf(parsed), TimeProvider.System, stop, mustExist: true);

    /// <param name="settings">Which store.</param>
    /// <param name="clock">The clock of what is written.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="until">Until when that clock will run, where it is set to a past.</param>
    /// <param name="mustExist">Whether none is made.</param>
    /// <exception cref="CommandException">The store cannot be opened.</exception>
    public static Task<OpenedStore> OpenAsync(Settings settings, TimeProvider clock, CancellationToken stop, DateTimeOffset? until = null, bool mustExist = false) => ExplainAsync(settings, async () =>
    {
        var store = await Store.OpenAsync(settings, clock, stop, mustExist: mustExist);
        try
        {
            await store.LeaseAsync(clock, stop, until);
            return new OpenedStore(store, settings, clock);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    });

    /// <summary>Runs <paramref name="open"/> and says which store it was about when that fails.</summary>
    /// <exception cref="CommandException">The store cannot be opened.</exception>
    public static async Task<T> ExplainAsync<T>(Settings settings, Func<Task<T>> open)
    {
        try
        {
            return await open();
        }
        catch (StoreInUseException error)
        {
            throw new CommandException(ExitCode.Failed, error.Message);
        }
        catch (NoStoreException)
        {
            throw new CommandException(ExitCode.Failed, $"There is no store {NameOf(settings)}. Choose another with --data or --database, or create one there: run afterword migrate, or start afterword serve.");
        }
        catch (Exception error) when (error is NpgsqlException or SqliteException or StoreUnavailableException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new CommandException(ExitCode.Failed, $"The store {NameOf(settings)} cannot be opened: {Describe(error)}{HowToMend(settings, error)}");
        }
    }

    /// <summary>Where the store is, without user and password.</summary>
    public static string NameOf(Settings settings)
    {
        if (settings.Database is null) return $"in {Path.GetFullPath(settings.Data)}";

        var connection = PlaceOf(settings);
        return $"{connection.Database} on {connection.Host}{(connection.Host!.Contains(',', StringComparison.Ordinal) ? "" : $":{connection.Port}")}";
    }

    /// <exception cref="CommandException">There is no such account.</exception>
    public async Task<User> AccountAsync(string handle, CancellationToken stop) =>
        await UserAccounts.FindAsync(handle, stop) ?? throw NoAccount(handle);

    /// <exception cref="CommandException">There is no such app.</exception>
    public async Task<ListedApp> AppAsync(string consumerKey, CancellationToken stop) =>
        (await Apps.ListAsync(stop)).Find(app => app.ConsumerKey == consumerKey) ?? throw NoApp(consumerKey);

    public static CommandException NoAccount(string handle) =>
        new(ExitCode.Failed, $"There is no user @{handle}. Add one with: afterword user add @{handle} --name NAME");

    public static CommandException NoApp(string consumerKey) =>
        new(ExitCode.Failed, $"There is no app with the consumer key {consumerKey}. See: afterword app list");

    public async ValueTask DisposeAsync()
    {
        try
        {
            // Nothing is delivered from here: the nodes are told what is due now.
            if (!_due.IsEmpty) await WebhookWorker.TellAsync(Store.Main, _due.Keys, CancellationToken.None);
        }
        catch (Exception error) when (Store.IsUnavailable(error))
        {
            // A hint that gets lost: the next look of a node finds it.
        }
        finally
        {
            await Store.DisposeAsync();
        }
    }

    private static string Describe(Exception error) => string.Join(" ", ErrorReasons.Of(error).Select(reason => reason.EndsWith('.') ? reason : $"{reason}."));

    private static string HowToMend(Settings settings, Exception error) => error switch
    {
        // What a pooler says to settings that come with a connection, and what the database says when each transaction is another connection's.
        PostgresException { SqlState: "26000" or "42P05" } => $" {PostgresUrl.Pooled}",
        PostgresException { MessageText: var text } when text.Contains("unsupported startup parameter", StringComparison.OrdinalIgnoreCase) => $" {PostgresUrl.Pooled}",

        // Thrown by the store itself, whose messages say what to do.
        InvalidOperationException => "",
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB } => " The file is damaged: restore a backup.",
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => " The database server's disk is full: make room on it.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => $" As the owner of the database, run in it: grant usage, create on schema {PlaceOf(settings).SearchPath ?? "public"} to \"{RoleOf(settings)}\";",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => $" As an administrator of the database server, make it: create database \"{PlaceOf(settings).Database}\" owner \"{RoleOf(settings)}\";",
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } => " Check the user and the password in --database or AFTERWORD_DATABASE; special characters in a URL are percent-encoded.",
        NpgsqlException => " See that the database server runs, and that --database or AFTERWORD_DATABASE names the right one.",
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_FULL } => FullDisk(settings),

        // SQLite says only sometimes that it was for want of room: of a log or its index it says that it cannot be opened, or an I/O error.
        _ when DiskRoom.Of(settings.Data) < LittleRoom => FullDisk(settings),
        _ when IsAnothersStore(settings) => $" {Environment.UserName} may not use the files there. Run the command as the user that the server runs as, whom `ls -ld {Path.GetFullPath(settings.Data)}` names: sudo -u USER afterword …",
        _ => " Choose a folder that can be written with --data or AFTERWORD_DATA.",
    };

    // SQLite says of a file that it may not open no more than that it cannot.
    private static bool IsAnothersStore(Settings settings)
    {
        try
        {
            // Shared, so that nobody is shut out meanwhile.
            if (Store.IsIn(settings.Data)) File.OpenHandle(Store.MainFile(settings.Data), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            return false;
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            return error is UnauthorizedAccessException;
        }
    }

    private static NpgsqlConnectionStringBuilder PlaceOf(Settings settings) => new(PostgresUrl.ConnectionText(settings.Database!));

    // As whom the driver goes when the address names nobody.
    private static string RoleOf(Settings settings) => PlaceOf(settings).Username ?? Environment.UserName;

    private static string FullDisk(Settings settings) =>
        $" The disk of {Path.GetFullPath(settings.Data)} is full: make room on it. Nothing that was stored is lost.";
}

internal static class StoreCommands
{
    extension(Command command)
    {
        /// <summary>Makes the command open the store, run <paramref name="run"/> and close it again.</summary>
        public void OnStore(Func<ParseResult, OpenedStore, CancellationToken, Task> run) => command.SetAction(async (parsed, stop) =>
        {
            await using var store = await OpenedStore.OpenAsync(parsed, stop);
            await run(parsed, store, stop);
            return ExitCode.Done;
        });
    }
}
