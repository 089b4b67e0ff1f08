using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Afterword.Client.Wire;

namespace Afterword.Client.Webhooks;

/// <summary>
/// Verifies webhooks by Standard Webhooks 1.0.0 ("Verifying signatures"), and only then reads them. Safe to share between
/// threads; keep one for long.
/// </summary>
public sealed class WebhookVerifier
{
    private readonly WebhookSecret[] _secrets;
    private readonly TimeProvider _clock;

    /// <summary>Creates a verifier.</summary>
    /// <param name="secret">The secret of the endpoint.</param>
    /// <param name="other">A second one that is good as well, while secrets are changed; by default none.</param>
    /// <param name="clock">Judges the age of requests; the system's clock by default.</param>
    public WebhookVerifier(WebhookSecret secret, WebhookSecret? other = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(secret);
        _secrets = other is null ? [secret] : [secret, other];
        _clock = clock ?? TimeProvider.System;
    }

    /// <summary>How far a request's timestamp may be from the clock, either way and inclusive: five minutes.</summary>
    public static TimeSpan Tolerance { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Verifies a request and reads the event in it. Never throws for what a stranger has sent.</summary>
    /// <param name="header">
    /// Finds a header of the request by its lower-case name, whatever the letter case it was sent in;
    /// <see langword="null"/> if there is none. In ASP.NET Core: <c>name => request.Headers[name]</c>.
    /// </param>
    /// <param name="body">The body as it came: the signature is over these bytes, and parsing and writing it again changes them.</param>
    public WebhookOutcome Verify(Func<string, string?> header, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(header);

        if (header("webhook-id") is not { Length: > 0 } id) return Missing("webhook-id");
        if (header("webhook-timestamp") is not { Length: > 0 } timestamp) return Missing("webhook-timestamp");
        if (header("webhook-signature") is not { Length: > 0 } signatures) return Missing("webhook-signature");

        // Digits alone: without a sign, the subtraction below cannot overflow.
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var sent))
        {
            return new WebhookOutcome.Refused(WebhookRefusal.InvalidTimestamp, "The header webhook-timestamp is not a number of seconds.");
        }

        var age = _clock.GetUtcNow().ToUnixTimeSeconds() - sent;
        if (age > Tolerance.TotalSeconds)
        {
            return new WebhookOutcome.Refused(WebhookRefusal.TooOld, "The webhook was sent more than 5 minutes ago.");
        }

        if (age < -Tolerance.TotalSeconds)
        {
            return new WebhookOutcome.Refused(WebhookRefusal.TooNew, "The webhook was sent more than 5 minutes in the future: compare the clocks.");
        }

        if (!IsSigned(id, timestamp, body, signatures))
        {
            return new WebhookOutcome.Refused(
                WebhookRefusal.NoMatchingSignature, "No signature matches: another secret, or a body that was changed on its way.");
        }

        return TryRead(body, out var change)
            ? new WebhookOutcome.Accepted(new(id, DateTimeOffset.FromUnixTimeSeconds(sent), change))
            : new WebhookOutcome.Refused(WebhookRefusal.NotAnEvent, "The body is not a feedback event.");
    }

    /// <summary>Reads an event that was fetched, if it is signed. It is as fresh as the answer it came in, whatever the clocks say.</summary>
    internal FeedbackWebhook? Open(PolledEventJson sent)
    {
        var body = Encoding.UTF8.GetBytes(sent.Body);
        return long.TryParse(sent.WebhookTimestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            && IsSigned(sent.WebhookId, sent.WebhookTimestamp, body, sent.WebhookSignature) && TryRead(body, out var change)
                ? new(sent.WebhookId, DateTimeOffset.FromUnixTimeSeconds(at), change)
                : null;
    }

    private bool IsSigned(string id, string timestamp, ReadOnlySpan<byte> body, ReadOnlySpan<char> signatures)
    {
        var matches = false;
        foreach (var secret in _secrets)
        {
            // The text is compared and not what it decodes to: base64 has several spellings of the same bytes. The
            // version is part of it, so signatures of other versions are passed over.
            var expected = MemoryMarshal.AsBytes(secret.Sign(id, timestamp, body).AsSpan());
            foreach (var range in signatures.Split(' '))
            {
                matches |= CryptographicOperations.FixedTimeEquals(expected, MemoryMarshal.AsBytes(signatures[range]));
            }
        }

        return matches;
    }

    private static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out FeedbackEventJson? change)
    {
        try
        {
            change = JsonSerializer.Deserialize(body, WireJson.Default.FeedbackEventJson);
        }
        catch (JsonException)
        {
            change = null;
        }

        return change is not null;
    }

    private static WebhookOutcome.Refused Missing(string header) => new(WebhookRefusal.MissingHeader, $"The header {header} is missing.");
}
