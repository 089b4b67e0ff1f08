using System.Text;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages.Inbox;

/// <summary>The stream of server-sent events that tells a page that something is new (HTML Living Standard, section 9.2).</summary>
/// <remarks>
/// An event says that, not what: the page fetches itself, with the checks of every page. Its id is the inbox's mark, so that a
/// stream that broke off goes on where it was.
/// </remarks>
internal static class LiveStream
{
    public const string Address = "/messages/live";

    // A mark is two numbers with a dot between.
    private const int LongestMark = 50;

    public static async Task ServeAsync(HttpContext http, UserSessions userSessions, LiveUpdates live, InboxVersions marks, Store store, IHostApplicationLifetime life)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (await userSessions.WhoAsync(http) is not { } user)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        if (HttpMethods.IsHead(http.Request.Method)) return;

        using var page = live.TryOpen(new(user.UserId), Listener.User(user.UserId));
        if (page is null)
        {
            http.Response.Headers.RetryAfter = "60";
            http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, life.ApplicationStopping);
        try
        {
            await TellAsync(http, userSessions, user, page, live, marks, ends.Token);
        }
        catch (Exception error) when (ends.IsCancellationRequested || (http.Response.HasStarted && store.Faults.Tell(error)))
        {
            // The reader has left, the server is about to, or the store has: the page comes back by itself.
        }
    }

    private static async Task TellAsync(
        HttpContext http, UserSessions userSessions, SignedInUser user, LiveUpdates.OpenPage page, LiveUpdates live, InboxVersions marks, CancellationToken stop)
    {
        http.Response.ContentType = "text/event-stream; charset=utf-8";

        // nginx would keep small pieces back.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        await WriteAsync(http, "retry: 3000\n\n", stop);

        var told = Since(http);
        var woken = false;
        while (true)
        {
            if (!await userSessions.IsStillAsync(http, user))
            {
                await WriteAsync(http, "event: over\ndata: signed out\n\n", stop);
                return;
            }

            var mark = await marks.ReadAsync(user.UserId, stop);
            await WriteAsync(http, woken || mark != told ? $"id: {mark}\nevent: new\ndata: {mark}\n\n" : ":\n\n", stop);
            told = mark;
            woken = await page.Woken.WaitAsync(live.Heartbeat, stop);
        }
    }

    /// <summary>What the page knows: of the event it had last, or from when it was made.</summary>
    private static string Since(HttpContext http)
    {
        var last = http.Request.Headers["Last-Event-ID"].ToString();
        var since = last.Length > 0 ? last : http.Request.Query["since"].ToString();
        return since.Length <= LongestMark ? since : "";
    }

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken stop)
    {
        await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), stop);
        await http.Response.BodyWriter.FlushAsync(stop);
    }
}
