using System.Text.RegularExpressions;
using Afterword.Server.Channels;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Channels;

/// <summary>What customers get by email, read by a real mail server and Python's own parser.</summary>
public abstract partial class EmailTests(Engine engine)
{
    [Fact]
    public async Task A_request_arrives_as_an_email_that_any_program_can_read()
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, office.Port);

        var id = await site.AskAsync(site.Ada, more: [("message", "Grüße, Ada!\nYour chair has left.\n.\nMAIL FROM:<x@y.example>"), ("display_name", "Möbel & Söhne")]);
        await site.DrainAsync();

        var email = Assert.Single(office.All);
        Assert.Empty(email.Json.GetProperty("defects").EnumerateArray());
        Assert.Equal(("feedback@mail.example", "ada@example.com"), (email.Json.GetProperty("from").GetString(), email.To));
        Assert.Equal(("FURNI <feedback@mail.example>", "ada@example.com", "How did it go with Möbel & Söhne?"), (email["From"], email["To"], email["Subject"]));
        Assert.Equal(($"<{id}@feedback.example>", "auto-generated", "multipart/alternative"), (email.MessageId, email["Auto-Submitted"], email.Json.GetProperty("type").GetString()));
        Assert.Equal("Mon, 05 Jan 2026 09:00:00 +0000", email["Date"]);
        Assert.Equal("feedback.example", email.Json.GetProperty("hello").GetString());
        Assert.StartsWith("Grüße, Ada!\nYour chair has left.\n.\nMAIL FROM:<x@y.example>\n\nWhat is your overall satisfaction with Möbel & Söhne?\n", email.Plain, StringComparison.Ordinal);
        Assert.Contains("Grüße, Ada!<br>", Flat().Replace(email.Html, ""), StringComparison.Ordinal);
        Assert.Contains("What is your overall satisfaction with Möbel &amp; Söhne?", email.Html, StringComparison.Ordinal);

        // Nothing is fetched when it is read.
        Assert.DoesNotContain("src=", email.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", email.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", email.Html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((ChannelDeliveryState.Sent, 1), ((await site.ShowAsync(id)).State, (await site.ShowAsync(id)).Attempts.Count));
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_people_wrote_is_text_and_never_markup()
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, office.Port);

        await site.AskAsync(site.Ada, more: [("message", "<script>alert(1)</script>\n<img src=x>"), ("display_name", "<b>Furni</b>"), ("privacy_url", "https://a.example/\"><i>")]);
        await site.DrainAsync();

        var html = Assert.Single(office.All).Html;
        foreach (var tag in (string[])["<script", "<img", "<b>", "<i>"]) Assert.DoesNotContain(tag, html, StringComparison.OrdinalIgnoreCase);
        foreach (var text in (string[])["&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;img src=x&gt;", "&lt;b&gt;Furni&lt;/b&gt;"]) Assert.Contains(text, html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("csat", "1 2 3 4 5")]
    [InlineData("nps", "0 1 2 3 4 5 6 7 8 9 10")]
    public async Task Both_parts_have_a_link_for_each_answer_and_reading_them_records_nothing(string type, string scores)
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, office.Port);
        var id = await site.AskAsync(site.Ada, type);
        await site.DrainAsync();
        var email = Assert.Single(office.All);
        var card = CardLinkOf(email);

        string[] all = [.. scores.Split(' ').Select(score => $"{card}?score={score}"), card, $"{card}#card-asking", "https://furni.example/privacy"];
        Assert.Equal(all.Order(), Href().Matches(email.Html).Select(link => System.Net.WebUtility.HtmlDecode(link.Groups[1].Value)).Order());
        foreach (var link in all.Where(link => link != card)) Assert.Contains(link, email.Plain, StringComparison.Ordinal);

        foreach (var link in all.Where(link => link.StartsWith(card, StringComparison.Ordinal)))
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
            {
                foreach (var agent in (string[])["Mozilla/5.0", "BarracudaCentral", "Microsoft Office/16.0 (Microsoft Outlook; SafeLinks)", "GoogleImageProxy"])
                {
                    var answer = await site.Server.SendAsync(null, method, new Uri(link).PathAndQuery, null, request =>
                    {
                        request.Headers.TryAddWithoutValidation("User-Agent", agent);
                        request.Headers.TryAddWithoutValidation("Purpose", "prefetch");
                        request.Headers.TryAddWithoutValidation("Sec-Purpose", "prefetch;prerender");
                    });
                    answer.Is(200);
                }
            }
        }

        Assert.False((await site.Fixture.ShowAsync(id)).Json.TryGetProperty("response", out _));
        Assert.Equal(0, await site.Server.CountAsync("contact", "opted_out_at is not null"));
        Assert.Equal(1, await site.Server.CountAsync("change"));

        // The control: the button on the page does it.
        (await site.Server.SendAsync(null, HttpMethod.Post, new Uri(card).AbsolutePath, TestServer.Form(("score", "4")))).Is(200);
        Assert.Equal(4, (await site.Fixture.ShowAsync(id)).Json.GetProperty("response").GetProperty("score").GetProperty("value").GetInt32());
    }

    [Fact]
    public async Task The_link_in_the_answer_of_create_is_that_of_the_email()
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, office.Port);

        var answer = await site.CreateAsync(site.Server, site.Ada, more: ("include_card", "true"));
        await site.DrainAsync();

        Assert.Equal(answer.Text("card_url"), CardLinkOf(Assert.Single(office.All)));
        Assert.False((await site.CreateAsync(site.Server, site.Ada)).Json.TryGetProperty("card_url", out _));
    }

    [Fact]
    public async Task Whoever_is_reached_in_Messages_alone_costs_and_gets_nothing_more()
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, office.Port);

        await site.Fixture.AskAsync();
        await site.DrainAsync();

        Assert.Equal(0, await site.CountAsync());
        Assert.Equal(1, await site.Server.CountAsync("prompt", "card_hash is null"));
        Assert.Empty(office.All);
    }

    [Theory]
    [InlineData("A\nBcc: e@x.example")]
    [InlineData("A\n\n<script>")]
    [InlineData("A\u2028Bcc: e@x.y")]
    [InlineData("=?utf-8?q?=0D=0A?=")]
    [InlineData("\"A\" <e@x.example>,")]
    public async Task A_name_adds_no_header_and_no_recipient(string name)
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(engine, office.Port);
        await site.RunAsync($"update account set name = '{name}' where screen_name = 'furni'");

        await site.AskAsync(site.Ada, more: ("display_name", name));
        await site.DrainAsync();

        var email = Assert.Single(office.All);
        Assert.Equal(["ada@example.com"], email.Json.GetProperty("to").EnumerateArray().Select(to => to.GetString()));
        Assert.Empty(email.Headers("Bcc"));
        Assert.EndsWith("<feedback@mail.example>", email["From"], StringComparison.Ordinal);
        Assert.Single(email.Headers("From"));
        Assert.DoesNotContain("<script", email.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_link_is_sealed_in_the_store_until_it_was_sent_and_nothing_secret_is_logged()
    {
        await using var script = MailScript.Start(command => command.StartsWith("RCPT", StringComparison.Ordinal) ? "451 4.7.1 Greylisted, ada@example.com" : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port, "Mail:User=postmaster", $"Mail:Password={ChannelFixture.Password}");
        var answer = await site.CreateAsync(site.Server, site.Ada, more: ("include_card", "true"));
        await site.DrainAsync();

        // The control: it is there, and the server can read it.
        Assert.Equal(1, await site.CountAsync("state = 0 and token is not null and attempts = 1"));
        var token = answer.Text("card_token");
        Assert.DoesNotContain(token, await DumpAsync(site), StringComparison.Ordinal);
        lock (site.Server.Log)
        {
            Assert.Contains(site.Server.Log, line => line.Contains("status 451", StringComparison.Ordinal));
            foreach (var secret in (string[])[token, ChannelFixture.Password, "ada@example.com", "Thank you for your order"]) Assert.DoesNotContain(site.Server.Log, line => line.Contains(secret, StringComparison.Ordinal));
        }

        for (var i = 0; i < 10; i++) await site.AdvanceAsync(TimeSpan.FromDays(1.3));
        Assert.Equal(1, await site.CountAsync("state = 3 and token is null"));
        await site.Server.AllIsWellAsync();
    }

    internal static string CardLinkOf(ReceivedMail email) => email["List-Unsubscribe"].Trim('<', '>');

    private static Task<string> DumpAsync(ChannelFixture site) => site.Server.Server.Store.Main.ReadAsync(
        async session => string.Join('\n', await session.Sql("select card_base, reason, token from dispatch").ListAsync(
            row => $"{row.GetString(0)} {row.TextOrNull(1)} {System.Text.Encoding.Latin1.GetString(row.BytesOrNull(2) ?? [])}", default)),
        default);

    [GeneratedRegex("href=\"([^\"]*)\"")]
    private static partial Regex Href();

    [GeneratedRegex(@"\n\s+")]
    private static partial Regex Flat();
}

public sealed class SqliteEmailTests() : EmailTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresEmailTests() : EmailTests(Engine.Postgres);
