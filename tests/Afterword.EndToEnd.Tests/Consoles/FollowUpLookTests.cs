using System.Globalization;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Answers;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>Follow-up, alerts and webhooks in a real browser, in every width and both colour schemes.</summary>
public sealed class FollowUpLookTests(Browser browser)
{
    private const string List = "/console/@furni/follow-up";

    private static readonly string?[] s_texts =
    [
        "The sofa came three weeks late, and nobody told us.\nTwo legs were missing.", null, "<script>alert(1)</script>", "أثاث سيئ",
        "Averyveryverylongwordthatnobodybreaksbecausethereisnospaceinitatallandthatgoesonandonandon",
    ];

    [Fact]
    public async Task Axe_finds_nothing_and_nothing_overflows_at_any_width_in_either_scheme()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var page = await stage.MembershipToLookAsync(Role.Owner);
        foreach (var empty in (string[])[List, "/console/@furni/alerts", "/console/@furni/webhooks"]) await stage.LooksFineAsync(page, empty);

        var ids = await FillAsync(stage);
        var webhook = await stage.Services.GetRequiredService<Endpoints>().AddAsync(stage.Furni.Id, new Uri("https://desk.furni.example/a/rather/long/path/to/where/the/events/go"), null, Approval.Needed, default);
        await stage.LooksFineAsync(page, List);
        await page.ClickAsync(".choose summary");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await stage.LooksFineAsync(page, $"{List}?state=done");
        await stage.LooksFineAsync(page, $"{List}/{ids[0]}");
        await page.FillAsync("#note", "Called them.\nA new sofa is on its way.");
        await page.ClickAsync("text=Add the note");
        await page.SelectOptionAsync("#person", new SelectOptionValue { Index = 1 });
        await page.ClickAsync("button:text-is('Assign')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await stage.LooksFineAsync(page, "/console/@furni/alerts");
        await page.FillAsync("#fall", "many");
        await page.ClickAsync("button:text-is('Save')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await stage.LooksFineAsync(page, "/console/@furni/retention");
        await page.FillAsync("#texts", "0");
        await page.ClickAsync("button:text-is('Save')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await stage.LooksFineAsync(page, "/console/@furni/webhooks");
        await stage.LooksFineAsync(page, $"/console/@furni/webhooks/{webhook.Key.Id}");
        await page.ClickAsync("button:text-is('Approve')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await page.ClickAsync("button:text-is('New secret')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await page.ClickAsync("button:text-is('Make a new secret')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await FillAsync(stage);
        await stage.LooksFineAsync(page, $"/console/@furni/webhooks/{webhook.Key.Id}");
        await page.ClickAsync(".deliveries summary >> nth=0");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
    }

    [Fact]
    public async Task An_item_is_worked_through_without_script()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        await FillAsync(stage);
        var page = await stage.MembershipAsync(Role.Supervisor, script: false);
        await stage.OpenAsync(page, List);
        await page.ClickAsync("text=The sofa came");
        await page.SelectOptionAsync("#person", new SelectOptionValue { Index = 1 });
        await page.ClickAsync("button:text-is('Assign')");
        await page.FillAsync("#note", "Called them.");
        await page.ClickAsync("text=Add the note");
        Assert.Contains("Called them.", await page.InnerTextAsync(".notes"), StringComparison.Ordinal);
        await page.ClickAsync("text=Mark as done");
        await page.ClickAsync("text=The whole list");
        Assert.Equal(s_texts.Length - 1, await page.Locator("table.follow-ups tbody tr").CountAsync());
        await page.SelectOptionAsync("#state", "done");
        await page.ClickAsync("button:text-is('Show')");
        Assert.Equal(1, await page.Locator("table.follow-ups tbody tr").CountAsync());
    }

    /// <summary>Makes one low score after another and gives their ids.</summary>
    private static async Task<List<long>> FillAsync(ConsoleFixture stage)
    {
        var services = stage.Services;
        var userAccounts = services.GetRequiredService<UserAccounts>();
        var ana = await userAccounts.FindAsync("ana", default) ?? await userAccounts.AddAsync("ana", "Ana Lindqvist-Herrera", null, MessagingPermission.Anyone, default);
        var sender = new Caller(
            new App(0, "", "", "", [], Allowed: true, Suspended: false), stage.Furni.Id, stage.Furni.ScreenName, stage.Furni.Name, Permission.DirectMessages, new SenderGrant(null, null, null, null));
        var ids = new List<long>();
        foreach (var text in s_texts)
        {
            var draft = new PromptDraft(
                PromptType.Csat, ana!.Id, "Thank you for talking to us, Ana.", "https://furni.example/privacy",
                string.Create(CultureInfo.InvariantCulture, $"ticket_{5_550 + ids.Count}"), 0, null, Test: false, IncludeCard: false, "Kim", null);
            var asked = Assert.IsType<CreateOutcome.Created>((await services.GetRequiredService<CreatePrompt>().RunAsync(new(sender, draft, null, ""))).Outcome);
            ids.Add(long.Parse(asked.Feedback.Id, CultureInfo.InvariantCulture));
            Assert.IsType<AnswerOutcome.Recorded>(await services.GetRequiredService<AnswerPrompt>().RunAsync(new(new(stage.Furni.Id, ids[^1], null), 1, text)));
        }

        return ids;
    }
}
