using System.Runtime.InteropServices;

namespace Afterword.Bench.Load;

/// <summary>The few system calls that the generator makes for each request. Linux only.</summary>
internal static unsafe partial class Libc
{
    public const uint Readable = 1;
    public const int Add = 1;
    public const int Again = 11;
    public const int Terminate = 15;

    // struct epoll_event is packed on x86-64 and nowhere else.
    public static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int s_dataOffset = EventSize - 8;

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, byte* events, int most, int millis);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int file, byte* into, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int file, byte* from, nint count);

    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int process, int signal);

    /// <summary>Has <paramref name="epoll"/> report when <paramref name="file"/> can be read, under the name <paramref name="data"/>.</summary>
    public static bool Watch(int epoll, int file, long data)
    {
        var request = stackalloc byte[16];
        *(uint*)request = Readable;
        *(long*)(request + s_dataOffset) = data;
        return EpollControl(epoll, Add, file, request) == 0;
    }

    public static long DataOf(byte* events, int index) => *(long*)(events + (index * EventSize) + s_dataOffset);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(int epoll, int operation, int file, byte* request);
}
