using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Afterword.EndToEnd.Tests.Embeds;

/// <summary>A site of its own origin whose page shows cards, under as strict a policy as there is.</summary>
internal sealed class Shop : IAsyncDisposable
{
    // Inline scripts are forbidden on the page, so the events are noted by a file.
    private const string Listener =
        """
        window.heard = [];
        for (const name of ['ready', 'score', 'text', 'dismiss', 'error']) {
          document.addEventListener('afterword:' + name, event => heard.push(name + ' ' + JSON.stringify(event.detail)));
        }
        """;

    private readonly WebApplication _app;

    private Shop(WebApplication app) => _app = app;

    public string Origin => _app.Urls.First();

    public static async Task<Shop> OpenAsync(string feedback, string style = "")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Use((http, next) =>
        {
            http.Response.Headers.ContentSecurityPolicy =
                $"default-src 'none'; script-src 'self' {feedback}; connect-src {feedback}; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
                + "require-trusted-types-for 'script'; trusted-types 'none'";
            return next(http);
        });
        app.MapGet("/shop.css", (HttpContext http) => Send(http, "text/css", "html { font: 10px serif; color: red; } " + style));
        app.MapGet("/shop.js", (HttpContext http) => Send(http, "text/javascript", Listener));
        app.MapGet("/favicon.ico", () => Results.NoContent());

        // A copy of the script, as a site has it that serves all of its scripts itself.
        app.MapGet("/embed.js", async (HttpContext http) =>
        {
            using var client = new HttpClient();
            await Send(http, "text/javascript", await client.GetStringAsync(new Uri($"{feedback}/embed.js")));
        });

        // What stands in the page is told by its address: /?<afterword-card …>
        app.MapGet("/", (HttpContext http) => SendPage(http, $"<script src=\"{feedback}/embed.js\" async></script>"));
        app.MapGet("/bare", (HttpContext http) => SendPage(http, ""));
        await app.StartAsync();
        return new(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Task SendPage(HttpContext http, string script) => Send(
        http, "text/html; charset=utf-8",
        $"""
        <!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Shop</title>
        <link rel="stylesheet" href="/shop.css"><script src="/shop.js"></script>{script}
        <main><h1>Shop</h1>{Uri.UnescapeDataString(http.Request.QueryString.Value ?? "").TrimStart('?')}</main></html>
        """);

    private static Task Send(HttpContext http, string type, string text)
    {
        http.Response.ContentType = type;
        return http.Response.WriteAsync(text);
    }
}
