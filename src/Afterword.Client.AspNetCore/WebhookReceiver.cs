using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using Afterword.Client.Webhooks;
using Microsoft.AspNetCore.Http;

namespace Afterword.Client.AspNetCore;

/// <summary>One endpoint: bytes in, a status out, and in between the handler.</summary>
internal sealed class WebhookReceiver(
    WebhookVerifier verifier, Func<FeedbackWebhook, CancellationToken, Task> handler,
    Func<string, CancellationToken, ValueTask<bool>>? isHandled)
{
    // Twice what the longest text makes when every character of it is escaped.
    private const int MaxBody = 256 * 1024;

    private readonly ConcurrentDictionary<string, bool> _underWay = new(StringComparer.Ordinal);

    public async Task ReceiveAsync(HttpContext http)
    {
        if (await BodyAsync(http.Request, http.RequestAborted) is not { } body)
        {
            await RefuseAsync(http, StatusCodes.Status413PayloadTooLarge, "The body has more than 256 KiB.");
            return;
        }

        await (verifier.Verify(name => http.Request.Headers[name], body) switch
        {
            WebhookOutcome.Accepted(var webhook) => HandleAsync(http, webhook),
            WebhookOutcome.Refused(var reason, var message) => RefuseAsync(http, StatusOf(reason), message),
            var other => throw new UnreachableException(other.ToString()),
        });
    }

    private async Task HandleAsync(HttpContext http, FeedbackWebhook webhook)
    {
        // Asking whether an event is handled, handling and remembering it must not overlap with the same for a repetition.
        if (!_underWay.TryAdd(webhook.Id, true))
        {
            await RefuseAsync(http, StatusCodes.Status409Conflict, "This event is being handled at this moment.");
            return;
        }

        try
        {
            if (isHandled is null || !await isHandled(webhook.Id, http.RequestAborted))
            {
                await handler(webhook, http.RequestAborted);
            }
        }
        finally
        {
            _underWay.TryRemove(webhook.Id, out _);
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>The whole body, or <see langword="null"/> as soon as it is too long.</summary>
    private static async ValueTask<byte[]?> BodyAsync(HttpRequest request, CancellationToken stop)
    {
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(stop);
            var isTooLong = read.Buffer.Length > MaxBody;
            if (isTooLong || read.IsCompleted)
            {
                var body = isTooLong ? null : read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return body;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static int StatusOf(WebhookRefusal reason) => reason switch
    {
        WebhookRefusal.TooOld or WebhookRefusal.TooNew or WebhookRefusal.NoMatchingSignature => StatusCodes.Status401Unauthorized,
        _ => StatusCodes.Status400BadRequest,
    };

    private static Task RefuseAsync(HttpContext http, int status, string reason)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(reason, http.RequestAborted);
    }
}
