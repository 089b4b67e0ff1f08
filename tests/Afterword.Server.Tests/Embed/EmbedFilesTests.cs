using System.Text.RegularExpressions;
using Afterword.Server.Embed;
using Afterword.Server.Languages;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Embed;

/// <summary>The script and the style of the embedded card, and how its pages are named. None of it knows the store, so one engine will do.</summary>
public sealed class EmbedFilesTests(SharedPages pages) : IClassFixture<SharedPages>
{
    private readonly TestServer _server = pages.Server;

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task Script_and_style_together_are_below_10_KB(string encoding)
    {
        var size = 0L;
        foreach (var file in new[] { "/embed.js", "/embed.css" })
        {
            var answer = (await GetAsync(file, ("Accept-Encoding", encoding))).Is(200);
            Assert.Equal(encoding, answer.Headers["Content-Encoding"]);
            size += answer.Header("Content-Length");
        }

        Assert.InRange(size, 2_000, 10_000);
    }

    [Theory]
    [InlineData("/embed.js", "text/javascript; charset=utf-8")]
    [InlineData("/embed.css", "text/css; charset=utf-8")]
    public async Task Any_page_may_load_them(string file, string type)
    {
        var answer = (await GetAsync(file, ("Origin", "https://anybody.example"))).Is(200);
        Assert.Equal(type, answer.Headers["Content-Type"]);
        Assert.Equal("*", answer.Headers["Access-Control-Allow-Origin"]);
        Assert.Equal("cross-origin", answer.Headers["Cross-Origin-Resource-Policy"]);
        Assert.Equal("public, max-age=3600", answer.Headers["Cache-Control"]);
        (await GetAsync(file, ("If-None-Match", answer.Headers["ETag"]))).Is(304);
    }

    [Fact]
    public async Task The_style_knows_neither_page_nor_window()
    {
        var style = (await GetAsync("/embed.css")).Body;
        Assert.DoesNotMatch(new Regex(@":root|@media \(min-width|\dvw\b"), style);
        Assert.DoesNotMatch(new Regex(@"\drem\b"), style);
        Assert.Contains("@container (min-width: 512px)", style, StringComparison.Ordinal);
        Assert.Contains("(prefers-color-scheme: dark)", style, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_script_has_its_words_in_every_language_and_runs_nothing_out_of_texts()
    {
        var script = (await GetAsync("/embed.js")).Body;
        Assert.DoesNotContain("'{words}'", script, StringComparison.Ordinal);
        foreach (var language in Language.All) Assert.Contains($"\"{language.Tag}\":[", script, StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex(@"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|sessionStorage|\.cookie"), script);
    }

    [Theory]
    [InlineData("https://shop.example", "https://shop.example")]
    [InlineData("https://shop.example/", "https://shop.example")]
    [InlineData("HTTPS://Shop.Example:443", "https://shop.example")]
    [InlineData("https://shop.example:8443", "https://shop.example:8443")]
    [InlineData("https://bücher.example", "https://xn--bcher-kva.example")]
    [InlineData("http://localhost:5091", "http://localhost:5091")]
    [InlineData("http://127.0.0.1", "http://127.0.0.1")]
    [InlineData("http://[::1]:80", "http://[::1]")]
    [InlineData("https://[2001:DB8::1]:444", "https://[2001:db8::1]:444")]
    public void An_origin_is_spelled_as_browsers_spell_it(string written, string origin)
    {
        var (read, wrong) = PageOrigin.Read(written);
        Assert.Null(wrong);
        Assert.Equal(origin, read?.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("*")]
    [InlineData("https://*.shop.example")]
    [InlineData("shop.example")]
    [InlineData("http://shop.example")]
    [InlineData("https://shop.example/chat")]
    [InlineData("https://shop.example?x")]
    [InlineData("https://shop.example#x")]
    [InlineData("https://user@shop.example")]
    [InlineData("ftp://shop.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://shop.example\\@evil.example")]
    [InlineData("https://shop.example\n")]
    public void What_is_no_origin_is_refused_with_what_it_must_be(string written)
    {
        var (read, wrong) = PageOrigin.Read(written);
        Assert.Null(read);
        Assert.NotEqual("", wrong);
    }

    private Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => _server.SendAsync(null, HttpMethod.Get, path, null, request =>
    {
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
    });
}
