using System.Buffers;
using Microsoft.Extensions.ObjectPool;

namespace Afterword.Server.Hosting.Transport;

/// <summary>Buffers for answers, kept between requests.</summary>
internal static class Buffers
{
    // An answer of the usual size fits; what a rare large one has claimed is given back, and so is what a flood has needed.
    private const int KeptCapacity = 128 * 1024;
    private const int MostIdle = 64;

    private static readonly DefaultObjectPool<ArrayBufferWriter<byte>> s_idle = new(new Policy(), MostIdle);

    public static ArrayBufferWriter<byte> Rent() => s_idle.Get();

    public static void Return(ArrayBufferWriter<byte> buffer) => s_idle.Return(buffer);

    private sealed class Policy : PooledObjectPolicy<ArrayBufferWriter<byte>>
    {
        public override ArrayBufferWriter<byte> Create() => new(4096);

        public override bool Return(ArrayBufferWriter<byte> obj)
        {
            obj.ResetWrittenCount();
            return obj.Capacity <= KeptCapacity;
        }
    }
}
