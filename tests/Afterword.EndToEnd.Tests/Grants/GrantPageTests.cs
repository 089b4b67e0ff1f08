using System.Web;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.OAuth;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Grants;

/// <summary>A user with a browser signs in, lets an app in, and shows it out again.</summary>
public sealed class GrantPageTests(Browser browser)
{
    [Fact]
    public async Task A_user_lets_an_app_in_without_script()
    {
        await using var stage = await GrantFixture.SetAsync(browser);
        await stage.AskAsync();
        await stage.HeadsAsync($"Sign in to let {GrantFixture.AppName}");
        await stage.SignInAsync();
        await stage.PressAsync("Allow");

        Assert.StartsWith(stage.Receiver.Callback + "&oauth_token=", await stage.Receiver.LedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_shows_an_app_out_and_signs_out_without_script()
    {
        await using var stage = await GrantFixture.SetAsync(browser);
        await stage.LetInAsync();
        await stage.OpenAsync("/apps");
        await stage.SignInAsync();
        await stage.PressAsync($"Revoke {GrantFixture.AppName}");
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("can no longer use your account");
        await Assertions.Expect(stage.Page.GetByText("There are none.")).ToBeVisibleAsync();

        await stage.PressAsync("Sign out");
        await stage.HeadsAsync("Sign in");
        await stage.OpenAsync("/apps");
        await stage.HeadsAsync("Sign in");
    }

    [Fact]
    public async Task A_user_lets_an_app_in_with_the_keyboard_alone()
    {
        await using var stage = await GrantFixture.SetAsync(browser, width: 768);
        await stage.AskAsync();
        await TypeSignInAsync(stage);
        await stage.HeadsAsync("use your account?");
        await TabToAsync(stage, "Allow");
        await stage.Page.Keyboard.PressAsync("Enter");

        Assert.NotNull(HttpUtility.ParseQueryString(new Uri(await stage.Receiver.LedAsync()).Query)["oauth_verifier"]);
    }

    [Fact]
    public async Task A_user_says_no_with_the_keyboard_alone()
    {
        await using var stage = await GrantFixture.SetAsync(browser);
        await stage.AskAsync(leg: "authenticate");
        await TypeSignInAsync(stage);
        await stage.HeadsAsync("use your account?");
        await TabToAsync(stage, "Cancel");
        await stage.Page.Keyboard.PressAsync("Enter");

        Assert.Contains("&denied=", await stage.Receiver.LedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_told_beside_the_field_and_the_handle_stays()
    {
        await using var stage = await GrantFixture.SetAsync(browser);
        await stage.OpenAsync("/sign-in");
        await stage.SignInAsync("wrong");

        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The handle or the password is wrong.");
        await Assertions.Expect(stage.Page.GetByLabel("Handle")).ToHaveValueAsync(GrantFixture.Handle);
        await Assertions.Expect(stage.Page.GetByLabel("Password")).ToHaveValueAsync("");
        await Assertions.Expect(stage.Page.GetByLabel("Password")).ToBeFocusedAsync();
        await Assertions.Expect(stage.Page.GetByLabel("Password")).ToHaveAccessibleDescriptionAsync(new System.Text.RegularExpressions.Regex("wrong"));
    }

    [Fact]
    public async Task What_an_app_will_and_will_not_be_able_to_do_is_said()
    {
        await using var stage = await GrantFixture.SetAsync(browser);
        await stage.AskAsync();
        await stage.SignInAsync();
        foreach (var (permission, can, cannot) in ((Permission, int, int)[])[(Permission.DirectMessages, 4, 1), (Permission.Write, 2, 2), (Permission.Read, 1, 3)])
        {
            await Assertions.Expect(stage.Page.GetByRole(AriaRole.Contentinfo)).ToContainTextAsync("127.0.0.1");
            await stage.AskAsync(permission);
            await Assertions.Expect(stage.Page.Locator(".can li")).ToHaveCountAsync(can);
            await Assertions.Expect(stage.Page.Locator(".cannot li")).ToHaveCountAsync(cannot);
            await Assertions.Expect(stage.Page.Locator(permission == Permission.DirectMessages ? ".can" : ".cannot")).ToContainTextAsync("direct messages");
        }
    }

    [Fact]
    public async Task Axe_finds_nothing_and_nothing_overflows_in_any_light_at_any_width()
    {
        await using var stage = await GrantFixture.SetAsync(browser, script: true);
        var page = stage.Page;
        await Axe.BringAsync(page.Context);
        var complaints = new List<string>();
        page.Context.Console += (_, message) => complaints.Add(message.Text);

        await stage.OpenAsync("/oauth/authorize?oauth_token=nowhere");
        await FitsAsync("This link no longer works");
        await stage.OpenAsync("/sign-in");
        await FitsAsync("Sign in");
        await stage.AskAsync();
        await FitsAsync("Sign in to let");
        await stage.SignInAsync("wrong");
        await FitsAsync("Sign in to let");
        await stage.SignInAsync();
        await FitsAsync("use your account?");
        foreach (var permission in new[] { Permission.Write, Permission.Read })
        {
            await stage.AskAsync(permission);
            await FitsAsync("use your account?");
        }

        await stage.LetInAsync();
        await stage.OpenAsync("/apps");
        await FitsAsync("Apps that may use your account");
        await stage.PressAsync($"Revoke {GrantFixture.AppName}");
        await FitsAsync("Apps that may use your account");
        await stage.AskAsync(callback: "oob");
        await stage.PressAsync("Cancel");
        await FitsAsync("You said no");
        await stage.AskAsync(callback: "oob");
        await stage.PressAsync("Allow");
        await FitsAsync("Type this PIN");

        Assert.Equal([stage.Url.Authority], stage.Hosts);

        // What Chromium says of the statuses of the pages that are refusals.
        Assert.All(complaints, complaint => Assert.Matches("status of 40[34]", complaint));

        async Task FitsAsync(string heading)
        {
            await stage.HeadsAsync(heading);
            await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        }
    }

    // The page begins in the field that is to be filled in.
    private static async Task TypeSignInAsync(GrantFixture stage)
    {
        await Assertions.Expect(stage.Page.GetByLabel("Handle")).ToBeFocusedAsync();
        await stage.Page.Keyboard.TypeAsync(GrantFixture.Handle);
        await stage.Page.Keyboard.PressAsync("Tab");
        await stage.Page.Keyboard.TypeAsync(GrantFixture.Password);
        await stage.Page.Keyboard.PressAsync("Enter");
    }

    private static async Task TabToAsync(GrantFixture stage, string button)
    {
        for (var tab = 0; tab < 10; tab++)
        {
            await stage.Page.Keyboard.PressAsync("Tab");
            if (await stage.Page.EvaluateAsync<string>("document.activeElement.textContent") == button) return;
        }

        Assert.Fail($"Tab does not lead to {button}.");
    }
}
