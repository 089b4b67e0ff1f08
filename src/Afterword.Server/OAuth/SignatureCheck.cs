using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Afterword.Client.OAuth;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Errors;
using Afterword.Server.Limits;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Afterword.Server.OAuth;

/// <summary>Verifies a request's signature, clock and nonce (RFC 5849, section 3.2) and finds who is calling.</summary>
internal sealed class SignatureCheck(CredentialStore credentialStore, RequestTokens requestTokens, NonceStore nonceStore, AuditCounter counter, Settings settings, SteadyClock clock)
{
    // All are sorted to be signed, before it is known who asks: 64 KiB of "a&a&a…" took 40 ms of a processor.
    private const int MostParameters = 1_000;

    private static ReadOnlySpan<byte> Prefix => "oauth_"u8;

    /// <summary>Gives null and sets the call's app, caller and limit, or gives the reason of the refusal.</summary>
    /// <param name="http">The request; its body is in the call already.</param>
    /// <param name="call">Receives parameters, app, caller and limit.</param>
    /// <param name="form">Whether the body is a form, and so signed.</param>
    /// <param name="requirement">What the route asks for.</param>
    public async Task<ApiError?> RunAsync(HttpContext http, SignedCall call, bool form, SignatureRequirement requirement)
    {
        var collected = TryCollect(http, call, form, requirement.By, out var oauth);
        if (call.Header.Count + call.Values.Count > MostParameters) return ApiError.TooManyParameters;
        if (!collected || !IsOneToken(call) || Protocol.Read(oauth, call.Values, requirement.By) is not { } protocol) return ApiError.NoCredentials;

        var stop = http.RequestAborted;
        if (await credentialStore.AppAsync(protocol.ConsumerKey, fresh: false, stop) is not { } app) return ApiError.BadCredentials;

        var token = requirement.By == SigningSecrets.AccessToken ? await credentialStore.TokenAsync(protocol.Token, fresh: false, stop) : null;
        if (requirement.By == SigningSecrets.AccessToken && token?.AppId != app.Id) return ApiError.BadToken;

        var requestToken = requirement.By == SigningSecrets.RequestToken ? await requestTokens.FindAsync(protocol.Token, stop) : null;
        if (requirement.By == SigningSecrets.RequestToken && requestToken?.AppId != app.Id) return ApiError.BadToken;

        var now = clock.GetUtcNow();
        var isInTime = Math.Abs(now.ToUnixTimeSeconds() - protocol.Timestamp) <= NonceStore.ClockTolerance.TotalSeconds;
        if (token is { Revoked: true })
        {
            // It is told to the audit log where the signature shows that someone has its secret; the caller hears what every bad token hears.
            if (isInTime && Verify(http, call, oauth, protocol, app, token.Secret)) counter.UsedRevoked(app, token.UserId);
            return ApiError.BadToken;
        }

        // It may be our clock that is wrong, and the client would take a 401 for its own fault.
        if (!isInTime) return clock.HeldBecause is null ? ApiError.BadTimestamp : ApiError.StoreUnavailable;
        if (!IsSigned(http, call, oauth, protocol, app, token, requestToken) || !BodyHash.Fits(oauth, call.Body.WrittenSpan)) return ApiError.BadCredentials;

        // The legs of OAuth write, as GETs too.
        var reads = requirement.By == SigningSecrets.AccessToken && (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method));
        var nonce = await nonceStore.AdmitAsync(new(protocol.Timestamp, protocol.Fingerprint(), token?.UserId ?? 0, app.Id, requirement.Limit), reads);
        if (!nonce.IsFresh) return ApiError.BadCredentials;

        (call.App, call.RequestToken) = (app, requestToken);
        if (token is not null) call.Caller = new Caller(app, token.UserId, token.ScreenName, token.Name, token.Permission, token.Sender);
        if (requirement.Limit != LimitedEndpoint.None) call.Limit = new(settings.Limits.MostFor(requirement.Limit, token?.Sender), nonce.Used, nonce.WindowStartedAt + RateWindows.Length);
        if (app.Suspended) return ApiError.AppSuspended;
        if (token is { UserSuspended: true }) return ApiError.CallerSuspended;

        TakeOver(call, "oauth_callback"u8);
        TakeOver(call, "oauth_verifier"u8);
        return null;
    }

    /// <summary>Looks again, past the cache: what an operator granted a moment ago must not be refused.</summary>
    public async Task<Caller> RefreshAsync(Caller caller, string token, CancellationToken stop)
    {
        var app = await credentialStore.AppAsync(caller.App.ConsumerKey, fresh: true, stop);
        var found = await credentialStore.TokenAsync(token, fresh: true, stop) is { Revoked: false } valid ? valid : null;
        return caller with { App = app ?? caller.App, Sender = found?.Sender, Permission = found?.Permission ?? caller.Permission };
    }

    /// <summary>The token of a call that <see cref="RunAsync"/> let in.</summary>
    public static string TokenOf(SignedCall call)
    {
        var oauth = call.Header.Count > 0 ? call.Header : call.Values;
        return Encoding.UTF8.GetString(oauth.ValueAt(oauth.IndexOf("oauth_token"u8)));
    }

    // Section 3.5: the protocol's parameters come in one place only, and each once.
    private static bool TryCollect(HttpContext http, SignedCall call, bool form, SigningSecrets by, out ParameterList oauth)
    {
        oauth = call.Header;
        var header = http.Request.Headers.Authorization;
        if (header.Count > 1) return false;
        if (header.Count == 1 && header[0] is { Length: > 0 } text && !AuthorizationHeader.TryParse(text, call.Header)) return false;

        call.Values.AddQuery(http.Request.QueryString.Value);
        var inQuery = Mentions(call.Values, 0, by);
        var behindQuery = call.Values.Count;
        if (form) call.Values.AddForm(call.Body.WrittenSpan);
        var inBody = Mentions(call.Values, behindQuery, by);

        var inHeader = Mentions(call.Header, 0, by);
        if (!inHeader) oauth = call.Values;
        return (inHeader ? 1 : 0) + (inQuery ? 1 : 0) + (inBody ? 1 : 0) == 1;
    }

    private static bool Mentions(ParameterList values, int start, SigningSecrets by)
    {
        for (var i = start; i < values.Count; i++)
        {
            if (values.NameAt(i).StartsWith(Prefix) && !IsArgument(values.NameAt(i), by)) return true;
        }

        return false;
    }

    // Arguments of their calls: clients send them in query or body beside a header.
    private static bool IsArgument(ReadOnlySpan<byte> name, SigningSecrets by) =>
        name.SequenceEqual("oauth_callback"u8) || name.SequenceEqual("oauth_verifier"u8) || (by == SigningSecrets.RequestToken && name.SequenceEqual("oauth_token"u8));

    // The token that is exchanged is the one that signs.
    private static bool IsOneToken(SignedCall call)
    {
        var signing = call.Header.IndexOf("oauth_token"u8);
        for (var at = signing < 0 ? -1 : call.Values.IndexOf("oauth_token"u8); at >= 0; at = call.Values.IndexOf("oauth_token"u8, at + 1))
        {
            if (!call.Values.ValueAt(at).SequenceEqual(call.Header.ValueAt(signing))) return false;
        }

        return true;
    }

    // Whether a parameter of query or body says what the header says already.
    private static bool IsEcho(SignedCall call, int at)
    {
        var name = call.Values.NameAt(at);
        return name.StartsWith(Prefix) && call.Header.IndexOf(name) is >= 0 and var there && call.Header.ValueAt(there).SequenceEqual(call.Values.ValueAt(at));
    }

    // What came in the header is read like any other argument from here on, and two that differ are seen as such.
    private static void TakeOver(SignedCall call, ReadOnlySpan<byte> name)
    {
        if (call.Header.IndexOf(name) is not (>= 0 and var at)) return;
        if (call.Values.IndexOf(name) is not (>= 0 and var there) || !IsEcho(call, there)) call.Values.Add(name, call.Header.ValueAt(at));
    }

    /// <summary>Whether the signature is one of who may call, by both secrets; for an exchange, as docs/decisions/0032 has it, maybe by the app's alone.</summary>
    private bool IsSigned(HttpContext http, SignedCall call, ParameterList oauth, Protocol protocol, App app, AccessToken? token, RequestToken? requestToken) =>
        Verify(http, call, oauth, protocol, app, token?.Secret ?? requestToken?.Secret)
        || (requestToken is { Callback.IsWebPage: true } && Verify(http, call, oauth, protocol, app, tokenSecret: null));

    // While an app's secret is being replaced, requests under the old one cost a second look.
    private bool Verify(HttpContext http, SignedCall call, ParameterList oauth, Protocol protocol, App app, string? tokenSecret) =>
        Verify(http, call, oauth, protocol, app.ConsumerSecret, tokenSecret)
        || (app.OldSecret is { } old && clock.GetUtcNow().ToUnixTimeMilliseconds() < app.OldSecretUntil && Verify(http, call, oauth, protocol, old, tokenSecret));

    private static bool Verify(HttpContext http, SignedCall call, ParameterList oauth, Protocol protocol, string consumerSecret, string? tokenSecret)
    {
        if (Matches(withEchoes: true, out var echoes)) return true;

        // Section 3.4.1.3.1 has each sign what it sends, twice if it is sent twice. Clients that gather their parameters in a
        // dictionary sign once what they send in the header and again as an argument, and Twitter took that.
        return echoes && Matches(withEchoes: false, out _);

        bool Matches(bool withEchoes, out bool found)
        {
            found = false;
            call.Signature.Reset();
            call.Signature.Add(call.Header);
            for (var i = 0; i < call.Values.Count; i++)
            {
                var echo = IsEcho(call, i);
                found |= echo;
                if (withEchoes || !echo) call.Signature.Add(call.Values.NameAt(i), call.Values.ValueAt(i));
            }

            var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            call.Signature.Complete(http.Request.Method, new BaseAddress(http.Request.Scheme, http.Request.Host.Value, target));
            return call.Signature.Verify(protocol.Method, consumerSecret, tokenSecret, oauth.ValueAt(oauth.IndexOf("oauth_signature"u8)));
        }
    }

    /// <summary>The <c>oauth_*</c> parameters, read and checked for form.</summary>
    private sealed record Protocol(string ConsumerKey, string Token, SignatureMethod Method, long Timestamp, string Nonce)
    {
        /// <summary>Gives null when one is missing, given twice, or cannot be read.</summary>
        /// <param name="oauth">Where they are.</param>
        /// <param name="arguments">Query and form, where some clients put the token that they exchange.</param>
        /// <param name="by">Whose token it is.</param>
        public static Protocol? Read(ParameterList oauth, ParameterList arguments, SigningSecrets by)
        {
            // Section 3.1: where there is no token yet, its parameter may be left out, or be there and empty.
            var tokens = by == SigningSecrets.RequestToken && oauth.IndexOf("oauth_token"u8) < 0 ? arguments : oauth;
            var hasToken = TryOne(tokens, "oauth_token"u8, out var token);
            if (!hasToken && (by != SigningSecrets.App || (token >= 0 && !oauth.ValueAt(token).IsEmpty))) return null;
            if (!TryOne(oauth, "oauth_consumer_key"u8, out var consumer)
                || !TryOne(oauth, "oauth_nonce"u8, out var nonce) || !TryOne(oauth, "oauth_signature"u8, out _))
            {
                return null;
            }

            if (!TryOne(oauth, "oauth_signature_method"u8, out var name) || !SignatureMethods.TryParse(oauth.ValueAt(name), out var method)) return null;

            // Section 3.3: a positive whole number of seconds.
            if (!TryOne(oauth, "oauth_timestamp"u8, out var stamp) || !Utf8Parser.TryParse(oauth.ValueAt(stamp), out long seconds, out var read)
                || read != oauth.ValueAt(stamp).Length || seconds <= 0 || oauth.ValueAt(stamp)[0] == '+')
            {
                return null;
            }

            if (oauth.IndexOf("oauth_version"u8) >= 0 && (!TryOne(oauth, "oauth_version"u8, out var version) || !IsOne(oauth.ValueAt(version)))) return null;

            return new(Text(oauth, consumer), hasToken ? Text(tokens, token) : "", method, seconds, Text(oauth, nonce));
        }

        /// <summary>What makes this request unlike every other.</summary>
        public long Fingerprint()
        {
            // Lengths go in front of the texts, so that no two requests can be told by the same bytes.
            var text = string.Create(CultureInfo.InvariantCulture, $"{ConsumerKey.Length} {ConsumerKey}{Token.Length} {Token}{Timestamp} {Nonce}");
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
            return BinaryPrimitives.ReadInt64BigEndian(hash);
        }

        private static bool TryOne(ParameterList oauth, ReadOnlySpan<byte> name, out int at)
        {
            at = oauth.IndexOf(name);
            return at >= 0 && oauth.IndexOf(name, at + 1) < 0 && !oauth.ValueAt(at).IsEmpty && Utf8.IsValid(oauth.ValueAt(at))
                && oauth.ValueAt(at).IndexOf((byte)0) < 0;
        }

        // Section 3.1 knows "1.0" alone; the revision that it describes was called 1.0a, and clients write that.
        private static bool IsOne(ReadOnlySpan<byte> version) => version.SequenceEqual("1.0"u8) || Ascii.EqualsIgnoreCase(version, "1.0a"u8);

        private static string Text(ParameterList oauth, int at) => Encoding.UTF8.GetString(oauth.ValueAt(at));
    }
}
