using System.Diagnostics;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Faults;

/// <summary>A system call that fails on the files of a store, from the start of this to its end, for a server that runs.</summary>
internal sealed class DiskFault : IAsyncDisposable
{
    private const string Injected = "(INJECTED)";

    private readonly TestFolder _folder = TestFolder.Create("fault");
    private readonly Process _strace;

    private DiskFault(ServerProcess server, string store, string call, string error)
    {
        string[] options = ["-f", "-p", $"{server.Id}", "-o", File, .. Files(store).SelectMany(file => (string[])["-P", file]), "-e", $"trace={call}", "-e", $"inject={call}:error={error}"];
        _strace = Process.Start(new ProcessStartInfo("strace", options) { RedirectStandardError = true })!;
    }

    private string File => Path.Combine(_folder.Path, "calls");

    /// <summary>How often the call failed so far.</summary>
    public int Count => CountIn(File);

    public static async Task<DiskFault> BeginAsync(ServerProcess server, string store, string call, string error)
    {
        var fault = new DiskFault(server, store, call, error);
        while (await fault._strace.StandardError.ReadLineAsync() is { } line)
        {
            if (!line.Contains(" attached", StringComparison.Ordinal)) continue;

            _ = fault._strace.StandardError.ReadToEndAsync();
            return fault;
        }

        throw new InvalidOperationException("strace ended before it had begun.");
    }

    /// <summary>Ends it and says how often the call failed.</summary>
    public async Task<int> EndAsync()
    {
        if (!_strace.HasExited)
        {
            using var kill = Process.Start("bash", ["-c", $"kill -INT {_strace.Id}"]);
            await kill.WaitForExitAsync();
        }

        await _strace.WaitForExitAsync();
        return CountIn(File);
    }

    /// <summary>How many calls failed by order of a test, in what strace wrote.</summary>
    public static int CountIn(string file) => System.IO.File.ReadLines(file).Count(line => line.Contains(Injected, StringComparison.Ordinal));

    /// <summary>All that a store consists of.</summary>
    public static IEnumerable<string> Files(string store) =>
        ((string[])["afterword.db", "admissions.db"]).SelectMany(name => ((string[])["", "-wal", "-shm"]).Select(end => Path.Combine(store, name + end)));

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _strace.Dispose();
        _folder.Dispose();
    }
}
