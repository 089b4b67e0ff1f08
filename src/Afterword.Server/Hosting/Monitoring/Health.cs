using System.Text;
using Afterword.Server.Reference;

namespace Afterword.Server.Hosting.Monitoring;

/// <summary>Tells a load balancer whether the process lives and whether it can serve.</summary>
internal static class Health
{
    /// <summary>What <c>for</c> is for nodes that are still good for reading.</summary>
    public const string Reads = "reads";

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz/live", (HttpContext http) => http.AnswerAsync(200, "text/plain; charset=utf-8", "ok\n"u8)).Describe(HostingReference.Live);
        routes.MapGet("/healthz/ready", Ready).Describe(HostingReference.Ready);
    }

    private static async Task Ready(HttpContext http, Readiness readiness, IHostApplicationLifetime life)
    {
        http.Response.Headers.CacheControl = "no-store";
        var why = life.ApplicationStopping.IsCancellationRequested ? "the server is about to stop" : (await readiness.WhyNoReadsAsync(http.RequestAborted))?.Words;
        if (http.Request.Query["for"] != Reads) why ??= (await readiness.WhyNoWritesAsync(http.RequestAborted))?.Words;

        if (why is null) await http.AnswerAsync(200, "text/plain; charset=utf-8", "ok\n"u8);
        else await http.AnswerAsync(503, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes($"{why}\n"));
    }
}
