using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace Afterword.Client.Tests.Webhooks;

/// <summary>A program as a process of its own. It is killed when it is disposed of, or else when the test process ends.</summary>
internal sealed partial class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<string> _errors = new();

    public RunningProgram(string folder, string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
            },
        };
        foreach (var (name, value) in environment) _process.StartInfo.Environment[name] = value;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text) _lines.Writer.TryWrite(text);
            else _lines.Writer.TryComplete();
        };
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text) _errors.Enqueue(text);
        };
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Everything it wrote to stderr; complete once it has ended.</summary>
    public string Errors => string.Join('\n', _errors);

    /// <summary>Waits until it says where it listens, and gives that address.</summary>
    public async Task<Uri> ListeningAsync()
    {
        while (true)
        {
            if (Address().Match(await LineAsync()) is { Success: true } match) return new Uri(match.Value);
        }
    }

    /// <summary>Writes a line to its stdin and waits for one from its stdout.</summary>
    public async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        return await LineAsync();
    }

    /// <summary>Sends SIGKILL, waits for the end and gives the lines that nobody has read yet.</summary>
    public async Task<IReadOnlyList<string>> KillAsync()
    {
        _process.Kill();
        await EndAsync();
        return await RestAsync();
    }

    /// <summary>The lines that nobody has read yet, up to its end.</summary>
    public async Task<IReadOnlyList<string>> RestAsync() => await _lines.Reader.ReadAllAsync().ToListAsync();

    /// <summary>Waits until it ends by itself and gives the exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        _process.Dispose();
    }

    private async Task<string> LineAsync()
    {
        if (await _lines.Reader.WaitToReadAsync(TestContext.Current.CancellationToken)) return await _lines.Reader.ReadAsync();

        throw new InvalidOperationException($"{_process.StartInfo.FileName} ended with {await EndAsync()}: {Errors}");
    }

    private void OnExit(object? sender, EventArgs e) => _process.Kill();

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
