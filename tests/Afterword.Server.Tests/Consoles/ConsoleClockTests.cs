using System.Text.RegularExpressions;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Every page of the console goes by one clock, that of the console or the one which its reader has chosen, and names it.</summary>
public sealed partial class ConsoleClockTests : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(Engine.Sqlite, "Console:TimeZone=Europe/Berlin");

    [Fact]
    public async Task Every_page_names_the_zone_and_shows_no_time_of_another()
    {
        await _fixture.AskAsync();
        var @operator = await _fixture.Server.MembershipAsync(Role.Operator);
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
        foreach (var (who, page) in (IEnumerable<(TestBrowser, string)>)
        [
            .. ((string[])["admin/health", "admin/senders", "admin/apps", "admin/people", "admin/audit", "account"]).Select(page => (@operator, page)),
            .. ((string[])["overview", "answers", "follow-up", "automation", "rules", "fairness", "alerts", "asked", "webhooks", "people", "audit"]).Select(page => (owner, $"@furni/{page}")),
        ])
        {
            var html = (await who.GetAsync($"/console/{page}")).Is(200).Html;
            Assert.True(html.Contains("<p class=\"zone\">Time zone: Europe/Berlin</p>", StringComparison.Ordinal), page);
            Assert.True(!Utc().IsMatch(Choices().Replace(html, "")), page);

            // It is ten there when it is nine.
            Assert.True(!html.Contains("5 Jan 2026, 09:00", StringComparison.Ordinal), page);
        }

        Assert.Contains("5 Jan 2026, 10:00</time>", (await owner.GetAsync("/console/@furni/asked")).Html, StringComparison.Ordinal);
        Assert.Contains("2026-01-05 10:00:00 Europe/Berlin", (await @operator.GetAsync("/console/admin/health")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_who_chooses_a_zone_reads_all_times_in_it_and_others_do_not()
    {
        await _fixture.AskAsync();
        var @operator = await _fixture.Server.MembershipAsync(Role.Operator);
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
        var other = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);
        foreach (var who in (TestBrowser[])[@operator, owner]) (await who.DoAsync((await who.GetAsync("/console/account")).Is(200), "/console/account/time-zone", ("time_zone", "America/New_York"))).Is(200);

        foreach (var (who, page) in (IEnumerable<(TestBrowser, string)>)
        [
            .. ((string[])["admin/health", "admin/backups", "admin/retention", "admin/webhooks", "admin/people", "admin/audit", "account"]).Select(page => (@operator, page)),
            .. ((string[])["overview", "answers", "follow-up", "automation", "rules", "fairness", "alerts", "asked", "webhooks", "connectors", "people", "audit"]).Select(page => (owner, $"@furni/{page}")),
        ])
        {
            var html = (await who.GetAsync($"/console/{page}")).Is(200).Html;
            Assert.True(html.Contains("<p class=\"zone\">Time zone: America/New_York. Days in metrics and filters: Europe/Berlin</p>", StringComparison.Ordinal), page);

            // It is four there when it is ten in Berlin.
            Assert.True(!html.Contains("5 Jan 2026, 10:00", StringComparison.Ordinal), page);
        }

        Assert.Contains("5 Jan 2026, 04:00</time>", (await owner.GetAsync("/console/@furni/asked")).Html, StringComparison.Ordinal);
        Assert.Contains("2026-01-05 04:00:00 America/New_York", (await @operator.GetAsync("/console/admin/health")).Html, StringComparison.Ordinal);
        Assert.Contains("5 Jan 2026, 10:00</time>", (await other.GetAsync("/console/@furni/asked")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zone_that_is_no_choice_is_refused_and_one_that_is_known_no_more_shows_no_error()
    {
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
        var page = (await owner.GetAsync("/console/account")).Is(200);
        foreach (var zone in (string[])["Mars/Olympus", "../../etc/passwd", "W. Europe Standard Time"]) (await owner.SubmitAsync(page, "/console/account/time-zone", ("time_zone", zone))).Is(400);
        Assert.Equal(0, await _fixture.Server.CountAsync("person", "time_zone is not null"));

        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("update person set time_zone = 'Europe/Atlantis'").RunAsync(default), default);
        Assert.Contains("Time zone: Europe/Berlin</p>", (await owner.GetAsync("/console/@furni/overview")).Is(200).Html, StringComparison.Ordinal);

        (await owner.DoAsync(page, "/console/account/time-zone", ("time_zone", ""))).Is(200);
        Assert.Equal(0, await _fixture.Server.CountAsync("person", "time_zone is not null"));
    }

    [Fact]
    public async Task What_is_printed_says_whose_it_is_and_when()
    {
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
        var head = OnPaper().Match((await owner.GetAsync("/console/@furni/overview")).Is(200).Html).Groups["text"].Value;
        Assert.Equal("FURNI · @furni · printed 5 Jan 2026, 10:00 Europe/Berlin", Tags().Replace(head, ""));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [GeneratedRegex("<p class=\"on-paper\">(?<text>.*?)</p>", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex OnPaper();

    // As a word: the three letters stand in the token of a form now and then.
    [GeneratedRegex("(?<![A-Za-z0-9_-])UTC(?![A-Za-z0-9_-])")]
    private static partial Regex Utc();

    [GeneratedRegex("<option[^>]*>[^<]*</option>")]
    private static partial Regex Choices();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tags();
}
