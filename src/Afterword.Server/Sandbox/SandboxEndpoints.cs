using System.Globalization;
using System.Text.Json.Serialization;
using Afterword.Server.Configuration;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Operators;
using Afterword.Server.Storage;

namespace Afterword.Server.Sandbox;

/// <summary>The clock of a sandbox, for an integrator's tests. Other servers have no such routes; <c>docs/sandbox.md</c> tells of them.</summary>
internal static class SandboxEndpoints
{
    private static readonly CachedResponse s_style = new("text/css; charset=utf-8", () => SandboxBanner.Style.ToArray());

    public static void MapSandbox(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(SandboxBanner.StylePath, s_style.ServeAsync);
        var group = routes.MapOperator();
        group.MapGet("/clock.json", Show);
        group.MapPost("/clock.json", Move);
    }

    private static async Task Move(HttpContext http, SandboxClock clock, WorkerLease lease)
    {
        if (await http.ReadParametersAsync() is not { } read) return;

        if (read.Required("by") is { } by && (!DurationText.TryParse(by, out var time) || !clock.TryMove(time)))
        {
            read.Errors.Add(ApiError.Invalid("by", string.Create(CultureInfo.InvariantCulture, $"a duration such as 24:00:00 or 7.00:00:00; the clock goes forward only, and is at most {SandboxClock.MostAhead.Days:N0} days ahead")));
        }

        if (read.Errors.Any)
        {
            await http.RefuseAsync(read.Errors);
            return;
        }

        // Ids are made for as long as the lease lasts, which has ended by the new time.
        await lease.RenewAsync(http.RequestAborted);
        await Show(http, clock);
    }

    private static Task Show(HttpContext http, SandboxClock clock) => http.AnswerAsync(
        200, new SandboxClockJson(clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), DurationText.Of(clock.Ahead)), SandboxWire.Default.SandboxClockJson);
}

/// <param name="Now">What the clock shows, ISO 8601 in UTC.</param>
/// <param name="Ahead">How far it was moved, such as <c>24:00:00</c>.</param>
internal sealed record SandboxClockJson(string Now, string Ahead);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SandboxClockJson))]
internal sealed partial class SandboxWire : JsonSerializerContext;
