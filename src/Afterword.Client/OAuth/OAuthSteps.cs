using System.Text;

namespace Afterword.Client.OAuth;

/// <summary>
/// The steps by which an app gets the access token of a user (RFC 5849, section 2): a request token, a page where the
/// user says yes, an access token. Safe to share between threads; keep one for long.
/// </summary>
/// <remarks>
/// A call that is not answered within 100 seconds ends with a <see cref="TaskCanceledException"/>, one without any answer
/// with an <see cref="HttpRequestException"/>.
/// </remarks>
public sealed class OAuthSteps : IDisposable
{
    /// <summary>The callback of an app that has no page to return to: the user is shown a PIN and types it into the app.</summary>
    public const string OutOfBand = "oob";

    private readonly Uri _server;
    private readonly OAuthCredentials _app;
    private readonly TimeProvider _clock;
    private readonly SignatureMethod _method;
    private readonly HttpMessageHandler _transport;
    private readonly bool _disposeTransport;

    /// <summary>Creates the steps with connections of their own, which follow changes of the server's address.</summary>
    /// <inheritdoc cref="OAuthSteps(FeedbackClientOptions, HttpMessageHandler, bool)"/>
    public OAuthSteps(FeedbackClientOptions options)
        : this(options, FeedbackClient.Connections(), disposeTransport: true)
    {
    }

    /// <summary>Creates the steps on a transport of the caller's, such as one with a proxy or a certificate.</summary>
    /// <param name="options">The server and the app; a token of the credentials is not used.</param>
    /// <param name="transport">Sends what has been signed; it must not change addresses or bodies, nor follow redirects.</param>
    /// <param name="disposeTransport">Whether the transport ends with this object; by default it does not.</param>
    /// <exception cref="ArgumentException">The server's address is not absolute http(s).</exception>
    public OAuthSteps(FeedbackClientOptions options, HttpMessageHandler transport, bool disposeTransport = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(transport);
        _server = options.Prefix();
        _app = options.Signing() with { Token = null, TokenSecret = null };
        _clock = options.Clock;
        _method = options.SignatureMethod;
        _transport = transport;
        _disposeTransport = disposeTransport;
    }

    internal Func<string>? Nonce { get; init; }

    /// <summary>Step 1: asks for a request token (section 2.1). Its secret is needed again in step 3; keep it with the user's session.</summary>
    /// <param name="callback">Where the user returns to: exactly an address registered for the app, or <see cref="OutOfBand"/>.</param>
    /// <param name="accessType">
    /// <c>x_auth_access_type</c>, such as <c>read</c>: less than the app may otherwise have. By default all that it may have.
    /// </param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="ArgumentException">The callback is empty.</exception>
    /// <exception cref="FeedbackApiException">
    /// The server refused, e.g. the callback is not registered (403, code 415) or the app is unknown (401, code 32); or its
    /// answer does not confirm the callback, which an attacker could have chosen then.
    /// </exception>
    public async Task<TemporaryCredentials> RequestTokenAsync(
        string callback, string? accessType = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(callback);
        KeyValuePair<string, string>[] form = accessType is null ? [] : [new("x_auth_access_type", accessType)];

        using var answer = await PostAsync("oauth/request_token", _app, form, new("oauth_callback", callback), cancellationToken)
            .ConfigureAwait(false);
        var values = await ValuesAsync(answer, cancellationToken).ConfigureAwait(false);
        return Find(values, "oauth_callback_confirmed"u8) is "true"
            ? new(Required(answer, values, "oauth_token"u8), Required(answer, values, "oauth_token_secret"u8))
            : throw Answers.Foreign(answer);
    }

    /// <summary>Step 2: the page to send the user's browser to (section 2.2). It asks for sign-in and consent.</summary>
    /// <remarks>
    /// The user returns to the callback with <c>oauth_token</c>, which must be that of <paramref name="temporary"/>, and
    /// <c>oauth_verifier</c>; or with <c>denied</c> instead.
    /// </remarks>
    /// <param name="temporary">From step 1.</param>
    /// <param name="forceLogin">Asks for the password even of a user who is signed in; by default not.</param>
    /// <param name="screenName">Fills in the user's name, without @; by default none.</param>
    public Uri AuthorizeUrl(TemporaryCredentials temporary, bool forceLogin = false, string? screenName = null) =>
        Page("oauth/authorize", temporary, forceLogin, screenName);

    /// <summary>Step 2, for sign-in: like <see cref="AuthorizeUrl"/>, but a user who approved the app before comes back at once.</summary>
    /// <inheritdoc cref="AuthorizeUrl"/>
    public Uri AuthenticateUrl(TemporaryCredentials temporary, bool forceLogin = false, string? screenName = null) =>
        Page("oauth/authenticate", temporary, forceLogin, screenName);

    /// <summary>Step 3: exchanges the approved request token for an access token (section 2.3). This works once.</summary>
    /// <param name="temporary">From step 1.</param>
    /// <param name="verifier"><c>oauth_verifier</c> of the callback, or the 7-digit PIN that the user has typed.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="ArgumentException">The verifier is empty.</exception>
    /// <exception cref="FeedbackApiException">
    /// The server refused, e.g. a wrong verifier, or a request token that was used or is older than 15 minutes.
    /// </exception>
    public async Task<AuthorizedUser> AccessTokenAsync(
        TemporaryCredentials temporary, string verifier, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(temporary);
        ArgumentException.ThrowIfNullOrEmpty(verifier);
        var request = _app with { Token = temporary.Token, TokenSecret = temporary.TokenSecret };

        using var answer = await PostAsync("oauth/access_token", request, [], new("oauth_verifier", verifier), cancellationToken)
            .ConfigureAwait(false);
        var values = await ValuesAsync(answer, cancellationToken).ConfigureAwait(false);
        var token = _app with
        {
            Token = Required(answer, values, "oauth_token"u8), TokenSecret = Required(answer, values, "oauth_token_secret"u8),
        };
        return new(token, Required(answer, values, "user_id"u8), Required(answer, values, "screen_name"u8));
    }

    /// <summary>Gives an access token back. From then on the server refuses it (401, code 89).</summary>
    /// <param name="token">The app with the token, as <see cref="AccessTokenAsync"/> gave it.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="ArgumentException">The credentials have no token.</exception>
    /// <exception cref="FeedbackApiException">The server refused, e.g. the token is unknown or revoked already (401, code 89).</exception>
    public async Task InvalidateTokenAsync(OAuthCredentials token, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Token is null) throw new ArgumentException("The credentials have no token.", nameof(token));

        using var answer = await PostAsync("1.1/oauth/invalidate_token.json", token, [], null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the connections, if they are this object's own. Calls under way fail.</summary>
    public void Dispose()
    {
        if (_disposeTransport) _transport.Dispose();
    }

    private Uri Page(string path, TemporaryCredentials temporary, bool forceLogin, string? screenName)
    {
        ArgumentNullException.ThrowIfNull(temporary);

        var query = new StringBuilder($"{path}?oauth_token={PercentEncoding.Encode(temporary.Token)}");
        if (forceLogin) query.Append("&force_login=true");
        if (screenName is not null) query.Append("&screen_name=").Append(PercentEncoding.Encode(screenName));
        return new(_server, query.ToString());
    }

    private async Task<HttpResponseMessage> PostAsync(
        string path, OAuthCredentials by, KeyValuePair<string, string>[] form, KeyValuePair<string, string>? further,
        CancellationToken cancellationToken)
    {
        // Each step is signed by another pair of secrets, so it gets a signer of its own over the shared connections.
        var signing = new OAuthHandler(by, _clock, Nonce, _method) { Further = further, InnerHandler = _transport };
        using var http = new HttpClient(signing, disposeHandler: false) { MaxResponseContentBufferSize = 64 * 1024 };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_server, path)) { Content = new FormUrlEncodedContent(form) };

        var answer = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return await Answers.SuccessAsync(answer, _clock, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<ParameterList> ValuesAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var values = new ParameterList();
        values.AddForm(await answer.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        return values;
    }

    private static string Required(HttpResponseMessage answer, ParameterList values, ReadOnlySpan<byte> name) =>
        Find(values, name) is { Length: > 0 } value ? value : throw Answers.Foreign(answer);

    private static string? Find(ParameterList values, ReadOnlySpan<byte> name) =>
        values.IndexOf(name) is >= 0 and var index ? Encoding.UTF8.GetString(values.ValueAt(index)) : null;
}
