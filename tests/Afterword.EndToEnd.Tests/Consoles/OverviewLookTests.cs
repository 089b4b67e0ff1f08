using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Allowlists;
using Afterword.Server.Answers;
using Afterword.Server.Console.Members;
using Afterword.Server.Messages.Inbox;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Users;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>The Overview in a real browser: it fits, axe finds nothing, and it follows what happens.</summary>
public sealed class OverviewLookTests(Browser browser)
{
    private static readonly string[] s_views = ["overview", "overview?type=nps&range=7", "overview?only=agent:Nora&sort=score", "overview?test=1", "overview?from=2026-02-02&to=2026-01-01", "definitions"];

    [Fact]
    public async Task Axe_finds_nothing_and_nothing_overflows_at_any_width_in_either_scheme()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var ana = await CustomerAsync(stage);
        for (var i = 0; i < 14; i++) await AskAsync(stage, ana, i % 3 == 0 ? PromptType.Nps : PromptType.Csat, i % 2 == 0 ? "Nora" : "Idris with a name that hardly fits into its column", i % 5);
        var page = await stage.MembershipToLookAsync(Role.Analyst);
        foreach (var view in s_views)
        {
            await stage.OpenAsync(page, $"/console/@furni/{view}");
            if (await page.Locator("#line-numbers summary").CountAsync() > 0) await page.ClickAsync("#line-numbers summary");
            await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        }
    }

    [Fact]
    public async Task An_answer_moves_the_metrics_of_an_open_page_and_leaves_what_was_opened_open()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var ana = await CustomerAsync(stage);
        await AskAsync(stage, ana, PromptType.Csat, "Nora", 2);
        var page = await stage.MembershipAsync(Role.Owner);
        await stage.OpenAsync(page, "/console/@furni/overview");
        await Assertions.Expect(page.Locator("#live")).ToBeVisibleAsync();
        await page.ClickAsync("#line-numbers summary");

        await AskAsync(stage, ana, PromptType.Csat, "Nora", 4);

        await Assertions.Expect(page.Locator(".figure .value").Nth(2)).ToHaveTextAsync("2");
        await Assertions.Expect(page.Locator(".figure .value").First).ToHaveTextAsync("50.0%");
        await Assertions.Expect(page.Locator("#line-numbers table")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Many_open_tabs_share_one_stream_and_those_that_nobody_sees_have_none()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var (ana, live) = (await CustomerAsync(stage), stage.Services.GetRequiredService<LiveUpdates>());
        await AskAsync(stage, ana, PromptType.Csat, "Nora", 4);
        var pages = new List<IPage> { await stage.MembershipAsync(Role.Owner) };
        while (pages.Count < 8) pages.Add(await pages[0].Context.NewPageAsync());
        foreach (var page in pages)
        {
            await stage.OpenAsync(page, "/console/@furni/overview");
            await Assertions.Expect(page.Locator("#live")).ToBeVisibleAsync();
        }

        Assert.Equal(1, live.Count);
        await AskAsync(stage, ana, PromptType.Csat, "Nora", 4);
        foreach (var page in pages) await Assertions.Expect(page.Locator(".figure .value").Nth(2)).ToHaveTextAsync("2");

        // The one that listened is seen by nobody any more: another takes over.
        await SeeAsync(pages[0], isSeen: false);
        await Assertions.Expect(pages[0].Locator("#live")).ToBeHiddenAsync();
        await AskAsync(stage, ana, PromptType.Csat, "Nora", 4);
        foreach (var page in pages[1..]) await Assertions.Expect(page.Locator(".figure .value").Nth(2)).ToHaveTextAsync("3");
        Assert.Equal(1, live.Count);

        foreach (var page in pages[1..]) await SeeAsync(page, isSeen: false);
        while (live.Count > 0) await Task.Delay(20);
        await SeeAsync(pages[0], isSeen: true);
        await Assertions.Expect(pages[0].Locator("#live")).ToBeVisibleAsync();
        await Assertions.Expect(pages[0].Locator(".figure .value").Nth(2)).ToHaveTextAsync("3");
    }

    [Fact]
    public async Task A_tab_that_is_hidden_just_as_it_takes_over_keeps_no_other_waiting()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        var first = await stage.MembershipAsync(Role.Owner);
        var second = await first.Context.NewPageAsync();
        foreach (var page in (IPage[])[first, second])
        {
            await stage.OpenAsync(page, "/console/@furni/overview");
            await Assertions.Expect(page.Locator("#live")).ToBeVisibleAsync();
        }

        await second.EvaluateAsync(
            """
            () => {
              const request = navigator.locks.request.bind(navigator.locks);
              navigator.locks.request = (name, ...rest) => {
                if (name === "live stream 1") {
                  Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
                  document.dispatchEvent(new Event("visibilitychange"));
                }
                return request(name, ...rest);
              };
            }
            """);
        await SeeAsync(first, isSeen: false);
        await Assertions.Expect(second.Locator("#live")).ToBeHiddenAsync();
        await SeeAsync(first, isSeen: true);
        await Assertions.Expect(first.Locator("#live")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Windows_of_six_senders_all_follow_and_leave_connections_for_a_seventh()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var (ana, live) = (await CustomerAsync(stage), stage.Services.GetRequiredService<LiveUpdates>());
        var first = await stage.MembershipAsync(Role.Owner);
        var (senders, windows) = (new List<User> { stage.Furni }, new List<IPage> { first });
        while (senders.Count < 6) senders.Add(await SenderOfAllAsync(stage, $"shop{senders.Count}"));
        while (windows.Count < 6) windows.Add(await first.Context.NewPageAsync());
        foreach (var (sender, window) in senders.Zip(windows))
        {
            await AskAsync(stage, ana, PromptType.Csat, "Nora", 4, sender);
            await window.Clock.InstallAsync();
            await stage.OpenAsync(window, $"/console/@{sender.ScreenName}/overview");
            await Assertions.Expect(window.Locator("#live")).ToBeVisibleAsync();
        }

        // HTTP/1.1 has six connections for all of them.
        Assert.InRange(live.Count, 1, 4);
        await stage.OpenAsync(await first.Context.NewPageAsync(), "/console/account");
        foreach (var sender in senders) await AskAsync(stage, ana, PromptType.Csat, "Nora", 4, sender);
        foreach (var window in windows)
        {
            await window.Clock.FastForwardAsync(20_000);
            await Assertions.Expect(window.Locator(".figure .value").Nth(2)).ToHaveTextAsync("2");
        }

        // What polls gets the stream of a window that has gone.
        await first.CloseAsync();
        await windows[5].Clock.FastForwardAsync(20_000);
        await windows[4].Clock.FastForwardAsync(20_000);
        await Assertions.Expect(windows[5].Locator("#live")).ToBeVisibleAsync();
        while (live.Count < 4) await Task.Delay(20);
    }

    [Fact]
    public async Task The_chart_tells_its_points_to_keys_and_pointer_and_goes_on_after_an_answer()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var ana = await CustomerAsync(stage);
        for (var i = 0; i < 6; i++) await AskAsync(stage, ana, PromptType.Csat, "Nora", 4);
        var page = await stage.MembershipAsync(Role.Supervisor);
        await stage.OpenAsync(page, "/console/@furni/overview");
        var (area, tip) = (page.Locator(".area"), page.Locator(".tip"));
        await Assertions.Expect(page.Locator("#live")).ToBeVisibleAsync();

        await area.FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await Assertions.Expect(tip).ToContainTextAsync("100%");
        await Assertions.Expect(tip).ToContainTextAsync("6 answers");
        await Axe.FindsNothingAndAllFitsAsync(page);
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(tip).ToBeHiddenAsync();

        await AskAsync(stage, ana, PromptType.Csat, "Nora", 0);
        await Assertions.Expect(page.Locator(".figure .value").Nth(2)).ToHaveTextAsync("7");
        await area.HoverAsync();
        await Assertions.Expect(tip).ToContainTextAsync("7 answers");
        await page.HoverAsync("h1");
        await Assertions.Expect(tip).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Without_script_everything_can_be_chosen()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var ana = await CustomerAsync(stage);
        for (var i = 0; i < 6; i++) await AskAsync(stage, ana, PromptType.Csat, "Nora", 4);
        var page = await stage.MembershipAsync(Role.Supervisor, script: false);
        await stage.OpenAsync(page, "/console/@furni/overview");

        await page.ClickAsync("text=12 months");
        await page.ClickAsync(".break-downs a:has-text(\"Nora\")");
        await Assertions.Expect(page.Locator(".note")).ToContainTextAsync("Agent: Nora");
        Assert.Contains("range=365", page.Url, StringComparison.Ordinal);
        await page.ClickAsync("#own summary");
        await page.ClickAsync("#own button");
        Assert.Contains("from=", page.Url, StringComparison.Ordinal);
        Assert.Contains("only=agent", page.Url, StringComparison.Ordinal);
    }

    // Chromium without windows takes every tab for one that is seen.
    private static Task SeeAsync(IPage page, bool isSeen) => page.EvaluateAsync(
        "isSeen => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => !isSeen }); document.dispatchEvent(new Event('visibilitychange')); }", isSeen);

    private static async Task<User> CustomerAsync(ConsoleFixture stage) => (await stage.Services.GetRequiredService<UserAccounts>().AddAsync("ana", "Ana", null, MessagingPermission.Anyone, default))!;

    // Whoever works at one sender works at all of them.
    private static async Task<User> SenderOfAllAsync(ConsoleFixture stage, string handle)
    {
        var sender = (await stage.Services.GetRequiredService<UserAccounts>().AddAsync(handle, handle, null, MessagingPermission.Anyone, default))!;
        await stage.Services.GetRequiredService<Allowlist>().AllowSenderAsync(sender.Id, new(null, null, null, null), default);
        await stage.Services.GetRequiredService<Store>().Main.WriteAsync(
            session => session.Sql("insert into person_role (sender_id, person_id, role, created_at) select @sender, person_id, role, created_at from person_role where sender_id = @furni")
                .Bind("sender", sender.Id).Bind("furni", stage.Furni.Id).RunAsync(default),
            default);
        return sender;
    }

    private static async Task AskAsync(ConsoleFixture stage, User customer, PromptType type, string agent, int mood, User? by = null)
    {
        var furni = by ?? stage.Furni;
        var sender = new Caller(new(0, "", "", "", [], Allowed: true, Suspended: false), furni.Id, furni.ScreenName, furni.Name, Permission.DirectMessages, new(null, null, null, null));
        var draft = new PromptDraft(type, customer.Id, "How did we do?", "https://furni.example/privacy", null, 0, null, Test: false, IncludeCard: false, agent, Tags.OfStored("billing,refund"));
        var created = Assert.IsType<CreateOutcome.Created>((await stage.Services.GetRequiredService<CreatePrompt>().RunAsync(new(sender, draft, null, ""))).Outcome);
        await stage.Services.GetRequiredService<AnswerPrompt>().RunAsync(new(
            new(furni.Id, long.Parse(created.Feedback.Id, System.Globalization.CultureInfo.InvariantCulture), null), type == PromptType.Nps ? mood * 2 : mood + 1, mood == 4 ? "Lovely" : null));
    }
}
