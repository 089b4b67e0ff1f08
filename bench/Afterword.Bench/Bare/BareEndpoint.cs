namespace Afterword.Bench.Bare;

/// <summary>
/// The baseline: Kestrel and routing alone. It reads what the server reads, answers the bytes that the server answered
/// to the same request, and does nothing in between.
/// </summary>
internal static class BareEndpoint
{
    /// <param name="url">Where to listen.</param>
    /// <param name="answers">A folder with <c>create.json</c>, <c>show.json</c>, <c>events.json</c> and <c>card.html</c>, each if it is needed.</param>
    public static async Task RunAsync(string url, string answers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);

        var app = builder.Build();
        var json = "application/json; charset=utf-8";
        var (create, show, events, card) = (Read(answers, "create.json"), Read(answers, "show.json"), Read(answers, "events.json"), Read(answers, "card.html"));
        app.MapPost("/1.1/feedback/create.json", http => ReadThenAnswerAsync(http, json, create));
        app.MapGet("/1.1/feedback/show/{id}.json", http => AnswerAsync(http, json, show));
        app.MapGet("/1.1/feedback/events.json", http => AnswerAsync(http, json, events));
        app.MapGet("/f/{token}", http => AnswerAsync(http, "text/html; charset=utf-8", card));
        app.MapPost("/f/{token}", http => ReadThenAnswerAsync(http, "text/html; charset=utf-8", card));
        app.MapGet("/healthz/ready", http => AnswerAsync(http, "text/plain", "ok\n"u8.ToArray()));
        await app.RunAsync();
    }

    private static async Task ReadThenAnswerAsync(HttpContext http, string type, byte[] answer)
    {
        await http.Request.ReadFormAsync();
        await AnswerAsync(http, type, answer);
    }

    private static Task AnswerAsync(HttpContext http, string type, byte[] answer)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = answer.Length;
        return http.Response.Body.WriteAsync(answer).AsTask();
    }

    private static byte[] Read(string folder, string name)
    {
        var file = Path.Combine(folder, name);
        return File.Exists(file) ? File.ReadAllBytes(file) : [];
    }
}
