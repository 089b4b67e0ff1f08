using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Afterword.Client.Wire;

namespace Afterword.Client.Webhooks;

/// <summary>Which webhook a <see cref="WebhookPoller"/> fetches the events of.</summary>
/// <param name="Server">The absolute http(s) address in front of <c>/operator</c>; a path in it is kept.</param>
/// <param name="WebhookId">The id that the operator was given for it, decimal.</param>
/// <param name="Secret">Its secret, which lets the client in and verifies each event.</param>
public sealed record WebhookPollerOptions(Uri Server, string WebhookId, WebhookSecret Secret)
{
    /// <summary>How long to wait when nothing has happened; five seconds by default.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Measures the waits; the system's clock by default.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>An event that was fetched, and whose signature has been verified.</summary>
/// <param name="Webhook">What a receiver with an address is handed.</param>
/// <param name="Sent">Its body and headers as they came, for handing it on as it is.</param>
public sealed record PolledWebhook(FeedbackWebhook Webhook, PolledEventJson Sent)
{
    /// <summary>Where to go on behind this event. Store it once the event is handled, best in the transaction that stores your result.</summary>
    public string Cursor => Sent.Cursor;
}

/// <summary>Receives webhooks without an address of its own, by fetching them. Safe to share between threads; keep one for long.</summary>
public sealed class WebhookPoller : IDisposable
{
    private readonly HttpClient _http;
    private readonly WebhookPollerOptions _options;
    private readonly WebhookVerifier _verifier;
    private readonly string _address;

    /// <summary>Creates a client with connections of its own, which follow changes of the server's address.</summary>
    /// <exception cref="ArgumentException">The server's address is not absolute http(s), or the id is not decimal.</exception>
    public WebhookPoller(WebhookPollerOptions options)
        : this(options, FeedbackClient.Connections(), disposeTransport: true)
    {
    }

    /// <summary>Creates a client on a transport of the caller's, such as one with a proxy or a certificate.</summary>
    /// <param name="options">The server and the webhook.</param>
    /// <param name="transport">Sends what is asked; it must not follow redirects, which would take the secret along.</param>
    /// <param name="disposeTransport">Whether the transport ends with the client; by default it does not.</param>
    /// <exception cref="ArgumentException">The server's address is not absolute http(s), or the id is not decimal.</exception>
    public WebhookPoller(WebhookPollerOptions options, HttpMessageHandler transport, bool disposeTransport = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _verifier) = (options, new WebhookVerifier(options.Secret, clock: options.Clock));
        _address = $"operator/webhooks/{FeedbackClient.Decimal(options.WebhookId)}/poll.json";
        _http = new HttpClient(transport, disposeTransport) { BaseAddress = FeedbackClientOptions.PrefixOf(options.Server, nameof(options)), MaxResponseContentBufferSize = 64 * 1024 * 1024 };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.Secret.Reveal());
    }

    /// <summary>Gives every event behind a place, in order, up to the last that has happened.</summary>
    /// <remarks>A reached limit is waited for, and so is a server that says that it is busy.</remarks>
    /// <param name="after">The <see cref="PolledWebhook.Cursor"/> of the last event that was handled; null begins with the first that the webhook may get.</param>
    /// <param name="cancellationToken">Ends the walk, also while it waits.</param>
    /// <exception cref="FeedbackApiException">The server refused for another reason: 401 for a wrong secret or id; 400 while the webhook is switched off or waits for approval.</exception>
    /// <exception cref="HttpRequestException">There was no answer. Begin again behind the last event.</exception>
    public IAsyncEnumerable<PolledWebhook> ReadAsync(string? after = null, CancellationToken cancellationToken = default) => WalkAsync(after, follow: false, cancellationToken);

    /// <summary>The same, and then every event that happens, until it is cancelled.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public IAsyncEnumerable<PolledWebhook> FollowAsync(string? after = null, CancellationToken cancellationToken = default) => WalkAsync(after, follow: true, cancellationToken);

    /// <summary>Ends the connections, if they are the client's own. Calls under way fail.</summary>
    public void Dispose() => _http.Dispose();

    private async IAsyncEnumerable<PolledWebhook> WalkAsync(string? after, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var (page, events) = await PageAsync(after, cancellationToken).ConfigureAwait(false);
            foreach (var one in events) yield return one;

            after = page.Next;
            if (page.More) continue;
            if (!follow) yield break;

            await Task.Delay(_options.Interval, _options.Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<(PollPageJson Page, List<PolledWebhook> Events)> PageAsync(string? after, CancellationToken cancellationToken)
    {
        var address = after is null ? _address : $"{_address}?after={Uri.EscapeDataString(after)}";
        while (true)
        {
            TimeSpan wait;
            try
            {
                using var answer = await Answers.SuccessAsync(
                    await _http.GetAsync(new Uri(address, UriKind.Relative), cancellationToken).ConfigureAwait(false), _options.Clock, cancellationToken).ConfigureAwait(false);
                var page = await Answers.ReadAsync(answer, WireJson.Default.PollPageJson, cancellationToken).ConfigureAwait(false);
                return (page, [.. page.Events.Select(sent => new PolledWebhook(_verifier.Open(sent) ?? throw Answers.Foreign(answer), sent))]);
            }
            catch (FeedbackApiException e) when (e.Status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            {
                wait = RetryWait.For(e, _options.Clock.GetUtcNow());
            }

            await Task.Delay(wait, _options.Clock, cancellationToken).ConfigureAwait(false);
        }
    }
}
