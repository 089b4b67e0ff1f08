using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Afterword.Support;

/// <summary>A PostgreSQL server of this test process alone. It ends when the process ends, however it ends.</summary>
internal sealed class PostgresCluster : IDisposable
{
    private const string Installed = "/usr/lib/postgresql";
    private const int PortTries = 5;
    private const int Polls = 3_000;

    // A shell stands between: it reads our end of a pipe, which closes when this process dies, even by SIGKILL.
    private const string Watch =
        """
        trap '' INT TERM HUP
        exec 3<&0
        folder=$1; shift
        "$@" >"$folder/log" 2>&1 &
        server=$!
        cat <&3 >/dev/null &
        reader=$!
        wait -n
        kill -0 $server 2>/dev/null || { kill $reader; exit 1; }
        kill -QUIT $server
        wait $server
        rm -rf "$folder"
        """;

    // Durable as far as Afterword looks (fsync, synchronous_commit); without what serves standbys and old
    // rows, of which no test here has any. ./test puts it on memory, where a sync costs nothing.
    private static readonly string[] s_quick =
        ["fsync=on", "synchronous_commit=on", "wal_level=minimal", "max_wal_senders=0", "wal_init_zero=off", "autovacuum=off", "checkpoint_timeout=1h"];

    // What standbys need on top.
    private static readonly string[] s_replicated = ["wal_level=replica", "max_wal_senders=4"];

    private static readonly Lazy<PostgresCluster> s_shared = new(() => new PostgresCluster([], DataOfItsOwnAsync));

    private readonly string[] _settings;
    private readonly Lazy<Task<int>> _port;

    // Held for as long as this lives: collected as garbage, it would close.
    private StreamWriter? _pipe;
    private int _databases;

    private PostgresCluster(string[] settings, Func<string, string, Task> makeData) =>
        (_settings, _port) = ([.. s_quick, .. settings], new(() => Task.Run(() => StartAsync(makeData))));

    /// <summary>The one cluster of this process. It starts when the first database is asked for.</summary>
    public static PostgresCluster Shared => s_shared.Value;

    /// <summary>One for a test that changes what all of it does; it may have standbys.</summary>
    public static PostgresCluster Replicated() => new(s_replicated, DataOfItsOwnAsync);

    /// <summary>A standby that follows another cluster.</summary>
    /// <param name="primary">Was made to have some.</param>
    /// <param name="name">How the primary knows it.</param>
    public static async Task<PostgresCluster> StandbyOfAsync(PostgresCluster primary, string name)
    {
        var port = await primary._port.Value;
        var standby = new PostgresCluster(s_replicated, (programs, data) => RunAsync([.. AsPostgres(), Path.Combine(programs, "pg_basebackup"), "--pgdata", data, "--write-recovery-conf",
            "--checkpoint=fast", "--no-sync", "--dbname", string.Create(CultureInfo.InvariantCulture, $"host=127.0.0.1 port={port} user=postgres application_name={name}")]));
        await standby._port.Value;
        return standby;
    }

    /// <summary>Makes an empty database and gives its URL.</summary>
    public Task<string> NewDatabaseAsync() => CopyAsync("template0");

    /// <summary>Makes a database that is as another one and gives its URL.</summary>
    /// <param name="database">The URL of one to which nobody is connected.</param>
    public Task<string> CopyOfAsync(string database) => CopyAsync(NameOf(database));

    /// <summary>Takes a database away, whoever is connected to it: two thousand of them would fill the memory.</summary>
    /// <param name="database">Its URL.</param>
    public async Task DropAsync(string database) => await RunSqlAsync(await _port.Value, $"drop database {NameOf(database)} with (force)");

    /// <summary>Runs a statement as an administrator.</summary>
    public async Task RunSqlAsync(string sql) => await RunSqlAsync(await _port.Value, sql);

    /// <summary>Asks as an administrator.</summary>
    /// <param name="sql">Gives one value or none.</param>
    public async Task<object?> AskAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Text(await _port.Value));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // statements of ours
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Where it listens, as in a URL.</summary>
    public async Task<string> HostAsync()
    {
        var port = await _port.Value;
        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
    }

    /// <summary>Ends it at once, as a crash would.</summary>
    public void Dispose() => _pipe?.Dispose();

    // From version 15 on, pages are copied through the log unless it is told otherwise, which takes twice the processor.
    private async Task<string> CopyAsync(string template)
    {
        var port = await _port.Value;
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await RunSqlAsync(port, $"create database {name} template {template}{(s_newest.Value.Version >= 15 ? " strategy file_copy" : "")}");
        return string.Create(CultureInfo.InvariantCulture, $"postgres://postgres@127.0.0.1:{port}/{name}");
    }

    private static string NameOf(string database) => new Uri(database).AbsolutePath[1..];

    private static async Task RunSqlAsync(int port, string sql)
    {
        await using var connection = new NpgsqlConnection(Text(port));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // names of ours
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static Task DataOfItsOwnAsync(string programs, string data) => RunAsync([.. AsPostgres(), Path.Combine(programs, "initdb"), "--pgdata", data,
        "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]);

    private async Task<int> StartAsync(Func<string, string, Task> makeData)
    {
        var programs = Programs();
        var folder = Directory.CreateTempSubdirectory("afterword-postgres-").FullName;
        if (Environment.IsPrivilegedProcess) await RunAsync("chown", "postgres:", folder);
        await makeData(programs, Path.Combine(folder, "data"));

        for (var attempt = 1; ; attempt++)
        {
            // Between our look and its start, someone else may take the port.
            var port = FreePort();
            if (await StartAsync(programs, folder, port)) return port;
            if (attempt == PortTries) throw new InvalidOperationException($"PostgreSQL did not start: {await File.ReadAllTextAsync(Path.Combine(folder, "log"))}");
        }
    }

    private async Task<bool> StartAsync(string programs, string folder, int port)
    {
        string[] server = [.. AsPostgres(), Path.Combine(programs, "postgres"), "-D", Path.Combine(folder, "data"),
            "-c", "listen_addresses=127.0.0.1", "-c", string.Create(CultureInfo.InvariantCulture, $"port={port}"),
            "-c", $"unix_socket_directories={folder}", "-c", "max_connections=300",
            .. _settings.SelectMany(setting => (string[])["-c", setting])];
        var watch = Process.Start(new ProcessStartInfo("bash", ["-c", Watch, "watch", folder, .. server]) { RedirectStandardInput = true })!;
        _pipe = watch.StandardInput;

        await using var source = NpgsqlDataSource.Create(Text(port));
        for (var poll = 0; poll < Polls && !watch.HasExited; poll++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync();
                return true;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(20);
            }
        }

        if (watch.HasExited) return false;

        watch.StandardInput.Close();
        throw new InvalidOperationException("PostgreSQL started and answered nobody.");
    }

    /// <summary>The folder of the newest version that is installed.</summary>
    public static string Programs() => s_newest.Value.Folder;

    private static readonly Lazy<(int Version, string Folder)> s_newest = new(FindNewest);

    private static (int Version, string Folder) FindNewest() =>
        (Directory.Exists(Installed) ? Directory.GetDirectories(Installed) : [])
            .Select(folder => (Version: int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0, Folder: Path.Combine(folder, "bin")))
            .Where(found => File.Exists(Path.Combine(found.Folder, "initdb")))
            .OrderByDescending(found => found.Version)
            .Cast<(int, string)?>()
            .FirstOrDefault()
        ?? throw new InvalidOperationException($"These tests need a PostgreSQL server, and there is none in {Installed}. On Debian: apt-get install postgresql");

    // PostgreSQL refuses to run as root.
    private static string[] AsPostgres() =>
        Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : [];

    /// <summary>A port that nobody listens on just now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int port) =>
        new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = "postgres", Database = "postgres", MaxPoolSize = 4 }.ToString();

    private static async Task RunAsync(params string[] command)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
            {
                RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
            })!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)}: {errors}{await output}");
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException($"{command[0]} cannot be run: {error.Message}", error);
        }
    }
}
