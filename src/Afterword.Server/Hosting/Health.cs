using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Hosting;

/// <summary>Tells a load balancer whether the process lives and whether it can serve.</summary>
internal static class Health
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz/live", (HttpContext http) => http.AnswerAsync(200, "text/plain; charset=utf-8", "ok\n"u8)).Describe(HostingReference.Live);
        routes.MapGet("/healthz/ready", Ready).Describe(HostingReference.Ready);
    }

    private static async Task Ready(HttpContext http, Store store)
    {
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            await store.Main.ReadAsync(session => session.Sql("select 1").FirstAsync(row => row.GetInt32(0), http.RequestAborted), http.RequestAborted);
        }
        catch (Exception error) when (store.Main.IsUnavailable(error))
        {
            await http.AnswerAsync(503, "text/plain; charset=utf-8", "the store cannot be read\n"u8);
            return;
        }

        if (store.Main.IsFull) await http.AnswerAsync(503, "text/plain; charset=utf-8", "the write queue is full\n"u8);
        else await http.AnswerAsync(200, "text/plain; charset=utf-8", "ok\n"u8);
    }
}
