using System.Text.RegularExpressions;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>What an agent sees of a request, and that no answer shows through it.</summary>
public abstract partial class RequestHistoryTests(Engine engine) : IAsyncLifetime
{
    private const string Asked = "/console/@furni/asked";
    private FeedbackFixture _fixture = null!;
    private TestBrowser _agent = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(engine);
        _agent = await _fixture.Server.MembershipAsync(Role.Agent, _fixture.Furni);
    }

    [Fact]
    public async Task An_agent_sees_whom_and_when_the_sender_asked()
    {
        await _fixture.AskAsync(more: ("external_id", "ticket 7"));

        var page = await ReadAsync(Asked);

        Assert.Contains("@ana", page, StringComparison.Ordinal);
        Assert.Contains("5 Jan 2026, 09:00", page, StringComparison.Ordinal);
        Assert.Contains("ticket 7", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_changes_with_an_answer()
    {
        string[] ids = [(await _fixture.AskAsync()).Text("id"), (await _fixture.AskAsync("nps")).Text("id"), (await _fixture.AskAsync(more: ("test", "true"))).Text("id")];
        string[] pages = [Asked, $"{Asked}?q=@ana", $"{Asked}?before={ids[2]}"];
        var before = await Task.WhenAll(pages.Select(ReadAsync));

        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(5));
        (await _fixture.SubmitAsync(ids[0], ("score", "1"))).Is(200);
        (await _fixture.SubmitAsync(ids[0], ("text", "What a terrible chair"))).Is(200);
        (await _fixture.SubmitAsync(ids[1], ("score", "10"))).Is(200);
        (await _fixture.Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/dismiss/{ids[2]}.json")).Is(200);

        Assert.Equal(before, await Task.WhenAll(pages.Select(ReadAsync)));
    }

    [Fact]
    public async Task A_customer_is_found_by_handle_and_a_conversation_by_its_id()
    {
        await _fixture.AskAsync(more: ("external_id", "ticket_7"));
        await _fixture.AskAsync(more: ("external_id", "ticket_8"));

        Assert.Equal(2, Rows(await ReadAsync($"{Asked}?q=@ANA")));
        Assert.Equal(1, Rows(await ReadAsync($"{Asked}?q=ticket_8")));
        Assert.Equal(0, Rows(await ReadAsync($"{Asked}?q=ticket")));
        Assert.Equal(0, Rows(await ReadAsync($"{Asked}?q=@furni")));
        Assert.Equal(0, Rows(await ReadAsync($"{Asked}?q=%00")));
    }

    [Fact]
    public async Task The_list_goes_on_where_the_page_ended()
    {
        for (var n = 0; n < 53; n++) await _fixture.AskAsync(more: ("external_id", $"ticket_{n}"));

        var newest = await ReadAsync(Asked);
        var older = await ReadAsync(System.Net.WebUtility.HtmlDecode(Older().Match(newest).Groups[1].Value));

        Assert.Equal(50, Rows(newest));
        Assert.Equal(3, Rows(older));
        Assert.Contains("ticket_3<", newest, StringComparison.Ordinal);
        Assert.Contains("ticket_2<", older, StringComparison.Ordinal);
        Assert.DoesNotContain("rel=\"next\"", older, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_conversation_is_scheduled_or_not_asked_and_why_is_not_said()
    {
        var world = new RulesFixture(_fixture);
        await world.RuleAsync("""{"rules":[{"name":"never spam","when":{"tags_any":["spam"]},"ask":null},{"name":"all","ask":{"type":"csat","delay":"P1D","privacy_url":"https://furni.example/privacy","message":{"en":"Hi"}}}]}""");
        await world.CloseAsync("ticket_1");
        await world.CloseAsync("ticket_2", ("tags", "spam"));
        await _fixture.Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/dismiss/{(await _fixture.AskAsync()).Text("id")}.json");
        await world.CloseAsync("ticket_3");

        foreach (var path in new[] { Asked, $"{Asked}?q=@ana" })
        {
            var page = await ReadAsync(path);
            Assert.Matches("ticket_1</bdi>(?s:.*?)<span class=\"badge main\">scheduled</span>\\s*<small>for\\s*<time[^>]*>\\s*6 Jan 2026, 09:00", page);
            foreach (var ticket in new[] { "ticket_2", "ticket_3" }) Assert.Matches($"{ticket}</bdi>(?s:.*?)<span class=\"badge ?\">not asked</span>", page);
            foreach (var told in new[] { "spam", "dismissed", "recently", "rule" }) Assert.DoesNotContain(told, page, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain("ticket_2", await ReadAsync($"{Asked}?q=ticket_1"), StringComparison.Ordinal);
        Assert.Contains("ticket_1", await ReadAsync($"{Asked}?q=ticket_1"), StringComparison.Ordinal);
        Assert.DoesNotContain("ticket_1", await ReadAsync($"{Asked}?q=@furni"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_of_another_sender_are_not_there()
    {
        await _fixture.AskAsync();
        var other = await _fixture.Server.MembershipAsync(Role.Agent, await _fixture.Server.UserAsync("other"));

        Assert.Equal(0, Rows((await other.GetAsync("/console/@other/asked")).Is(200).Html));
        Assert.Equal(0, Rows((await other.GetAsync("/console/@other/asked?q=@ana")).Is(200).Html));
        (await other.GetAsync(Asked)).Is(404);
    }

    private async Task<string> ReadAsync(string path) => FormField().Replace((await _agent.GetAsync(path)).Is(200).Html, "");

    private static int Rows(string page) => Regex.Count(page, "<th scope=\"row\">");

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    // And the time of the look, which is there for paper.
    [GeneratedRegex("name=\"form\" value=\"[^\"]*\"|printed [^<]*")]
    private static partial Regex FormField();

    [GeneratedRegex("href=\"([^\"]+)\" rel=\"next\"")]
    private static partial Regex Older();
}

public sealed class SqliteRequestHistoryTests() : RequestHistoryTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresRequestHistoryTests() : RequestHistoryTests(Engine.Postgres);
