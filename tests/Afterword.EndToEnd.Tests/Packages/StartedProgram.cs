using System.Diagnostics;
using System.Net;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>A server that was started out of an artifact, in whatever way that takes.</summary>
internal sealed class StartedProgram : IAsyncDisposable
{
    private const string ListeningOn = "Listening on ";

    private readonly Process _process;
    private Task<string> _rest = Task.FromResult("");

    private StartedProgram(Process process) => _process = process;

    /// <summary>Where it listens.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>What it said before that.</summary>
    public IReadOnlyList<string> Said { get; private set; } = [];

    /// <summary>Starts it and waits until it says where it listens. Fails with its own words.</summary>
    public static async Task<StartedProgram> StartAsync(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        var process = Process.Start(start)!;
        var started = new StartedProgram(process);
        var errors = process.StandardError.ReadToEndAsync();
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (!line.StartsWith(ListeningOn, StringComparison.Ordinal))
            {
                said.Add(line);
                continue;
            }

            (started.Url, started.Said) = (new Uri(line.Split(' ')[2].TrimEnd(';')), said);
            started._rest = process.StandardOutput.ReadToEndAsync();
            return started;
        }

        Assert.Fail($"It did not start: {string.Join('\n', said)}\n{await errors}");
        return started;
    }

    /// <summary>Sees that it answers out of its store.</summary>
    public async Task IsReadyAsync()
    {
        using var http = new HttpClient();
        using var ready = await http.GetAsync(new Uri(Url, "/healthz/ready"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    /// <summary>Sends SIGTERM, waits for the end and gives the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("bash", ["-c", $"kill -TERM {_process.Id}"]);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await _rest;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
