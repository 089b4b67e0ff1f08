using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Prompts;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Inbox;

/// <summary>A customer with a browser reads, writes and answers in Messages.</summary>
public sealed class InboxBrowserTests(Browser browser) : IAsyncLifetime
{
    // The law: what one window did, another shows within two seconds.
    private const float Soon = 2_000;

    private InboxFixture _stage = null!;

    public async ValueTask InitializeAsync() => _stage = await InboxFixture.SetAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_customer_reads_writes_and_answers(bool script)
    {
        await _stage.WriteAsync("Your armchair comes on Tuesday.");
        var id = await _stage.AskAsync();
        var page = await _stage.SignInAsync(browser, "/messages", script);
        await page.GetByRole(AriaRole.Link, new() { NameRegex = new("Furni") }).ClickAsync();

        await Assertions.Expect(page.Locator(".theirs .bubble").First).ToHaveTextAsync("Your armchair comes on Tuesday.");
        await page.GetByRole(AriaRole.Textbox, new() { NameRegex = new("Message to") }).FillAsync("Thank you!");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send", Exact = true }).Last.ClickAsync();
        await Assertions.Expect(page.Locator(".mine .bubble")).ToHaveTextAsync("Thank you!");
        await Assertions.Expect(page.Locator("#write")).ToHaveValueAsync("");

        await page.Locator("button[name=score][value='4']").ClickAsync();
        await page.Locator("#card-text").FillAsync("Good chairs.");
        await page.Locator(".pinned .send").ClickAsync();
        await Assertions.Expect(page.Locator(".pinned")).ToContainTextAsync("Thank you for your feedback");
        Assert.Equal((4, "Good chairs."), await _stage.StoredAsync(id));
    }

    [Fact]
    public async Task What_happens_elsewhere_shows_within_two_seconds()
    {
        var id = await _stage.AskAsync();
        var one = await _stage.OpenAsync(browser, "/messages/furni");
        var other = await _stage.OpenAsync(browser, "/messages/furni", width: 1440);
        await _stage.UntilOpenAsync(pages: 2);

        await _stage.WriteAsync("Just now");
        foreach (var window in new[] { one, other }) await Assertions.Expect(window.Locator(".theirs .bubble").Last).ToHaveTextAsync("Just now", new() { Timeout = Soon });
        await Assertions.Expect(other.Locator(".conversations .line").First).ToHaveTextAsync("Just now", new() { Timeout = Soon });

        await one.Locator("button[name=score][value='5']").ClickAsync();
        await Assertions.Expect(other.Locator("#card-text")).ToBeVisibleAsync(new() { Timeout = Soon });
        await one.Locator("#card-text").FillAsync("Fine");
        await one.Locator(".pinned .send").ClickAsync();
        await Assertions.Expect(other.Locator(".pinned")).ToHaveCountAsync(0, new() { Timeout = Soon });
        await Assertions.Expect(one.Locator(".pinned")).ToContainTextAsync("Thank you for your feedback");
        Assert.Equal((5, "Fine"), await _stage.StoredAsync(id));
    }

    /// <summary>A window that slept, or lags behind: what came meanwhile fills more than one page.</summary>
    [Theory]
    [InlineData(0, 120, 120)]
    [InlineData(3, 120, 123)]
    [InlineData(3, 520, 500)]
    public async Task What_came_since_the_last_look_shows_without_a_gap(int before, int meanwhile, int shown)
    {
        for (var i = 0; i < before; i++) await _stage.WriteAsync($"Before {i}");
        var page = await _stage.OpenAsync(browser, "/messages/furni");
        await _stage.UntilOpenAsync(pages: 1);

        var (asked, all) = (new TaskCompletionSource(), new TaskCompletionSource());
        await page.RouteAsync("**/messages/furni", async route =>
        {
            asked.TrySetResult();
            await all.Task;
            await route.ContinueAsync();
        });
        await _stage.WriteAsync("0");
        await asked.Task;
        for (var i = 1; i < meanwhile; i++) await _stage.WriteAsync($"{i}");
        all.SetResult();

        await Assertions.Expect(page.Locator(".bubble")).ToHaveCountAsync(shown, new() { Timeout = 30_000 });
        var texts = await page.Locator(".bubble").AllTextContentsAsync();
        var expected = Enumerable.Range(0, before).Select(i => $"Before {i}").Concat(Enumerable.Range(0, meanwhile).Select(i => $"{i}")).ToList();
        Assert.Equal(expected[^shown..], texts);
        await Assertions.Expect(page.Locator("[data-part=earlier] a")).ToHaveCountAsync(shown < expected.Count ? 1 : 0);
    }

    [Fact]
    public async Task A_message_that_was_sent_is_not_called_unsent_when_what_came_before_it_cannot_be_read()
    {
        var page = await _stage.OpenAsync(browser, "/messages/furni");
        await page.RouteAsync("**/messages/furni?before=*", route => route.AbortAsync());
        await page.RouteAsync("**/messages/furni", route => route.Request.Method == "GET" ? route.AbortAsync() : route.ContinueAsync());
        for (var i = 0; i < 60; i++) await _stage.WriteAsync($"{i}");

        await page.Locator("#write").FillAsync("On my way");
        await page.Locator(".go").ClickAsync();

        await Assertions.Expect(page.Locator("#write")).ToHaveValueAsync("");
        await Assertions.Expect(page.Locator(".late")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#write-problem")).ToHaveTextAsync("");
    }

    [Fact]
    public async Task A_new_request_and_a_new_conversation_show_on_the_open_list()
    {
        var page = await _stage.OpenAsync(browser, "/messages");
        await Assertions.Expect(page.GetByText("No messages yet")).ToBeVisibleAsync();
        await _stage.UntilOpenAsync(pages: 1);
        await _stage.AskAsync(PromptType.Nps);
        await Assertions.Expect(page.GetByText("Feedback requested")).ToBeVisibleAsync(new() { Timeout = Soon });
        await Assertions.Expect(page.Locator(".unread")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task What_is_being_written_outlives_everything_that_comes_and_a_lost_connection()
    {
        await _stage.WriteAsync("First");
        var page = await _stage.OpenAsync(browser, "/messages/furni");
        await _stage.UntilOpenAsync(pages: 1);
        var write = page.Locator("#write");
        await write.FillAsync("Half a thought");
        await _stage.WriteAsync("Second");
        await Assertions.Expect(page.Locator(".theirs .bubble")).ToHaveCountAsync(2);
        await Assertions.Expect(write).ToHaveValueAsync("Half a thought");

        var url = await _stage.GoAwayAsync();
        await page.Locator(".go").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Your message is still here");
        await Assertions.Expect(write).ToHaveValueAsync("Half a thought");

        await _stage.ComeBackAsync(url);
        await page.Locator(".go").ClickAsync();
        await Assertions.Expect(page.Locator(".mine .bubble")).ToHaveTextAsync("Half a thought");
        await Assertions.Expect(write).ToHaveValueAsync("");
    }

    [Fact]
    public async Task Enter_sends_on_a_desk_and_begins_a_line_on_a_phone()
    {
        var desk = await _stage.OpenAsync(browser, "/messages/furni", width: 1440);
        await desk.Locator("#write").FocusAsync();
        await desk.Keyboard.TypeAsync("One");
        await desk.Keyboard.PressAsync("Shift+Enter");
        await desk.Keyboard.TypeAsync("Two");
        await desk.Keyboard.PressAsync("Enter");
        await Assertions.Expect(desk.Locator(".mine .bubble")).ToHaveTextAsync("One\nTwo", new() { UseInnerText = true });

        var phone = await _stage.OpenAsync(browser, "/messages/furni");
        await phone.Locator("#write").FocusAsync();
        await phone.Keyboard.TypeAsync("Three");
        await phone.Keyboard.PressAsync("Enter");
        await Assertions.Expect(phone.Locator("#write")).ToHaveValueAsync("Three\n");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_long_conversation_begins_at_its_end_and_stays_where_it_is_when_older_messages_come(bool script)
    {
        for (var i = 0; i < 90; i++) await (i % 4 == 0 ? _stage.WriteBackAsync($"Number {i}") : _stage.WriteAsync($"Number {i}"));
        var page = await _stage.OpenAsync(browser, "/messages/furni", script: script);
        await Assertions.Expect(page.Locator(".flow").GetByText("Number 89", new() { Exact = true })).ToBeInViewportAsync();

        var earlier = page.GetByRole(AriaRole.Link, new() { Name = "Earlier messages" });
        await earlier.ScrollIntoViewIfNeededAsync();
        await earlier.ClickAsync();
        await Assertions.Expect(page.Locator(".flow").GetByText("Number 0", new() { Exact = true })).ToBeAttachedAsync();
        await Assertions.Expect(page.Locator(".flow").GetByText(script ? "Number 40" : "Number 39", new() { Exact = true })).ToBeInViewportAsync();
        if (script) Assert.Equal(90, await page.Locator(".bubble").CountAsync());
    }

    [Fact]
    public async Task On_a_phone_the_list_and_a_conversation_are_screens_on_a_desk_they_stand_side_by_side()
    {
        await _stage.WriteAsync("Hello");
        var phone = await _stage.OpenAsync(browser, "/messages/furni");
        await Assertions.Expect(phone.Locator(".conversations")).ToBeHiddenAsync();
        await phone.GetByRole(AriaRole.Link, new() { Name = "Back to the conversations" }).ClickAsync();
        await Assertions.Expect(phone.Locator(".conversations")).ToBeVisibleAsync();

        var desk = await _stage.OpenAsync(browser, "/messages/furni", width: 1440);
        await Assertions.Expect(desk.Locator(".conversations")).ToBeVisibleAsync();
        await Assertions.Expect(desk.Locator("#write")).ToBeVisibleAsync();
        await Assertions.Expect(desk.GetByRole(AriaRole.Link, new() { Name = "Back to the conversations" })).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Without_a_connection_a_page_says_so_keeps_no_message_and_comes_back_by_itself()
    {
        await _stage.WriteAsync("Never kept");
        var page = await _stage.OpenAsync(browser, "/messages/furni");
        await page.EvaluateAsync("() => navigator.serviceWorker.ready.then(() => new Promise(done => navigator.serviceWorker.controller ? done() : navigator.serviceWorker.addEventListener('controllerchange', done)))");
        var url = await _stage.GoAwayAsync();

        await page.GotoAsync(new Uri(url, "/messages/furni").ToString());
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You are offline" })).ToBeVisibleAsync();
        Assert.DoesNotContain("Never kept", await page.EvaluateAsync<string>(
            "async () => { let all = ''; for (const name of await caches.keys()) { const kept = await caches.open(name); for (const request of await kept.keys()) all += await (await kept.match(request)).text(); } return all; }"),
            StringComparison.Ordinal);

        await _stage.ComeBackAsync(url);
        await Assertions.Expect(page.Locator(".theirs .bubble")).ToHaveTextAsync("Never kept", new() { Timeout = 15_000 });
    }

    [Fact]
    public async Task A_window_whose_user_was_signed_out_elsewhere_asks_to_sign_in()
    {
        var page = await _stage.OpenAsync(browser, "/messages");
        await _stage.UntilOpenAsync(pages: 1);
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync(new Uri(_stage.Url, "/messages/settings").ToString());
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await other.WaitForURLAsync("**/sign-in**");
        await _stage.WriteAsync("Wakes the other window");
        await page.WaitForURLAsync("**/sign-in?to=*");
    }

    [Fact]
    public async Task A_browser_that_forbids_locks_or_channels_still_shows_what_is_new()
    {
        var page = await _stage.OpenAsync(browser, "/messages/furni");
        foreach (var forbidden in new[] { "navigator.locks.request = () => Promise.reject(new DOMException('', 'SecurityError'))", "window.BroadcastChannel = class { constructor() { throw new DOMException('', 'SecurityError'); } }" })
        {
            await page.AddInitScriptAsync(forbidden);
            await page.ReloadAsync();
            await _stage.WriteAsync(forbidden);
            await Assertions.Expect(page.Locator(".theirs .bubble").Filter(new() { HasText = forbidden[..20] })).ToBeVisibleAsync();
        }
    }

    [Fact]
    public async Task Axe_finds_nothing_nothing_overflows_and_no_other_host_is_asked_at_any_width_in_either_scheme()
    {
        await _stage.WriteAsync($"See https://furni.example/{new string('x', 300)} {new string('w', 300)}");
        await _stage.WriteBackAsync("Fine 👍 שלום");
        await _stage.AskAsync(PromptType.Nps);
        await _stage.AskAsync();
        var page = await _stage.OpenAsync(browser, "/messages/new");
        await Axe.BringAsync(page.Context);
        var hosts = new HashSet<string>();
        page.Context.Request += (_, request) => hosts.Add(new Uri(request.Url).Authority);
        foreach (var path in new[] { "/messages/new", "/messages", "/messages/furni", "/messages/settings", "/messages/offline", "/messages/nobody" })
        {
            await page.GotoAsync(new Uri(_stage.Url, path).ToString());
            await CheckAsync();
        }

        await page.GotoAsync(new Uri(_stage.Url, "/messages/furni").ToString());
        await page.Locator("summary[aria-label]").ClickAsync();
        await CheckAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.Locator("button[name=score]").First.ClickAsync();
        await page.Locator("#card-text").WaitForAsync();
        await CheckAsync();
        Assert.Equal([_stage.Url.Authority], hosts);

        Task CheckAsync() => Axe.FindsNothingAndAllFitsEverywhereAsync(page);
    }

    [Fact]
    public async Task In_Arabic_the_pages_run_from_right_to_left()
    {
        await _stage.WriteAsync("مرحبا");
        var page = await _stage.OpenAsync(browser, "/messages/settings");
        await page.GetByLabel("Language").SelectOptionAsync("ar");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GotoAsync(new Uri(_stage.Url, "/messages/furni").ToString());
        Assert.Equal("rtl", await page.EvaluateAsync<string>("getComputedStyle(document.body).direction"));
        var (bubble, send) = ((await page.Locator(".bubble").BoundingBoxAsync())!, (await page.Locator(".go").BoundingBoxAsync())!);
        Assert.True(bubble.X > 180, "Theirs stand at the beginning of a line, on the right.");
        Assert.True(send.X < 60, "The button stands at the end of a line, on the left.");
    }

    public ValueTask DisposeAsync() => _stage.DisposeAsync();
}
