using System.Globalization;
using System.Security.Cryptography;

namespace Afterword.Client.OAuth;

/// <summary>Signs every request that passes, in its Authorization header (RFC 5849, section 3.1).</summary>
/// <remarks>
/// The query is signed, and a body of type <c>application/x-www-form-urlencoded</c>, which is read into memory for it.
/// Other bodies are not, as the RFC has it. A request sent again gets a new nonce. Safe to share between threads.
/// </remarks>
public sealed class OAuthHandler : DelegatingHandler
{
    private const string FormType = "application/x-www-form-urlencoded";

    private readonly OAuthCredentials _credentials;
    private readonly TimeProvider _clock;
    private readonly Func<string> _nonce;
    private readonly SignatureMethod _method;

    /// <summary>Creates the handler; set <see cref="DelegatingHandler.InnerHandler"/> or chain it with a factory.</summary>
    /// <param name="credentials">The app and, but for the first step, a token.</param>
    /// <param name="clock">Gives <c>oauth_timestamp</c>; the system's clock by default.</param>
    /// <param name="nonce">Gives a value never used before with the same timestamp; 128 random bits by default.</param>
    /// <param name="method">The keyed hash, HMAC-SHA1 by default.</param>
    public OAuthHandler(
        OAuthCredentials credentials, TimeProvider? clock = null, Func<string>? nonce = null,
        SignatureMethod method = SignatureMethod.HmacSha1)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        _credentials = credentials;
        _clock = clock ?? TimeProvider.System;
        _nonce = nonce ?? RandomNonce;
        _method = method;
    }

    /// <summary>One more protocol parameter of the header, such as <c>oauth_callback</c>; <see langword="null"/> by default.</summary>
    internal KeyValuePair<string, string>? Further { get; init; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The request has no absolute address.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.RequestUri is not { IsAbsoluteUri: true } address)
        {
            throw new InvalidOperationException("Only a request with an absolute address can be signed.");
        }

        var signed = new ParameterList();
        signed.AddQuery(address.Query);
        if (string.Equals(request.Content?.Headers.ContentType?.MediaType, FormType, StringComparison.OrdinalIgnoreCase))
        {
            signed.AddForm(await request.Content!.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        }

        var header = AuthorizationHeader.Write(Sign(request, address, signed));
        request.Headers.Remove("Authorization");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Not supported: reading a form body to sign it is asynchronous, and an unsigned request is never sent.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A signed request is sent with SendAsync.");

    private List<KeyValuePair<string, string>> Sign(HttpRequestMessage request, Uri address, ParameterList signed)
    {
        var protocol = new List<KeyValuePair<string, string>>(8)
        {
            new("oauth_consumer_key", _credentials.ConsumerKey),
            new("oauth_nonce", _nonce()),
            new("oauth_signature_method", SignatureMethods.NameOf(_method)),
            new("oauth_timestamp", _clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
            new("oauth_version", "1.0"),
        };
        if (_credentials.Token is { } token) protocol.Add(new("oauth_token", token));
        if (Further is { } further) protocol.Add(further);
        foreach (var (name, value) in protocol) signed.Add(name, value);

        // The server signs what it is called by, so a Host header set by hand takes the place of the address.
        var host = request.Headers.Host ?? BaseAddress.HostOf(address);
        var text = new SignatureBase();
        text.Add(signed);
        text.Complete(request.Method.Method, new BaseAddress(address.Scheme, host, address.AbsolutePath));

        Span<byte> signature = stackalloc byte[SignatureMethods.MaxSize];
        var size = text.Sign(_method, _credentials.ConsumerSecret, _credentials.TokenSecret, signature);
        protocol.Add(new("oauth_signature", Convert.ToBase64String(signature[..size])));
        return protocol;
    }

    private static string RandomNonce() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
