using Afterword.Server.Configuration;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Grants;

/// <summary>Where browsers keep no session, people hear so before they type a password.</summary>
public sealed class PlainHttpTests(SharedPages pages) : IClassFixture<SharedPages>
{
    private const string Users = "sign-in needs https";
    private const string Console = "browsers keep sign-ins over https alone";

    [Fact]
    public async Task Over_plain_http_the_pages_say_that_signing_in_needs_https_and_blame_nobody()
    {
        foreach (var (page, words) in new[] { ("/sign-in", Users), ("/console/sign-in", Console) })
        {
            foreach (var host in new[] { "feedback.example", "192.168.1.7:8080" })
            {
                var browser = new TestBrowser(pages.Server) { Host = host };
                var shown = (await browser.GetAsync(page)).Is(200);
                Assert.Contains(words, shown.Html, StringComparison.OrdinalIgnoreCase);

                // As a browser sends it that has dropped the cookies.
                browser.Cookies.Clear();
                var refused = (await browser.SubmitAsync(shown, page, ("screen_name", "ana"), ("mail", "ana@furni.example"), ("password", GrantFixture.Password))).Is(400);
                Assert.Contains(words, refused.Html, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain("too old", refused.Html, StringComparison.Ordinal);
            }

            foreach (var host in new[] { "localhost", "app.localhost:5000", "127.0.0.1", "[::1]:80" })
            {
                var shown = (await new TestBrowser(pages.Server) { Host = host }.GetAsync(page)).Is(200);
                Assert.DoesNotContain(words, shown.Html, StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Fact]
    public async Task Behind_a_proxy_that_nobody_configured_nobody_is_warned()
    {
        foreach (var header in new[] { ("Sec-Fetch-Mode", "navigate"), ("X-Forwarded-Proto", "https") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(pages.Server.Url, "/sign-in"));
            request.Headers.Host = "feedback.example";
            request.Headers.TryAddWithoutValidation(header.Item1, header.Item2);
            Assert.DoesNotContain(Users, (await pages.Server.SendAsync(request)).Body, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void The_start_warns_where_nobody_could_sign_in()
    {
        foreach (var (publicUrl, url, warns) in new[]
        {
            (null, "http://localhost:5000", false), (null, "http://127.0.0.1:80", false), (null, "http://[::1]:80", false), (null, "https://0.0.0.0:443", false),
            (null, "http://0.0.0.0:8080", true), (null, "http://[::]:8080", true), (null, "http://*:8080", true), (null, "http://feedback.example", true),
            ("https://feedback.example", "http://0.0.0.0:8080", false), ("http://localhost:8080", "http://0.0.0.0:8080", false), ("http://feedback.example", "http://127.0.0.1:80", true),
        })
        {
            var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["PublicUrl"] = publicUrl }).Build());
            Assert.Equal((publicUrl, url, warns), (publicUrl, url, PlainHttpWarning.WarningFor(settings!, [url]) is not null));
        }
    }
}
