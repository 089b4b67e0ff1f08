using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Afterword.Server.Storage;

/// <summary>A key that encrypts the key ring (AES-256-GCM).</summary>
/// <param name="Id">The beginning of the key's hash: names it in the ring and in messages, and tells nothing of it.</param>
internal sealed record MasterKey(string Id, byte[] Key)
{
    public const int Length = 32;

    public static MasterKey Of(byte[] key) => new(Convert.ToHexStringLower(SHA256.HashData([.. "afterword key file"u8, .. key]).AsSpan(0, 6)), key);

    /// <summary>Gives nonce, tag and what was encrypted, one behind the other.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plain)
    {
        var box = new byte[AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize + plain.Length];
        var (nonce, tag, content) = Parts(box);
        RandomNumberGenerator.Fill(box.AsSpan(nonce));
        using var aes = new AesGcm(Key, AesGcm.TagByteSizes.MaxSize);
        aes.Encrypt(box.AsSpan(nonce), plain, box.AsSpan(content), box.AsSpan(tag), Encoding.ASCII.GetBytes(Id));
        return box;
    }

    /// <exception cref="CryptographicException">It was made with another key, or changed.</exception>
    public byte[] Open(byte[] box)
    {
        var (nonce, tag, content) = Parts(box);
        var plain = new byte[box.AsSpan(content).Length];
        using var aes = new AesGcm(Key, AesGcm.TagByteSizes.MaxSize);
        aes.Decrypt(box.AsSpan(nonce), box.AsSpan(content), box.AsSpan(tag), plain, Encoding.ASCII.GetBytes(Id));
        return plain;
    }

    private static (Range Nonce, Range Tag, Range Content) Parts(byte[] box)
    {
        var (nonce, tag) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
        if (box.Length < nonce + tag) throw new CryptographicException("It is too short.");
        return (..nonce, nonce..(nonce + tag), (nonce + tag)..);
    }
}

/// <summary>The keys of the file that <c>Secrets:KeyFile</c> names, one a line: the first encrypts, all decrypt.</summary>
internal sealed class MasterKeys
{
    private const long MostBytes = 64 * 1024;

    private readonly Dictionary<string, MasterKey> _all;

    private MasterKeys(string path, IReadOnlyList<MasterKey> keys) => (Path, First, _all) = (path, keys[0], keys.DistinctBy(key => key.Id).ToDictionary(key => key.Id));

    public string Path { get; }

    /// <summary>The one that encrypts.</summary>
    public MasterKey First { get; }

    public IEnumerable<string> Ids => _all.Keys;

    public MasterKey? Find(string id) => _all.GetValueOrDefault(id);

    /// <exception cref="InvalidOperationException">The file is missing, can be read by others, or holds no keys; the message says how to mend it.</exception>
    public static MasterKeys Read(string path)
    {
        if (!File.Exists(path)) throw new InvalidOperationException($"There is no key file {path} (Secrets:KeyFile). Restore it; or, for a store that has none yet, make one: afterword secrets make-key {path}");
        if (PrivateFile.IsOpenToOthers(path))
        {
            throw new InvalidOperationException($"The key file {path} can be used by others than its owner. Close it: chmod 600 {path}");
        }

        if (new FileInfo(path).Length > MostBytes) throw new InvalidOperationException($"{path} (Secrets:KeyFile) is too long for a key file.");

        var keys = new List<MasterKey>();
        foreach (var (line, number) in File.ReadLines(path).Select((line, i) => (line.Trim(), i + 1)).Where(one => one.Item1 is { Length: > 0 } and not ['#', ..]))
        {
            if (!Base64.IsValid(line, out var length) || length != MasterKey.Length)
            {
                throw new InvalidOperationException(
                    FormattableString.Invariant($"Line {number} of the key file {path} is no key: each is {MasterKey.Length} random bytes in base64. Make a file with: afterword secrets make-key FILE"));
            }

            keys.Add(MasterKey.Of(Convert.FromBase64String(line)));
        }

        return keys.Count > 0 ? new(path, keys) : throw new InvalidOperationException($"The key file {path} is empty. Restore it, or make one: afterword secrets make-key FILE");
    }

    /// <summary>Makes a file with a new key, or puts a new key before those of a file.</summary>
    /// <returns>The new key's id.</returns>
    /// <exception cref="IOException">There is a file, and no key is to be added to it; or it cannot be written.</exception>
    public static string Write(string path, bool add)
    {
        var key = RandomNumberGenerator.GetBytes(MasterKey.Length);
        var before = add ? File.ReadAllText(path) : "";
        var beside = $"{path}.new";

        // One that a crash left behind was never in use. A link is taken away, not followed.
        if (add) File.Delete(beside);
        using (var file = PrivateFile.Open(add ? beside : path, FileMode.CreateNew, FileShare.None))
        {
            file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + "\n"));
            file.Write(Encoding.UTF8.GetBytes(before));
            file.Flush(flushToDisk: true);
        }

        // All of it or nothing: a file that was cut off would lose the keys that it had.
        if (add) File.Move(beside, path, overwrite: true);
        return MasterKey.Of(key).Id;
    }
}
