using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Afterword.Server.Console.Members;
using Afterword.Server.Operators;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Alerts;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Webhooks that tell a channel of Slack or Teams.</summary>
public abstract class ChatTests(Engine engine) : IAsyncLifetime
{
    private Receiver _receiver = null!;
    private WebhookFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await Receiver.StartAsync();
        _fixture = await WebhookFixture.StartAsync(engine, "PublicUrl=https://feedback.example", "Channels:PollEvery=00:00:00.05");
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task Slack_and_Teams_are_told_in_messages_without_a_word_or_a_name_of_the_customer()
    {
        await AddAsync(WebhookFormat.Slack);
        var id = (await _fixture.Fixture.AskAsync("csat", ("external_id", "<!channel>"), ("display_name", "*Furni*"))).Text("id");
        (await _fixture.Fixture.SubmitAsync(id, ("score", "2"))).Is(200);
        (await _fixture.Fixture.SubmitAsync(id, ("text", "Never again, <!everyone>"))).Is(200);
        await _fixture.DrainAsync();
        await AddAsync(WebhookFormat.Teams);
        await _fixture.Fixture.AskAsync("nps", ("test", "true"));
        await _fixture.DrainAsync();

        var link = $"https://feedback.example/console/@furni/answers/{id}";
        Assert.Equal(
        [
            $$"""{"text":"@furni: a customer was asked for feedback (CSAT). <{{link}}|Open in Afterword>"}""",
            $$"""{"text":"@furni: a customer gave 2 of 5 (CSAT). <{{link}}|Open in Afterword>"}""",
            $$"""{"text":"@furni: a customer left a comment. <{{link}}|Open in Afterword>"}""",
        ], _receiver.All.Where(got => got.Path == "/slack").Take(3).Select(got => Encoding.UTF8.GetString(got.Body)));
        var card = Assert.Single(_receiver.All, got => got.Path == "/teams").Json;
        Assert.Equal("message", card.GetProperty("type").GetString());
        Assert.Equal("application/vnd.microsoft.card.adaptive", card.GetProperty("attachments")[0].GetProperty("contentType").GetString());
        var content = card.GetProperty("attachments")[0].GetProperty("content");
        Assert.Equal(("AdaptiveCard", "Test. @furni: a customer was asked for feedback (NPS)."), (content.GetProperty("type").GetString(), content.GetProperty("body")[0].GetProperty("text").GetString()));
        Assert.Equal("Action.OpenUrl", content.GetProperty("actions")[0].GetProperty("type").GetString());
        Assert.DoesNotContain(_receiver.All, got => Encoding.UTF8.GetString(got.Body).Contains("again", StringComparison.Ordinal) || Encoding.UTF8.GetString(got.Body).Contains("nnel>", StringComparison.Ordinal));
        await _fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_owner_reads_before_approving_that_everybody_in_the_channel_sees_scores()
    {
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Fixture.Furni);
        var added = await _fixture.Endpoints.AddAsync(_fixture.Fixture.Furni.Id, new Uri(_receiver.Url, "/teams"), null, WebhookFormat.Teams, Approval.NeededIfOwned, default);
        Assert.False(added.IsApproved);
        var address = $"/console/@furni/webhooks/{added.Key.Id}";
        var page = (await owner.GetAsync(address)).Is(200);
        foreach (var said in (string[])["a channel of Microsoft Teams", "Everybody in that channel reads every score.", "Agents must not see results", "Nothing is sent or kept for it until an owner approves it."])
        {
            Assert.Contains(said, page.Html, StringComparison.Ordinal);
        }

        Assert.Empty(_receiver.All);
        page = (await owner.DoAsync(page, $"{address}/approve")).Is(200);
        Assert.Contains("everybody in a channel of Microsoft Teams", page.Html, StringComparison.Ordinal);
        (await owner.SubmitAsync(page, $"{address}/test")).Is(200);
        Assert.Contains("Afterword will post here what happens to the feedback of @furni.", Encoding.UTF8.GetString(Assert.Single(_receiver.All).Body), StringComparison.Ordinal);

        // What the page shows as sent is what was sent.
        await _fixture.Fixture.AskAsync();
        await _fixture.DrainAsync();
        Assert.Contains("AdaptiveCard", (await owner.GetAsync(address)).Html, StringComparison.Ordinal);
        var list = (await owner.GetAsync("/console/@furni/webhooks")).Html;
        Assert.Contains("a channel of Microsoft Teams", list, StringComparison.Ordinal);
        Assert.DoesNotContain($"{_receiver.Url.Authority}/teams", list + page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alert_is_told_too()
    {
        var added = await AddAsync(WebhookFormat.Slack);
        await _fixture.Endpoints.SetAlertsAsync(added.Key, on: true, default);
        await _fixture.Server.Server.Store.Main.WriteAsync(session => (AlertThresholds.Default with { AlertCsat = 2 }).SaveAsync(session, _fixture.Fixture.Furni.Id, default), default);
        var id = (await _fixture.Fixture.AskAsync()).Text("id");
        (await _fixture.Fixture.SubmitAsync(id, ("score", "1"))).Is(200);
        await _fixture.Server.Get<AlertWorker>().DrainAsync(TestContext.Current.CancellationToken);

        var alert = $$"""{"text":"@furni: low score, 1 of 5 (CSAT). <https://feedback.example/console/@furni/answers/{{id}}|Open in Afterword>"}""";
        Assert.Single(_receiver.All, got => Encoding.UTF8.GetString(got.Body) == alert);

        // Its address lets whoever has it write there, so the page on alerts has the end of it alone.
        var page = (await (await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Fixture.Furni)).GetAsync("/console/@furni/alerts")).Is(200).Html;
        Assert.Contains("/…lack", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.DoesNotContain($"{_receiver.Url.Authority}/slack", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operators_program_says_the_format_and_reads_it_back()
    {
        var key = (await _fixture.Server.Get<OperatorKeys>().AddAsync("deploy", default))!;
        (await CallAsync("pigeon")).Is(400, 44);
        Assert.Equal(("teams", "waiting_for_approval"), ((await CallAsync("teams")).Is(201).Text("format"), (await CallAsync("teams")).Text("state")));
        Assert.Equal("events", (await CallAsync(null)).Is(201).Text("format"));
        Assert.Equal(2, await _fixture.Server.CountAsync("audit", "what like '%a channel of Microsoft Teams: added%'"));

        Task<Answer> CallAsync(string? format) => _fixture.Server.SendAsync(
            null, HttpMethod.Post, "/operator/webhooks.json", TestServer.Form([("sender", "furni"), ("url", _receiver.Url.AbsoluteUri), .. format is null ? ((string, string)[])[] : [("format", format)]]),
            request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key));
    }

    private Task<NewEndpoint> AddAsync(WebhookFormat format) =>
        _fixture.Endpoints.AddAsync(_fixture.Fixture.Furni.Id, new Uri(_receiver.Url, $"/{format.Name}"), null, format, Approval.NeededIfOwned, default);
}

public sealed class SqliteChatTests() : ChatTests(Engine.Sqlite);

public sealed class PostgresChatTests() : ChatTests(Engine.Postgres);
