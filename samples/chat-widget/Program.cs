using Afterword.Client;
using Afterword.Client.OAuth;
using Afterword.Samples.ChatWidget;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
if (ChatSettings.Read(builder.Configuration, out var missing) is not { } settings)
{
    Console.Error.WriteLine($"Missing: {string.Join(", ", missing)}. Each is an option, or a variable such as CHAT_TOKEN_SECRET.");
    Console.Error.WriteLine("Usage: dotnet run --project samples/chat-widget -- --server URL --key K --secret S --token T --token-secret U --to USER_ID [--urls URL]");
    return 2;
}

// Not 5000, where the server listens that one tries this with.
if (builder.Configuration["urls"] is null) builder.WebHost.UseUrls("http://localhost:5091");
builder.Logging.SetMinimumLevel(LogLevel.Warning);

await using var app = builder.Build();
using var feedback = new FeedbackClient(new FeedbackClientOptions(settings.Server, new OAuthCredentials(settings.Key, settings.Secret, settings.Token, settings.TokenSecret)));
var server = settings.Server.GetLeftPart(UriPartial.Authority);

// As strict as policies get, to show what the card needs of one: the two mentions of the server.
app.Use((http, next) =>
{
    http.Response.Headers.ContentSecurityPolicy =
        $"default-src 'none'; script-src 'self' {server}; connect-src 'self' {server}; style-src 'self'; img-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
    return next(http);
});

var page = (await File.ReadAllTextAsync(Path.Combine(app.Environment.WebRootPath, "index.html"))).Replace("{server}", server, StringComparison.Ordinal);
app.MapGet("/", () => TypedResults.Text(page, "text/html; charset=utf-8"));
app.UseStaticFiles();

// The conversation has ended: ask, and give the page the key to this one card. Who the customer is, a real site knows by its own session.
app.MapPost("/end", async (CancellationToken stop) =>
{
    try
    {
        var asked = await feedback.CreateAsync(
            new PromptRequest
            {
                Type = FeedbackType.Csat,
                ToUserId = settings.To,
                Message = "Your chat with us has ended. How did we do?",
                PrivacyUrl = new Uri("https://furni.example/privacy"),
                ExternalId = "chat_1",
                IncludeCard = true,

                // Asking again about the same chat gives the same card, also when this program was started anew.
                IdempotencyKey = "chat_1",
            },
            stop);
        return Results.Json(new { token = asked.CardToken });
    }
    catch (FeedbackApiException error)
    {
        Console.Error.WriteLine($"Not asked: {error.Message}");
        return Results.StatusCode(StatusCodes.Status502BadGateway);
    }
});

app.Lifetime.ApplicationStarted.Register(() =>
{
    var here = app.Urls.First();
    Console.WriteLine($"Listening on {here}; Ctrl+C ends it.");
    Console.WriteLine($"Cards are shown once this was run beside the server: afterword allow embed @SENDER {here}");
});

await app.RunAsync();
return 0;
