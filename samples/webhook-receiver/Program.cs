using Afterword.Client.AspNetCore;
using Afterword.Client.Webhooks;
using Afterword.Samples.WebhookReceiver;

var builder = WebApplication.CreateBuilder(args);
var settings = builder.Configuration;
if ((settings["secret"] ?? settings["WEBHOOK_SECRET"]) is not { Length: > 0 } text)
{
    return Refuse("The secret is missing: give --secret, or set WEBHOOK_SECRET.");
}

if (!WebhookSecret.TryParse(text, out var secret, out var problem)) return Refuse(problem);

WebhookSecret? other = null;
if (settings["other-secret"] is { } otherText && !WebhookSecret.TryParse(otherText, out other, out problem))
{
    return Refuse($"--other-secret: {problem}");
}

HandledWebhooks handled;
var file = settings["file"] ?? "handled-webhooks.txt";
try
{
    handled = HandledWebhooks.Open(file);
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    return Refuse($"--file: {file} cannot be used: {e.Message}");
}

// Not 5000, where the server listens that one tries this with.
if (settings["urls"] is null) builder.WebHost.UseUrls("http://localhost:5090");
builder.Logging.SetMinimumLevel(LogLevel.Warning);

using (handled)
{
    await using var app = builder.Build();
    app.MapFeedbackWebhook(
        "/hooks/afterword",
        new WebhookVerifier(secret, other),
        (webhook, _) =>
        {
            // In this order: a crash between the two lets the event come once more, and not never.
            Console.WriteLine(EventLine.Of(webhook.Event));
            handled.Remember(webhook.Id);
            return Task.CompletedTask;
        },
        (id, _) => ValueTask.FromResult(handled.Contains(id)));
    app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine($"Listening on {app.Urls.First()}/hooks/afterword; Ctrl+C ends it."));

    await app.RunAsync();
    return 0;
}

static int Refuse(string problem)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine("Usage: dotnet run --project samples/webhook-receiver -- --secret whsec_… [--other-secret whsec_…] [--file FILE] [--urls URL]");
    return 2;
}
