using System.Text.RegularExpressions;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Inbox;

/// <summary>A conversation: reading, writing, and what the two are to each other.</summary>
public abstract class ThreadTests(Engine engine) : IAsyncLifetime
{
    private InboxFixture _world = null!;
    private TestBrowser _ana = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await InboxFixture.StartAsync(engine, "Limits:MessagesPerDay=400", "Limits:AppMessagesPerDay=2", "Limits:FreeReplies=0");
        _ana = await _world.GuestAsync();
    }

    [Fact]
    public async Task What_is_written_is_there_for_both_oldest_first()
    {
        await _world.WriteAsync(_world.Furni, _world.Ana, "Hello Ana");
        (await WriteAsync("Hello Furni\r\nand all")).Is(303);

        Assert.Equal(["Hello Ana", "Hello Furni\nand all"], InboxFixture.Bubbles(await ThreadAsync()));
        var listed = await _world.Server.GetAsync(_world.Sender, "/1.1/direct_messages/events/list.json");
        Assert.Equal("Hello Furni\nand all", listed.Is(200).Json.GetProperty("events")[0].GetProperty("message_create").GetProperty("message_data").GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_message_that_was_taken_out_of_the_list_is_gone_from_that_users_pages_alone()
    {
        var token = await _world.Server.TokenAsync(await _world.Server.AppAsync(), _world.Ana);
        await _world.WriteAsync(_world.Bea, _world.Ana, "Hello");
        await _world.WriteAsync(_world.Furni, _world.Ana, "First");
        var newest = await _world.WriteAsync(_world.Furni, _world.Ana, "Second");

        (await _world.Server.SendAsync(token, HttpMethod.Delete, $"/1.1/direct_messages/events/destroy.json?id={newest}", null)).Is(204);

        // The conversation keeps its place, without a word of what is gone.
        var list = (await _ana.GetAsync("/messages")).Is(200);
        Assert.Equal(["furni", "bea"], InboxFixture.Listed(list));
        Assert.DoesNotContain("Second", list.Html, StringComparison.Ordinal);
        Assert.Equal(["First"], InboxFixture.Bubbles(await ThreadAsync()));
        var sent = (await _world.Server.GetAsync(_world.Sender, "/1.1/direct_messages/events/list.json")).Is(200);
        Assert.Contains("Second", sent.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_takes_a_request_out_of_the_list_can_still_stop_the_asking()
    {
        await _world.AskAsync(_world.Ana);
        var token = await _world.Server.TokenAsync(await _world.Server.AppAsync(), _world.Ana);
        var newest = (await _world.Server.GetAsync(token, "/1.1/direct_messages/events/list.json")).Is(200).Json.GetProperty("events")[0].GetProperty("id").GetString();
        (await _world.Server.SendAsync(token, HttpMethod.Delete, $"/1.1/direct_messages/events/destroy.json?id={newest}", null)).Is(204);

        Assert.Contains("name=\"do\" value=\"stop\"", (await ThreadAsync()).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Older_messages_come_by_a_link_and_none_is_lost()
    {
        for (var i = 0; i < 120; i++) await _world.WriteAsync(i % 3 == 0 ? _world.Ana : _world.Furni, i % 3 == 0 ? _world.Furni : _world.Ana, $"Number {i}");
        await _world.WriteAsync(_world.Bea, _world.Ana, "Between");

        var (seen, pages) = (new List<string>(), 0);
        for (var address = "/messages/furni"; address is not null; pages++)
        {
            var page = (await _ana.GetAsync(address)).Is(200);
            seen.InsertRange(0, InboxFixture.Bubbles(page));
            address = InboxFixture.Link(page, "Earlier messages");
        }

        Assert.Equal(Enumerable.Range(0, 120).Select(i => $"Number {i}"), seen);
        Assert.Equal(3, pages);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>", "<script>alert(1)</script>", null)]
    [InlineData("See https://furni.example/a?b=1&c=2.", "See https://furni.example/a?b=1&c=2.", "https://furni.example/a?b=1&amp;c=2")]
    [InlineData("(HTTP://Furni.example/x_(y))", "(HTTP://Furni.example/x_(y))", "http://furni.example/x_(y)")]
    [InlineData("javascript:alert(1) ftp://a.example data:text/html,x", "javascript:alert(1) ftp://a.example data:text/html,x", null)]
    [InlineData("https://bank.example@evil.example/", "https://bank.example@evil.example/", null)]
    [InlineData("https://furni.example/\"onmouseover=alert(1)", "https://furni.example/\"onmouseover=alert(1)", "https://furni.example/")]
    [InlineData("https://a.example/\u202Egnp.exe", "https://a.example/\u202Egnp.exe", "https://a.example/")]
    [InlineData("👩‍👩‍👧 שלום مرحبا", "👩‍👩‍👧 שלום مرحبا", null)]
    public async Task A_text_stays_a_text_and_only_web_addresses_are_links(string text, string shown, string? link)
    {
        await _world.WriteAsync(_world.Furni, _world.Ana, text);
        var page = await ThreadAsync();

        Assert.Equal([shown], InboxFixture.Bubbles(page));
        var links = Regex.Matches(page.Html, "<a href=\"([^\"]*)\" target=\"_blank\" rel=\"noopener noreferrer nofollow ugc\"").Select(one => one.Groups[1].Value);
        Assert.Equal(link is null ? [] : [link], links);
        Assert.DoesNotMatch(new Regex("<script(?! type=\"module\" src=\"/messages.js\")", RegexOptions.IgnoreCase), page.Html);
    }

    [Fact]
    public async Task What_cannot_be_sent_stays_written_with_the_reason()
    {
        foreach (var (text, problem) in new[]
        {
            (" \u200b\n ", "There is nothing to send yet"), (new string('x', 10_001), "This message has 10,001 characters; 10,000 is the most"), ("a\u0007b", "has characters that cannot be sent"),
        })
        {
            var page = (await WriteAsync(text)).Is(400);
            Assert.Contains(problem, page.Html, StringComparison.Ordinal);
            Assert.Equal(text.TrimEnd(), Typed(page).TrimEnd());
        }

        Assert.Equal(0, await _world.Server.CountAsync("message"));
    }

    [Fact]
    public async Task Ten_thousand_characters_of_any_kind_can_be_sent()
    {
        var text = string.Concat(Enumerable.Repeat("😀", 10_000));
        (await WriteAsync(text)).Is(303);
        Assert.Equal([text], InboxFixture.Bubbles(await ThreadAsync()));
    }

    [Fact]
    public async Task The_users_limit_holds_and_no_apps_does()
    {
        // The app's limit of this world is 2.
        for (var i = 0; i < 400; i++) await _world.WriteAsync(_world.Ana, _world.Furni, $"{i}");

        var page = (await WriteAsync("One too many")).Is(429);
        Assert.Equal("One too many", Typed(page));
        Assert.True(page.Answer.Header("Retry-After") > 0);
        Assert.Contains("you have to wait", page.Html, StringComparison.Ordinal);
        Assert.Equal(0, await _world.Server.CountAsync("app_message_window"));
        await _world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Where_one_cannot_write_stands_why_and_what_is_sent_anyway_is_refused()
    {
        (await WriteAsync("First")).Is(303);
        var thread = await ThreadAsync();
        await _world.Server.Get<BlockUser>().RunAsync(_world.Furni.Id, _world.Ana.Id, default);

        var refused = (await _ana.SubmitAsync(thread, "/messages/furni", ("text", "Second"))).Is(403);
        foreach (var page in new[] { refused, await ThreadAsync() })
        {
            Assert.Contains("takes no messages from you at the moment", page.Html, StringComparison.Ordinal);
            Assert.DoesNotContain("id=\"write\"", page.Html, StringComparison.Ordinal);
        }

        Assert.Contains("readonly", refused.Html, StringComparison.Ordinal);
        Assert.Contains("\nSecond</textarea>", refused.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_menu_follows_blocks_and_stops_requests_and_takes_it_back()
    {
        await _world.AskAsync(_world.Ana);
        foreach (var (act, undo, of) in new (string, string, Func<UserProfile, bool>)[]
        {
            ("follow", "unfollow", profile => profile.Relationship.Following), ("block", "unblock", profile => profile.Relationship.Blocking),
        })
        {
            await DoAsync(act);
            Assert.True(of(await FurniAsync()));
            Assert.Contains($"value=\"{undo}\"", (await ThreadAsync()).Html, StringComparison.Ordinal);
            await DoAsync(undo);
            Assert.False(of(await FurniAsync()));
        }

        await DoAsync("stop");
        Assert.Equal(1, await _world.Server.CountAsync("contact", "opted_out_at is not null"));
        Assert.Contains("value=\"ask\"", (await ThreadAsync()).Html, StringComparison.Ordinal);
        await DoAsync("ask");
        Assert.Equal(0, await _world.Server.CountAsync("contact", "opted_out_at is not null"));
    }

    [Fact]
    public async Task Whoever_blocks_reads_that_and_can_end_it_there()
    {
        await _world.WriteAsync(_world.Furni, _world.Ana, "Hello");
        await DoAsync("block");
        var page = await ThreadAsync();
        Assert.Contains("You block", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<textarea", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/messages/nobody")]
    [InlineData("/messages/ana")]
    [InlineData("/messages/no%20handle")]
    [InlineData("/messages/%3Cb%3E")]
    public async Task A_conversation_with_nobody_or_oneself_is_a_page_of_its_own(string address) =>
        Assert.Contains("There is nothing here", (await _ana.GetAsync(address)).Is(404).Html, StringComparison.Ordinal);

    [Fact]
    public async Task A_handle_that_is_the_name_of_a_page_has_its_conversation()
    {
        var settings = await _world.Server.UserAsync("settings");
        await _world.WriteAsync(settings, _world.Ana, "Odd name");
        Assert.Contains("href=\"/messages/@settings\"", (await _ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
        Assert.Equal(["Odd name"], InboxFixture.Bubbles((await _ana.GetAsync("/messages/@settings")).Is(200)));
    }

    [Fact]
    public async Task A_new_conversation_begins_with_a_handle()
    {
        var page = (await _ana.GetAsync("/messages/new")).Is(200);
        Assert.Equal("/messages/furni", (await _ana.SubmitAsync(page, "/messages/new", ("screen_name", " @FURNI "))).Is(303).Location);
        Assert.Contains("no account with this handle", (await _ana.SubmitAsync(page, "/messages/new", ("screen_name", "nobody"))).Is(404).Html, StringComparison.Ordinal);
        Assert.Contains("your own handle", (await _ana.SubmitAsync(page, "/messages/new", ("screen_name", "ana"))).Is(404).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_was_signed_out_meanwhile_gets_back_what_was_written()
    {
        var thread = await ThreadAsync();
        _ana.Cookies.Remove("__Host-afterword");
        var page = (await _ana.SubmitAsync(thread, "/messages/furni", ("text", "Long and dear"))).Is(400);
        Assert.Contains("Long and dear", page.Html, StringComparison.Ordinal);
        Assert.Contains("/sign-in?to=%2Fmessages%2Ffurni", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_text_is_logged()
    {
        (await WriteAsync("planted-text-in-a-message")).Is(303);
        (await WriteAsync("planted-text-in-a-message" + new string('x', 10_000))).Is(400);
        Assert.DoesNotContain(_world.Server.Log, line => line.Contains("planted-text", StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private static string Typed(Page page) => System.Net.WebUtility.HtmlDecode(Regex.Match(page.Html, "<textarea id=\"write\"[^>]*>\n(.*?)</textarea>", RegexOptions.Singleline).Groups[1].Value);

    private async Task<Page> ThreadAsync() => (await _ana.GetAsync("/messages/furni")).Is(200);

    private async Task<Page> WriteAsync(string text) => await _ana.SubmitAsync(await ThreadAsync(), "/messages/furni", ("text", text));

    private async Task DoAsync(string what) => (await _ana.SubmitAsync(await ThreadAsync(), "/messages/furni/bond", ("do", what))).Is(303);

    private async Task<UserProfile> FurniAsync() => (await _world.Server.Get<UserProfiles>().FindAsync(_world.Ana.Id, UserKey.Of(_world.Furni.Id), default))!;
}

public sealed class SqliteThreadTests() : ThreadTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresThreadTests() : ThreadTests(Engine.Postgres);
