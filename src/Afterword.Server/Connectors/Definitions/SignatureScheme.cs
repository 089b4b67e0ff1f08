using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Connectors.Deliveries;

namespace Afterword.Server.Connectors.Definitions;

/// <summary>What a signature came to. Of several, the last in this order is told.</summary>
internal enum SignatureVerdict
{
    Missing,
    Wrong,

    /// <summary>It is right, and its time is not the present.</summary>
    OutOfTime,
    Right,
}

/// <summary>How the other side shows that it knows the secret. Everything that depends on a secret is compared in constant time.</summary>
internal abstract record SignatureScheme
{
    public abstract SignatureVerdict Check(IncomingRequest request, string secret, DateTimeOffset now);

    /// <summary>The headers that show it, for a sample that we send ourselves.</summary>
    public abstract IReadOnlyDictionary<string, string> Sign(IncomingRequest request, string secret, DateTimeOffset now);

    // By their hashes, whose length says nothing.
    private protected static SignatureVerdict Compare(string? given, string secret) => given is null ? SignatureVerdict.Missing
        : CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(secret))) ? SignatureVerdict.Right : SignatureVerdict.Wrong;
}

/// <summary>The secret itself, in a header.</summary>
internal sealed record SecretHeader(string Name) : SignatureScheme
{
    public override SignatureVerdict Check(IncomingRequest request, string secret, DateTimeOffset now) => Compare(request.Header(Name), secret);

    public override IReadOnlyDictionary<string, string> Sign(IncomingRequest request, string secret, DateTimeOffset now) => new Dictionary<string, string> { [Name] = secret };
}

/// <summary>The secret as <c>user:password</c> of Basic authentication.</summary>
internal sealed record BasicCredentials : SignatureScheme
{
    private const string Scheme = "Basic ";

    public override SignatureVerdict Check(IncomingRequest request, string secret, DateTimeOffset now) =>
        request.Header("Authorization") is { } header && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? Compare(header[Scheme.Length..].Trim(), Encoded(secret)) : SignatureVerdict.Missing;

    public override IReadOnlyDictionary<string, string> Sign(IncomingRequest request, string secret, DateTimeOffset now) => new Dictionary<string, string> { ["Authorization"] = Scheme + Encoded(secret) };

    private static string Encoded(string secret) => Convert.ToBase64String(Encoding.UTF8.GetBytes(secret));
}

/// <summary>How a time is written in a header.</summary>
internal enum TimeUnit
{
    Seconds,
    Milliseconds,
    Iso,
}

/// <summary>A header with the time at which a request was signed.</summary>
internal sealed record SignedTime(string Header, TimeUnit Unit)
{
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMinutes(5);

    public bool IsNow(IncomingRequest request, DateTimeOffset now) => Read(request.Header(Header)) is { } at && (now - at).Duration() <= s_tolerance;

    public string Write(DateTimeOffset now) => Unit switch
    {
        TimeUnit.Seconds => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        TimeUnit.Milliseconds => now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        _ => now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
    };

    // Both numbers within what a date can hold.
    private DateTimeOffset? Read(string? text)
    {
        if (Unit == TimeUnit.Iso) return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return null;

        return Unit == TimeUnit.Seconds
            ? number < 100_000_000_000 ? DateTimeOffset.FromUnixTimeSeconds(number) : null
            : number < 100_000_000_000_000 ? DateTimeOffset.FromUnixTimeMilliseconds(number) : null;
    }
}

/// <summary>A keyed hash over parts of the request, in a header.</summary>
/// <param name="Prefix">What stands before it there.</param>
internal sealed record KeyedHash(HashAlgorithmName Hash, bool IsHex, string Header, string Prefix, Template Message, SignedTime? Time) : SignatureScheme
{
    public override SignatureVerdict Check(IncomingRequest request, string secret, DateTimeOffset now)
    {
        if (request.Header(Header) is not { } given) return SignatureVerdict.Missing;
        if (Read(given) is not { } claimed || MacOf(request, secret) is not { } mac || !CryptographicOperations.FixedTimeEquals(claimed, mac)) return SignatureVerdict.Wrong;

        return Time is null || Time.IsNow(request, now) ? SignatureVerdict.Right : SignatureVerdict.OutOfTime;
    }

    public override IReadOnlyDictionary<string, string> Sign(IncomingRequest request, string secret, DateTimeOffset now)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (Time is not null) headers[Time.Header] = Time.Write(now);
        var mac = MacOf(request with { Header = name => headers.GetValueOrDefault(name) ?? request.Header(name) }, secret) ?? [];
        headers[Header] = Prefix + (IsHex ? Convert.ToHexStringLower(mac) : Convert.ToBase64String(mac));
        return headers;
    }

    private byte[]? Read(string given)
    {
        if (!given.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) return null;
        try
        {
            return IsHex ? Convert.FromHexString(given.AsSpan(Prefix.Length)) : Convert.FromBase64String(given[Prefix.Length..]);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <returns>Null when a header that is signed too is missing.</returns>
    private byte[]? MacOf(IncomingRequest request, string secret)
    {
        using var mac = IncrementalHash.CreateHMAC(Hash, Encoding.UTF8.GetBytes(secret));
        foreach (var part in Message.Parts)
        {
            switch (part)
            {
                case { OfRequest: "body" }:
                    mac.AppendData(request.Body.Span);
                    break;
                case { Source.Header: { } header }:
                    if (request.Header(header) is not { } value) return null;
                    mac.AppendData(Encoding.UTF8.GetBytes(value));
                    break;
                default:
                    mac.AppendData(Encoding.UTF8.GetBytes(part.OfRequest switch { "method" => request.Method, "uri" => request.Uri, _ => part.Literal! }));
                    break;
            }
        }

        return mac.GetHashAndReset();
    }
}
