using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.RateLimiting;
using Afterword.Server.Limits;
using Afterword.Server.Reference;

namespace Afterword.Server.Hosting;

/// <summary>Takes what browsers tell of a page's policy that was broken, and writes a line to the log.</summary>
/// <remarks>
/// Anybody can send one, so few are looked at, and nothing of them is believed but words: an address in a report may hold a
/// card's link, of which only the first segment is kept.
/// </remarks>
internal sealed partial class PolicyReports(ILogger<PolicyReports> log) : IDisposable
{
    private const int MostBytes = 16 * 1024;
    private const int MostWord = 40;

    // The network comes first, so that one that sends many leaves the others their turns.
    private readonly PartitionedRateLimiter<IPAddress> _looked =
        PartitionedRateLimiter.CreateChained(LookedAt(20, static network => network), LookedAt(100, static _ => IPAddress.Any));

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(
        SecurityHeaders.ReportPath, (HttpContext http, PolicyReports reports) => reports.TakeAsync(http)).Describe(HostingReference.PolicyReport);

    private async Task TakeAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        using var turn = _looked.AttemptAcquire(Networks.Of(http.Connection.RemoteIpAddress));
        if (!turn.IsAcquired) return;

        var read = await http.Request.BodyReader.ReadAtLeastAsync(MostBytes + 1, http.RequestAborted);
        if (read.Buffer.Length <= MostBytes && TryParse(read.Buffer) is { } report) using (report) TryTell(report.RootElement);
        http.Request.BodyReader.AdvanceTo(read.Buffer.End);
    }

    private static PartitionedRateLimiter<IPAddress> LookedAt(int most, Func<IPAddress, IPAddress> of) => PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        network => RateLimitPartition.GetFixedWindowLimiter(of(network), _ => new() { PermitLimit = most, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 }));

    private static JsonDocument? TryParse(System.Buffers.ReadOnlySequence<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 8 });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void TryTell(JsonElement report)
    {
        try
        {
            Tell(report);
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException)
        {
            // A string that is no text, such as half a surrogate pair, or a host that no name is made of.
        }
    }

    // One of CSP level 2, or a list of those of the Reporting API, of which the first will do.
    private void Tell(JsonElement report)
    {
        if (report.ValueKind == JsonValueKind.Array && report.GetArrayLength() > 0) report = report[0];
        if (report.ValueKind != JsonValueKind.Object) return;

        var said = report.TryGetProperty("csp-report", out var old) ? old : report.TryGetProperty("body", out var young) ? young : default;
        if (said.ValueKind != JsonValueKind.Object) return;

        Broken(
            log, Word(Text(said, "effective-directive") ?? Text(said, "effectiveDirective") ?? Text(said, "violated-directive")),
            Source(Text(said, "blocked-uri") ?? Text(said, "blockedURL")), Page(Text(said, "document-uri") ?? Text(said, "documentURL")));
    }

    private static string? Text(JsonElement said, string name) => said.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Word(string? text) => text is { Length: > 0 and <= MostWord } && text.All(letter => char.IsAsciiLetter(letter) || letter is '-') ? text : "something";

    private static string Source(string? text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.IdnHost.Length <= 253
        ? string.Create(CultureInfo.InvariantCulture, $"{url.Scheme}://{url.IdnHost}:{url.Port}")
        : Word(text);

    private static string Page(string? text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        ? "/" + Word(url.AbsolutePath.Split('/')[1])
        : "a page";

    public void Dispose() => _looked.Dispose();

    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "A browser says that {Directive} of the policy stopped {Source} on {Page}.")]
    private static partial void Broken(ILogger log, string directive, string source, string page);
}
