using System.Diagnostics;
using System.Globalization;
using Afterword.Support;
using Npgsql;

namespace Afterword.Server.Tests.Faults;

/// <summary>A PostgreSQL server whose data lie on a small disk that can be filled. Its log of writes lies elsewhere: without room for that it would end.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Polls = 1_500;

    // In a mount namespace of its own. PostgreSQL refuses to run as root, which the one who mounts is there.
    private const string Mount =
        """
        mount -t tmpfs -o size=100m none "$1" && chmod 777 "$1" && exec unshare --user --map-user=1000 --map-group=1000 bash -c '
        "$4/initdb" --pgdata "$1/data" --waldir "$2/wal" --username postgres --auth trust --encoding UTF8 --no-locale --no-sync > /dev/null &&
        exec "$4/postgres" -D "$1/data" -c listen_addresses=127.0.0.1 -c port=$3 -c unix_socket_directories="$2"' run "$@"
        """;

    private readonly TestFolder _folder = TestFolder.Create("disk");
    private readonly Process _process;
    private readonly int _port = PostgresCluster.FreePort();

    public SmallDisk()
    {
        var (disk, log) = (Directory.CreateDirectory(Path.Combine(_folder.Path, "disk")).FullName, Directory.CreateDirectory(Path.Combine(_folder.Path, "log")).FullName);
        _process = Process.Start(new ProcessStartInfo(
            "unshare", ["--user", "--map-root-user", "--mount", "--kill-child", "bash", "-c", Mount, "mount", disk, log, _port.ToString(CultureInfo.InvariantCulture), PostgresCluster.Programs()])
        { RedirectStandardError = true })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    /// <summary>Waits for the server, and makes a database.</summary>
    /// <returns>Its URL; null where this machine lets no process mount a disk.</returns>
    public async Task<string?> DatabaseAsync()
    {
        for (var poll = 0; poll < Polls && !_process.HasExited; poll++)
        {
            try
            {
                await RunAsync("create database store");
                return string.Create(CultureInfo.InvariantCulture, $"postgres://postgres@127.0.0.1:{_port}/store");
            }
            catch (NpgsqlException)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }

        return null;
    }

    public Task FillAsync() => RunAsync("copy (select 1) to program 'cat > /dev/null; head -c 1G /dev/zero > filler 2> /dev/null || true'");

    public Task MakeRoomAsync() => RunAsync("copy (select 1) to program 'cat > /dev/null; rm filler'");

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _folder.Dispose();
    }

    private async Task RunAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_port};Username=postgres;Database=postgres"));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
