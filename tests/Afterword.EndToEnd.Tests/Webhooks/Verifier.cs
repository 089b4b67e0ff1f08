using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Webhooks;

/// <summary>The npm package standardwebhooks, which knows nothing of this program.</summary>
internal static class Verifier
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Webhooks", "verifier");

    // Once for all tests, which run at the same time.
    private static readonly Lazy<Task> s_installed = new(() =>
        Directory.Exists(Path.Combine(s_folder, "node_modules")) ? Task.CompletedTask : RunAsync("npm", ["ci", "--no-audit", "--no-fund"], ""));

    /// <summary>Says of each request whether it is genuine: "ok", or what is wrong.</summary>
    public static async Task<string[]> JudgeAsync(params IEnumerable<(string Secret, Received Got)> requests)
    {
        await s_installed.Value;

        var lines = requests.Select(one => JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["secret"] = one.Secret, ["id"] = one.Got.Id, ["timestamp"] = one.Got.Timestamp.ToString(CultureInfo.InvariantCulture), ["signature"] = one.Got.Signature,
            ["body"] = Encoding.UTF8.GetString(one.Got.Body),
        }));
        return (await RunAsync("node", ["verify.js"], string.Join('\n', lines))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task<string> RunAsync(string program, string[] arguments, string input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = s_folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await errors}");
        return await output;
    }
}
