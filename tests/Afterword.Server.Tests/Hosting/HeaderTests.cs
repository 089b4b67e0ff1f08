using System.Text;
using Afterword.Server.Hosting;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Hosting;

/// <summary>What every answer tells browsers and proxies about itself.</summary>
public sealed class HeaderTests(SharedSqliteServer shared) : IClassFixture<SharedSqliteServer>
{
    private const string Opener = "Cross-Origin-Opener-Policy";
    private const string Resource = "Cross-Origin-Resource-Policy";

    [Fact]
    public async Task Signed_answers_are_kept_by_nobody_refusals_too()
    {
        foreach (var answer in new[]
        {
            await shared.Server.GetAsync(shared.Fixture.Sender, "/1.1/account/verify_credentials.json"),
            await shared.Server.GetAsync(shared.Fixture.Sender, "/1.1/feedback/show/1.json"),
            await shared.Server.GetAsync(shared.Fixture.Sender with { TokenSecret = "wrong" }, "/1.1/feedback/events.json"),
            await shared.Server.SendAsync(null, HttpMethod.Post, "/oauth/request_token", null),
        })
        {
            Assert.Equal("no-store", answer.Headers["Cache-Control"]);
            Assert.Equal("same-origin", answer.Headers[Resource]);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
        }
    }

    [Fact]
    public async Task Over_https_browsers_are_told_to_come_back_by_https_alone()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite, "Proxies=127.0.0.1");
        foreach (var path in new[] { "/", "/sign-in", "/f/unknown", "/1.1/feedback/show/1.json", "/healthz/live" })
        {
            var (plain, secure) = (await server.SendAsync(null, HttpMethod.Get, path, null), await server.SendAsync(null, HttpMethod.Get, path, null, request => request.Headers.Add("X-Forwarded-Proto", "https")));
            Assert.False(plain.Headers.ContainsKey("Strict-Transport-Security"), path);
            Assert.Equal("max-age=31536000; includeSubDomains", secure.Headers["Strict-Transport-Security"]);
        }
    }

    [Fact]
    public async Task Pages_keep_other_sites_windows_away_and_use_no_device()
    {
        var card = new Uri((await shared.Fixture.AskAsync(more: ("include_card", "1"))).Text("card_url")).AbsolutePath;
        foreach (var path in new[] { card, "/f/unknown", "/", "/api", "/sign-in", "/console/sign-in", "/nowhere" })
        {
            var page = await GetAsync(path);
            Assert.True(page.Headers.GetValueOrDefault(Opener) == "same-origin", path);
            Assert.Equal("same-origin", page.Headers[Resource]);
            Assert.Contains("camera=()", page.Headers["Permissions-Policy"], StringComparison.Ordinal);
            Assert.DoesNotContain("publickey", page.Headers["Permissions-Policy"], StringComparison.Ordinal);
            Assert.Contains($"; report-uri {SecurityHeaders.ReportPath}", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_app_that_shows_the_sign_in_in_a_window_of_its_own_keeps_the_window()
    {
        var form = TestServer.Form(("oauth_callback", "oob"));
        var token = System.Web.HttpUtility.ParseQueryString((await shared.Server.SendAsync(
            new(shared.Fixture.App.ConsumerKey, shared.Fixture.App.ConsumerSecret), HttpMethod.Post, "/oauth/request_token", form)).Is(200).Body)["oauth_token"];
        foreach (var leg in new[] { "authorize", "authenticate" }) Assert.Equal("unsafe-none", (await GetAsync($"/oauth/{leg}?oauth_token={token}")).Headers[Opener]);
    }

    [Fact]
    public async Task What_other_sites_show_may_be_shown_by_them()
    {
        foreach (var path in new[] { "/embed.js", "/embed.css", "/default_profile.png" }) Assert.Equal("cross-origin", (await GetAsync(path)).Is(200).Headers[Resource]);
        foreach (var path in new[] { "/card.js", "/console.css", "/messages.svg" }) Assert.Equal("same-origin", (await GetAsync(path)).Is(200).Headers[Resource]);
    }

    [Fact]
    public async Task An_answer_that_tells_of_a_fault_says_it_too()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Sqlite);
        var card = new Uri((await fixture.AskAsync(more: ("include_card", "1"))).Text("card_url")).AbsolutePath;
        await fixture.Server.RenameAsync("prompt", "gone");
        foreach (var answer in new[] { await fixture.ShowAsync("1"), await fixture.Server.SendAsync(null, HttpMethod.Get, card, null) })
        {
            Assert.Equal(500, answer.Status);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
            Assert.Equal("same-origin", answer.Headers[Resource]);
            Assert.Equal("no-store", answer.Headers["Cache-Control"]);
        }
    }

    [Fact]
    public async Task Whom_to_tell_of_a_hole_stands_at_the_known_address()
    {
        (await GetAsync("/.well-known/security.txt")).Is(404);
        await using var server = await TestServer.StartAsync(Engine.Sqlite, "Security:Contact=security@furni.example", "PublicUrl=https://feedback.furni.example");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, "/.well-known/security.txt"));
        var text = (await server.SendAsync(request)).Is(200);
        Assert.Equal("text/plain; charset=utf-8", text.Headers["Content-Type"]);
        Assert.Equal(
            "Contact: mailto:security@furni.example\nExpires: 2026-07-04T00:00:00Z\nCanonical: https://feedback.furni.example/.well-known/security.txt\nPreferred-Languages: en\n", text.Body);
    }

    [Fact]
    public async Task What_a_browser_reports_is_logged_without_a_link_and_only_so_often()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        const string old = """{"csp-report":{"effective-directive":"script-src-elem","blocked-uri":"https://evil.example/a?b=c","document-uri":"https://feedback.example/f/SECRETLINK?x=1"}}""";
        const string young = """[{"type":"csp-violation","body":{"effectiveDirective":"img-src","blockedURL":"inline","documentURL":"https://feedback.example/console/x"}}]""";
        foreach (var report in new[] { old, young, "[]", "{}", "nothing", "\"\"", """{"csp-report":{"blocked-uri":"a\nb","effective-directive":7}}""", new string('x', 100_000), new string('[', 10_000) })
        {
            await ReportAsync(server, report);
        }

        var lines = server.Log.Where(line => line.Contains("of the policy stopped", StringComparison.Ordinal)).ToArray();
        Assert.Equal(3, lines.Length);
        Assert.Contains("script-src-elem of the policy stopped https://evil.example:443 on /f.", lines[0], StringComparison.Ordinal);
        Assert.Contains("img-src of the policy stopped inline on /console.", lines[1], StringComparison.Ordinal);
        Assert.Contains("something of the policy stopped something on a page.", lines[2], StringComparison.Ordinal);
        Assert.DoesNotContain(server.Log, line => line.Contains("SECRETLINK", StringComparison.Ordinal));

        // Addresses without a path, and strings that are no text, are no faults of the server.
        foreach (var page in new[] { "about:blank", "data:x", "urn:x" }) await ReportAsync(server, $$$"""{"csp-report":{"document-uri":"{{{page}}}"}}""");
        foreach (var text in new[] { """{"csp-report":{"document-uri":"\ud800"}}""", """{"csp-re\ud800":1}""" }) await ReportAsync(server, text);
        Assert.Equal(6, server.Log.Count(line => line.Contains("of the policy stopped", StringComparison.Ordinal)));
        await ReportAsync(server, Encoding.Latin1.GetBytes("""{"csp-report":{"document-uri":"ÿ"}}"""));

        for (var i = 0; i < 50; i++) await ReportAsync(server, old);
        Assert.InRange(server.Log.Count(line => line.Contains("of the policy stopped", StringComparison.Ordinal)), 4, 20);
    }

    private static Task ReportAsync(TestServer server, string body) => ReportAsync(server, Encoding.UTF8.GetBytes(body));

    private static async Task ReportAsync(TestServer server, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url, SecurityHeaders.ReportPath)) { Content = new ByteArrayContent(body) };
        (await server.SendAsync(request)).Is(204);
    }

    private async Task<Answer> GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(shared.Server.Url, path));
        request.Headers.TryAddWithoutValidation("Accept", "text/html");
        return await shared.Server.SendAsync(request);
    }
}
