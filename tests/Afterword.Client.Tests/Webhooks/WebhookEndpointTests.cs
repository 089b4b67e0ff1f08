using System.Net;
using Afterword.Client.AspNetCore;
using Afterword.Client.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Afterword.Client.Tests.Webhooks;

/// <summary>The endpoint in a real server on a real socket.</summary>
public sealed class WebhookEndpointTests : IAsyncLifetime
{
    private const int MaxBody = 256 * 1024;

    private static readonly WebhookSecret s_secret = WebhookSecret.Parse(Delivery.Secret);

    private readonly ManualClock _clock = new("2016-01-04T19:45:37Z");
    private readonly HttpClient _http = new();
    private readonly List<string> _handled = [];
    private readonly List<string> _asked = [];
    private WebApplication _app = null!;
    private Func<FeedbackWebhook, CancellationToken, Task> _handler = (_, _) => Task.CompletedTask;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Delivery Good => Delivery.Of(_clock.GetUtcNow());

    private Uri Hook => new(_app.Urls.First() + "/hooks/afterword");

    public async ValueTask InitializeAsync()
    {
        _app = NewApp();
        _app.MapFeedbackWebhook("/hooks/afterword", new WebhookVerifier(s_secret, clock: _clock), HandleAsync, IsHandled);
        _app.MapFeedbackWebhook("/hooks/every", new WebhookVerifier(s_secret, clock: _clock), HandleAsync);
        await _app.StartAsync(Stop);
    }

    [Fact]
    public async Task A_signed_event_is_handled_and_answered_with_204()
    {
        FeedbackWebhook? seen = null;
        _handler = (webhook, _) => Task.FromResult(seen = webhook);

        Assert.Equal((HttpStatusCode.NoContent, ""), await SendAsync(Good));
        Assert.Equal("684095374270562306", seen!.Id);
        Assert.Equal("ticket_5555", seen.Event.Feedback.ExternalId);
    }

    [Fact]
    public async Task Header_names_have_any_letter_case_and_a_body_any_framing()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Hook) { Content = new ByteArrayContent(Good.Body) };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.TryAddWithoutValidation("Webhook-Id", Good.Id);
        request.Headers.TryAddWithoutValidation("WEBHOOK-TIMESTAMP", Good.Timestamp);
        request.Headers.TryAddWithoutValidation("webhook-Signature", Good.Signature);
        Assert.Equal((HttpStatusCode.NoContent, ""), await SendAsync(request));
        Assert.Equal(["684095374270562306"], _handled);
    }

    [Fact]
    public async Task A_refusal_says_why_and_reaches_neither_handler_nor_memory()
    {
        (Delivery Sent, HttpStatusCode Status, string Reason)[] cases =
        [
            (Good with { Id = null }, HttpStatusCode.BadRequest, "The header webhook-id is missing."),
            (Good with { Timestamp = null }, HttpStatusCode.BadRequest, "The header webhook-timestamp is missing."),
            (Good with { Signature = null }, HttpStatusCode.BadRequest, "The header webhook-signature is missing."),
            (Good with { Timestamp = "now" }, HttpStatusCode.BadRequest, "The header webhook-timestamp is not a number of seconds."),
            (Delivery.Of(_clock.GetUtcNow().AddSeconds(-301)), HttpStatusCode.Unauthorized, "The webhook was sent more than 5 minutes ago."),
            (Delivery.Of(_clock.GetUtcNow().AddSeconds(301)), HttpStatusCode.Unauthorized, "The webhook was sent more than 5 minutes in the future: compare the clocks."),
            (Good with { Body = [.. Good.Body, (byte)' '] }, HttpStatusCode.Unauthorized, "No signature matches: another secret, or a body that was changed on its way."),
            (Delivery.Of(_clock.GetUtcNow(), secret: Delivery.OtherSecret), HttpStatusCode.Unauthorized, "No signature matches: another secret, or a body that was changed on its way."),
            (Delivery.Of(_clock.GetUtcNow(), body: []), HttpStatusCode.BadRequest, "The body is not a feedback event."),
        ];
        foreach (var (sent, status, reason) in cases)
        {
            Assert.Equal((status, reason), await SendAsync(sent));
        }

        Assert.Empty(_handled);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task A_header_given_twice_is_not_believed()
    {
        using var twoIds = Good.To(Hook);
        twoIds.Headers.TryAddWithoutValidation("webhook-id", "7");
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(twoIds)).Status);

        using var twoTimes = Good.To(Hook);
        twoTimes.Headers.TryAddWithoutValidation("webhook-timestamp", Good.Timestamp);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(twoTimes)).Status);
        Assert.Empty(_handled);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_of_256_KiB_is_read_and_not_a_byte_more(bool isChunked)
    {
        foreach (var (length, expected) in new[] { (MaxBody, HttpStatusCode.NoContent), (MaxBody + 1, HttpStatusCode.RequestEntityTooLarge) })
        {
            byte[] body = [.. Delivery.Event, .. Enumerable.Repeat((byte)' ', length - Delivery.Event.Length)];
            using var request = Delivery.Of(_clock.GetUtcNow(), body: body).To(Hook);
            request.Headers.TransferEncodingChunked = isChunked;
            Assert.Equal((expected, expected is HttpStatusCode.NoContent ? "" : "The body has more than 256 KiB."), await SendAsync(request));
        }

        Assert.Single(_handled);
    }

    [Fact]
    public async Task A_handler_that_throws_is_answered_with_500_so_that_the_event_comes_again()
    {
        _handler = (_, _) => throw new InvalidOperationException("The database is gone.");
        Assert.Equal((HttpStatusCode.InternalServerError, ""), await SendAsync(Good));

        _handler = (_, _) => Task.CompletedTask;
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(Good)).Status);
        Assert.Equal(["684095374270562306"], _handled);
    }

    [Fact]
    public async Task An_event_that_was_handled_is_answered_with_204_and_not_handled_again()
    {
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(Good)).Status);
        Assert.Equal(["684095374270562306"], _handled);
        Assert.Equal(3, _asked.Count);

        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(Delivery.Of(_clock.GetUtcNow(), id: "8"))).Status);
        Assert.Equal(["684095374270562306", "8"], _handled);
    }

    [Fact]
    public async Task Without_a_memory_every_delivery_is_handled()
    {
        for (var i = 0; i < 2; i++)
        {
            using var request = Good.To(new Uri(Hook, "/hooks/every"));
            Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(request)).Status);
        }

        Assert.Equal(2, _handled.Count);
    }

    [Fact]
    public async Task An_event_is_not_handled_twice_at_the_same_time()
    {
        var begun = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        _handler = (_, _) =>
        {
            begun.SetResult();
            return go.Task;
        };

        var first = SendAsync(Good);
        Assert.Same(begun.Task, await Task.WhenAny(begun.Task, first));
        Assert.Equal((HttpStatusCode.Conflict, "This event is being handled at this moment."), await SendAsync(Good));

        go.SetResult();
        Assert.Equal(HttpStatusCode.NoContent, (await first).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(Good)).Status);
        Assert.Equal(["684095374270562306"], _handled);
    }

    [Fact]
    public async Task A_handler_learns_that_the_sender_has_hung_up()
    {
        var begun = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        _handler = async (_, stop) =>
        {
            begun.SetResult();
            stop.Register(ended.SetResult);
            await ended.Task;
            stop.ThrowIfCancellationRequested();
        };

        using var hangUp = new CancellationTokenSource();
        using var request = Good.To(Hook);
        var sending = _http.SendAsync(request, hangUp.Token);
        Assert.Same(begun.Task, await Task.WhenAny(begun.Task, sending));
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await ended.Task;
        Assert.Empty(_handled);
    }

    [Fact]
    public async Task Only_POST_is_received()
    {
        using var answer = await _http.GetAsync(Hook, Stop);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
    }

    [Fact]
    public async Task One_line_with_the_secret_is_enough()
    {
        await using var app = NewApp();
        var seen = new List<string>();
        app.MapFeedbackWebhook("/hook", Delivery.Secret, (webhook, _) =>
        {
            seen.Add(webhook.Id);
            return Task.CompletedTask;
        });
        await app.StartAsync(Stop);

        using var request = Delivery.Of(TimeProvider.System.GetUtcNow(), id: "9").To(new Uri(app.Urls.First() + "/hook"));
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(request)).Status);
        Assert.Equal(["9"], seen);
    }

    [Fact]
    public async Task A_malformed_secret_ends_the_start()
    {
        await using var app = NewApp();
        var error = Assert.Throws<FormatException>(() => app.MapFeedbackWebhook("/hook", "whsec_tooshort", (_, _) => Task.CompletedTask));
        Assert.DoesNotContain("tooshort", error.Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private static WebApplication NewApp()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        return builder.Build();
    }

    private async Task HandleAsync(FeedbackWebhook webhook, CancellationToken stop)
    {
        await _handler(webhook, stop);
        _handled.Add(webhook.Id);
    }

    private ValueTask<bool> IsHandled(string id, CancellationToken stop)
    {
        _asked.Add(id);
        return ValueTask.FromResult(_handled.Contains(id));
    }

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(Delivery delivery)
    {
        using var request = delivery.To(Hook);
        return await SendAsync(request);
    }

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpRequestMessage request)
    {
        using var answer = await _http.SendAsync(request, Stop);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Stop));
    }
}
