using System.Globalization;
using System.Text;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Console.Members;
using Afterword.Server.Prompts;
using Afterword.Server.Users;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>Automation, Rules and Fairness in a real browser, in every width and both colour schemes.</summary>
public sealed class AutomationLookTests(Browser browser)
{
    private const string Home = "/console/@furni";

    private const string Rules =
        """
        {"recipient_interval_days":0,"quiet_hours":{"from":"21:00","to":"08:00","days":["sun"],"time_zone":"Europe/Berlin"},"rules":[
         {"name":"never internal","when":{"tags_any":["internal","spam"]},"ask":null},
         {"name":"everybody else, whoever they are and wherever","ask":{"type":"csat","delay":"P1D","share":0.5,"privacy_url":"https://furni.example/privacy","message":{"en":"Hi {first_name}, thanks for writing to us.","de":"Hallo {first_name}, danke."}}}]}
        """;

    private static readonly string[] s_agents = ["Kim", "Averyveryverylongnamethatnobodybreaksbecausethereisnospaceinitatall", "אביגיל", "<b>Zoe</b>"];

    [Fact]
    public async Task Axe_finds_nothing_and_nothing_overflows_at_any_width_in_either_scheme()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var page = await stage.MembershipToLookAsync(Role.Owner);
        foreach (var empty in (string[])["automation", "rules", "rules?edit=new", "fairness"]) await stage.LooksFineAsync(page, $"{Home}/{empty}");

        var ids = await FillAsync(stage);
        await stage.LooksFineAsync(page, $"{Home}/automation");
        await page.ClickAsync("text=Turn off…");
        await page.ClickAsync("text=Dates and filters");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await stage.LooksFineAsync(page, $"{Home}/automation?agent=Kim&tag=spam&range=8");
        await stage.LooksFineAsync(page, $"{Home}/automation?agent=Kim&tag=internal");
        foreach (var id in ids) await stage.LooksFineAsync(page, $"{Home}/automation/{id.ToString(CultureInfo.InvariantCulture)}");
        await stage.LooksFineAsync(page, $"{Home}/rules?edit=1");
        await page.FillAsync("#share", "half");
        await page.ClickAsync("button:text-is('Save the rule')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await stage.OpenAsync(page, $"{Home}/rules");
        await page.ClickAsync("text=Intervals and quiet hours");
        await page.ClickAsync("text=The whole document as JSON");
        await page.ClickAsync("button:text-is('Simulate')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await stage.LooksFineAsync(page, $"{Home}/fairness");
        await stage.LooksFineAsync(page, $"{Home}/asked");
    }

    [Fact]
    public async Task Three_clicks_lead_to_why_a_customer_was_not_asked_without_script()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        await FillAsync(stage);
        var page = await stage.MembershipAsync(Role.Supervisor, script: false);
        await stage.OpenAsync(page, $"{Home}/overview");

        await page.ClickAsync("nav >> text=Automation");
        await page.FillAsync("#find", "ticket_3");
        await page.ClickAsync("button:text-is('Find')");
        await page.ClickAsync("table.ledger >> text=ticket_3");

        Assert.Contains("The rule “never internal” fits, and says that nobody is asked.", await page.InnerTextAsync("main"), StringComparison.Ordinal);
    }

    /// <summary>Closes conversations: gives one that waits, one that is sampled out and one that a rule refuses.</summary>
    private static async Task<List<long>> FillAsync(ConsoleFixture stage)
    {
        var services = stage.Services;
        var ana = (await services.GetRequiredService<UserAccounts>().AddAsync("ana", "Ana Lindqvist-Herrera", null, MessagingPermission.Anyone, default))!;
        var document = RulesDocument.Parse(Encoding.UTF8.GetBytes(Rules), services.GetRequiredService<Questions>(), out var errors);
        Assert.Empty(errors.All);
        Assert.IsType<ChangeRulesOutcome.Saved>(await services.GetRequiredService<ChangeRules>().RunAsync(stage.Furni.Id, Member.CommandLine, null, document!.Text, default));
        var shown = new Dictionary<string, long>();
        for (var i = 0; i < 40; i++)
        {
            var tags = i % 8 == 3 ? Tags.OfStored("internal,a rather long tag of its own") : i % 5 == 0 ? Tags.OfStored("vip") : null;
            var closed = await services.GetRequiredService<CloseConversation>().RunAsync(new(
                stage.Furni.Id, null, new(ana.Id, string.Create(CultureInfo.InvariantCulture, $"ticket_{i}"), s_agents[i % 4], "Returns", tags, null, null, 3, 2, null, null, Test: i == 7), ""));
            shown[$"{closed.Decision} {closed.Reason}"] = closed.Id;
        }

        Assert.True(shown.Count >= 3, string.Join(", ", shown.Keys));
        return [.. shown.Values];
    }
}
