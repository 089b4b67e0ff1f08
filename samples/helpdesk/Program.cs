using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Afterword.Samples.Helpdesk;

var builder = WebApplication.CreateSlimBuilder(args);
var settings = builder.Configuration;
if (Array.Find(Desk.All, one => one.Kind == (settings["kind"] ?? "chatwoot")) is not { } desk) return Refuse($"--kind must be one of {string.Join(", ", Desk.All.Select(one => one.Kind))}.");
if (!Uri.TryCreate(settings["connector"], UriKind.Absolute, out var connector) || connector.Scheme is not ("http" or "https")) return Refuse("--connector must be the address that `afterword connector add` printed.");

var secret = settings["secret"] ?? settings["HELPDESK_SECRET"];

// Another customer for each conversation: nobody is asked twice in a week.
string EmailOf(int number) => settings["mail"] ?? string.Create(CultureInfo.InvariantCulture, $"mia{number}@example.com");
var (name, clock, replies) = (settings["name"] ?? "Mia Adler", TimeProvider.System, new ConcurrentQueue<string>());
if (settings["urls"] is null) builder.WebHost.UseUrls("http://localhost:5092");
builder.Logging.SetMinimumLevel(LogLevel.Warning);
await using var app = builder.Build();

// Where the helpdesk's own API takes what is to be written into the conversation.
app.MapMethods(desk.Replies, [desk.Method], async (HttpContext http) =>
{
    try
    {
        var reply = await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
        var text = (reply is null ? null : desk.TextOf(reply)) ?? reply?.ToJsonString() ?? "";
        replies.Enqueue(text);
        Console.WriteLine($"reply in {http.Request.Path}:\n{text}");
        return Results.Json(new { id = 1 });
    }
    catch (JsonException)
    {
        return Results.BadRequest();
    }
});

// Before a reply is written again, what is there already is looked for.
app.MapGet("/{**path}", () => Results.Json(replies));
await app.StartAsync();
Console.WriteLine($"Plays {desk.Kind}, and takes replies at {app.Urls.First()}. Type: close [NUMBER], reopen [NUMBER]. Ctrl+C ends it.");

using var http = new HttpClient();
var number = 482;
if (await TellAsync(closed: true) == HttpStatusCode.NotFound) return Refuse("No connector has this address. Give the one that `afterword connector add` printed.");

while (await Console.In.ReadLineAsync() is { } line)
{
    if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [("close" or "reopen") and var what, .. var rest]) Console.WriteLine("close [NUMBER] or reopen [NUMBER]");
    else
    {
        number = rest is [var given, ..] && int.TryParse(given, CultureInfo.InvariantCulture, out var other) ? other : number;
        await TellAsync(what == "close");
    }
}

// Without a terminal it goes on taking replies.
await app.WaitForShutdownAsync();
return 0;

async Task<HttpStatusCode?> TellAsync(bool closed)
{
    var now = clock.GetUtcNow();
    var body = desk.Body(new(number, EmailOf(number), name), closed, now).ToJsonString();
    using var request = new HttpRequestMessage(HttpMethod.Post, connector) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    foreach (var (header, value) in secret is null ? [] : desk.Sign(secret, body, now)) request.Headers.Add(header, value);
    try
    {
        using var answer = await http.SendAsync(request);
        Console.WriteLine($"{(closed ? "closed" : "reopened")} {number}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return answer.StatusCode;
    }
    catch (HttpRequestException error)
    {
        Console.WriteLine($"{connector.GetLeftPart(UriPartial.Authority)} cannot be reached: {error.Message}");
        return null;
    }
}

static int Refuse(string problem)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine("Usage: dotnet run --project samples/helpdesk -- --connector ADDRESS [--kind chatwoot|zendesk|intercom|zammad] [--secret S] [--mail M] [--name N] [--urls URL]");
    return 2;
}
