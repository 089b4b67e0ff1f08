using System.Runtime.InteropServices;

namespace Afterword.Server.Storage;

/// <summary>How long the machine has slept. Linux alone says so; elsewhere a sleep looks like a clock that was set.</summary>
internal static partial class MachineSleep
{
    // CLOCK_MONOTONIC stands still while the machine sleeps, CLOCK_BOOTTIME does not (clock_gettime(2)).
    private const int Monotonic = 1;
    private const int SinceBoot = 7;

    public static TimeSpan Total()
    {
        if (!OperatingSystem.IsLinux()) return TimeSpan.Zero;

        try
        {
            return Read(SinceBoot, out var boot) == 0 && Read(Monotonic, out var awake) == 0 ? boot.Length - awake.Length : TimeSpan.Zero;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return TimeSpan.Zero;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Read(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec
    {
        private readonly nint _seconds;
        private readonly nint _nanoseconds;

        public TimeSpan Length => TimeSpan.FromTicks((_seconds * TimeSpan.TicksPerSecond) + (_nanoseconds / 100));
    }
}
