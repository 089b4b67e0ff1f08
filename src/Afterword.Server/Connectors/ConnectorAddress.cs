using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Afterword.Server.Connectors;

/// <summary>The capability in a connector's address. It names sender and connector beside 160 secret bits, of which the hash alone is stored.</summary>
/// <remarks>So that finding it is one read by primary key, as with the link of a card.</remarks>
internal readonly record struct ConnectorAddress(long SenderId, long Id, ReadOnlyMemory<byte> Secret)
{
    private const int SecretLength = 20;
    private const int Length = 8 + 8 + SecretLength;
    private const int TextLength = Length / 3 * 4;

    // The ids alone, but for their last bits: those who have set up several can tell them apart, and nobody can use it.
    private const int TellingLength = 21;

    /// <summary>The path, up to the token.</summary>
    public const string PathPrefix = "/in/";

    public static ConnectorAddress New(long sender, long id) => new(sender, id, RandomNumberGenerator.GetBytes(SecretLength));

    public static bool TryParse(string? token, out ConnectorAddress address)
    {
        address = default;
        if (token is not { Length: TextLength } || !Base64Url.IsValid(token)) return false;

        Span<byte> bytes = stackalloc byte[Length];
        if (!Base64Url.TryDecodeFromChars(token, bytes, out var read) || read != Length) return false;

        address = new(BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[8..]), bytes[16..].ToArray());
        return true;
    }

    public byte[] Hash() => SHA256.HashData(Secret.Span);

    public bool Opens(byte[] hash) => CryptographicOperations.FixedTimeEquals(Hash(), hash);

    /// <summary>How the address of a connector begins, without anything secret.</summary>
    public static string BeginningOf(long sender, long id) => PathPrefix + new ConnectorAddress(sender, id, new byte[SecretLength]).ToString()[..TellingLength] + "…";

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, SenderId);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], Id);
        Secret.Span.CopyTo(bytes[16..]);
        return Base64Url.EncodeToString(bytes);
    }
}
