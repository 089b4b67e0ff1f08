using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Afterword.Bench.Load;
using Afterword.Server.Storage;

namespace Afterword.Bench.Bare;

/// <summary>What reached a receiver since it was last asked.</summary>
/// <param name="Seconds">From the first of the second half to the last: the first half warms up whoever sends.</param>
/// <param name="P50">Milliseconds from the making of the event's id, shortly before its commit, to its arrival.</param>
internal sealed record Arrivals(long Count, double Seconds, double P50, double P99, double Longest)
{
    public double Rate => (Count - (Count / 2) - 1) / Seconds;
}

/// <summary>
/// A receiver of webhooks that does nothing but read and count. Whatever is posted to /hang is never answered, and to /fail answered with 500.
/// It is an OpenTelemetry collector too, which counts what came.
/// </summary>
internal static class ReceivingEnd
{
    public static async Task RunAsync(string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        var (gate, times, latencies, collected) = (new Lock(), new List<long>(), new Latencies(), 0);

        var app = builder.Build();
        app.MapPost("/", async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            var now = Stopwatch.GetTimestamp();
            var made = (long.Parse(http.Request.Headers["webhook-id"].ToString(), CultureInfo.InvariantCulture) >> 22) + Snowflakes.Epoch;
            lock (gate)
            {
                times.Add(now);
                // The ids of the bare loop tell no time.
                latencies.Add(Math.Clamp(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - made, 0, 60_000) * (Stopwatch.Frequency / 1_000));
            }

            http.Response.StatusCode = 204;
        });
        app.MapPost("/v1/{signal}", async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            Interlocked.Increment(ref collected);
            http.Response.ContentType = "application/x-protobuf";
        });
        app.MapGet("/collected", http => TellAsync(http, collected.ToString(CultureInfo.InvariantCulture)));
        app.MapPost("/hang", http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        app.MapPost("/fail", () => TypedResults.StatusCode(500));
        app.MapGet("/count", http => TellAsync(http, times.Count.ToString(CultureInfo.InvariantCulture)));
        app.MapGet("/arrivals", http =>
        {
            lock (gate)
            {
                var seconds = times.Count == 0 ? 0 : Stopwatch.GetElapsedTime(times[times.Count / 2], times[^1]).TotalSeconds;
                var seen = new Arrivals(times.Count, seconds, latencies.Percentile(0.5), latencies.Percentile(0.99), latencies.MaxMillis);
                (times, latencies) = ([], new Latencies());
                return TellAsync(http, JsonSerializer.Serialize(seen));
            }
        });
        app.MapGet("/healthz/ready", () => "ok");
        await app.RunAsync();
    }

    // With its length: who asks here reads no chunks.
    private static Task TellAsync(HttpContext http, string text)
    {
        http.Response.ContentLength = text.Length;
        return http.Response.WriteAsync(text);
    }
}
