using System.Text.RegularExpressions;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Search;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Reports;

/// <summary>The answers in the console: which there are, who sees what of them, and that looking is written down.</summary>
public abstract partial class AnswersPageTests(Engine engine) : IAsyncLifetime
{
    private const string List = "/console/@furni/answers";
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine, "Limits:CreatesPerDay=1000000", "Console:TimeZone=Europe/Berlin");

    [Fact]
    public async Task The_newest_answers_come_first_and_older_ones_page_by_page()
    {
        var ids = new List<string>();
        for (var i = 0; i < 120; i++)
        {
            ids.Add(await AnswerAsync("4", i % 2 == 0 ? $"text {i}" : null));
            if (i % 3 == 0) await _fixture.AskAsync();
        }

        var supervisor = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);
        var seen = new List<string>();
        var pages = 0;
        for (var address = List; address is not null; pages++)
        {
            var page = (await supervisor.GetAsync(address)).Is(200);
            seen.AddRange(IdsOf(page));
            address = NextOf(page);
        }

        Assert.Equal(Enumerable.Reverse(ids), seen);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task Every_filter_of_the_form_gives_its_rows_alone()
    {
        var first = await AnswerAsync("2", "The sofa came late", ("external_id", "ticket 1"), ("agent", "Kim"), ("tags", "late,sofa"));
        await _fixture.Server.AdvanceAsync(TimeSpan.FromHours(14));
        var second = await AnswerAsync("5", null, ("agent", "Lee"), ("tags", "sofa"));
        var open = (await _fixture.AskAsync("nps")).Text("id");
        var test = await AnswerAsync("1", "Just a test", ("test", "true"));
        var supervisor = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);

        await GivesAsync("", second, first);
        await GivesAsync("show=all", open, second, first);
        await GivesAsync("show=unanswered", open);
        await GivesAsync("test=true", test);
        await GivesAsync("test=all", test, second, first);
        await GivesAsync("min_score=3", second);
        await GivesAsync("max_score=2", first);
        await GivesAsync("has_text=true", first);
        await GivesAsync("tag=sofa", second, first);
        await GivesAsync("tag=late", first);
        await GivesAsync("agent=Lee", second);
        await GivesAsync("external_id=ticket%201", first);
        await GivesAsync("customer=%40ana&show=all", open, second, first);
        await GivesAsync("customer=ana", second, first);
        await GivesAsync("customer=nobody");
        await GivesAsync("type=nps&show=all", open);
        await GivesAsync("q=SOFA", first);
        await GivesAsync("q=late+sof", first);
        await GivesAsync("q=sofa+chair");
        await GivesAsync("q=sofa&has_text=false");
        await GivesAsync("q=test&test=all", test);

        // The 5th is over in Berlin an hour before it is in London: 22:00 there is the 5th, 23:00 the 6th.
        await GivesAsync("from=2026-01-05&to=2026-01-05", first);
        await GivesAsync("from=2026-01-06", second);
        await GivesAsync("to=2026-01-04");

        async Task GivesAsync(string query, params string[] ids) => Assert.Equal(ids, IdsOf((await supervisor.GetAsync($"{List}?{query}")).Is(200)));
    }

    [Fact]
    public async Task An_empty_list_and_a_filter_without_answers_are_told_apart()
    {
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
        Assert.Contains("No answers yet", (await owner.GetAsync(List)).Is(200).Html, StringComparison.Ordinal);
        await AnswerAsync("5", null);
        Assert.Contains("No answer matches", (await owner.GetAsync($"{List}?max_score=1")).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("That was all", (await owner.GetAsync($"{List}?before=1")).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_filter_is_told_in_words_and_shows_nothing()
    {
        await AnswerAsync("5", "Lovely chair");
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);

        var page = (await owner.GetAsync($"{List}?from=yesterday&min_score=11&type=x&before=z")).Is(400);

        foreach (var told in (string[])["The first day must be a day such as 2026-01-31.", "The lowest score must be a whole number from 0 to 10.", "The type must be csat or nps.", "The page must be a decimal id."])
        {
            Assert.Contains(told, page.Html, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("Lovely chair", page.Html, StringComparison.Ordinal);
        foreach (var (query, told) in new[]
        {
            ("min_score=9&max_score=2", "The lowest score is above the highest score."), ("from=2026-01-31&to=2026-01-01", "The first day is after the last day."),
            ("q=%3C%3E", "There is nothing to search for: type a letter or a digit."),
        })
        {
            page = (await owner.GetAsync($"{List}?{query}")).Is(400);
            Assert.Contains(told, page.Html, StringComparison.Ordinal);
            Assert.DoesNotContain("Lovely chair", page.Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_sees_no_names_finds_none_in_any_byte()
    {
        var id = await AnswerAsync("2", "The sofa came late", ("external_id", "ticket_1"), ("display_name", "Zedonius"));
        await _fixture.Server.WriteAsync(_fixture.Recipient, _fixture.Furni, "where is my sofa");
        var analyst = await _fixture.Server.MembershipAsync(Role.Analyst, _fixture.Furni);
        string[] hidden = ["ana", "ANA", "ticket_1", "where is my sofa", "Zedonius"];

        foreach (var path in (string[])[List, $"{List}?q=sofa", $"{List}?show=all&customer=ana", $"{List}?external_id=ticket_1", $"{List}?external_id=other", $"{List}/{id}", "/console/@furni/export?customer=ana"])
        {
            // The analyst's own name and address are on every page.
            var html = Regex.Replace((await analyst.GetAsync(path)).Is(200).Html, "(?i)analyst", "");
            Assert.All(hidden, name => Assert.DoesNotContain(name, html.Replace("customer=ana", "", StringComparison.Ordinal).Replace("external_id=ticket_1", "", StringComparison.Ordinal), StringComparison.Ordinal));
        }

        // A filter by a name would tell, by what it finds, what the analyst may not know.
        Assert.Equal([id], IdsOf(await analyst.GetAsync($"{List}?external_id=other")));
        Assert.Equal([id], IdsOf(await analyst.GetAsync($"{List}?customer=nobody")));
        Assert.Contains("The sofa came late", (await analyst.GetAsync($"{List}/{id}")).Html, StringComparison.Ordinal);
        var file = (await analyst.GetAsync("/console/@furni/export/file")).Is(200);
        Assert.All((string[])[.. hidden, "sofa"], name => Assert.DoesNotContain(name, file.Html, StringComparison.Ordinal));
        Assert.Equal("2", Csv.Read(file.Html)[0]["score"]);
    }

    [Fact]
    public async Task An_agent_sees_nothing_of_it()
    {
        var id = await AnswerAsync("2", "The sofa came late");
        var agent = await _fixture.Server.MembershipAsync(Role.Agent, _fixture.Furni);
        foreach (var path in (string[])[List, $"{List}/{id}", "/console/@furni/export", "/console/@furni/export/file"])
        {
            Assert.DoesNotContain("sofa", (await agent.GetAsync(path)).Is(403).Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Another_senders_answer_is_unknown()
    {
        var id = await AnswerAsync("2", "The sofa came late");
        var rival = await _fixture.Server.MembershipAsync(Role.Owner, await _fixture.Server.UserAsync("rival"));
        Assert.DoesNotContain("sofa", (await rival.GetAsync($"/console/@rival/answers/{id}")).Is(404).Html, StringComparison.Ordinal);
        Assert.Empty(IdsOf((await rival.GetAsync("/console/@rival/answers?show=all&test=all")).Is(200)));
        (await rival.GetAsync($"{List}/{id}")).Is(404);
        Assert.Single(((await rival.GetAsync("/console/@rival/export/file")).Is(200)).Html.Trim().Split("\r\n"));
    }

    [Fact]
    public async Task One_answer_stands_with_its_conversation_and_its_history()
    {
        await _fixture.Server.WriteAsync(_fixture.Recipient, _fixture.Furni, "Where is my sofa?");
        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));
        var id = await AnswerAsync("2", "It came <b>late</b>", ("external_id", "ticket_1"));
        await _fixture.Server.WriteAsync(_fixture.Recipient, _fixture.Furni, "Bye");
        var supervisor = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);

        var page = (await supervisor.GetAsync($"{List}/{id}")).Is(200);

        string[] inOrder = ["Score 2 of 5, Dissatisfied", "It came &lt;b&gt;late&lt;/b&gt;", "Where is my sofa?", "the request", "Bye", "ticket_1", "Asked", "Scored", "Wrote a text"];
        var at = -1;
        foreach (var part in inOrder)
        {
            var found = page.Html.IndexOf(part, at + 1, StringComparison.Ordinal);
            Assert.True(found > at, $"{part} is missing behind {at}: {page.Html}");
            at = found;
        }

        // Nine in London is ten in Berlin.
        Assert.Contains("5 Jan 2026, 10:01", page.Html, StringComparison.Ordinal);
        Assert.Equal(3, await _fixture.Server.CountAsync("change"));
        foreach (var unknown in (string[])["1", "x", "99999999999999999999"]) (await supervisor.GetAsync($"{List}/{unknown}")).Is(404);
    }

    [Fact]
    public async Task Every_look_and_every_export_is_written_down()
    {
        var id = await AnswerAsync("2", "The sofa came late");
        var supervisor = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);

        await supervisor.GetAsync($"{List}?q=sofa&max_score=3");
        await supervisor.GetAsync($"{List}/{id}");
        await supervisor.GetAsync("/console/@furni/export/file?type=csat");

        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"deed = {(int)AuditAction.Saw} and what = 'answers with a search, max_score 3'"));
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"deed = {(int)AuditAction.Saw} and what = 'answer {id}'"));
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"deed = {(int)AuditAction.Exported} and what = 'answers with type csat'"));
    }

    [Fact]
    public async Task A_search_rests_among_long_texts_behind_short_ones()
    {
        var ids = new List<string>();
        var text = string.Concat(Enumerable.Repeat("late chair ", 800));
        for (var i = 0; i < 40; i++) ids.Add(await AnswerAsync("2", i < 32 ? text : "chair"));
        var supervisor = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);

        var page = await supervisor.GetAsync($"{List}?q=chair");
        Assert.InRange(IdsOf(page).Length, 9, 38);
        Assert.Contains("Look before", page.Html, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Reverse(ids), [.. IdsOf(page), .. IdsOf(await supervisor.GetAsync(NextOf(page)!))]);
    }

    [Fact]
    public async Task The_file_has_what_the_page_shows()
    {
        var first = await AnswerAsync("2", "=late sofa");
        var second = await AnswerAsync("5", "sofa");
        await _fixture.AskAsync();
        var supervisor = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);

        foreach (var query in (string[])["", "q=sofa", "q=late", "show=all", "min_score=3"])
        {
            var shown = IdsOf(await supervisor.GetAsync($"{List}?{query}"));
            Assert.Equal(Enumerable.Reverse(shown), Csv.Ids((await supervisor.GetAsync($"/console/@furni/export/file?{query}")).Is(200).Html));
        }

        Assert.Equal([second, first], IdsOf(await supervisor.GetAsync(List)));
        (await supervisor.GetAsync("/console/@furni/export/file?min_score=x")).Is(400);
    }

    [Fact]
    public async Task Texts_from_before_the_search_are_found_once_they_are_filled_in()
    {
        var id = await AnswerAsync("2", "The sofa came late");
        await _fixture.Server.Get<Store>().Main.WriteAsync(
            async session =>
            {
                await session.Sql("delete from text_word").RunAsync(default);
                return await session.Sql("insert into unsearched_text (sender_id, prompt_id) select sender_id, id from prompt where comment is not null").RunAsync(default);
            },
            default);
        var supervisor = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);
        var before = await supervisor.GetAsync($"{List}?q=sofa");
        Assert.Empty(IdsOf(before));
        Assert.Contains("Some may not be found yet", before.Html, StringComparison.Ordinal);

        Assert.Equal(1, await _fixture.Server.Get<BackfillSearch>().RunAsync(default));

        var behind = await supervisor.GetAsync($"{List}?q=sofa");
        Assert.Equal([id], IdsOf(behind));
        Assert.DoesNotContain("Some may not be found yet", behind.Html, StringComparison.Ordinal);
        Assert.Equal(0, await _fixture.Server.Get<BackfillSearch>().RunAsync(default));
    }

    [Theory]
    [InlineData("delete from text_word where prompt_id = (select max(prompt_id) from text_word)", "search")]
    [InlineData("update prompt set comment = 'The chair came late' where comment is not null", "search")]
    [InlineData("insert into text_word (sender_id, word, prompt_id) select sender_id, word, 7 from text_word order by word limit 1", "search")]
    [InlineData("update prompt set created_at = created_at - 90000000", "ids and times")]
    public async Task The_doctor_finds_what_a_list_would_not(string tamper, string check)
    {
        await AnswerAsync("2", "The sofa came late");
        Assert.DoesNotContain(await _fixture.Server.ExamineAsync(), finding => finding.Problems.Count > 0);

        Assert.Equal(1, Math.Sign(await _fixture.Server.Get<Store>().Main.WriteAsync(session => session.Sql(tamper).RunAsync(default), default)));

        Assert.Contains(await _fixture.Server.ExamineAsync(), finding => finding.Check == check && finding.Problems.Count > 0);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<string> AnswerAsync(string score, string? text, params (string Name, string Value)[] more)
    {
        var id = (await _fixture.AskAsync(more: more)).Text("id");
        (await _fixture.SubmitAsync(id, [("score", score), .. text is null ? Array.Empty<(string, string)>() : [("text", text)]])).Is(200);
        return id;
    }

    private static string[] IdsOf(Page page) => [.. Row().Matches(page.Html).Select(row => row.Groups[1].Value)];

    private static string? NextOf(Page page) => Next().Match(page.Html) is { Success: true } next ? System.Net.WebUtility.HtmlDecode(next.Groups[1].Value) : null;

    [GeneratedRegex("<a href=\"/console/@[a-z]+/answers/([0-9]+)\">")]
    private static partial Regex Row();

    [GeneratedRegex("rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Next();
}

public sealed class SqliteAnswersPageTests() : AnswersPageTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresAnswersPageTests() : AnswersPageTests(Engine.Postgres);
