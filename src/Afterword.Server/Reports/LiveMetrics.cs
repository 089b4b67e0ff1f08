using System.Text;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Messages.Inbox;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>Tells open pages of metrics that something of their sender has changed, on this node or another.</summary>
/// <remarks>
/// It is notified for the sender of every message and every answer. An event says only that there is
/// something: the page fetches itself, with the checks of every page.
/// </remarks>
internal static class LiveMetrics
{
    // Many answers at once make one event.
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(500);

    public static async Task ServeAsync(HttpContext http, Membership membership, ConsoleSessions sessions, LiveUpdates live, Store store, IHostApplicationLifetime life)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(http.Request.Method)) return;

        using var page = live.TryOpen(LiveTopic.MetricsOf(membership.SenderId), Listener.Person(membership.Member.Id));
        if (page is null)
        {
            http.Response.Headers.RetryAfter = "60";
            http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, life.ApplicationStopping);
        try
        {
            await TellAsync(http, membership, sessions, page, live.Heartbeat, ends.Token);
        }
        catch (Exception error) when (ends.IsCancellationRequested || (http.Response.HasStarted && store.Faults.Tell(error)))
        {
            // The reader has left, the server is about to, or the store has: the page comes back by itself.
        }
    }

    private static async Task TellAsync(HttpContext http, Membership membership, ConsoleSessions sessions, LiveUpdates.OpenPage page, TimeSpan heartbeat, CancellationToken stop)
    {
        http.Response.ContentType = "text/event-stream; charset=utf-8";

        // nginx would keep small pieces back.
        http.Response.Headers["X-Accel-Buffering"] = "no";

        // What happened between the page and its stream is found out by looking once more.
        await WriteAsync(http, "retry: 3000\nevent: new\ndata: begin\n\n", stop);
        while (true)
        {
            var woken = await page.Woken.WaitAsync(heartbeat, stop);
            if (woken) await Task.Delay(s_gather, stop);
            if (!await sessions.IsStillAsync(http, membership))
            {
                await WriteAsync(http, "event: over\ndata: signed out\n\n", stop);
                return;
            }

            await WriteAsync(http, woken ? "event: new\ndata: changed\n\n" : ":\n\n", stop);
        }
    }

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken stop)
    {
        await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), stop);
        await http.Response.BodyWriter.FlushAsync(stop);
    }
}
