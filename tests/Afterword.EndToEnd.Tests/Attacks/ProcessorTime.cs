using System.Runtime.InteropServices;

namespace Afterword.EndToEnd.Tests.Attacks;

/// <summary>The processor time that another process has used, to the nanosecond; .NET's own metric moves in steps of ten milliseconds.</summary>
internal static partial class ProcessorTime
{
    public static TimeSpan Of(int process)
    {
        // clock_getcpuclockid(3) of glibc and musl: the number of a process's clock is its id, inverted, and 2 for all of its threads.
        if (Read((~process << 3) | 2, out var time) != 0) throw new InvalidOperationException($"The clock of process {process} cannot be read.");

        return TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100));
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int Read(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
