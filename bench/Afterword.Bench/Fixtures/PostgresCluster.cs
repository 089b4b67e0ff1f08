using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Afterword.Bench.Fixtures;

/// <summary>A PostgreSQL of its own in a temporary folder: the defaults, 512 MB of shared buffers, every commit synced.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private readonly string _folder;
    private readonly int _port;

    private PostgresCluster(string folder, int port) => (_folder, _port) = (folder, port);

    public int Port => _port;

    public string Version { get; private set; } = "";

    /// <summary>Where the newest installed version keeps its programs; null when there is none.</summary>
    public static string? Programs => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Select(folder => Path.Combine(folder, "bin")).FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : null;

    public static async Task<PostgresCluster> StartAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var cluster = new PostgresCluster(folder, ChildProcess.FreeAddress().Port);
        var data = Path.Combine(folder, "data");
        if (Environment.UserName == "root") await RunAsync("chown", "postgres", folder);
        await AsOwnerAsync("initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8");

        // More connections than the default, since server and pgbench are both connected; they take turns.
        var settings = string.Create(
            CultureInfo.InvariantCulture,
            $"-c port={cluster._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=200 -c shared_buffers=512MB -c fsync=on -c synchronous_commit=on");
        await AsOwnerAsync("pg_ctl", "-D", data, "-w", "-l", Path.Combine(folder, "log"), "-o", settings, "start");
        await using var connection = await cluster.ConnectAsync("postgres");
        cluster.Version = connection.PostgreSqlVersion.ToString();
        return cluster;
    }

    /// <summary>The address of a new, empty database, as the server takes it.</summary>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await using var connection = await ConnectAsync("postgres");
        await using var create = connection.CreateCommand();
#pragma warning disable CA2100 // a constant of this project
        create.CommandText = $"create database {name}";
#pragma warning restore CA2100
        await create.ExecuteNonQueryAsync();
        return string.Create(CultureInfo.InvariantCulture, $"postgres://bench@127.0.0.1:{_port}/{name}");
    }

    public async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = await ConnectAsync(database);
        await using var command = connection.CreateCommand();
        command.CommandTimeout = 0;
#pragma warning disable CA2100 // a constant of this project
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync() => await AsOwnerAsync("pg_ctl", "-D", Path.Combine(_folder, "data"), "-m", "fast", "-w", "stop");

    /// <summary>Runs a program to its end and gives what it wrote.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/", RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} failed: {await errors} {await output}");

        return await output;
    }

    // PostgreSQL refuses to run as root.
    private static async Task AsOwnerAsync(string program, params string[] arguments)
    {
        var file = Path.Combine(Programs ?? throw new InvalidOperationException("PostgreSQL is not installed."), program);
        var root = Environment.UserName == "root";

        await RunAsync(root ? "runuser" : file, root ? ["-u", "postgres", "--", file, .. arguments] : arguments);
    }

    private async Task<NpgsqlConnection> ConnectAsync(string database)
    {
        var connection = new NpgsqlConnection(string.Create(
            CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_port};Username=bench;Database={database};Pooling=false"));
        await connection.OpenAsync();
        return connection;
    }
}
