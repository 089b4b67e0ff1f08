using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Grants;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Inbox;

/// <summary>The list of conversations.</summary>
public abstract class ListTests(Engine engine) : IAsyncLifetime
{
    private InboxFixture _world = null!;

    public async ValueTask InitializeAsync() => _world = await InboxFixture.StartAsync(engine, "Limits:MessagesPerDay=100000", "Limits:AppMessagesPerDay=100000");

    [Fact]
    public async Task Conversations_come_newest_first_with_their_newest_message()
    {
        await _world.WriteAsync(_world.Bea, _world.Ana, "From Bea");
        await _world.WriteAsync(_world.Furni, _world.Ana, "From Furni");
        await _world.WriteAsync(_world.Ana, _world.Bea, "To Bea");

        var page = (await (await _world.GuestAsync()).GetAsync("/messages")).Is(200);

        Assert.Equal(["bea", "furni"], InboxFixture.Listed(page));
        Assert.Contains("You: To Bea", page.Html, StringComparison.Ordinal);
        Assert.Contains("From Furni", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("From Bea", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_inbox_says_what_will_be_here()
    {
        var page = (await (await _world.GuestAsync()).GetAsync("/messages")).Is(200);
        Assert.Contains("No messages yet", page.Html, StringComparison.Ordinal);
        Assert.Empty(InboxFixture.Listed(page));
    }

    [Fact]
    public async Task What_was_not_opened_is_unread_until_it_is()
    {
        await _world.WriteAsync(_world.Furni, _world.Ana, "Hello");
        var ana = await _world.GuestAsync();
        Assert.Contains("class=\"unread\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);

        (await ana.GetAsync("/messages/furni")).Is(200);
        Assert.DoesNotContain("class=\"unread\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);

        await _world.WriteAsync(_world.Furni, _world.Ana, "Once more");
        Assert.Contains("class=\"unread\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);

        await _world.WriteAsync(_world.Ana, _world.Furni, "Yes?");
        Assert.DoesNotContain("class=\"unread\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newest_message_that_was_taken_out_of_the_list_hides_no_unread_one()
    {
        var token = await _world.Server.TokenAsync(await _world.Server.AppAsync(), _world.Ana);
        await _world.WriteAsync(_world.Furni, _world.Ana, "First");
        var newest = await _world.WriteAsync(_world.Furni, _world.Ana, "Second");
        (await _world.Server.SendAsync(token, HttpMethod.Delete, $"/1.1/direct_messages/events/destroy.json?id={newest}", null)).Is(204);
        var ana = await _world.GuestAsync();

        Assert.Contains("class=\"unread\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
        (await ana.GetAsync("/messages/furni")).Is(200);
        await _world.WriteAsync(_world.Ana, _world.Furni, "Yes?");
        Assert.DoesNotContain("class=\"unread\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_a_browser_only_prepares_reads_nothing()
    {
        await _world.WriteAsync(_world.Furni, _world.Ana, "Hello");
        var ana = await _world.GuestAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_world.Server.Url, "/messages/furni"));
        request.Headers.Add("Cookie", string.Join("; ", ana.Cookies.Select(pair => $"{pair.Key}={pair.Value}")));
        request.Headers.Add("Sec-Purpose", "prefetch;prerender");
        (await _world.Server.SendAsync(request)).Is(200);

        Assert.Contains("class=\"unread\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_waits_is_marked_until_it_was_answered_in_full()
    {
        await _world.AskAsync(_world.Ana);
        var ana = await _world.GuestAsync();
        Assert.Contains("class=\"asks\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);

        var thread = await ana.GetAsync("/messages/furni");
        var card = InboxCardTests.ActionOf(thread);
        (await ana.SubmitAsync(thread, card, ("score", "4"))).Is(303);
        Assert.Contains("class=\"asks\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
        (await ana.SubmitAsync(await ana.GetAsync("/messages/furni"), card, ("text", "Fine"))).Is(303);
        Assert.DoesNotContain("class=\"asks\"", (await ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Many_conversations_come_in_pages_each_of_them_once(bool chatter)
    {
        var expected = new List<string>();
        for (var i = 0; i < 65; i++)
        {
            var user = await _world.Server.UserAsync($"user{i}");
            await _world.WriteAsync(user, _world.Ana, $"I am {i}");

            // A long talk with each, so that a page's worth of conversations is many stretches of messages.
            if (chatter) for (var more = 0; more < 8; more++) await _world.WriteAsync(more % 2 == 0 ? _world.Ana : user, more % 2 == 0 ? user : _world.Ana, $"Talk {more}");
            expected.Insert(0, user.ScreenName);
        }

        // The first to write writes last as well: once, at the top.
        await _world.WriteAsync(_world.Ana, (await _world.Server.Get<UserAccounts>().FindAsync("user0", default))!, "And you");
        expected.Remove("user0");
        expected.Insert(0, "user0");

        var ana = await _world.GuestAsync();
        var (seen, pages) = (new List<string>(), 0);
        for (var address = "/messages"; address is not null; pages++)
        {
            var page = (await ana.GetAsync(address)).Is(200);
            seen.AddRange(InboxFixture.Listed(page));
            address = InboxFixture.Link(page, "Older conversations");
        }

        Assert.Equal(expected, seen);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task What_is_older_than_thirty_days_is_gone()
    {
        await _world.WriteAsync(_world.Furni, _world.Ana, "Old");
        await _world.Server.AdvanceAsync(TimeSpan.FromDays(30) + TimeSpan.FromMinutes(1));
        var ana = await _world.GuestAsync();
        Assert.Empty(InboxFixture.Listed(await ana.GetAsync("/messages")));
        Assert.Empty(InboxFixture.Bubbles(await ana.GetAsync("/messages/furni")));
    }

    [Fact]
    public async Task Nobody_sees_what_others_wrote_to_each_other()
    {
        await _world.WriteAsync(_world.Furni, _world.Ana, "For Ana alone");
        await _world.WriteAsync(_world.Ana, _world.Furni, "For Furni alone");
        var bea = await _world.GuestAsync("bea");
        foreach (var address in new[] { "/messages", "/messages/ana", "/messages/furni", "/messages/furni?before=9223372036854775807" })
        {
            Assert.DoesNotContain("alone", (await bea.GetAsync(address)).Is(200).Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_led_to_sign_in_and_back()
    {
        var browser = new TestBrowser(_world.Server);
        var asked = (await browser.GetAsync("/messages/furni?before=12")).Is(302);
        Assert.Equal("/sign-in?to=%2Fmessages%2Ffurni%3Fbefore%3D12", asked.Location);

        var form = (await browser.GetAsync(asked.Location)).Is(200);
        var signedIn = (await browser.SubmitAsync(form, "/sign-in", ("screen_name", "ana"), ("password", GrantFixture.Password))).Is(303);
        Assert.Equal("/messages/furni?before=12", signedIn.Location);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("/messages\nLocation: https://evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/%2F/evil.example")]
    [InlineData("messages")]
    [InlineData("/")]
    public async Task Signing_in_never_leads_to_another_host(string to)
    {
        var browser = new TestBrowser(_world.Server);
        var form = (await browser.GetAsync($"/sign-in?to={Uri.EscapeDataString(to)}")).Is(200);
        var signedIn = (await browser.PostAsync("/sign-in", [.. form.HiddenOf("/sign-in").Where(field => field.Name != "to"), ("to", to), ("screen_name", "ana"), ("password", GrantFixture.Password)])).Is(303);
        Assert.Equal("/apps", signedIn.Location);
        Assert.Equal("/apps", (await browser.GetAsync($"/sign-in?to={Uri.EscapeDataString(to)}")).Is(302).Location);
    }

    [Fact]
    public async Task A_wrong_password_does_not_lose_the_way()
    {
        var browser = new TestBrowser(_world.Server);
        var again = (await browser.SubmitAsync(await browser.GetAsync("/sign-in?to=/messages"), "/sign-in", ("screen_name", "ana"), ("password", "wrong"))).Is(403);
        Assert.Equal("/messages", (await browser.SubmitAsync(again, "/sign-in", ("screen_name", "ana"), ("password", GrantFixture.Password))).Is(303).Location);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();
}

public sealed class SqliteListTests() : ListTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresListTests() : ListTests(Engine.Postgres);
