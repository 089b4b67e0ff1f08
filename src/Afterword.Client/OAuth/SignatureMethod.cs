using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Afterword.Client.OAuth;

/// <summary>The keyed hash that signs a request. <c>PLAINTEXT</c> and <c>RSA-SHA1</c> are not offered.</summary>
public enum SignatureMethod
{
    /// <summary><c>HMAC-SHA1</c> (RFC 5849, section 3.4.2), what every OAuth 1.0a client speaks.</summary>
    HmacSha1,

    /// <summary><c>HMAC-SHA256</c>: the same with SHA-256.</summary>
    HmacSha256,
}

/// <summary>What follows from the choice of a <see cref="SignatureMethod"/>.</summary>
public static class SignatureMethods
{
    /// <summary>The longest signature of any method, in bytes before base64.</summary>
    public const int MaxSize = HMACSHA256.HashSizeInBytes;

    /// <summary>The value of <c>oauth_signature_method</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The method is not one of the enumeration.</exception>
    public static string NameOf(SignatureMethod method) => method switch
    {
        SignatureMethod.HmacSha1 => "HMAC-SHA1",
        SignatureMethod.HmacSha256 => "HMAC-SHA256",
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, null),
    };

    /// <summary>Reads a value of <c>oauth_signature_method</c>, decoded. The names are case-sensitive.</summary>
    /// <returns><see langword="false"/> for a method that is not supported.</returns>
    public static bool TryParse(ReadOnlySpan<byte> name, out SignatureMethod method)
    {
        method = name.SequenceEqual("HMAC-SHA256"u8) ? SignatureMethod.HmacSha256 : SignatureMethod.HmacSha1;
        return method is SignatureMethod.HmacSha256 || name.SequenceEqual("HMAC-SHA1"u8);
    }

    /// <summary>The length of a signature before base64, in bytes: 20 or 32.</summary>
    public static int SizeOf(SignatureMethod method) =>
        method is SignatureMethod.HmacSha256 ? HMACSHA256.HashSizeInBytes : HMACSHA1.HashSizeInBytes;

    [SuppressMessage("Security", "CA5350", Justification = "SHA-1 is the wire protocol; RFC 5849 offers no stronger keyed method.")]
    internal static int Hash(SignatureMethod method, ReadOnlySpan<byte> key, ReadOnlySpan<byte> text, Span<byte> destination) =>
        method is SignatureMethod.HmacSha256
            ? HMACSHA256.HashData(key, text, destination)
            : HMACSHA1.HashData(key, text, destination);
}
