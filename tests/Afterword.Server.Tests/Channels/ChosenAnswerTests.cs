using System.Text.RegularExpressions;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Channels;

/// <summary>Where the links of an email lead.</summary>
public abstract partial class ChosenAnswerTests(Engine engine)
{
    [Theory]
    [InlineData("csat", 4, "4 – Satisfied")]
    [InlineData("nps", 10, "10 out of 10 – Very likely")]
    [InlineData("nps", 0, "0 out of 10 – Not likely")]
    public async Task A_link_shows_its_answer_chosen_with_one_button_to_send_it(string type, int score, string label)
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine);
        var asked = await fixture.AskAsync(type, ("include_card", "true"));
        var path = new Uri(asked.Text("card_url")).AbsolutePath;

        var page = (await fixture.Server.SendAsync(null, HttpMethod.Get, $"{path}?score={score}", null)).Is(200).Body;

        Assert.Equal($"{score}", Assert.Single(Chosen().Matches(page)).Groups[1].Value);
        Assert.Contains($"Send “{label}”", page, StringComparison.Ordinal);
        Assert.False((await fixture.ShowAsync(asked.Text("id"))).Json.TryGetProperty("response", out _));

        var browser = new TestBrowser(fixture.Server);
        (await browser.PostAsync(path, ("score", $"{score}"))).Is(200);
        Assert.DoesNotContain("chosen", (await fixture.Server.SendAsync(null, HttpMethod.Get, $"{path}?score={score}", null)).Is(200).Body, StringComparison.Ordinal);
        Assert.Equal(score, (await fixture.ShowAsync(asked.Text("id"))).Json.GetProperty("response").GetProperty("score").GetProperty("value").GetInt32());
    }

    [Theory]
    [InlineData("score=6")]
    [InlineData("score=-1")]
    [InlineData("score=4&score=5")]
    [InlineData("score=")]
    [InlineData("score=%3Cscript%3E")]
    [InlineData("score=99999999999999999999")]
    public async Task What_is_no_answer_shows_the_card_as_it_is(string query)
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine);
        var path = new Uri((await fixture.AskAsync("csat", ("include_card", "true"))).Text("card_url")).AbsolutePath;

        Assert.Equal((await fixture.Server.SendAsync(null, HttpMethod.Get, path, null)).Is(200).Body, (await fixture.Server.SendAsync(null, HttpMethod.Get, $"{path}?{query}", null)).Is(200).Body);
    }

    [Fact]
    public async Task One_click_in_an_email_program_stops_the_sender_and_leads_nowhere()
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine);
        var asked = await fixture.AskAsync("csat", ("include_card", "true"));
        var path = new Uri(asked.Text("card_url")).AbsolutePath;

        for (var i = 0; i < 2; i++) (await fixture.Server.SendAsync(null, HttpMethod.Post, path, TestServer.Form(("List-Unsubscribe", "One-Click")))).Is(204);

        Assert.Equal(1, await fixture.Server.CountAsync("contact", "opted_out_at is not null"));
        (await fixture.Server.PostAsync(
            fixture.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", $"{fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/p"))).Is(403, 349);
        (await fixture.Server.SendAsync(null, HttpMethod.Post, path[..^1] + (path[^1] == 'A' ? 'E' : 'A'), TestServer.Form(("List-Unsubscribe", "One-Click")))).Is(404);
    }

    [GeneratedRegex("<button class=\"t[0-9]+ chosen\" name=\"score\" value=\"([0-9]+)\"")]
    private static partial Regex Chosen();
}

public sealed class SqliteChosenAnswerTests() : ChosenAnswerTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresChosenAnswerTests() : ChosenAnswerTests(Engine.Postgres);
