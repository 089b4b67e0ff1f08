using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Reference;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Inbox;
using Microsoft.AspNetCore.Routing;

namespace Afterword.Server.Tests.Hosting;

/// <summary>HEAD: what GET would answer, without the body and without what a look does.</summary>
public sealed class HeadTests(SharedPages pages) : IClassFixture<SharedPages>
{
    private readonly TestServer _server = pages.Server;

    [Fact]
    public async Task Every_page_file_and_health_route_answers_head_as_it_answers_get()
    {
        var (wrong, asked) = (new List<string>(), 0);
        foreach (var route in Routes.Where(route => route.IsPage))
        {
            var (get, head) = (await SendAsync(HttpMethod.Get, route.Path), await SendAsync(HttpMethod.Head, route.Path));
            if (head.Body.Length > 0 || Told(get) != Told(head)) wrong.Add($"{route.Path}: {Told(head)} instead of {Told(get)}");
            asked++;
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(asked > 40, $"Only {asked} routes were asked.");
        (await SendAsync(HttpMethod.Head, "/healthz/ready")).Is(200);
        (await SendAsync(HttpMethod.Head, "/sign-in")).Is(200);
    }

    [Fact]
    public async Task A_method_that_a_route_has_not_is_405_with_those_that_it_has_and_404_in_the_api()
    {
        foreach (var (path, allow) in new[] { ("/healthz/live", "GET, HEAD"), ("/", "GET, HEAD"), ("/card.css", "GET, HEAD"), ("/sign-in", "GET, HEAD, POST"), ("/messages/settings", "GET, HEAD, POST"), ("/sign-out", "POST") })
        {
            var answer = (await SendAsync(HttpMethod.Delete, path)).Is(405);
            Assert.Equal((path, allow), (path, string.Join(", ", answer.Headers["Allow"].Split(", ").Distinct().Order(StringComparer.Ordinal))));
        }

        // To clients for Twitter a wrong method is a page that does not exist; whoever looks closer sees that it does.
        Assert.Equal("POST", (await SendAsync(HttpMethod.Get, "/1.1/feedback/create.json")).Is(404, 34).Headers["Allow"]);
        var unsigned = await SendAsync(HttpMethod.Post, "/1.1/feedback/create.json");
        Assert.Equal((400, "OAuth realm=\"Afterword\""), (unsigned.Status, unsigned.Headers["WWW-Authenticate"]));

        foreach (var route in Routes.Where(route => !route.IsPage && !IsSigned(route.Path)).DistinctBy(route => route.Path))
        {
            Assert.Equal((route.Path, 404), (route.Path, (await SendAsync(HttpMethod.Head, route.Path)).Status));
        }
    }

    [Fact]
    public async Task Every_signed_route_answers_head_as_it_answers_get_and_counts_it()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Sqlite);
        var (id, to) = ((await fixture.AskAsync()).Text("id"), fixture.Server.Clock.GetUtcNow().ToUnixTimeMilliseconds());
        var queries = new Dictionary<string, string>
        {
            ["/1.1/feedback/show/x.json"] = "",
            ["/1.1/feedback/events.json"] = $"?from_time=0&to_time={to}",
            ["/1.1/users/show.json"] = "?screen_name=ana",
            ["/1.1/users/lookup.json"] = "?screen_name=ana",
            ["/1.1/friendships/show.json"] = "?target_screen_name=ana",
        };
        var (wrong, answered) = (new List<string>(), 0);
        foreach (var route in Routes.Where(route => IsSigned(route.Path)).Select(route => route.Path).Distinct())
        {
            var path = route.Replace("/show/x.json", $"/show/{id}.json", StringComparison.Ordinal) + queries.GetValueOrDefault(route);
            var (get, head) = (await fixture.Server.GetAsync(fixture.Sender, path), await fixture.Server.SendAsync(fixture.Sender, HttpMethod.Head, path, null));
            if (head.Body.Length > 0 || Told(get) != Told(head)) wrong.Add($"{path}: {Told(head)} instead of {Told(get)}");
            if (Remaining(get) is { } before && Remaining(head) != before - 1) wrong.Add($"{path}: {Remaining(head)} calls remain after {before}");
            if ((await fixture.Server.SendAsync(null, HttpMethod.Head, path, null)).Status != 400) wrong.Add($"{path}: answered without a signature");
            if (get.Status == 200) answered++;
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(answered >= 8, $"Only {answered} routes had something to tell.");
        Assert.Equal(1, await fixture.Server.CountAsync("audit", $"deed = {(int)AuditAction.Exported}"));
    }

    [Fact]
    public async Task A_look_without_a_page_counts_as_none_and_a_stream_and_a_file_end_at_once()
    {
        await using var world = await InboxFixture.StartAsync(Engine.Sqlite);
        await world.WriteAsync(world.Furni, world.Ana, "Hello");
        var ana = await world.GuestAsync();
        (await ana.HeadAsync("/messages/furni")).Is(200);
        Assert.Contains("class=\"unread\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
        (await ana.HeadAsync("/messages/live")).Is(200);

        var owner = await world.Server.MembershipAsync(Role.Owner, world.Furni);
        (await owner.HeadAsync("/console/@furni/overview/live")).Is(200);
        Assert.Equal("text/csv; charset=utf-8", (await owner.HeadAsync("/console/@furni/export/file")).Is(200).Answer.Headers["Content-Type"]);
        Assert.Equal(0, await world.Server.CountAsync("audit", $"deed = {(int)AuditAction.Exported}"));
    }

    /// <summary>What is mapped for GET, with something that does not exist in each hole. Of the files one.</summary>
    private IEnumerable<(string Path, bool IsPage)> Routes => _server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("GET"))
        .DistinctBy(endpoint => endpoint.Metadata.GetMetadata<RouteDescription>()?.StandsFor ?? endpoint.RoutePattern.RawText)
        .Select(endpoint => (Path: "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(Sample)))), endpoint))
        .Select(route => (route.Path, route.endpoint.Metadata.GetMetadata<HtmlPage>() is not null || !ErrorResponses.IsApiPath(route.Path)));

    private static bool IsSigned(string path) => path.StartsWith("/1.1/", StringComparison.Ordinal);

    private static int? Remaining(Answer answer) =>
        answer.Headers.TryGetValue("x-rate-limit-remaining", out var text) ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : null;

    private static string Sample(Microsoft.AspNetCore.Routing.Patterns.RoutePatternPart part) => part switch
    {
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternSeparatorPart separator => separator.Content,
        _ => "x",
    };

    private static string Told(Answer answer) => string.Join(' ', new[] { "Content-Type", "Content-Length", "Location", "Cache-Control", "Content-Security-Policy", "ETag" }
        .Select(name => answer.Headers.GetValueOrDefault(name) is { } value and not "0" ? value : "-").Prepend($"{answer.Status}"));

    private Task<Answer> SendAsync(HttpMethod method, string path) => _server.SendAsync(null, method, path, null, request => request.Headers.TryAddWithoutValidation("Accept", "text/html"));
}
