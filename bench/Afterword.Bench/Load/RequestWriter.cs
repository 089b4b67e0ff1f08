using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Client.OAuth;

namespace Afterword.Bench.Load;

/// <summary>Writes requests as they go over the wire, signed where they have to be.</summary>
/// <param name="host">The value of the Host header: it is signed.</param>
internal sealed class RequestWriter(string host)
{
    [ThreadStatic]
    private static SignatureBase? t_signature;

    [ThreadStatic]
    private static ParameterList? t_signed;

    // One per writer is enough: behind it comes the number of the request.
    private readonly string _nonces = RandomNumberGenerator.GetHexString(16, lowercase: true);
    private long _next;

    /// <summary>A signed GET. The query is given decoded.</summary>
    public byte[] Get(OAuthCredentials credentials, string path, params ReadOnlySpan<(string Name, string Value)> query)
    {
        var header = Sign(credentials, "GET", path, query);
        var target = query.IsEmpty ? path : $"{path}?{Encode(query)}";
        return Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nUser-Agent: bench\r\nAuthorization: {header}\r\n\r\n");
    }

    /// <summary>A signed POST of a form.</summary>
    public byte[] Post(OAuthCredentials credentials, string path, params ReadOnlySpan<(string Name, string Value)> form)
    {
        var header = Sign(credentials, "POST", path, form);
        return Post(path, form, $"Accept: application/json\r\nAuthorization: {header}\r\n");
    }

    /// <summary>A signed POST of JSON, which is not signed itself.</summary>
    public byte[] PostJson(OAuthCredentials credentials, string path, ReadOnlySpan<byte> json)
    {
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\nAccept: application/json\r\nAuthorization: {Sign(credentials, "POST", path, [])}\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. json];
    }

    /// <summary>What a browser sends for a link.</summary>
    public byte[] Open(string path) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nUser-Agent: bench\r\n\r\n");

    /// <summary>The same of someone who is signed in.</summary>
    public byte[] Open(string path, string cookie) =>
        Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nUser-Agent: bench\r\nCookie: {cookie}\r\n\r\n");

    /// <summary>What a browser sends for a form.</summary>
    public byte[] Submit(string path, params ReadOnlySpan<(string Name, string Value)> form) => Post(path, form, "Accept: text/html\r\n");

    private byte[] Post(string path, ReadOnlySpan<(string Name, string Value)> form, string headers)
    {
        var body = Encode(form);
        return Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
    }

    private string Sign(OAuthCredentials credentials, string method, string path, ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var nonce = string.Create(CultureInfo.InvariantCulture, $"{_nonces}{Interlocked.Increment(ref _next):x16}");
        KeyValuePair<string, string>[] protocol =
        [
            new("oauth_consumer_key", credentials.ConsumerKey),
            new("oauth_nonce", nonce),
            new("oauth_signature_method", SignatureMethods.NameOf(SignatureMethod.HmacSha1)),
            new("oauth_timestamp", TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
            new("oauth_token", credentials.Token!),
            new("oauth_version", "1.0"),
        ];

        var signed = t_signed ??= new();
        var text = t_signature ??= new();
        signed.Reset();
        text.Reset();
        foreach (var (name, value) in parameters) signed.Add(name, value);
        foreach (var (name, value) in protocol) signed.Add(name, value);
        text.Add(signed);
        text.Complete(method, new BaseAddress("http", host, path));

        Span<byte> signature = stackalloc byte[SignatureMethods.MaxSize];
        var size = text.Sign(SignatureMethod.HmacSha1, credentials.ConsumerSecret, credentials.TokenSecret, signature);
        return AuthorizationHeader.Write([.. protocol, new("oauth_signature", Convert.ToBase64String(signature[..size]))]);
    }

    private static string Encode(ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in parameters)
        {
            if (text.Length > 0) text.Append('&');
            text.Append(PercentEncoding.Encode(name)).Append('=').Append(PercentEncoding.Encode(value));
        }

        return text.ToString();
    }
}
