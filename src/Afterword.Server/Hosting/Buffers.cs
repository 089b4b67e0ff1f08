using System.Buffers;
using System.Collections.Concurrent;

namespace Afterword.Server.Hosting;

/// <summary>Buffers for answers, kept between requests.</summary>
internal static class Buffers
{
    // An answer of the usual size fits; what a rare large one has claimed is given back.
    private const int KeptCapacity = 128 * 1024;

    private static readonly ConcurrentBag<ArrayBufferWriter<byte>> s_idle = [];

    public static ArrayBufferWriter<byte> Rent() => s_idle.TryTake(out var buffer) ? buffer : new ArrayBufferWriter<byte>(4096);

    public static void Return(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > KeptCapacity) return;

        buffer.ResetWrittenCount();
        s_idle.Add(buffer);
    }
}
