using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Afterword.Client.Webhooks;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>How to reach an endpoint, unsealed.</summary>
/// <param name="Basic">Credentials as <c>user:password</c>, or null.</param>
/// <param name="Secrets">One, or two while one is being replaced.</param>
internal sealed record WebhookTarget(EndpointKey Key, Uri Url, string? Basic, IReadOnlyList<WebhookSecret> Secrets)
{
    /// <summary>Where it is read by people; null for events.</summary>
    public ChatDestination? Room { get; init; }

    /// <summary>Opens what is stored sealed.</summary>
    public static WebhookTarget Unseal(Secrets secrets, EndpointKey key, string url, byte[]? basic, IReadOnlyList<byte[]> keys) => new(
        key, new Uri(url), basic is null ? null : Encoding.UTF8.GetString(secrets.Unprotect(basic)),
        [.. keys.Select(sealedKey => RotateSecret.SignerOf(secrets.Unprotect(sealedKey)))]);
}

/// <summary>Makes one attempt: signs, posts, looks at the answer.</summary>
internal sealed class WebhookSender(EgressGuard guard, OutgoingConnections connections, WebhookSettings settings, TimeProvider clock)
{
    private readonly GuardedHttp _http = new(guard, settings, clock);

    /// <summary>Makes an attempt as soon as there is a permit for it.</summary>
    public async Task<DeliveryAttempt> SendAsync(WebhookTarget target, string id, byte[] body, CancellationToken abort)
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
    public Task<DeliveryAttempt> SendAsync(OutgoingPermit permit, WebhookTarget target, string id, byte[] body, CancellationToken abort) =>
        _http.SendAsync(permit, target.Url, now => Request(target, id, now, body), GuardedHttp.Shown, abort);

    private static HttpRequestMessage Request(WebhookTarget target, string id, DateTimeOffset now, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var headers = request.Headers;
        headers.TryAddWithoutValidation("webhook-id", id);
        headers.TryAddWithoutValidation("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        headers.TryAddWithoutValidation("webhook-signature", SignatureOf(target.Secrets, id, now, body));
        if (target.Basic is { } basic) headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(basic)));
        return request;
    }

    /// <summary>One signature for each secret, separated by spaces, as the Standard Webhooks specification has it.</summary>
    internal static string SignatureOf(IReadOnlyList<WebhookSecret> secrets, string id, DateTimeOffset now, byte[] body) =>
        string.Join(' ', secrets.Select(secret => secret.Sign(id, now, body)));
}
