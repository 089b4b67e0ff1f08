using System.Text.RegularExpressions;
using Afterword.Server.Messages.Inbox;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.AspNetCore.Routing;

namespace Afterword.Server.Tests.Inbox;

/// <summary>Every route of Messages against those who should not get in.</summary>
public abstract class SecurityTests(Engine engine) : IAsyncLifetime
{
    private InboxFixture _world = null!;

    /// <summary>What each form would do. A route without a row fails the test below.</summary>
    private static Dictionary<string, (string Name, string Value)[]> Forms { get; } = new(StringComparer.Ordinal)
    {
        ["/messages/new"] = [("screen_name", "furni")],
        ["/messages/settings"] = [("accepts", "following"), ("language", "de")],
        ["/messages/{screen_name}"] = [("text", "Forged")],
        ["/messages/{screen_name}/bond"] = [("do", "block")],
        ["/messages/{screen_name}/card/{id}"] = [("score", "1")],
    };

    private static Dictionary<string, int> ReadsOfNobody { get; } = new(StringComparer.Ordinal)
    {
        ["/messages"] = 302, ["/messages/new"] = 302, ["/messages/settings"] = 302, ["/messages/{screen_name}"] = 302, ["/messages/live"] = 401, ["/messages/offline"] = 200,
    };

    public async ValueTask InitializeAsync() => _world = await InboxFixture.StartAsync(engine);

    [Fact]
    public void Every_route_has_its_row()
    {
        Assert.Equal(Routes("POST"), Forms.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(Routes("GET"), ReadsOfNobody.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_the_pages_own_token_no_form_does_anything()
    {
        var id = await _world.AskAsync(_world.Ana);
        var ana = await _world.GuestAsync();
        var bea = await _world.GuestAsync("bea");
        var foreign = (await bea.GetAsync("/messages/settings")).HiddenOf("/messages/settings");
        foreach (var (route, form) in Forms)
        {
            var address = route.Replace("{screen_name}", "furni", StringComparison.Ordinal).Replace("{id}", id, StringComparison.Ordinal);
            (await ana.PostAsync(address, form)).Is(400);
            (await ana.PostAsync(address, [.. foreign, .. form])).Is(400);
            (await new TestBrowser(_world.Server).PostAsync(address, [.. foreign, .. form])).Is(400);
        }

        await NothingHappenedAsync();
    }

    [Fact]
    public async Task Who_is_not_signed_in_reads_nothing()
    {
        await _world.WriteAsync(_world.Furni, _world.Ana, "For Ana");
        foreach (var (route, status) in ReadsOfNobody)
        {
            var page = (await new TestBrowser(_world.Server).GetAsync(route.Replace("{screen_name}", "furni", StringComparison.Ordinal))).Is(status);
            Assert.DoesNotContain("For Ana", page.Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_suspended_user_is_out_at_once()
    {
        var ana = await _world.GuestAsync();
        var token = (await ana.GetAsync("/messages/settings")).HiddenOf("/messages/settings");
        await _world.Server.Get<UserAccounts>().SuspendAsync("ana", true, default);
        (await ana.GetAsync("/messages")).Is(302);
        (await ana.PostAsync("/messages/furni", [.. token, ("text", "Still here")])).Is(400);
        Assert.Equal(0, await _world.Server.CountAsync("message"));
    }

    [Fact]
    public async Task Pages_are_kept_by_nobody_framed_by_nobody_and_run_no_script_but_their_own()
    {
        await _world.AskAsync(_world.Ana, message: "\"><img src=x onerror=alert(1)>");
        var ana = await _world.GuestAsync();
        foreach (var address in new[] { "/messages", "/messages/furni", "/messages/settings", "/messages/new", "/messages/nobody", "/messages/offline" })
        {
            var page = await ana.GetAsync(address);
            var headers = page.Answer.Headers;
            Assert.Contains("no-store", headers["Cache-Control"], StringComparison.Ordinal);
            Assert.Equal("DENY", headers["X-Frame-Options"]);
            Assert.Equal("no-referrer", headers["Referrer-Policy"]);
            Assert.Contains("default-src 'none'", headers["Content-Security-Policy"], StringComparison.Ordinal);
            Assert.Contains("script-src 'self';", headers["Content-Security-Policy"], StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", headers["Content-Security-Policy"], StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", headers["Content-Security-Policy"], StringComparison.Ordinal);
            Assert.DoesNotMatch(new Regex("<script(?! type=\"module\" src=\"/messages.js\"></script>)|\\sstyle=|<[^>]*\\son[a-z]+=", RegexOptions.IgnoreCase), page.Html);
        }
    }

    [Fact]
    public async Task The_offline_helper_keeps_only_what_is_the_same_for_all()
    {
        var helper = (await new TestBrowser(_world.Server).GetAsync("/sw.js")).Is(200);
        var kept = Regex.Match(helper.Html, @"const kept = \[(.*?)\];").Groups[1].Value;
        Assert.Equal("offline, \"/card.css\", \"/messages.css\", \"/messages.js\", \"/scale.js\", \"/live.js\", \"/messages.svg\"", kept);
        Assert.StartsWith("text/javascript", helper.Answer.Headers["Content-Type"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_manifest_and_its_icons_are_there()
    {
        var manifest = (await new TestBrowser(_world.Server).GetAsync("/manifest.webmanifest")).Is(200);
        Assert.Equal("application/manifest+json", manifest.Answer.Headers["Content-Type"]);
        Assert.Equal("/messages", manifest.Answer.Text("scope"));
        foreach (var icon in manifest.Answer.Json.GetProperty("icons").EnumerateArray()) (await new TestBrowser(_world.Server).GetAsync(icon.GetProperty("src").GetString()!)).Is(200);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private IEnumerable<string> Routes(string method) => _world.Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.RoutePattern.RawText is { } path && (path == InboxAddress.List || path.StartsWith(InboxAddress.List + "/", StringComparison.Ordinal)))
        .Where(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Contains(method))
        .Select(endpoint => endpoint.RoutePattern.RawText!).Order(StringComparer.Ordinal);

    private async Task NothingHappenedAsync()
    {
        Assert.Equal(1, await _world.Server.CountAsync("message"));
        Assert.Equal(0, await _world.Server.CountAsync("prompt", "score is not null"));
        Assert.Equal(0, await _world.Server.CountAsync("contact", "blocks = 1"));
        Assert.Equal(0, await _world.Server.CountAsync("account", "accepts = 'following' or language is not null"));
    }
}

public sealed class SqliteSecurityTests() : SecurityTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresSecurityTests() : SecurityTests(Engine.Postgres);
