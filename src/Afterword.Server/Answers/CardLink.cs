using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Afterword.Server.Answers;

/// <summary>The capability behind a card's link: whoever has it may see the question and answer it.</summary>
/// <remarks>
/// It names sender and prompt beside its 160 secret bits, so that opening a card is one read by primary key. Only a hash of
/// the secret is stored. One round of SHA-256 is enough for it: stretching protects what people choose, not random bits.
/// </remarks>
internal readonly record struct CardLink(long SenderId, long PromptId, ReadOnlyMemory<byte> Secret)
{
    private const int SecretLength = 20;
    private const int Length = 8 + 8 + SecretLength;
    private const int TextLength = Length / 3 * 4;

    // A full stop, a closing quotation and a line end, with room.
    private const int LongestEnd = 16;

    private static readonly SearchValues<char> s_lettersAndDigits = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>The path of card pages, up to the token.</summary>
    public const string PathPrefix = "/f/";

    public static CardLink New(long sender, long prompt) => new(sender, prompt, RandomNumberGenerator.GetBytes(SecretLength));

    public static bool TryParse(string? token, out CardLink link)
    {
        link = default;
        if (token is not { Length: TextLength } || !Base64Url.IsValid(token)) return false;

        Span<byte> bytes = stackalloc byte[Length];
        if (!Base64Url.TryDecodeFromChars(token, bytes, out var read) || read != Length) return false;

        link = new(BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[8..]), bytes[16..].ToArray());
        return true;
    }

    /// <summary>The token of a link that a chat or a mail program has taken for longer than it is; null when there is nothing behind it.</summary>
    /// <remarks>What ends a sentence, closes a bracket or a quotation, or marks up a text stands right behind links. No token goes on with any of it.</remarks>
    public static string? WithoutEnd(string token) =>
        token.Length is > TextLength and <= TextLength + LongestEnd && !token.AsSpan(TextLength).ContainsAny(s_lettersAndDigits) && TryParse(token[..TextLength], out _) ? token[..TextLength] : null;

    public byte[] Hash() => SHA256.HashData(Secret.Span);

    /// <summary>What it opens, if its secret is the right one.</summary>
    public CardKey Key() => new(SenderId, PromptId, Hash());

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, SenderId);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], PromptId);
        Secret.Span.CopyTo(bytes[16..]);
        return Base64Url.EncodeToString(bytes);
    }
}

/// <summary>A prompt with what shows that its card may be seen and answered.</summary>
/// <param name="SenderId">Whose prompt it is.</param>
/// <param name="PromptId">The prompt.</param>
/// <param name="LinkHash">The hash of a link's secret; null when the caller has shown that this is whom the prompt asks.</param>
internal readonly record struct CardKey(long SenderId, long PromptId, byte[]? LinkHash)
{
    /// <param name="stored">The hash that belongs to the prompt, or null when it has no link.</param>
    public bool Opens(byte[]? stored) => LinkHash is null || (stored is not null && CryptographicOperations.FixedTimeEquals(LinkHash, stored));
}
