using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using Afterword.Client.OAuth;

namespace Afterword.Server.OAuth;

/// <summary>The hash of a body that is no form, and so no part of the signature's text (OAuth Request Body Hash 1.0, section 3.2).</summary>
internal static class BodyHash
{
    /// <summary>Whether the body is the one whose hash was signed; also when none was.</summary>
    /// <param name="oauth">The protocol's parameters.</param>
    /// <param name="body">As it came.</param>
    public static bool Fits(ParameterList oauth, ReadOnlySpan<byte> body)
    {
        var at = oauth.IndexOf("oauth_body_hash"u8);
        if (at < 0) return true;
        if (oauth.IndexOf("oauth_body_hash"u8, at + 1) >= 0) return false;

        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (oauth.ValueAt(at).Length > Base64.GetMaxEncodedToUtf8Length(given.Length) || Base64.DecodeFromUtf8(oauth.ValueAt(at), given, out _, out var length) != OperationStatus.Done) return false;

        switch (length)
        {
            case SHA256.HashSizeInBytes:
                SHA256.HashData(body, hash);
                break;
            case SHA1.HashSizeInBytes:
#pragma warning disable CA5350 // what the text says for HMAC-SHA1, and clients send it with HMAC-SHA256 too
                SHA1.HashData(body, hash);
#pragma warning restore CA5350
                break;
            default:
                return false;
        }

        return CryptographicOperations.FixedTimeEquals(hash[..length], given[..length]);
    }
}
