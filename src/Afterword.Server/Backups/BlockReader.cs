using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Afterword.Server.Backups;

/// <summary>Reads the container and believes nothing: a block whose checksum does not fit is refused with its place.</summary>
/// <remarks>Reads synchronously, since what is filled from it runs on the thread of its engine.</remarks>
internal sealed class BlockReader : IDisposable
{
    private const int MostOfFirstLine = 40;

    private readonly Stream _stream;
    private readonly Func<string?> _passphrase;
    private readonly byte[] _head = new byte[BackupFormat.HeadLength];
    private readonly byte[] _stated = new byte[BackupFormat.ChecksumLength];
    private BackupKey? _key;
    private byte[] _checksum = [];
    private byte[] _stored = [];
    private byte[] _compressed = [];
    private byte[] _plain = [];
    private ulong _number;

    /// <param name="stream">The file.</param>
    /// <param name="passphrase">Asked for only when the file is encrypted.</param>
    public BlockReader(Stream stream, Func<string?> passphrase) => (_stream, _passphrase) = (stream, passphrase);

    /// <summary>How much of the file was read.</summary>
    public long Position { get; private set; }

    public bool IsEncrypted => _key is not null;

    /// <summary>Reads the first line, and how the file is encrypted if it is.</summary>
    /// <exception cref="BackupException">It is no backup, one of a newer version, or damaged; or the passphrase is missing or wrong.</exception>
    public void Begin()
    {
        var line = new List<byte>(MostOfFirstLine);
        do line.Add(Byte());
        while (line[^1] != '\n' && line.Count < MostOfFirstLine);

        var mark = BackupFormat.Mark;
        var first = line.ToArray();
        if (!first.AsSpan().StartsWith(mark)) throw new BackupException("This is no backup of Afterword: it does not begin as one does (byte 0).");
        if (!int.TryParse(first.AsSpan(mark.Length..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version < 1 || first[^1] != '\n') throw Damaged(0);
        if (version > BackupFormat.Version) throw new BackupException($"The backup has format {version} and was made by a newer version; this one reads format {BackupFormat.Version} (byte {mark.Length}).");

        _checksum = SHA256.HashData(first);
    }

    /// <summary>Reads the next block; its content is valid until the one after it.</summary>
    /// <exception cref="BackupException">It is damaged, or the file ends; or the passphrase is missing or wrong.</exception>
    public (BlockKind Kind, ReadOnlyMemory<byte> Content) Read()
    {
        while (true)
        {
            var start = Position;
            Fill(_head);
            var kind = (BlockKind)_head[0];
            var (length, plainLength) = (BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(1)), BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(1 + sizeof(uint))));
            if (!Enum.IsDefined(kind) || plainLength > BackupFormat.MostIn(kind) || length > BrotliEncoder.GetMaxCompressedLength(BackupFormat.MostIn(kind)) + BackupKey.Overhead) throw Damaged(start);

            ReadStored((int)length);
            var stored = _stored.AsSpan(0, (int)length);
            Fill(_stated);
            if (!Follows(stored)) throw Damaged(start);

            if (kind == BlockKind.Key)
            {
                if (_number > 0) throw Damaged(start);
                _key = BackupKey.Open(_passphrase() ?? throw new BackupException("The backup is encrypted. Give its passphrase: --passphrase-file FILE, or AFTERWORD_Backup__Passphrase."), stored);
                _number++;
                continue;
            }

            Unpack(stored, (int)plainLength, start);
            _number++;
            return (kind, _plain.AsMemory(0, (int)plainLength));
        }
    }

    /// <summary>Sees that nothing follows.</summary>
    /// <exception cref="BackupException">Something does.</exception>
    public void End()
    {
        if (_stream.ReadByte() >= 0) throw new BackupException(string.Create(CultureInfo.InvariantCulture, $"The backup is damaged: something follows its end (byte {Position:N0})."));
    }

    public void Dispose() => _key?.Dispose();

    public static BackupException Damaged(long start) =>
        new(string.Create(CultureInfo.InvariantCulture, $"The backup is damaged: the block that begins at byte {start:N0} was changed. Take another backup."));

    private bool Follows(ReadOnlySpan<byte> stored)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_checksum);
        hash.AppendData(_head);
        hash.AppendData(stored);
        _checksum = hash.GetHashAndReset();
        return _checksum.AsSpan().SequenceEqual(_stated);
    }

    private void Unpack(ReadOnlySpan<byte> stored, int plainLength, long start)
    {
        var compressed = stored;
        if (_key is not null)
        {
            if (stored.Length < BackupKey.Overhead) throw Damaged(start);
            var content = stored[..^BackupKey.Overhead];
            if (_compressed.Length < content.Length) _compressed = new byte[content.Length];
            try
            {
                _key.Open(_number, _head, content, stored[content.Length..], _compressed.AsSpan(0, content.Length));
            }
            catch (AuthenticationTagMismatchException)
            {
                throw Damaged(start);
            }

            compressed = _compressed.AsSpan(0, content.Length);
        }

        if (_plain.Length < plainLength) _plain = new byte[plainLength];
        if (!BrotliDecoder.TryDecompress(compressed, _plain.AsSpan(0, plainLength), out var written) || written != plainLength) throw Damaged(start);
    }

    // A length that was changed must not cost memory that the file does not fill.
    private void ReadStored(int length)
    {
        var read = 0;
        while (read < length)
        {
            var next = Math.Min(length, Math.Max(read + BackupFormat.BlockLength, _stored.Length));
            if (_stored.Length < next) Array.Resize(ref _stored, next);
            Fill(_stored.AsSpan(read, next - read));
            read = next;
        }
    }

    private byte Byte()
    {
        Span<byte> one = stackalloc byte[1];
        Fill(one);
        return one[0];
    }

    private void Fill(Span<byte> buffer)
    {
        var read = _stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        Position += read;
        if (read < buffer.Length) throw new BackupException(string.Create(CultureInfo.InvariantCulture, $"The backup is cut off: it ends at byte {Position:N0}, before its end. Take another backup."));
    }
}
