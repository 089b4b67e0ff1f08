using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Answers;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>Each role walks to each page, and every byte that its browser gets is searched for what it must not see.</summary>
public sealed partial class RoleWalkTests(RoleWalkTests.Fixture fixture) : IClassFixture<RoleWalkTests.Fixture>
{
    private const string Comment = "planted comment zanzibar";
    private const string Question = "planted name of a chair";
    private const string Customer = "Planted Customer";
    private const string Ticket = "planted_ticket_77";

    // Of the scores below: CSAT and average as pages write them. Nothing else here is made of these digits.
    private static readonly int[] s_scores = [1, 5, 4, 1, 2, 5, 5];
    private static readonly string[] s_metrics = ["57.1", "3.29"];

    [Fact]
    public async Task What_is_planted_is_found_where_it_may_be_seen()
    {
        var (seen, _) = await WalkAsync(fixture.Planted, Role.Owner);

        Assert.All((string[])[Comment, Question, Customer, Ticket, .. s_metrics], planted => Assert.Contains(planted, seen, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_agent_gets_no_score_no_text_and_no_metric_anywhere()
    {
        var (seen, _) = await WalkAsync(fixture.Planted, Role.Agent);

        Assert.Contains(Ticket, seen, StringComparison.Ordinal);
        Assert.All((string[])[Comment, Question, .. s_metrics], planted => Assert.DoesNotContain(planted, seen, StringComparison.Ordinal));
        Assert.DoesNotMatch(@"(?i)class=""[^""]*\bscore\b|\b[1-5]\s*(/|of)\s*5\b|<td[^>]*>\s*(answered|dismissed)", seen);
    }

    [Fact]
    public async Task An_analyst_gets_no_name_anywhere_and_no_text_in_a_file()
    {
        var (seen, page) = await WalkAsync(fixture.Planted, Role.Analyst);

        Assert.Contains(Comment, seen, StringComparison.Ordinal);
        Assert.All((string[])[Customer, Ticket, "@ana"], planted => Assert.DoesNotContain(planted, seen, StringComparison.Ordinal));
        Assert.DoesNotContain(Comment, await FetchAsync(page, "/console/@furni/export/file"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Role.Supervisor)]
    [InlineData(Role.Operator)]
    public async Task Every_page_that_a_role_may_open_opens(Role role)
    {
        var (seen, _) = await WalkAsync(fixture.Planted, role);

        Assert.Equal(role == Role.Supervisor, seen.Contains(Comment, StringComparison.Ordinal));
        Assert.Equal(role == Role.Supervisor, s_metrics.All(metric => seen.Contains(metric, StringComparison.Ordinal)));
    }

    /// <summary>Opens every address of the console there is in a browser, and gives all that came: pages, files, streams and refusals, each with its headers.</summary>
    private static async Task<(string Seen, IPage Page)> WalkAsync(Planted planted, Role role)
    {
        var stage = planted.Stage;
        var page = await stage.MembershipAsync(role);
        await stage.OpenAsync(page, "/console/account");
        var came = new ConcurrentBag<Task<string>>();
        page.Response += (_, response) => came.Add(ReadAsync(response));
        var routes = stage.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/console", StringComparison.Ordinal) && route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("GET"))
            .Where(route => !route.RoutePattern.RawText!.Contains('.', StringComparison.Ordinal)).ToArray();
        Assert.True(routes.Length > 15);

        var texts = new StringBuilder();
        foreach (var route in routes)
        {
            var path = PathOf(planted, route.RoutePattern.RawText!);
            texts.Append(await FetchAsync(page, path));

            // A download is no page, and a stream does not end: they were fetched above.
            if (path.EndsWith("/file", StringComparison.Ordinal) || path.EndsWith("/live", StringComparison.Ordinal)) continue;

            var answer = (await page.GotoAsync(new Uri(stage.Url, path).ToString()))!;
            var may = route.Metadata.GetMetadata<AccessRule>()!.Who;
            if (path.Contains("@furni", StringComparison.Ordinal)) Assert.Equal(may.Split(", ").Contains(role.Word) ? 200 : role == Role.Operator ? 404 : 403, answer.Status);
        }

        foreach (var one in came) texts.Append(await one);
        return (texts.ToString(), page);
    }

    /// <summary>As a script of the page would; of what does not end, what comes within a second.</summary>
    private static Task<string> FetchAsync(IPage page, string path) => page.EvaluateAsync<string>(
        """
        async path => {
          const stop = new AbortController();
          const answer = await fetch(path, { signal: stop.signal });
          let text = [...answer.headers].join('\n');
          const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
          setTimeout(() => stop.abort(), 1_000);
          try {
            for (let part; !(part = await reader.read()).done;) text += part.value;
          } catch { }
          return text;
        }
        """,
        path);

    private static async Task<string> ReadAsync(IResponse response)
    {
        var headers = string.Join('\n', (await response.AllHeadersAsync()).Select(header => $"{header.Key}: {header.Value}"));
        if (response.Headers.TryGetValue("content-type", out var type) && type.StartsWith("text/event-stream", StringComparison.Ordinal)) return headers;

        try
        {
            return headers + Encoding.UTF8.GetString(await response.BodyAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        }
        catch (Exception error) when (error is PlaywrightException or TimeoutException)
        {
            // Redirects have no body. One that the browser gave up when it left the page may never come; each address was fetched by itself, too.
            return headers;
        }
    }

    private static string PathOf(Planted planted, string pattern) => Hole().Replace(pattern, hole => hole.Groups[1].Value switch
    {
        "handle" => "furni",
        "id" or "item" => planted.Low.ToString(CultureInfo.InvariantCulture),
        "connector" => planted.Connector.ToString(CultureInfo.InvariantCulture),
        "webhook" => planted.Webhook.ToString(CultureInfo.InvariantCulture),
        "conversation" => planted.Conversation.ToString(CultureInfo.InvariantCulture),
        _ => "nothing",
    });

    /// <summary>A sender whose customer has answered, with texts and names that stand nowhere else.</summary>
    private static async Task<Planted> PlantAsync(Browser browser)
    {
        var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var ana = (await stage.Services.GetRequiredService<UserAccounts>().AddAsync("ana", Customer, null, MessagingPermission.Anyone, default))!;
        var furni = stage.Furni;
        var sender = new Caller(new(0, "", "", "", [], Allowed: true, Suspended: false), furni.Id, furni.ScreenName, furni.Name, Permission.DirectMessages, new(null, null, null, null));
        var low = 0L;
        foreach (var score in s_scores)
        {
            var draft = new PromptDraft(
                PromptType.Csat, ana.Id, "How did we do?", "https://furni.example/privacy", Ticket, 0, Question, Test: false, IncludeCard: false, "Nora", Tags.OfStored("billing"));
            var asked = Assert.IsType<CreateOutcome.Created>((await stage.Services.GetRequiredService<CreatePrompt>().RunAsync(new(sender, draft, null, ""))).Outcome);
            var id = long.Parse(asked.Feedback.Id, CultureInfo.InvariantCulture);
            await stage.Services.GetRequiredService<AnswerPrompt>().RunAsync(new(new(furni.Id, id, null), score, Comment));
            if (score == 1) low = id;
        }

        var webhook = await stage.Services.GetRequiredService<Endpoints>().AddAsync(furni.Id, new Uri("https://127.0.0.1:1/"), null, Approval.NeededIfOwned, default);
        var closed = await stage.Services.GetRequiredService<CloseConversation>().RunAsync(new(furni.Id, null, new(ana.Id, Ticket, "Nora", null, null, null, null, null, null, null, null, Test: false), ""));
        var connector = Assert.IsType<AddConnectorOutcome.Added>(
            await stage.Services.GetRequiredService<ChangeConnectors>().AddAsync(furni.Id, Member.CommandLine, new(Preset.Find("generic")!, null, null, null, CreatesUsers: false), default));
        return new(stage, low, webhook.Key.Id, connector.Key.Id, closed.Id);
    }

    [GeneratedRegex(@"\{\*{0,2}(\w+)[^}]*\}")]
    private static partial Regex Hole();

    internal sealed record Planted(ConsoleFixture Stage, long Low, long Webhook, long Connector, long Conversation);

    /// <summary>What all roles walk over; none of them changes it.</summary>
    public sealed class Fixture(Browser browser) : IAsyncLifetime
    {
        internal Planted Planted { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Planted = await PlantAsync(browser);

        public ValueTask DisposeAsync() => Planted.Stage.DisposeAsync();
    }
}
