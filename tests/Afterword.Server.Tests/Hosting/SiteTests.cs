using System.Net;
using System.Text.RegularExpressions;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Hosting;

/// <summary>Pages and files that stay the same while the server runs. None of them knows the store, so one engine will do.</summary>
public sealed class SiteTests(SharedPages pages) : IClassFixture<SharedPages>
{
    private readonly TestServer _server = pages.Server;

    public static TheoryData<string, string> Kept => new()
    {
        { "/", "text/html; charset=utf-8" },
        { "/api", "text/html; charset=utf-8" },
        { "/openapi/v1.json", "application/json; charset=utf-8" },
        { "/openapi/pages.json", "application/json; charset=utf-8" },
        { "/reference.css", "text/css; charset=utf-8" },
    };

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task It_may_be_kept_and_is_sent_again_only_when_it_changed(string path, string type)
    {
        var first = (await GetAsync(path)).Is(200);
        Assert.Equal(type, first.Headers["Content-Type"]);
        Assert.Equal("public, max-age=3600", first.Headers["Cache-Control"]);
        Assert.Equal(first.Body, (await GetAsync(path)).Body);

        var again = (await GetAsync(path, ("If-None-Match", first.Headers["ETag"]))).Is(304);
        Assert.Equal("", again.Body);
        Assert.Equal(first.Headers["ETag"], again.Headers["ETag"]);
        (await GetAsync(path, ("If-None-Match", "\"0000000000000000\""))).Is(200);
    }

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task It_is_compressed_for_those_who_accept_that(string path, string type)
    {
        var plain = (await GetAsync(path)).Is(200);
        Assert.False(plain.Headers.ContainsKey("Content-Encoding"));
        foreach (var encoding in new[] { "br", "gzip" })
        {
            var small = (await GetAsync(path, ("Accept-Encoding", encoding))).Is(200);
            Assert.Equal(encoding, small.Headers["Content-Encoding"]);
            Assert.Equal(type, small.Headers["Content-Type"]);
            Assert.Equal("Accept-Encoding", small.Headers["Vary"]);
            Assert.True(small.Header("Content-Length") < plain.Header("Content-Length"));
        }
    }

    [Theory]
    [InlineData("/nowhere", "en", "There is no such page")]
    [InlineData("/f", "de", "Diese Seite gibt es nicht")]
    [InlineData("/messages.php", "ja", "このページはありません")]
    public async Task An_address_that_leads_nowhere_says_so_to_a_browser_in_its_language(string path, string language, string heading)
    {
        var page = (await GetAsync(path, ("Accept", "text/html,application/xhtml+xml;q=0.9"), ("Accept-Language", language))).Is(404);

        Assert.Contains($"<h1>{heading}</h1>", page.Body, StringComparison.Ordinal);
        Assert.Equal(language, page.Headers["Content-Language"]);
        Assert.Equal("no-store", page.Headers["Cache-Control"]);
        Assert.Contains("default-src 'none'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Equal("", (await GetAsync(path, ("Accept", "*/*"))).Is(404).Body);
    }

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task Head_gives_the_length_and_no_body(string path, string type)
    {
        var whole = (await GetAsync(path)).Is(200);
        var head = (await _server.SendAsync(null, HttpMethod.Head, path, null)).Is(200);
        Assert.Equal("", head.Body);
        Assert.Equal(type, head.Headers["Content-Type"]);
        Assert.Equal(whole.Headers["Content-Length"], head.Headers["Content-Length"]);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    public async Task A_page_runs_no_script_and_stands_in_no_frame(string path)
    {
        var page = (await GetAsync(path)).Is(200);
        Assert.Contains("default-src 'none'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Equal("DENY", page.Headers["X-Frame-Options"]);
        Assert.Equal("no-referrer", page.Headers["Referrer-Policy"]);
        Assert.Equal("nosniff", page.Headers["X-Content-Type-Options"]);
        Assert.DoesNotMatch(new Regex("<script|\\sstyle=|\\son[a-z]+=", RegexOptions.IgnoreCase), page.Body);
    }

    [Fact]
    public async Task No_page_repeats_the_host_it_was_asked_for()
    {
        // It is kept for everybody, so one visitor's host must not become another's link.
        foreach (var path in new[] { "/", "/api", "/openapi/v1.json" })
        {
            var page = (await GetAsync(path, ("Host", "evil.example"))).Is(200);
            Assert.DoesNotContain("evil.example", WebUtility.HtmlDecode(page.Body), StringComparison.Ordinal);
        }
    }

    private Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => _server.SendAsync(null, HttpMethod.Get, path, null, request =>
    {
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
    });
}
