using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Inbox;

/// <summary>What a user decides: who may write, and in which language to be spoken to.</summary>
public abstract class SettingsPageTests(Engine engine) : IAsyncLifetime
{
    private InboxFixture _world = null!;
    private TestBrowser _ana = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await InboxFixture.StartAsync(engine);
        _ana = await _world.GuestAsync();
    }

    [Fact]
    public async Task Who_may_write_holds_for_everybody_who_writes()
    {
        await SaveAsync("following", "");
        (await _world.Server.WriteAsync(_world.Sender, _world.Ana)).Is(403, 349);
        await SaveAsync("anyone", "");
        (await _world.Server.WriteAsync(_world.Sender, _world.Ana)).Is(200);
    }

    [Theory]
    [InlineData("ar", "ar", "rtl")]
    [InlineData("zh-Hans", "zh-Hans", "ltr")]
    [InlineData("", "en", "ltr")]
    [InlineData("tlh", "en", "ltr")]
    public async Task The_chosen_language_is_that_of_the_pages(string chosen, string language, string direction)
    {
        await SaveAsync("anyone", chosen);
        Assert.Contains($"<html lang=\"{language}\" dir=\"{direction}\">", (await _ana.GetAsync("/messages")).Html, StringComparison.Ordinal);
        Assert.Equal(chosen.Length > 0 && chosen == language ? 1 : 0, await _world.Server.CountAsync("account", $"screen_name = 'ana' and language = '{language}'"));
    }

    [Fact]
    public async Task Wanting_to_be_asked_again_by_nobody_leaves_nothing_behind()
    {
        var page = (await _ana.GetAsync("/messages/settings")).Is(200);
        foreach (var nobody in new[] { "1", "0", "9223372036854775807", $"{_world.Bea.Id}" }) (await _ana.SubmitAsync(page, "/messages/settings", ("ask_again", nobody))).Is(303);

        Assert.Equal(0, await _world.Server.CountAsync("sender_state"));
        Assert.Equal(0, await _world.Server.CountAsync("contact"));
        await _world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_is_no_choice_changes_nothing()
    {
        var page = (await _ana.GetAsync("/messages/settings")).Is(200);
        (await _ana.SubmitAsync(page, "/messages/settings", ("accepts", "nobody"), ("language", "de"))).Is(303);
        Assert.Equal(0, await _world.Server.CountAsync("account", "language is not null"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task SaveAsync(string accepts, string language)
    {
        var page = (await _ana.GetAsync("/messages/settings")).Is(200);
        var saved = (await _ana.SubmitAsync(page, "/messages/settings", ("accepts", accepts), ("language", language))).Is(303);
        Assert.Contains("role=\"status\"", (await _ana.GetAsync(saved.Location)).Is(200).Html, StringComparison.Ordinal);
    }
}

public sealed class SqliteSettingsPageTests() : SettingsPageTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresSettingsPageTests() : SettingsPageTests(Engine.Postgres);
