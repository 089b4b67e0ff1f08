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

    /// <summary>Says of each request whether it is genuine: "ok", or what is wrong.</summary>
    public static async Task<string[]> JudgeAsync(string secret, params IEnumerable<Received> requests)
    {
        if (!Directory.Exists(Path.Combine(s_folder, "node_modules"))) await RunAsync("npm", ["ci", "--no-audit", "--no-fund"], "");

        var lines = requests.Select(got => JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["secret"] = secret, ["id"] = got.Id, ["timestamp"] = got.Timestamp.ToString(CultureInfo.InvariantCulture), ["signature"] = got.Signature,
            ["body"] = Encoding.UTF8.GetString(got.Body),
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
