using System.Diagnostics;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>Whether this machine lets a process look at another's system calls, and change what they answer.</summary>
internal static class Strace
{
    private static readonly Lazy<bool> s_mayTrace = new(() =>
    {
        try
        {
            using var strace = Process.Start(new ProcessStartInfo("strace", ["-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"]) { RedirectStandardError = true })!;
            strace.StandardError.ReadToEnd();
            strace.WaitForExit();
            return strace.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    });

    /// <summary>Skips a test where it cannot be done.</summary>
    public static void SkipUnlessItMayTrace() => Assert.SkipUnless(s_mayTrace.Value, "This machine has no strace, or lets it trace no process.");

    /// <inheritdoc cref="SkipUnlessItMayTrace"/>
    public static bool MayTrace => s_mayTrace.Value;
}
