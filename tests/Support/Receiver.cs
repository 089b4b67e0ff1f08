using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Afterword.Support;

/// <summary>A request that reached a receiver.</summary>
internal sealed record Received(string Path, string Id, long Timestamp, string Signature, string? Authorization, string? ContentType, byte[] Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Feedback => Json.GetProperty("feedback").GetProperty("id").GetString()!;

    public string EventType => Json.GetProperty("event_type").GetString()!;
}

/// <summary>A receiver of webhooks on a port of its own: writes down what comes and answers as the test says.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TaskCompletionSource _closing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Receiver(WebApplication app) => _app = app;

    /// <summary>Every request, in the order of their arrival.</summary>
    public ConcurrentQueue<Received> All { get; } = new();

    public Uri Url => new(_app.Urls.First());

    /// <summary>Ends when the receiver is about to close, for handlers that never answer.</summary>
    public Task Closing => _closing.Task;

    /// <param name="answer">Answers a request that was written down; by default with 204.</param>
    public static async Task<Receiver> StartAsync(Func<HttpContext, Received, Task>? answer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        var receiver = new Receiver(builder.Build());
        receiver._app.Run(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            var headers = http.Request.Headers;
            var received = new Received(
                http.Request.Path, headers["webhook-id"].ToString(), long.TryParse(headers["webhook-timestamp"], out var at) ? at : 0, headers["webhook-signature"].ToString(),
                headers.Authorization.FirstOrDefault(), http.Request.ContentType, body.ToArray());
            receiver.All.Enqueue(received);
            if (answer is null) http.Response.StatusCode = 204;
            else await answer(http, received);
        });
        await receiver._app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        _closing.TrySetResult();
        await _app.DisposeAsync();
    }
}
