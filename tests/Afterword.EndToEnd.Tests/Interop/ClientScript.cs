using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace Afterword.EndToEnd.Tests.Interop;

/// <summary>A client library at work in a process of its own: it writes one line of JSON per step, and reads what a person would hand to it.</summary>
internal sealed class ClientScript : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = new();

    private ClientScript(ProcessStartInfo start)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        _process = new Process { StartInfo = start };
        _process.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _process.Start();
        _process.BeginErrorReadLine();
    }

    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">What its environment has besides ours.</param>
    public static ClientScript Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1));
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new(start);
    }

    /// <summary>Runs a command to its end.</summary>
    /// <returns>What it wrote.</returns>
    public static async Task<string> RunAsync(string folder, params string[] command)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)}: {errors}{await output}");
            return await output;
        }
        catch (Win32Exception error)
        {
            Assert.Fail($"{command[0]} cannot be run: {error.Message}");
            throw;
        }
    }

    /// <summary>What the client found at its next step, which must be this one.</summary>
    public async Task<JsonElement> StepAsync(string name)
    {
        var line = await _process.StandardOutput.ReadLineAsync();
        Assert.True(line is not null, $"The client ended before \"{name}\": {string.Join('\n', _errors)}");

        using var json = JsonDocument.Parse(line);
        Assert.True(json.RootElement.GetProperty("step").GetString() == name, $"\"{name}\" was to come next, and not {line}");
        return json.RootElement.Clone();
    }

    /// <summary>What the client complained of when it ended without one step done.</summary>
    public async Task<string> FailureAsync()
    {
        Assert.Equal("", await _process.StandardOutput.ReadToEndAsync());
        await _process.WaitForExitAsync();
        return string.Join('\n', _errors);
    }

    public async Task TellAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        _process.Dispose();
    }

    private void OnExit(object? sender, EventArgs e) => _process.Kill();
}
