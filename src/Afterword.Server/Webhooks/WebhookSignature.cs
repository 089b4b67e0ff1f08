using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Afterword.Server.Webhooks;

/// <summary>Signs deliveries by the Standard Webhooks specification: HMAC-SHA256 over id, timestamp and body, joined by dots.</summary>
internal static class WebhookSignature
{
    /// <summary>The value of <c>webhook-signature</c>: one signature for each secret, separated by spaces.</summary>
    /// <param name="secrets">One, or two while one is being replaced.</param>
    /// <param name="id">The value of <c>webhook-id</c>.</param>
    /// <param name="timestamp">The value of <c>webhook-timestamp</c>, in seconds.</param>
    /// <param name="body">The body's bytes as they are sent.</param>
    public static string Of(IReadOnlyList<WebhookSecret> secrets, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        return secrets is [var only] ? One(only, head, body) : string.Join(' ', SignAll(secrets, head, body));
    }

    private static string[] SignAll(IReadOnlyList<WebhookSecret> secrets, byte[] head, ReadOnlySpan<byte> body)
    {
        var signatures = new string[secrets.Count];
        for (var i = 0; i < signatures.Length; i++) signatures[i] = One(secrets[i], head, body);
        return signatures;
    }

    private static string One(WebhookSecret secret, byte[] head, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret.Key);
        hash.AppendData(head);
        hash.AppendData(body);
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        hash.GetHashAndReset(signature);
        return "v1," + Convert.ToBase64String(signature);
    }
}
