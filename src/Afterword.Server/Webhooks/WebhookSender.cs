using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Afterword.Client.Webhooks;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>How to reach an endpoint, unsealed.</summary>
/// <param name="Basic">Credentials as <c>user:password</c>, or null.</param>
/// <param name="Secrets">One, or two while one is being replaced.</param>
internal sealed record Target(EndpointKey Key, Uri Url, string? Basic, IReadOnlyList<WebhookSecret> Secrets)
{
    /// <summary>Opens what is stored sealed.</summary>
    public static Target Unseal(Secrets secrets, EndpointKey key, string url, byte[]? basic, IReadOnlyList<byte[]> keys) => new(
        key, new Uri(url), basic is null ? null : Encoding.UTF8.GetString(secrets.Unprotect(basic)),
        [.. keys.Select(sealedKey => NewSecret.SignerOf(secrets.Unprotect(sealedKey)))]);
}

/// <summary>Makes one attempt: signs, posts, looks at the answer.</summary>
internal sealed class WebhookSender(EgressGuard guard, OutgoingConnections connections, WebhookSettings settings, TimeProvider clock)
{
    private const int MostRead = 64 * 1024;
    private const int Kept = 1024;

    private static readonly string s_userAgent = $"Afterword/{ProgramVersion.Text}";

    /// <summary>Whether an endpoint may have this address. Settings may have changed since it was added.</summary>
    public static bool IsAllowed(Uri url, WebhookSettings settings) => url.Scheme == Uri.UriSchemeHttps || settings.AllowPlainHttp;

    /// <summary>Makes an attempt as soon as there is a permit for it.</summary>
    public async Task<Attempt> SendAsync(Target target, string id, byte[] body, CancellationToken abort)
    {
        using var permit = await connections.TakeAsync(target.Key, abort);
        return await SendAsync(permit, target, id, body, abort);
    }

    /// <param name="permit">For the connection. It holds the one that can be used again.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="id">The event's id, the same on every attempt.</param>
    /// <param name="body">The event.</param>
    /// <param name="abort">Breaks it off; that is no attempt.</param>
    /// <exception cref="OperationCanceledException"><paramref name="abort"/> was raised.</exception>
    public async Task<Attempt> SendAsync(OutgoingPermit permit, Target target, string id, byte[] body, CancellationToken abort)
    {
        var started = clock.GetTimestamp();
        var now = clock.GetUtcNow();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(abort);
        patience.CancelAfter(settings.Timeout);
        var (status, retryAfter, error, answer, unreached) = ((int?)null, (TimeSpan?)null, (string?)null, Array.Empty<byte>(), false);
        var connection = ConnectionOf(permit, target.Url);
        try
        {
            if (!IsAllowed(target.Url, settings)) throw new HttpRequestException(HttpRequestError.ConnectionError, "Plain http is not allowed: see Webhooks:AllowPlainHttp.");

            using var request = Request(target, id, now, body);
            using var response = await connection.Http.SendAsync(request, patience.Token);
            status = (int)response.StatusCode;
            retryAfter = RetryAfterOf(response.Headers.RetryAfter, now);
            answer = await ReadAsync(response.Content, patience.Token);
        }
#pragma warning disable CA1031 // whatever an endpoint manages to break is a failed attempt, and comes again by the schedule
        catch (Exception reason)
#pragma warning restore CA1031
        {
            abort.ThrowIfCancellationRequested();

            // Once there is a status the endpoint has decided; what happened to the rest of its answer changes nothing.
            if (status is null) error = Explain(reason);
            unreached = reason is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError };
        }
        finally
        {
            if (status is null) connection.Dispose();
            else permit.Connection = connection;
        }

        return new(now.ToUnixTimeMilliseconds(), (long)clock.GetElapsedTime(started).TotalMilliseconds, status, error, answer, retryAfter, unreached);
    }

    // Taken out until the request is over: what broke off is not kept.
    private EndpointConnection ConnectionOf(OutgoingPermit permit, Uri url)
    {
        var kept = permit.Connection as EndpointConnection;
        permit.Connection = null;
        if (kept?.Origin == url.GetLeftPart(UriPartial.Authority)) return kept;

        kept?.Dispose();
        return new(url, guard, settings);
    }

    private static HttpRequestMessage Request(Target target, string id, DateTimeOffset now, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var headers = request.Headers;
        headers.TryAddWithoutValidation("user-agent", s_userAgent);
        headers.TryAddWithoutValidation("webhook-id", id);
        headers.TryAddWithoutValidation("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        headers.TryAddWithoutValidation("webhook-signature", SignatureOf(target.Secrets, id, now, body));
        if (target.Basic is { } basic) headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(basic)));
        return request;
    }

    /// <summary>One signature for each secret, separated by spaces, as the Standard Webhooks specification has it.</summary>
    internal static string SignatureOf(IReadOnlyList<WebhookSecret> secrets, string id, DateTimeOffset now, byte[] body) =>
        string.Join(' ', secrets.Select(secret => secret.Sign(id, now, body)));

    private static TimeSpan? RetryAfterOf(RetryConditionHeaderValue? header, DateTimeOffset now) => header switch
    {
        { Delta: { } seconds } => seconds,
        { Date: { } date } when date > now => date - now,
        _ => null,
    };

    /// <summary>Reads on, so that the connection can be used again, but no more than 64 KiB, and keeps the first of them.</summary>
    private static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken stop)
    {
        if (content.Headers.ContentLength == 0) return [];

        var kept = new byte[Kept];
        var read = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(stop);
            var rest = Array.Empty<byte>();
            while (read < MostRead)
            {
                // What was kept is never written over: the rest goes to waste.
                if (read >= Kept && rest.Length == 0) rest = new byte[8 * 1024];
                var count = await stream.ReadAsync(read < Kept ? kept.AsMemory(read) : rest, stop);
                if (count == 0) break;
                read += count;
            }
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException)
        {
            // The beginning is what will be shown.
        }

        return kept[..Math.Min(read, Kept)];
    }

    private string Explain(Exception reason) => reason switch
    {
        OperationCanceledException => string.Create(CultureInfo.InvariantCulture, $"No answer within {settings.Timeout.TotalSeconds:0.#} s."),
        HttpRequestException { InnerException: AuthenticationException inner } => $"TLS failed: {inner.Message}",
        HttpRequestException { InnerException: SocketException inner } => inner.Message,
        HttpRequestException { InnerException: HttpIOException inner } => inner.Message,
        _ => reason.Message,
    };
}
