using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Afterword.Client.Webhooks;

/// <summary>The secret that an endpoint shares with its sender (Standard Webhooks 1.0.0, "Signature scheme", symmetric).</summary>
public sealed class WebhookSecret
{
    private const string Prefix = "whsec_";
    private const int ShortestKey = 24;
    private const int LongestKey = 64;

    private readonly byte[] _key;

    private WebhookSecret(byte[] key) => _key = key;

    /// <summary>Reads a secret: <c>whsec_</c>, which may be left out, and base64 of 24 to 64 bytes.</summary>
    /// <exception cref="FormatException">The text is not a secret; the message says why, and does not repeat it.</exception>
    public static WebhookSecret Parse(string? text) => TryParse(text, out var secret, out var problem) ? secret : throw new FormatException(problem);

    /// <summary>Reads a secret: <c>whsec_</c>, which may be left out, and base64 of 24 to 64 bytes.</summary>
    /// <param name="text">The text; white space around it is ignored.</param>
    /// <param name="secret">The secret, or <see langword="null"/>.</param>
    /// <param name="problem">Why the text is none, for the person who wrote it; does not repeat it.</param>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out WebhookSecret? secret, [NotNullWhen(false)] out string? problem)
    {
        var encoded = text.AsSpan().Trim();
        if (encoded.StartsWith(Prefix, StringComparison.Ordinal)) encoded = encoded[Prefix.Length..];

        secret = null;
        problem = null;
        var key = new byte[encoded.Length];
        if (encoded.IsEmpty)
        {
            problem = "The webhook secret is empty.";
        }
        else if (!Convert.TryFromBase64Chars(encoded, key, out var length))
        {
            problem = "The webhook secret is not whsec_ followed by base64. Was it cut short?";
        }
        else if (length is < ShortestKey or > LongestKey)
        {
            problem = string.Create(CultureInfo.InvariantCulture, $"The webhook secret has {length} bytes; it must have {ShortestKey} to {LongestKey}.");
        }
        else
        {
            secret = new(key[..length]);
        }

        return secret is not null;
    }

    /// <summary>Signs a request, e.g. to try out a receiver.</summary>
    /// <param name="id">The header <c>webhook-id</c>.</param>
    /// <param name="sentAt">The header <c>webhook-timestamp</c>; fractions of a second are cut off.</param>
    /// <param name="body">The body, byte for byte.</param>
    /// <returns>The header <c>webhook-signature</c>: <c>v1,</c> and base64 of an HMAC-SHA256.</returns>
    public string Sign(string id, DateTimeOffset sentAt, ReadOnlySpan<byte> body) =>
        Sign(id, sentAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), body);

    /// <summary>The text of the secret, for the one place that has to show it.</summary>
    internal string Reveal() => Prefix + Convert.ToBase64String(_key);

    /// <summary>Says that this is a secret, and not which: what is printed ends in a log.</summary>
    public override string ToString() => Prefix + "…";

    // The timestamp is the text of the header: what was signed is its letters, not its value.
    internal string Sign(string id, string timestamp, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        hash.AppendData(body);
        return "v1," + Convert.ToBase64String(hash.GetHashAndReset());
    }
}
