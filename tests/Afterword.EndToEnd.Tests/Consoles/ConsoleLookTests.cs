using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>Every page of the console in a real browser, in every width and both colour schemes.</summary>
public sealed class ConsoleLookTests(Browser browser)
{
    [Fact]
    public async Task Axe_finds_nothing_and_nothing_overflows_at_any_width_in_either_scheme()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        await stage.InviteAsync(Role.Analyst, "analyst.with.a.rather.long.name@subsidiary.furni.example");
        var owner = await stage.MembershipToLookAsync(Role.Owner);
        foreach (var path in (string[])["/console/@furni/people", "/console/@furni/audit", "/console/@furni/asked", "/console/account", "/console/@furni/nothing"]) await stage.LooksFineAsync(owner, path);

        var @operator = await stage.MembershipToLookAsync(Role.Operator);
        foreach (var path in (string[])["/console/admin/people", "/console/admin/audit", "/console/admin/health", "/console/admin/backups", "/console/admin/retention", "/console/admin/senders", "/console/admin/apps", "/console/@furni/people"]) await stage.LooksFineAsync(@operator, path);
    }

    [Theory]
    [InlineData("Bundeswirtschaftskundendienstangelegenheitenzentrale")]
    [InlineData("מחלקת שירות הלקוחות הארצית של רשת הרהיטים הגדולה")]
    public async Task A_long_name_leaves_the_role_whole_and_keeps_its_own_beginning(string name)
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        await stage.Services.GetRequiredService<Store>().Main.WriteAsync(session => session.Sql("update account set name = @name").Bind("name", name).RunAsync(default), default);
        var owner = await stage.MembershipToLookAsync(Role.Owner);
        await stage.LooksFineAsync(owner, "/console/@furni/people");
        foreach (var width in (int[])[360, 1440])
        {
            await owner.SetViewportSizeAsync(width, 800);
            await stage.OpenAsync(owner, "/console/@furni/people");
            await owner.ClickAsync(".place summary");

            Assert.True(await owner.EvaluateAsync<bool>("() => [...document.querySelectorAll('.place li small')].every(role => role.offsetHeight < 2 * parseFloat(getComputedStyle(role).fontSize))"));
            Assert.True(await owner.EvaluateAsync<bool>(
                """
                () => {
                  const box = document.querySelector('.place-name strong'), first = new Range();
                  first.setStart(box.firstChild, 0);
                  first.setEnd(box.firstChild, 1);
                  const [letter, all] = [first.getBoundingClientRect(), box.getBoundingClientRect()];
                  return letter.width > 0 && letter.left > all.left - 1 && letter.right < all.right + 1;
                }
                """));
        }
    }

    [Fact]
    public async Task On_paper_there_is_a_head_and_no_menu_and_no_heading_is_left_alone()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        var owner = await stage.MembershipAsync(Role.Owner);
        await stage.OpenAsync(owner, "/console/@furni/overview");
        Assert.False(await owner.IsVisibleAsync(".on-paper"));

        await owner.EmulateMediaAsync(new() { Media = Media.Print });
        Assert.True(await owner.IsVisibleAsync(".on-paper"));
        Assert.False(await owner.IsVisibleAsync(".side"));
        Assert.Equal("avoid", await owner.EvaluateAsync<string>("() => getComputedStyle(document.querySelector('h1')).breakAfter"));
    }
}
