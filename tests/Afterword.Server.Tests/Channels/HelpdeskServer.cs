using System.Collections.Concurrent;
using System.Text.Json;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Support;
using Microsoft.AspNetCore.Http;

namespace Afterword.Server.Tests.Channels;

/// <summary>A call that reached the helpdesk.</summary>
internal sealed record DeskCall(string Method, string Path, string? Authorization, string? AccessToken, byte[] Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;
}

/// <summary>Speaks what Chatwoot, Zendesk, Intercom and Zammad document of posting into a conversation and of reading one.</summary>
internal sealed class HelpdeskServer : IAsyncDisposable
{
    private Receiver _receiver = null!;

    /// <summary>Every call, in the order of their arrival.</summary>
    public ConcurrentQueue<DeskCall> Calls { get; } = new();

    /// <summary>The texts that stand in its conversations.</summary>
    public ConcurrentQueue<string> Posted { get; } = new();

    /// <summary>Answers in its place; false for calls that it answers itself.</summary>
    public Func<HttpContext, DeskCall, Task<bool>>? Instead { get; set; }

    public Uri Url => _receiver.Url;

    public IEnumerable<DeskCall> Writes => Calls.Where(call => call.Method != "GET");

    public static async Task<HelpdeskServer> StartAsync()
    {
        var desk = new HelpdeskServer();
        desk._receiver = await Receiver.StartAsync(desk.AnswerAsync);
        return desk;
    }

    /// <summary>What a sender knows of it.</summary>
    public Helpdesk Of(HelpdeskKind kind, string token = "desk-token-kept-secret") => new(
        kind, Url, kind switch
        {
            HelpdeskKind.Zendesk => "ana@furni.example",
            HelpdeskKind.Zammad => null,
            _ => "7",
        },
        token);

    /// <summary>Takes what was posted, as the helpdesk whose API it is.</summary>
    public void Take(DeskCall call)
    {
        var json = call.Json;
        Posted.Enqueue((json.TryGetProperty("ticket", out var ticket) ? ticket.GetProperty("comment").GetProperty("body") : json.TryGetProperty("content", out var content) ? content : json.GetProperty("body")).GetString()!);
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    private async Task AnswerAsync(HttpContext http, Received received)
    {
        var call = new DeskCall(http.Request.Method, http.Request.Path + http.Request.QueryString, received.Authorization, http.Request.Headers["api_access_token"].FirstOrDefault(), received.Body);
        Calls.Enqueue(call);
        if (Instead is { } instead && await instead(http, call)) return;

        if (call.Method == "GET")
        {
            await http.Response.WriteAsJsonAsync(new { payload = Posted.Select(text => new { content = text }) });
            return;
        }

        Take(call);
        http.Response.StatusCode = call.Path.Contains("ticket_articles", StringComparison.Ordinal) ? 201 : 200;
        await http.Response.WriteAsJsonAsync(new { id = 1 });
    }
}
