using System.Text.RegularExpressions;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Inbox;

/// <summary>The card within a conversation.</summary>
public abstract class InboxCardTests(Engine engine) : IAsyncLifetime
{
    private InboxFixture _world = null!;
    private TestBrowser _ana = null!;

    /// <summary>Where the forms of the card on a page go.</summary>
    internal static string ActionOf(Page page) => Regex.Match(page.Html, "action=\"([^\"]*/card/\\d+)\"").Groups[1].Value;

    public async ValueTask InitializeAsync()
    {
        _world = await InboxFixture.StartAsync(engine);
        _ana = await _world.GuestAsync();
    }

    [Fact]
    public async Task A_request_is_answered_step_by_step_without_script()
    {
        var id = await _world.AskAsync(_world.Ana);
        var thread = await ThreadAsync();
        Assert.Equal($"/messages/furni/card/{id}", ActionOf(thread));

        var led = (await _ana.SubmitAsync(thread, ActionOf(thread), ("score", "4"))).Is(303);
        var asksWhy = (await _ana.GetAsync(led.Location)).Is(200);
        Assert.Contains("name=\"text\" rows=\"4\"", asksWhy.Html, StringComparison.Ordinal);

        led = (await _ana.SubmitAsync(asksWhy, ActionOf(asksWhy), ("text", "Lovely chair"))).Is(303);
        Assert.Contains("Thank you for your feedback", (await _ana.GetAsync(led.Location)).Is(200).Html, StringComparison.Ordinal);
        Assert.DoesNotContain("class=\"pinned\"", (await ThreadAsync()).Html, StringComparison.Ordinal);

        var response = (await _world.Server.GetAsync(_world.Sender, $"/1.1/feedback/show/{id}.json")).Is(200).Json.GetProperty("response");
        Assert.Equal(4, response.GetProperty("score").GetProperty("value").GetInt32());
        Assert.Equal("Lovely chair", response.GetProperty("text").GetProperty("value").GetString());
    }

    [Fact]
    public async Task Of_several_requests_the_newest_is_shown_and_the_others_follow()
    {
        var first = await _world.AskAsync(_world.Ana, "nps");
        var second = await _world.AskAsync(_world.Ana);
        var thread = await ThreadAsync();
        Assert.EndsWith(second, ActionOf(thread), StringComparison.Ordinal);
        Assert.Contains($"href=\"/messages/furni?card={first}\"", thread.Html, StringComparison.Ordinal);
        Assert.EndsWith(first, ActionOf((await _ana.GetAsync($"/messages/furni?card={first}")).Is(200)), StringComparison.Ordinal);

        (await _ana.SubmitAsync(thread, ActionOf(thread), ("dismiss", "1"))).Is(303);
        Assert.EndsWith(first, ActionOf(await ThreadAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_score_that_is_none_is_refused_on_the_card()
    {
        await _world.AskAsync(_world.Ana);
        var thread = await ThreadAsync();
        var page = (await _ana.SubmitAsync(thread, ActionOf(thread), ("score", "9"))).Is(400);
        Assert.Contains("Nothing was chosen", page.Html, StringComparison.Ordinal);
        Assert.Equal(0, await _world.Server.CountAsync("prompt", "score is not null"));
    }

    [Fact]
    public async Task A_dismissed_card_is_gone()
    {
        await _world.AskAsync(_world.Ana);
        var thread = await ThreadAsync();
        var led = (await _ana.SubmitAsync(thread, ActionOf(thread), ("dismiss", "1"))).Is(303);
        Assert.DoesNotContain("class=\"pinned\"", (await _ana.GetAsync(led.Location)).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sender_is_told_to_stop_on_the_card_and_may_ask_again_in_the_settings()
    {
        await _world.AskAsync(_world.Ana);
        var thread = await ThreadAsync();
        var led = (await _ana.SubmitAsync(thread, ActionOf(thread), ("asking", "stop"))).Is(303);
        Assert.Contains("value=\"again\"", (await _ana.GetAsync(led.Location)).Is(200).Html, StringComparison.Ordinal);
        await RefusedAsync(403);

        var settings = (await _ana.GetAsync("/messages/settings")).Is(200);
        Assert.Contains("@furni", settings.Html, StringComparison.Ordinal);
        (await _ana.SubmitAsync(settings, "/messages/settings", ("ask_again", $"{_world.Furni.Id}"))).Is(303);
        await RefusedAsync(200);

        async Task RefusedAsync(int status) => (await _world.Server.PostAsync(
            _world.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{_world.Ana.Id}"), ("message", "Again?"), ("privacy_url", "https://furni.example/privacy"))).Is(status);
    }

    [Fact]
    public async Task Nobody_answers_for_another()
    {
        var id = await _world.AskAsync(_world.Ana);
        await _world.AskAsync(_world.Bea);
        var bea = await _world.GuestAsync("bea");
        var own = await bea.GetAsync("/messages/furni");
        foreach (var address in new[] { $"/messages/furni/card/{id}", $"/messages/ana/card/{id}", "/messages/furni/card/1", "/messages/furni/card/x", "/messages/furni/card/9223372036854775807" })
        {
            (await bea.PostAsync(address, [.. own.HiddenOf(ActionOf(own)), ("score", "1")])).Is(404);
        }

        Assert.DoesNotContain($"card/{id}", (await bea.GetAsync($"/messages/furni?card={id}")).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(0, await _world.Server.CountAsync("prompt", "score is not null"));
    }

    [Fact]
    public async Task A_card_ends_with_its_lifetime()
    {
        await _world.AskAsync(_world.Ana);
        var thread = await ThreadAsync();
        await _world.Server.AdvanceAsync(TimeSpan.FromDays(30) + TimeSpan.FromMinutes(1));
        var ana = await _world.GuestAsync();
        Assert.DoesNotContain("class=\"pinned\"", (await ana.GetAsync("/messages/furni")).Is(200).Html, StringComparison.Ordinal);
        var fresh = await ana.GetAsync("/messages/settings");
        (await ana.PostAsync(ActionOf(thread), [.. fresh.HiddenOf("/messages/settings"), ("score", "5")])).Is(303);
        Assert.Equal(0, await _world.Server.CountAsync("prompt", "score is not null"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task<Page> ThreadAsync() => (await _ana.GetAsync("/messages/furni")).Is(200);
}

public sealed class SqliteInboxCardTests() : InboxCardTests(Engine.Sqlite);

public sealed class PostgresInboxCardTests() : InboxCardTests(Engine.Postgres);
