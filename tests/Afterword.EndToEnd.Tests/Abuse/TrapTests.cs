using System.Net;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Abuse;

/// <summary>The control: a site that shows texts as they come is caught by what finds nothing on ours.</summary>
public sealed class TrapTests(Browser browser) : IAsyncLifetime
{
    private WebApplication _site = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _site = builder.Build();
        _site.Urls.Add("http://127.0.0.1:0");
        _site.MapGet("/open", http => ShowAsync(http, text => text));
        _site.MapGet("/encoded", http => ShowAsync(http, WebUtility.HtmlEncode));
        _site.MapGet("/strict", http =>
        {
            http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'";
            return ShowAsync(http, text => text);
        });
        await _site.StartAsync();
    }

    [Theory]
    [InlineData("<script>alert(1)</script>", "ran alert 1")]
    [InlineData("<script>__xss('script')</script>", "ran script")]
    [InlineData("<script>document.title='taken'</script>", "ran title")]
    [InlineData("<img src=x onerror=alert(1)>", "ran alert 1")]
    [InlineData("<svg onload=alert(1)>", "ran alert 1")]
    [InlineData("<input autofocus onfocus=alert(1)>", "ran alert 1")]
    [InlineData("</title><script>alert(1)</script>", "ran alert 1")]
    [InlineData("<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>", "ran alert 1")]
    [InlineData("<img src=https://foreign.example/beacon>", "request https://foreign.example/beacon")]
    [InlineData("<link rel=stylesheet href=https://foreign.example/x.css>", "request https://foreign.example/x.css")]
    [InlineData("<script>throw new Error('broken')</script>", "error")]
    public async Task A_page_that_shows_texts_raw_is_caught(string text, string caught) => Assert.Contains(await CaughtAsync("/open", text), one => one.StartsWith(caught, StringComparison.Ordinal));

    [Theory]
    [InlineData("<script>alert(1)</script>", "policy script-src-elem inline")]
    [InlineData("<svg onload=alert(1)>", "policy script-src-attr inline")]
    [InlineData("<img src=https://foreign.example/beacon>", "policy img-src https://foreign.example/beacon")]
    [InlineData("<style>p{}</style>", "policy style-src-elem inline")]
    [InlineData("<b style=color:red>x</b>", "policy style-src-attr inline")]
    public async Task What_only_the_policy_stopped_is_caught_too(string text, string caught)
    {
        var all = await CaughtAsync("/strict", text);
        Assert.Contains(all, one => one.StartsWith(caught, StringComparison.Ordinal));
        Assert.DoesNotContain(all, one => one.StartsWith("ran", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Many_payloads_of_the_list_work_where_nothing_is_encoded_and_none_where_it_is()
    {
        // Several at once, each on a page of its own: one may end the page for the next. Some that work are enough of a control.
        var enough = LongForm.IsOn ? 50 : 16;
        foreach (var some in Payloads.All.Chunk(20)) Assert.Empty(await CaughtAsync("/encoded", string.Join('\n', some)));
        var working = 0;
        await Parallel.ForEachAsync(Payloads.All, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (text, _) =>
        {
            if (Volatile.Read(ref working) < enough && (await CaughtAsync("/open", text)).Length > 0) Interlocked.Increment(ref working);
        });
        Assert.True(working >= enough, $"Only {working} of {Payloads.All.Length} did anything.");
    }

    [Fact]
    public async Task Many_payloads_in_one_text_work_too()
    {
        var texts = Hostile.Few.Where(text => Payloads.All.Any(one => text.Contains(one, StringComparison.Ordinal) && one.Contains("<script>alert(1)", StringComparison.Ordinal))).Take(3).ToArray();
        Assert.NotEmpty(texts);
        Assert.Contains("ran alert 1", await CaughtAsync("/open", texts[0]));

        // Some lead the page away before anything runs.
        foreach (var text in texts) Assert.NotEmpty(await CaughtAsync("/open", text));
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    private async Task<string[]> CaughtAsync(string path, string text)
    {
        await using var visitor = await browser.VisitorAsync(script: true);
        var trap = await Trap.SetAsync(visitor, _site.Urls.First());
        var page = await visitor.NewPageAsync();
        try
        {
            await page.GotoAsync($"{_site.Urls.First()}{path}?{Uri.EscapeDataString(text)}");
            return await trap.CaughtAsync(page);
        }
        catch (PlaywrightException)
        {
            // The page was led away, which is what it was to do: its request was seen.
            return await trap.CaughtAsync(await visitor.NewPageAsync());
        }
    }

    // In all the places where a page of ours has a text: title, element, attribute in double quotes, text field.
    private static Task ShowAsync(HttpContext http, Func<string, string?> encode)
    {
        var text = encode(Uri.UnescapeDataString(http.Request.QueryString.Value ?? "").TrimStart('?'));
        http.Response.ContentType = "text/html; charset=utf-8";
        return http.Response.WriteAsync(
            $"""
            <!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{text}</title><link rel="icon" href="data:,">
            <p>{text}</p><input value="{text}"><textarea>{text}</textarea></html>
            """);
    }
}
