using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Afterword.Server.Backups;

/// <summary>The key of one encrypted backup: made from a passphrase and a salt that no other file has.</summary>
internal sealed class BackupKey : IDisposable
{
    public const int Overhead = 16;

    // PBKDF2-HMAC-SHA512, three times what OWASP asks for: it is done once a file.
    private const int Rounds = 600_000;
    private const int MostRounds = 10_000_000;
    private const int SaltLength = 16;
    private const int ParametersLength = sizeof(int) + SaltLength + Overhead;

    // No block has this number.
    private const ulong CheckNumber = ulong.MaxValue;

    private readonly AesGcm _aes;

    private BackupKey(string passphrase, ReadOnlySpan<byte> salt, int rounds)
    {
        var key = Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, rounds, HashAlgorithmName.SHA512, 32);
        _aes = new AesGcm(key, Overhead);
        CryptographicOperations.ZeroMemory(key);
        Parameters = new byte[ParametersLength];
        BinaryPrimitives.WriteInt32LittleEndian(Parameters, rounds);
        salt.CopyTo(Parameters.AsSpan(sizeof(int)));
        Seal(CheckNumber, [], [], [], Parameters.AsSpan(sizeof(int) + SaltLength));
    }

    /// <summary>Rounds, salt, and a tag by which a wrong passphrase shows at once.</summary>
    public byte[] Parameters { get; }

    public static BackupKey Make(string passphrase, int rounds = Rounds) => new(passphrase, RandomNumberGenerator.GetBytes(SaltLength), rounds);

    /// <exception cref="BackupException">The passphrase is another one.</exception>
    public static BackupKey Open(string passphrase, ReadOnlySpan<byte> parameters)
    {
        var rounds = parameters.Length == ParametersLength ? BinaryPrimitives.ReadInt32LittleEndian(parameters) : 0;
        if (rounds is < 1 or > MostRounds) throw new BackupException("The backup is encrypted in a way that this version does not know.");

        var key = new BackupKey(passphrase, parameters.Slice(sizeof(int), SaltLength), rounds);
        if (CryptographicOperations.FixedTimeEquals(parameters, key.Parameters)) return key;

        key.Dispose();
        throw new BackupException("The passphrase is wrong.");
    }

    /// <param name="number">Of the block; no two of a file have the same.</param>
    /// <param name="head">The head of the block, which is not encrypted but cannot be changed.</param>
    /// <param name="plain">What is encrypted.</param>
    /// <param name="cipher">As long as that.</param>
    /// <param name="tag"><see cref="Overhead"/> bytes.</param>
    public void Seal(ulong number, ReadOnlySpan<byte> head, ReadOnlySpan<byte> plain, Span<byte> cipher, Span<byte> tag) =>
        _aes.Encrypt(NonceOf(number), plain, cipher, tag, head);

    /// <exception cref="AuthenticationTagMismatchException">It was changed.</exception>
    public void Open(ulong number, ReadOnlySpan<byte> head, ReadOnlySpan<byte> cipher, ReadOnlySpan<byte> tag, Span<byte> plain) =>
        _aes.Decrypt(NonceOf(number), cipher, tag, plain, head);

    public void Dispose() => _aes.Dispose();

    // The key is of this file alone, so a counter is enough, and safer than chance.
    private static byte[] NonceOf(ulong number)
    {
        var nonce = new byte[AesGcm.NonceByteSizes.MaxSize];
        BinaryPrimitives.WriteUInt64LittleEndian(nonce, number);
        return nonce;
    }
}
