using System.Diagnostics.CodeAnalysis;
using Afterword.Client.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Afterword.Client.AspNetCore;

/// <summary>Receives feedback webhooks in an ASP.NET Core app.</summary>
public static class WebhookEndpoints
{
    /// <inheritdoc cref="MapFeedbackWebhook(IEndpointRouteBuilder, string, WebhookVerifier, Func{FeedbackWebhook, CancellationToken, Task}, Func{string, CancellationToken, ValueTask{bool}})"/>
    /// <param name="routes">The app.</param>
    /// <param name="pattern">The path, e.g. <c>/hooks/afterword</c>.</param>
    /// <param name="secret">The endpoint's secret, <c>whsec_…</c>. While secrets are changed, give a <see cref="WebhookVerifier"/> with two.</param>
    /// <param name="handler">What to do with an event.</param>
    /// <param name="isHandled">Says whether a <c>webhook-id</c> has been handled before; by default every delivery is handled.</param>
    /// <exception cref="FormatException">The secret is malformed; the message says how.</exception>
    public static IEndpointConventionBuilder MapFeedbackWebhook(
        this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, string secret,
        Func<FeedbackWebhook, CancellationToken, Task> handler, Func<string, CancellationToken, ValueTask<bool>>? isHandled = null) =>
        routes.MapFeedbackWebhook(pattern, new WebhookVerifier(WebhookSecret.Parse(secret)), handler, isHandled);

    /// <summary>Receives webhooks by <c>POST</c>: verifies each, reads it, and hands it to <paramref name="handler"/>.</summary>
    /// <remarks>
    /// <para>
    /// Answers 204 when the handler has ended well, and 500 when it has thrown, so that the event is sent again. A request
    /// that cannot be read is 400, one that is not signed, or not now, 401, a body over 256 KiB 413; each with one
    /// sentence that says why. 409 means that the same event is being handled at this moment.
    /// </para>
    /// <para>
    /// The signature is the authentication, so the endpoint asks for none itself; an app that asks for one everywhere
    /// adds <c>AllowAnonymous()</c> to what is returned.
    /// </para>
    /// </remarks>
    /// <param name="routes">The app.</param>
    /// <param name="pattern">The path, e.g. <c>/hooks/afterword</c>.</param>
    /// <param name="verifier">Knows the endpoint's secret, or two.</param>
    /// <param name="handler">
    /// What to do with an event, within the 15 seconds that the sender waits. An event may come more than once, so it
    /// remembers the webhook's id together with what it does. Its token is cancelled when the sender hangs up.
    /// </param>
    /// <param name="isHandled">
    /// Says whether a <c>webhook-id</c> has been handled before. If so the answer is 204, and the handler is not called. By
    /// default every delivery is handled.
    /// </param>
    public static IEndpointConventionBuilder MapFeedbackWebhook(
        this IEndpointRouteBuilder routes, [StringSyntax("Route")] string pattern, WebhookVerifier verifier,
        Func<FeedbackWebhook, CancellationToken, Task> handler, Func<string, CancellationToken, ValueTask<bool>>? isHandled = null)
    {
        ArgumentNullException.ThrowIfNull(verifier);
        ArgumentNullException.ThrowIfNull(handler);
        return routes.MapPost(pattern, new WebhookReceiver(verifier, handler, isHandled).ReceiveAsync);
    }
}
