using System.Text;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Allowlists;
using Afterword.Server.Connectors;
using Afterword.Server.Console.Members;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>The connectors' pages in a real browser, in every width and both colour schemes.</summary>
public sealed class ConnectorLookTests(Browser browser)
{
    private const string List = "/console/@furni/connectors";

    [Fact]
    public async Task Axe_finds_nothing_and_nothing_overflows_at_any_width_in_either_scheme()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        await stage.Services.GetRequiredService<Allowlist>().AllowSenderAsync(stage.Furni.Id, new(null, null, null, null), default);
        var page = await stage.MembershipToLookAsync(Role.Owner);
        await stage.LooksFineAsync(page, List);
        await page.SelectOptionAsync("#kind", "freshdesk");
        await page.ClickAsync("button:text-is('Add')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);

        // What stands there once is the address to post to.
        var address = (await page.TextContentAsync(".secret"))!.Trim();
        using var http = new HttpClient();
        foreach (var (id, email) in new[] { ("1", "mia@example.com"), ("a-very-long-number-of-a-ticket-that-nothing-breaks-because-there-is-no-space-in-it-at-all-and-it-goes-on", "") })
        {
            using var body = new StringContent($$"""{"ticket_id":"{{id}}","ticket_status":"Resolved","ticket_contact_email":"{{email}}"}""", Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync(new Uri(stage.Url, new Uri(address).AbsolutePath), body, TestContext.Current.CancellationToken);
            Assert.Equal(200, (int)answer.StatusCode);
        }

        await stage.LooksFineAsync(page, List);
        await page.ClickAsync("th a");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await page.ClickAsync(".deliveries summary >> nth=0");
        await page.ClickAsync("text=Edit the mapping");
        await page.FillAsync("#payload", """{"ticket_id":7,"ticket_status":"resolved","ticket_tags":"a,b"}""");
        await page.ClickAsync("button:text-is('Try it')");
        Assert.Contains("closes the conversation", await page.TextContentAsync("main"), StringComparison.Ordinal);
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        await page.FillAsync("#mapping", "{}");
        await page.ClickAsync("form[action$='/mapping'] button:text-is('Save')");
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
        Assert.Single(await stage.Services.GetRequiredService<FindConnector>().ListAsync(stage.Furni.Id, default));
    }
}
