using System.Diagnostics;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>Runs scripts that mount what nobody else sees.</summary>
internal static class OwnMounts
{
    private static readonly Lazy<bool> s_areAllowed = new(() => RunAsync("mount -t tmpfs none /mnt").GetAwaiter().GetResult().Code == 0);

    /// <summary>Skips the test where the machine lets no process mount anything.</summary>
    public static void Need() => Assert.SkipUnless(s_areAllowed.Value, "This machine lets no process mount a disk of its own.");

    public static async Task<(int Code, string Errors)> RunAsync(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("unshare", ["--user", "--map-root-user", "--mount", "bash", "-c", script]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = "/" })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        return (process.ExitCode, errors);
    }
}
