using System.Globalization;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Reports;

/// <summary>Low scores become a list to work through.</summary>
public abstract class FollowUpTests(Engine engine) : IAsyncLifetime
{
    private const string Page = "/console/@furni/follow-up";

    private FeedbackFixture _fixture = null!;
    private TestBrowser _boss = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(engine);
        _boss = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni, "boss@furni.example");
    }

    [Theory]
    [InlineData("csat", 2, true)]
    [InlineData("csat", 3, false)]
    [InlineData("nps", 6, true)]
    [InlineData("nps", 7, false)]
    public async Task A_low_score_is_on_the_list_as_soon_as_it_is_given(string type, int score, bool listed)
    {
        var id = await ScoreAsync(type, score);

        Assert.Equal(listed ? 1 : 0, await _fixture.Server.CountAsync("follow_up", $"prompt_id = {id} and state = 0"));
        Assert.Equal(listed, (await _boss.GetAsync(Page)).Is(200).Html.Contains($"{Page}/{id}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Test_feedback_is_never_followed_up()
    {
        await ScoreAsync("csat", 1, ("test", "true"));
        Assert.Equal(0, await _fixture.Server.CountAsync("follow_up"));
    }

    [Fact]
    public async Task A_text_that_comes_later_or_a_second_score_adds_no_item()
    {
        var id = await ScoreAsync("csat", 1);
        (await _fixture.SubmitAsync(id, ("text", "It broke"))).Is(200);
        await _fixture.SubmitAsync(id, ("score", "2"));

        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up"));
        Assert.Contains("It broke", (await _boss.GetAsync($"{Page}/{id}")).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_people_choose_which_scores_are_followed_up()
    {
        var page = (await _boss.GetAsync(Page)).Is(200);
        (await _boss.SubmitAsync(page, $"{Page}/choose", ("csat", "none"), ("nps", "8"))).Is(303);

        await ScoreAsync("csat", 1);
        var passive = await ScoreAsync("nps", 8);

        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up"));
        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up", $"prompt_id = {passive}"));
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", "what = 'which scores are followed up'"));

        // The page from before knows of no change.
        (await _boss.SubmitAsync(page, $"{Page}/choose", ("csat", "5"), ("nps", "10"))).Is(409);
        Assert.Equal(1, await _fixture.Server.CountAsync("watch", "follow_csat = -1 and follow_nps = 8"));
        (await _boss.SubmitAsync(await _boss.GetAsync(Page), $"{Page}/choose", ("csat", "6"), ("nps", "8"))).Is(400);
    }

    [Fact]
    public async Task An_item_is_assigned_noted_and_done()
    {
        var id = await ScoreAsync("csat", 1);
        var item = $"{Page}/{id}";
        var ana = await _fixture.Server.PersonAsync(Role.Owner, _fixture.Furni, "ana@furni.example");

        (await _boss.SubmitAsync(await _boss.GetAsync(item), $"{item}/assign", ("person", $"{ana}"))).Is(303);
        (await _boss.SubmitAsync(await _boss.GetAsync(item), $"{item}/note", ("note", "Called <them>.\r\nThey are fine."))).Is(303);
        Assert.Contains(item, (await _boss.GetAsync($"{Page}?state=assigned&who={ana}")).Html, StringComparison.Ordinal);
        Assert.DoesNotContain(item, (await _boss.GetAsync($"{Page}?who=me")).Html, StringComparison.Ordinal);
        (await _boss.SubmitAsync(await _boss.GetAsync(item), $"{item}/done")).Is(303);

        Assert.DoesNotContain(item, (await _boss.GetAsync(Page)).Html, StringComparison.Ordinal);
        Assert.Contains(item, (await _boss.GetAsync($"{Page}?state=done")).Html, StringComparison.Ordinal);
        Assert.Matches("Called &lt;them&gt;.(\n|&#xA;)They are fine.", (await _boss.GetAsync(item)).Html);
        string[] actions = [$"follow-up {id}: assigned to ana@furni.example", $"follow-up {id}: noted", $"follow-up {id}: done"];
        foreach (var action in actions) Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"sender_id = {_fixture.Furni.Id} and deed = 3 and person = 'boss@furni.example' and what = '{action}'"));
        await _fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task An_item_that_is_opened_again_is_still_its_assignees()
    {
        var ana = await _fixture.Server.PersonAsync(Role.Owner, _fixture.Furni, "ana@furni.example");
        var (hers, nobodys) = ($"{Page}/{await ScoreAsync("csat", 1)}", $"{Page}/{await ScoreAsync("csat", 1)}");
        (await _boss.SubmitAsync(await _boss.GetAsync(hers), $"{hers}/assign", ("person", $"{ana}"))).Is(303);

        foreach (var item in (string[])[hers, nobodys])
        {
            (await _boss.SubmitAsync(await _boss.GetAsync(item), $"{item}/done")).Is(303);
            (await _boss.SubmitAsync(await _boss.GetAsync(item), $"{item}/reopen")).Is(303);
        }

        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up", $"state = 1 and assignee_id = {ana}"));
        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up", "state = 0 and assignee_id is null"));
    }

    [Fact]
    public async Task The_second_of_two_who_change_the_same_item_is_told_and_overwrites_nothing()
    {
        var item = $"{Page}/{await ScoreAsync("csat", 1)}";
        var ana = await _fixture.Server.PersonAsync(Role.Supervisor, _fixture.Furni, "ana@furni.example");
        var hers = await _fixture.Server.SignedInAsync(ana);
        var (his, seen) = (await _boss.GetAsync(item), await hers.GetAsync(item));

        (await _boss.SubmitAsync(his, $"{item}/done")).Is(303);
        var told = (await hers.SubmitAsync(seen, $"{item}/assign", ("person", $"{ana}"))).Is(409);

        Assert.Contains("Somebody else has changed this meanwhile", told.Html, StringComparison.Ordinal);
        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up", "state = 2 and assignee_id is null and version = 1"));

        // Having seen how it is now, she may.
        (await hers.SubmitAsync(told, $"{item}/assign", ("person", $"{ana}"))).Is(303);
        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up", $"state = 1 and assignee_id = {ana}"));
    }

    [Fact]
    public async Task Twenty_racing_changes_leave_one_and_nineteen_are_told()
    {
        var item = $"{Page}/{await ScoreAsync("csat", 1)}";
        var page = await _boss.GetAsync(item);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _boss.SubmitAsync(page, $"{item}/done")));

        Assert.Equal((1, 19), (answers.Count(answer => answer.Status == 303), answers.Count(answer => answer.Status == 409)));
        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up", "version = 1"));
    }

    [Fact]
    public async Task Nobody_but_owners_and_supervisors_of_this_sender_is_given_an_item()
    {
        var item = $"{Page}/{await ScoreAsync("csat", 1)}";
        var page = await _boss.GetAsync(item);
        long[] others =
        [
            await _fixture.Server.PersonAsync(Role.Agent, _fixture.Furni, "agent@furni.example"), await _fixture.Server.PersonAsync(Role.Analyst, _fixture.Furni, "analyst@furni.example"),
            await _fixture.Server.PersonAsync(Role.Owner, await _fixture.Server.UserAsync("other"), "owner@other.example"), 12345,
        ];

        foreach (var person in others) (await _boss.SubmitAsync(page, $"{item}/assign", ("person", $"{person}"))).Is(400);

        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up", "assignee_id is null and version = 0"));
    }

    [Theory]
    [InlineData(Role.Analyst)]
    [InlineData(Role.Agent)]
    public async Task Other_roles_see_and_change_nothing(Role role)
    {
        var item = $"{Page}/{await ScoreAsync("csat", 1)}";
        var browser = await _fixture.Server.MembershipAsync(role, _fixture.Furni);
        var token = (await browser.GetAsync("/console/account")).HiddenOf("/console/sign-out");

        (await browser.GetAsync(Page)).Is(403);
        (await browser.GetAsync(item)).Is(403);
        foreach (var act in (string[])["assign", "done", "reopen", "note"]) (await browser.PostAsync($"{item}/{act}", [.. token, ("version", "0"), ("note", "x")])).Is(403);
        (await browser.PostAsync($"{Page}/choose", [.. token, ("csat", "5"), ("nps", "10"), ("version", "0")])).Is(403);

        Assert.Equal(1, await _fixture.Server.CountAsync("follow_up", "state = 0 and version = 0"));
        Assert.Equal(0, await _fixture.Server.CountAsync("follow_up_note"));
    }

    [Fact]
    public async Task Another_senders_item_is_not_there()
    {
        var id = await ScoreAsync("csat", 1);
        var other = await _fixture.Server.MembershipAsync(Role.Owner, await _fixture.Server.UserAsync("other"));
        (await other.GetAsync($"/console/@other/follow-up/{id}")).Is(404);
    }

    [Fact]
    public async Task The_list_is_read_page_by_page_newest_first()
    {
        var all = new List<string>();
        for (var i = 0; i < 53; i++)
        {
            _fixture.Server.Clock.Advance(TimeSpan.FromSeconds(i % 3));
            all.Insert(0, await ScoreAsync("csat", 1));
        }

        var first = (await _boss.GetAsync(Page)).Is(200).Html;
        var next = System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Match(first, "rel=\"next\" href=\"([^\"]*)\"").Groups[1].Value);
        var second = (await _boss.GetAsync(next)).Is(200).Html;

        Assert.Equal(all, [.. IdsIn(first), .. IdsIn(second)]);
        Assert.DoesNotContain("rel=\"next\"", second, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(998, "Open (999)", "To do (999)", "Done (0)")]
    [InlineData(999, "Open (1,000+)", "To do (1,000+)", "Done (0)")]
    [InlineData(2_500, "Open (1,000+)", "To do (1,000+)", "Done (0)")]
    public async Task A_state_is_counted_up_to_a_thousand(int more, params string[] shown)
    {
        await ScoreAsync("csat", 1);
        await _fixture.Server.Server.Store.Main.WriteAsync(
            session => session.Sql(
                """
                with recursive n(i) as (select 1 union all select i + 1 from n where i < @more)
                insert into follow_up (sender_id, state, scored_at, prompt_id, version) select f.sender_id, 0, f.scored_at - n.i, f.prompt_id, 0 from follow_up f cross join n
                """).Bind("more", (long)more).RunAsync(default),
            default);

        var html = System.Net.WebUtility.HtmlDecode((await _boss.GetAsync(Page)).Is(200).Html);
        Assert.All(shown, words => Assert.Contains(words, html, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n ")]
    [InlineData("\u0007bell")]
    public async Task A_note_that_is_none_is_refused(string note)
    {
        var item = $"{Page}/{await ScoreAsync("csat", 1)}";
        (await _boss.SubmitAsync(await _boss.GetAsync(item), $"{item}/note", ("note", note))).Is(400);
        (await _boss.SubmitAsync(await _boss.GetAsync(item), $"{item}/note", ("note", new string('x', 2_001)))).Is(400);
        Assert.Equal(0, await _fixture.Server.CountAsync("follow_up_note"));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private static IEnumerable<string> IdsIn(string html) =>
        System.Text.RegularExpressions.Regex.Matches(html, $"<a href=\"{Page}/([0-9]+)\"").Select(found => found.Groups[1].Value);

    private async Task<string> ScoreAsync(string type, int score, params (string Name, string Value)[] more)
    {
        var id = (await _fixture.AskAsync(type, more)).Text("id");
        (await _fixture.SubmitAsync(id, ("score", score.ToString(CultureInfo.InvariantCulture)))).Is(200);
        return id;
    }
}

public sealed class SqliteFollowUpTests() : FollowUpTests(Engine.Sqlite);

public sealed class PostgresFollowUpTests() : FollowUpTests(Engine.Postgres);
