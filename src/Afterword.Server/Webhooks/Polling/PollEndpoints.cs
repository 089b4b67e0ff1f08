using System.Globalization;
using System.Net.Http.Headers;
using Afterword.Client.Wire;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.Operators;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;

namespace Afterword.Server.Webhooks.Polling;

/// <summary>Metadata of a route that takes a webhook's secret.</summary>
internal sealed class WebhookSecretRoute;

/// <summary>A receiver without an address of its own fetches what is posted to the others.</summary>
/// <remarks>An operator key does not do: it may add webhooks, and not read what they get.</remarks>
internal static class PollEndpoints
{
    private const string Scheme = "Bearer";

    public static void MapPolling(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/operator/webhooks/{id}/poll.json", Poll).WithMetadata(new WebhookSecretRoute()).Describe(PollReference.Poll);

    private static async Task Poll(HttpContext http, string id, PollEvents polling, PollGate gate, AuditCounter tally)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (await FindAsync(http, id, polling, tally) is not { } webhook) return;

        if (!gate.TryPass(webhook.Key))
        {
            http.Response.Headers.RetryAfter = gate.SecondsToWait.ToString(CultureInfo.InvariantCulture);
            await http.RefuseAsync(ApiError.LimitReached);
            return;
        }

        if (await http.ReadParametersAsync() is not { } read) return;

        var (after, most) = (PollCursor.Read(read, "after"), read.Whole("limit", 1, PollEvents.MostPerPage, PollEvents.MostPerPage));
        read.RefuseUnknown();
        if (webhook.ApprovedAt is null) read.Errors.Add(ApiError.Invalid("id", "this webhook waits until an owner of the sender approves it in the console"));
        else if (webhook.IsOff) read.Errors.Add(ApiError.Invalid("id", "this webhook is switched off; its events are kept for it"));
        if (read.Errors.Any)
        {
            await http.RefuseAsync(read.Errors);
            return;
        }

        if (await polling.ReadAsync(webhook, after, most, http.RequestAborted) is not { } page)
        {
            await http.RefuseAsync(ApiError.Invalid("after", "a place that is not in the future; the server's clock was set back, so take an older one"));
            return;
        }

        await polling.NoteAsync(webhook, http.RequestAborted);
        if (page.Events.Count > 0) tally.Polled(webhook.Key);
        await http.AnswerAsync(200, page, WireJson.Default.PollPageJson);
    }

    /// <summary>Gives the webhook, or null after the call was refused: in the same way whether there is none or its secret is another one.</summary>
    private static async Task<PolledWebhook?> FindAsync(HttpContext http, string id, PollEvents polling, AuditCounter tally)
    {
        if (SecretOf(http.Request) is { } secret && WholeNumber.TryRead(id, out var number) && await polling.FindAsync(number, secret, http.RequestAborted) is { } webhook) return webhook;

        tally.WrongWebhookSecret(http.Connection.RemoteIpAddress);
        http.Response.Headers.WWWAuthenticate = Scheme;
        await http.RefuseAsync(ApiError.BadCredentials);
        return null;
    }

    private static string? SecretOf(HttpRequest request) =>
        request.Headers.Authorization is [{ } text] && AuthenticationHeaderValue.TryParse(text, out var header) && Scheme.Equals(header.Scheme, StringComparison.OrdinalIgnoreCase)
            ? header.Parameter
            : null;
}

/// <summary>Holds back receivers that poll too often.</summary>
internal sealed class PollGate(WebhookSettings settings, TimeProvider clock)
{
    private readonly FloodGate _webhooks = new(settings.PollsPerMinute, clock);

    public long SecondsToWait => _webhooks.SecondsToWait;

    /// <summary>Counts a call of a receiver that has shown its secret; false when there were too many.</summary>
    public bool TryPass(EndpointKey webhook) => _webhooks.TryPass(HashCode.Combine(webhook));
}
