using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Afterword.Server.Backups;

/// <summary>Writes the container: compressed blocks, each with a checksum over itself and all before it.</summary>
internal sealed class BlockWriter
{
    // Above one, Brotli is slower than the disk; below, a file is a third longer.
    private const int Quality = 1;
    private const int Window = 20;

    private readonly Stream _stream;
    private readonly BackupKey? _key;
    private readonly byte[] _head = new byte[BackupFormat.HeadLength];
    private byte[] _checksum;
    private byte[] _stored = [];
    private byte[] _sealed = [];
    private ulong _number;

    public BlockWriter(Stream stream, BackupKey? key)
    {
        (_stream, _key) = (stream, key);
        byte[] first = [.. BackupFormat.Mark, .. Encoding.ASCII.GetBytes($"{BackupFormat.Version}\n")];
        _checksum = SHA256.HashData(first);
        Put(first);
        if (key is not null) Write(BlockKind.Key, key.Parameters);
    }

    /// <summary>How long the file is so far.</summary>
    public long Length { get; private set; }

    public void Write(BlockKind kind, ReadOnlySpan<byte> plain)
    {
        var stored = kind == BlockKind.Key ? plain : Encrypted(kind, plain.Length, Compressed(plain));
        SetHead(kind, stored.Length, plain.Length);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_checksum);
        hash.AppendData(_head);
        hash.AppendData(stored);
        _checksum = hash.GetHashAndReset();
        Put(_head);
        Put(stored);
        Put(_checksum);
        _number++;
    }

    private ReadOnlySpan<byte> Compressed(ReadOnlySpan<byte> plain)
    {
        Grow(ref _stored, BrotliEncoder.GetMaxCompressedLength(plain.Length));
        if (!BrotliEncoder.TryCompress(plain, _stored, out var length, Quality, Window)) throw new InvalidOperationException("A block could not be compressed.");
        return _stored.AsSpan(0, length);
    }

    private ReadOnlySpan<byte> Encrypted(BlockKind kind, int plainLength, ReadOnlySpan<byte> compressed)
    {
        if (_key is null) return compressed;

        var length = compressed.Length + BackupKey.Overhead;
        Grow(ref _sealed, length);
        SetHead(kind, length, plainLength);
        _key.Seal(_number, _head, compressed, _sealed.AsSpan(0, compressed.Length), _sealed.AsSpan(compressed.Length, BackupKey.Overhead));
        return _sealed.AsSpan(0, length);
    }

    private void SetHead(BlockKind kind, int stored, int plain)
    {
        _head[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(_head.AsSpan(1), stored);
        BinaryPrimitives.WriteInt32LittleEndian(_head.AsSpan(1 + sizeof(uint)), plain);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        Length += bytes.Length;
    }

    private static void Grow(ref byte[] buffer, int length)
    {
        if (buffer.Length < length) buffer = new byte[length];
    }
}
