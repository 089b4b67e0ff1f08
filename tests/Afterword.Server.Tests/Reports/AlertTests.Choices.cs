using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Reports;

/// <summary>Who chooses what is told, and whom.</summary>
public abstract partial class AlertTests
{
    [Theory]
    [InlineData("csat", "6")]
    [InlineData("nps", "11")]
    [InlineData("fall", "0")]
    [InlineData("fall", "101")]
    [InlineData("fall", "ten")]
    public async Task What_is_no_choice_is_refused(string field, string value)
    {
        (await PostAsync(await _boss.GetAsync(Page), (field, value))).Is(400);
        Assert.Equal(0, await Server.CountAsync("watch"));
    }

    [Fact]
    public async Task A_field_that_is_refused_takes_nothing_of_the_others_away()
    {
        var ana = await Server.PersonAsync(Role.Analyst, _fixture.Furni, "ana@furni.example");

        var refused = (await PostAsync(await _boss.GetAsync(Page), ("csat", "3"), ("fall", "ten"), ("weekly", "yes"), ("reader", $"{ana}"))).Is(400).Html;

        Assert.Matches("""<option value="3" selected""", refused);
        Assert.Matches("""name="fall"[^>]*value="ten"[^>]*aria-invalid="true"[^>]*""", refused);
        Assert.Matches("""name="weekly" value="yes" checked""", refused);
        Assert.Matches($"""name="reader" value="{ana}" checked""", refused);
    }

    [Fact]
    public async Task The_second_of_two_who_choose_is_told_and_forty_people_can_be_chosen()
    {
        var people = new List<(string, string)>();
        for (var i = 0; i < 40; i++) people.Add(("reader", $"{await Server.PersonAsync(Role.Analyst, _fixture.Furni, $"p{i}@furni.example")}"));
        var page = await _boss.GetAsync(Page);

        (await PostAsync(page, [("csat", "2"), .. people])).Is(303);
        (await PostAsync(page, ("csat", "1"))).Is(409);

        Assert.Equal(40, await Server.CountAsync("alert_reader"));
        Assert.Equal(1, await Server.CountAsync("watch", "alert_csat = 2 and follow_csat = 2 and follow_nps = 6"));
        Assert.Equal(1, await Server.CountAsync("audit", "what = 'alerts'"));
    }

    [Theory]
    [InlineData(Role.Analyst)]
    [InlineData(Role.Agent)]
    public async Task Other_roles_neither_see_nor_choose(Role role)
    {
        var browser = await Server.MembershipAsync(role, _fixture.Furni);
        (await browser.GetAsync(Page)).Is(403);
        (await browser.PostAsync(Page, [.. (await browser.GetAsync("/console/account")).HiddenOf("/console/sign-out"), ("csat", "5"), ("nps", "10"), ("fall", ""), ("version", "0")])).Is(403);
        Assert.Equal(0, await Server.CountAsync("watch"));
    }
}
