using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Answers;
using Afterword.Server.Messages.Inbox;
using Afterword.Server.Prompts;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Abuse;

/// <summary>Every text on every page: shown letter by letter, and nothing of it runs.</summary>
public sealed class HostileTextTests(Browser browser)
{
    [Fact]
    public void Almost_all_texts_of_the_lists_may_be_stored()
    {
        Assert.True(Payloads.All.Length >= 100);
        Assert.True(Hostile.All.Length >= 530, $"Only {Hostile.All.Length} texts are left.");
        Assert.All(Hostile.All, text => Assert.Contains(Hostile.Few, one => one.Contains(text, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Messages_show_every_text_letter_by_letter()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        var furni = await stage.UserAsync("furni", "Furni");
        for (var i = 0; i < Hostile.All.Length; i++) await (i % 3 == 0 ? stage.WriteAsync(stage.Ana, furni, Hostile.All[i]) : stage.WriteAsync(furni, stage.Ana, Hostile.All[i]));

        await stage.SignInAsync();
        var shown = new List<string>();
        await stage.FollowAsync("/messages/furni", "[data-part=earlier] a", async () =>
        {
            shown.InsertRange(0, await stage.TextsAsync(".bubble"));
            await stage.Trap.IsEmptyAsync(stage.Page, "messages");
            foreach (var link in await stage.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('.bubble a')].map(one => one.protocol)")) Assert.Contains(link, new[] { "http:", "https:" });
        });
        Assert.Equal(Hostile.All, shown);
    }

    [Fact]
    public async Task Messages_that_come_while_the_page_is_open_are_texts_too()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        var furni = await stage.UserAsync("furni", "Furni");
        await stage.SignInAsync();
        await stage.OpenAsync("/messages/furni");
        var live = stage.Get<LiveUpdates>();
        while (live.Count < 1) await Task.Delay(20);

        var texts = Hostile.Few;
        foreach (var text in texts) await stage.WriteAsync(furni, stage.Ana, text);
        await Assertions.Expect(stage.Page.Locator(".bubble")).ToHaveCountAsync(texts.Length, new() { Timeout = 30_000 });

        Assert.Equal(texts, await stage.TextsAsync(".bubble"));
        await stage.Trap.IsEmptyAsync(stage.Page, "messages that come");
    }

    [Fact]
    public async Task The_list_of_conversations_shows_names_and_last_lines_letter_by_letter()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        await stage.SignInAsync();
        for (var i = 0; i < Hostile.All.Length; i++)
        {
            var user = await stage.UserAsync(HostileFixture.HandleOf(i), Hostile.All[i]);
            await stage.WriteAsync(user, stage.Ana, Hostile.All[i]);
        }

        var (names, lines) = (new List<string>(), new List<string>());
        await stage.FollowAsync("/messages", ".list > .more:last-child a", async () =>
        {
            names.AddRange(await stage.TextsAsync(".conversations .who-name"));
            lines.AddRange(await stage.TextsAsync(".conversations .line"));
            await stage.Trap.IsEmptyAsync(stage.Page, "the list");
        });
        Assert.Equal(Hostile.All.Reverse(), names);
        Assert.All(Hostile.All.Reverse().Zip(lines), pair => Assert.Equal(pair.First.Length > 160 ? pair.First[..150] : pair.First, pair.First.Length > 160 ? pair.Second[..150] : pair.Second));
    }

    [Fact]
    public async Task A_conversation_shows_both_names_the_card_and_what_was_typed_letter_by_letter()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        await stage.SignInAsync();
        var furni = await stage.UserAsync("furni", "Furni");
        foreach (var text in Hostile.Few)
        {
            await stage.RenameAsync(furni, text);
            await stage.RenameAsync(stage.Ana, text);
            await stage.AskAsync(furni with { Name = text }, text, displayName: text, externalId: text);
            await stage.OpenAsync("/messages/furni");
            Assert.Equal(text, await stage.TextAsync(".peer h1 bdi"));
            Assert.Contains(text, await stage.TextAsync(".pinned .question bdi"), StringComparison.Ordinal);
            await stage.Trap.IsEmptyAsync(stage.Page, text);

            // Refused, and still there.
            var typed = text + new string('x', 10_001);
            await stage.Page.EvaluateAsync("text => { document.querySelector('#write').value = text; HTMLFormElement.prototype.submit.call(document.querySelector('.composer')); }", typed);
            await stage.Page.Locator("#write[aria-invalid]").WaitForAsync();
            Assert.Equal(typed, await stage.ValueAsync("#write"));
            await stage.Trap.IsEmptyAsync(stage.Page, text);

            await stage.OpenAsync("/messages/settings");
            Assert.Equal(text, await stage.TextAsync(".self bdi"));
            await stage.OpenAsync("/messages/new");
            await stage.Page.EvaluateAsync("text => { document.querySelector('#handle').value = text; HTMLFormElement.prototype.submit.call(document.querySelector('form[action=\"/messages/new\"]')); }", text);
            await stage.Page.Locator("#problem").WaitForAsync();
            await stage.Trap.IsEmptyAsync(stage.Page, text);
        }
    }

    [Fact]
    public async Task The_card_shows_names_and_what_was_typed_letter_by_letter_on_every_step()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        var furni = await stage.UserAsync("furni", "Furni");
        foreach (var text in Hostile.Few)
        {
            await stage.RenameAsync(furni, text);
            var (address, token) = await stage.AskAsync(furni with { Name = text }, text, displayName: text, externalId: text, privacyUrl: "https://ok.example/" + text);
            await stage.Page.GotoAsync(address);
            var card = (await Card.FindAsync(stage.Store, token, default))!;
            Assert.Contains(text, card.Prompt.Question, StringComparison.Ordinal);
            Assert.Equal(text, await stage.TextAsync(".card > header bdi"));
            Assert.Equal(card.Prompt.Question, await stage.TextAsync(".question bdi"));
            await stage.Trap.IsEmptyAsync(stage.Page, text);

            await stage.Page.Locator("button[name=score]").Nth(3).ClickAsync();
            await stage.Page.Locator("#card-text").WaitForAsync();
            Assert.Equal(card.Prompt.Question, await stage.TextAsync("bdi.asked"));
            await stage.Trap.IsEmptyAsync(stage.Page, text);

            var typed = text + new string('x', 10_001);
            await stage.Page.Locator("#card-text").FillAsync(typed);
            await stage.Page.Locator(".send").ClickAsync();
            await stage.Page.Locator("#card-text[aria-invalid]").WaitForAsync();
            Assert.Equal(typed, await stage.ValueAsync("#card-text"));
            await stage.Trap.IsEmptyAsync(stage.Page, text);

            await stage.Page.Locator("#card-text").FillAsync(text);
            await stage.Page.Locator(".send").ClickAsync();
            await stage.Page.Locator(".good").WaitForAsync();
            var kept = await stage.Store.Main.ReadAsync(session => session.Sql("select comment from prompt where id = @id").Bind("id", card.Prompt.Id).FirstAsync(row => row.GetString(0), default), default);
            Assert.Equal(text.Trim(), kept!.Trim());
            await stage.Page.ReloadAsync();
            await stage.Trap.IsEmptyAsync(stage.Page, text);
        }
    }

    [Fact]
    public async Task Sign_in_and_the_pages_of_apps_show_names_letter_by_letter()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        var texts = Hostile.Few;
        foreach (var text in texts)
        {
            // Without a visitor the page asks to sign in for the app; what was typed as the handle comes back.
            await stage.OpenAsync(await stage.AppAsync(text));
            Assert.Contains(text, await stage.TextAsync("h1"), StringComparison.Ordinal);
            await stage.Page.EvaluateAsync("text => { document.querySelector('#screen_name').value = text; HTMLFormElement.prototype.submit.call(document.querySelector('form.fields')); }", text);
            await stage.Page.Locator("#problem").WaitForAsync();
            await stage.Trap.IsEmptyAsync(stage.Page, text);
        }

        await stage.SignInAsync();
        foreach (var text in texts)
        {
            await stage.RenameAsync(stage.Ana, text);
            await stage.OpenAsync(await stage.AppAsync(text, Uri.TryCreate("https://app.example/" + text, UriKind.Absolute, out var callback) ? callback.AbsoluteUri : "https://app.example/"));
            Assert.Equal(text, await stage.TextAsync(".who strong bdi"));
            Assert.Contains(text, await stage.TextAsync("h1"), StringComparison.Ordinal);
            await stage.Trap.IsEmptyAsync(stage.Page, text);
        }

        foreach (var text in Hostile.All) await stage.LetInAsync(text);
        await stage.OpenAsync("/apps");
        Assert.Equal(Hostile.All.Order(StringComparer.Ordinal), (await stage.TextsAsync(".apps strong bdi")).Order(StringComparer.Ordinal));
        await stage.Trap.IsEmptyAsync(stage.Page, "apps");
    }

    [Fact]
    public async Task The_settings_name_who_may_not_ask_letter_by_letter()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        await stage.SignInAsync();
        var asking = stage.Get<OptOut>();
        for (var i = 0; i < Hostile.All.Length; i++) await asking.RunAsync((await stage.UserAsync(HostileFixture.HandleOf(i), Hostile.All[i])).Id, stage.Ana.Id, default);

        await stage.OpenAsync("/messages/settings");

        Assert.Equal(Hostile.All.Order(StringComparer.Ordinal), (await stage.TextsAsync(".silenced bdi")).Order(StringComparer.Ordinal));
        Assert.All(await stage.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('.silenced button')].map(one => one.ariaLabel)"), label => Assert.NotEmpty(label));
        await stage.Trap.IsEmptyAsync(stage.Page, "settings");
    }

    [Fact]
    public async Task The_page_with_the_number_for_an_app_shows_its_name_letter_by_letter()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        await stage.SignInAsync();
        foreach (var text in Hostile.Few)
        {
            await stage.OpenAsync(await stage.AppAsync(text, "oob"));
            await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
            await stage.Page.Locator("#oauth_pin").WaitForAsync();

            Assert.Contains(text, await stage.TextAsync("h1"), StringComparison.Ordinal);
            await stage.Trap.IsEmptyAsync(stage.Page, text);
        }
    }

    [Fact]
    public async Task The_page_that_holds_a_flood_back_keeps_what_was_typed_letter_by_letter()
    {
        await using var stage = await HostileFixture.SetAsync(browser, callsPerLink: "1");
        var furni = await stage.UserAsync("furni", "Furni");
        foreach (var text in Hostile.Few)
        {
            var (address, _) = await stage.AskAsync(furni, "Hello");

            // When a minute ends in between, the call is let through: the one after it is not.
            do
            {
                await stage.Page.GotoAsync(address);
                await stage.Page.EvaluateAsync(
                    """
                    text => {
                      const form = Object.assign(document.createElement('form'), { method: 'post', action: location.href });
                      form.append(Object.assign(document.createElement('textarea'), { name: 'text', value: text }));
                      document.body.append(form);
                      document.body.classList.add('left');
                      HTMLFormElement.prototype.submit.call(form);
                    }
                    """,
                    text);
                await stage.Page.Locator("body:not(.left)").WaitForAsync();
            }
            while (await stage.Page.Locator("#card-typed").CountAsync() == 0);

            Assert.Equal(text, await stage.ValueAsync("#card-text"));
            await stage.Trap.IsEmptyAsync(stage.Page, text);
        }
    }
}
