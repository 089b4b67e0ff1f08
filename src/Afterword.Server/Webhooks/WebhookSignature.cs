using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Afterword.Server.Webhooks;

/// <summary>Signs deliveries by the Standard Webhooks specification: HMAC-SHA256 over id, timestamp and body, joined by dots.</summary>
internal static class WebhookSignature
{
    // A timestamp with a sign and two dots.
    private const int MostStamp = 22;

    /// <summary>The value of <c>webhook-signature</c>: one signature for each secret, separated by spaces.</summary>
    /// <param name="secrets">One, or two while one is being replaced.</param>
    /// <param name="id">The value of <c>webhook-id</c>, in ASCII.</param>
    /// <param name="timestamp">The value of <c>webhook-timestamp</c>, in seconds.</param>
    /// <param name="body">The body's bytes as they are sent.</param>
    public static string Of(IReadOnlyList<WebhookSecret> secrets, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        var signed = ArrayPool<byte>.Shared.Rent(id.Length + MostStamp + body.Length);
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."), signed);
        body.CopyTo(signed.AsSpan(head));
        var length = head + body.Length;
        var signatures = string.Join(' ', secrets.Select(secret => One(secret, signed.AsSpan(0, length))));
        ArrayPool<byte>.Shared.Return(signed);
        return signatures;
    }

    private static string One(WebhookSecret secret, ReadOnlySpan<byte> signed)
    {
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret.Key, signed, signature);
        return "v1," + Convert.ToBase64String(signature);
    }
}
