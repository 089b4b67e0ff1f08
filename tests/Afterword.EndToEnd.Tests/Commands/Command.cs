using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Afterword.Server.Cli;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>One call of the command line and what came of it.</summary>
internal sealed record Command(int ExitCode, string Output, string Errors)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public string this[string property] => Json.GetProperty(property).GetString()!;

    /// <summary>Runs it within this process: all of it but the start, the signals and the streams of a process.</summary>
    public static async Task<Command> RunAsync(params string[] arguments)
    {
        await using var output = new StringWriter(CultureInfo.InvariantCulture);
        await using var errors = new StringWriter(CultureInfo.InvariantCulture);
        var code = await CommandLine.RunAsync(arguments, new InvocationConfiguration { Output = output, Error = errors, ProcessTerminationTimeout = null });
        return new(code, output.ToString(), errors.ToString());
    }

    /// <summary>Runs the built program.</summary>
    /// <param name="arguments">The verb and what follows it.</param>
    /// <param name="environment">What its environment has besides ours.</param>
    /// <param name="input">What it reads from stdin.</param>
    /// <param name="through">A program that runs it, with its arguments.</param>
    public static async Task<Command> RunProcessAsync(string[] arguments, IReadOnlyDictionary<string, string>? environment = null, string input = "", string[]? through = null)
    {
        using var process = Start(arguments, environment, through);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new(process.ExitCode, await output, await errors);
    }

    /// <summary>Starts the built program, which Ctrl+C interrupts even where a shell runs this process in the background and has it ignored.</summary>
    public static Process Start(string[] arguments, IReadOnlyDictionary<string, string>? environment = null, string[]? through = null)
    {
        var start = new ProcessStartInfo("env", ["--default-signal=INT", .. through ?? [], Path.Combine(AppContext.BaseDirectory, "afterword"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public Command Is(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"Exit code {ExitCode} instead of {exitCode}: {Errors}{Output}");
        return this;
    }
}
