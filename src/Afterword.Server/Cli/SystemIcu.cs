using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Afterword.Server.Cli;

/// <summary>Looks for ICU, the library of languages, before the runtime needs it: without one that would end the process with a stack trace.</summary>
/// <remarks>Nothing here may ask for a culture, and so for ICU: not even by writing a number.</remarks>
internal static class SystemIcu
{
    // Those that the runtime takes, and where most systems are.
    private const int Oldest = 50;
    private const int Usual = 80;
    private const int Newest = 200;

    private const int StandardError = 2;

    /// <summary>Whether there is none, though one is needed. Other systems than Linux bring theirs.</summary>
    public static bool IsMissing => OperatingSystem.IsLinux() && !IsInvariant && !IsThere(Usual, Oldest) && !IsThere(Newest, Usual + 1);

    /// <summary>Says so.</summary>
    /// <returns>The exit code.</returns>
    public static int Complain()
    {
        // Past the console, which asks for a culture itself.
        using var handle = new SafeFileHandle(StandardError, ownsHandle: false);
        using var errors = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        errors.Write("Afterword needs ICU, the library that knows languages and mail domains, and this system has none. Install its package: libicu and a number on Debian and Ubuntu, libicu on Fedora, icu-libs and icu-data-full on Alpine.\n"u8);
        return ExitCode.Failed;
    }

    // Then StoreOptions says what is wrong.
    private static bool IsInvariant => Environment.GetEnvironmentVariable("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT") is "1" or "true" or "True" or "TRUE";

    private static bool IsThere(int newest, int oldest)
    {
        for (var version = newest; version >= oldest; version--)
        {
            if (NativeLibrary.TryLoad("libicuuc.so." + Digits(version), out _)) return true;
        }

        return false;
    }

    private static string Digits(int number) => (number < 10 ? "" : Digits(number / 10)) + (char)('0' + (number % 10));
}
