using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Afterword.Bench.Load;

/// <summary>Requests prepared before a run, as they go over the wire: each behind its length in four bytes.</summary>
internal sealed unsafe class RequestFile : IDisposable
{
    private readonly byte* _bytes;
    private readonly long[] _starts;

    private RequestFile(byte* bytes, long[] starts)
    {
        _bytes = bytes;
        _starts = starts;
    }

    public int Count => _starts.Length;

    /// <summary>Makes <paramref name="count"/> requests on all cores and writes them in order.</summary>
    public static void Write(string path, int count, Func<int, byte[]> make)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Span<byte> length = stackalloc byte[4];
        foreach (var request in ParallelEnumerable.Range(0, count).AsOrdered().Select(make))
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, request.Length);
            file.Write(length);
            file.Write(request);
        }
    }

    /// <summary>Reads the file into memory that is touched already, so that the run meets no page fault.</summary>
    public static RequestFile Load(string path)
    {
        using var file = File.OpenHandle(path);
        var size = RandomAccess.GetLength(file);
        var bytes = (byte*)NativeMemory.Alloc((nuint)size);
        for (long at = 0; at < size;)
        {
            at += RandomAccess.Read(file, new Span<byte>(bytes + at, (int)Math.Min(1 << 20, size - at)), at);
        }

        var starts = new List<long>();
        for (long at = 0; at < size; at += 4 + *(int*)(bytes + at)) starts.Add(at);
        return new(bytes, [.. starts]);
    }

    public byte* At(int index, out int length)
    {
        var at = _bytes + _starts[index];
        length = *(int*)at;
        return at + 4;
    }

    public void Dispose() => NativeMemory.Free(_bytes);
}
