using System.Globalization;
using Afterword.Server;
using Afterword.Server.Access;
using Afterword.Server.Hosting;
using Afterword.Server.People;
using Afterword.Server.Prompts;
using Afterword.Support;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>A customer with a browser opens the link and answers.</summary>
public sealed class CardBrowserTests(Browser browser) : IClassFixture<Browser>, IAsyncLifetime
{
    private readonly TestFolder _folder = TestFolder.Create("cards");
    private AfterwordServer _server = null!;
    private Caller _furni = null!;
    private long _ana;

    public async ValueTask InitializeAsync()
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Data"] = _folder.Path, ["Limits:RecipientInterval"] = "00:00:00" }).Build());
        Assert.Empty(errors);
        _server = await AfterwordServer.CreateAsync(settings!, "http://127.0.0.1:0", TimeProvider.System, null, default);
        await _server.StartAsync(default);

        var accounts = _server.Services.GetRequiredService<Accounts>();
        var furni = (await accounts.AddAsync("furni", "Furni", null, Reach.Anyone, default))!;
        _ana = (await accounts.AddAsync("ana", "Ana", null, Reach.Anyone, default))!.Id;
        _furni = new Caller(new App(1, "k", "n", "s", [], true, false), furni.Id, furni.ScreenName, furni.Name, Permission.DirectMessages, new(null, null, null, null));
    }

    [Theory]
    [InlineData(false, "Satisfied", 4)]
    [InlineData(true, "9", 9)]
    public async Task A_customer_without_script_answers_by_tapping(bool nps, string label, int score)
    {
        await using var visitor = await browser.VisitorAsync();
        var (page, id) = await OpenAsync(visitor, nps ? PromptType.Nps : PromptType.Csat);

        await page.GetByRole(AriaRole.Button, new() { NameRegex = new($"(^|\\D){label}($|\\D)", System.Text.RegularExpressions.RegexOptions.None) }).First.ClickAsync();
        await page.GetByRole(AriaRole.Textbox).FillAsync("Good chairs.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("Thank you");
        Assert.Equal((score, "Good chairs."), await StoredAsync(id));
    }

    [Fact]
    public async Task A_customer_answers_with_the_keyboard_alone()
    {
        await using var visitor = await browser.VisitorAsync(width: 768);
        var (page, id) = await OpenAsync(visitor, PromptType.Csat);

        for (var tab = 0; tab < 5; tab++) await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Textbox).WaitForAsync();
        for (var tab = 0; tab < 12 && await page.EvaluateAsync<string>("document.activeElement.tagName") != "TEXTAREA"; tab++) await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync("Typed.");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("Thank you");
        Assert.Equal((5, "Typed."), await StoredAsync(id));
    }

    [Fact]
    public async Task A_customer_dismisses_and_comes_back_to_a_kind_page()
    {
        await using var visitor = await browser.VisitorAsync();
        var (page, id) = await OpenAsync(visitor, PromptType.Nps);

        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("dismiss|close", System.Text.RegularExpressions.RegexOptions.IgnoreCase) }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("closed");
        Assert.Equal((null, null), await StoredAsync(id));
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Axe_finds_nothing_on_any_step(ColorScheme scheme)
    {
        await using var visitor = await browser.VisitorAsync(script: true, scheme: scheme);
        var steps = 0;
        foreach (var type in new[] { PromptType.Csat, PromptType.Nps })
        {
            var (page, _) = await OpenAsync(visitor, type);
            await CheckAsync(page);
            await page.Locator("button[name=score]").First.ClickAsync();
            await CheckAsync(page);
            await page.GetByRole(AriaRole.Textbox).FillAsync("  ");
            await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
            await CheckAsync(page);
            await page.GetByRole(AriaRole.Textbox).FillAsync("Fine.");
            await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
            await CheckAsync(page);
        }

        var lost = await visitor.NewPageAsync();
        await lost.GotoAsync(new Uri(new Uri(_server.Urls.First()), "/f/nowhere").ToString());
        await CheckAsync(lost);
        Assert.Equal(9, steps);

        async Task CheckAsync(IPage page)
        {
            await page.WaitForLoadStateAsync();
            AxeResult found = await page.RunAxe();
            Assert.Empty(found.Violations.Select(violation => $"{violation.Id}: {violation.Help}"));
            Assert.NotEmpty(found.Passes);
            steps++;
        }
    }

    [Theory]
    [InlineData(320)]
    [InlineData(360)]
    [InlineData(1440)]
    public async Task Nothing_overflows_and_no_other_host_is_asked(int width)
    {
        await using var visitor = await browser.VisitorAsync(width, script: true);
        var hosts = new HashSet<string>();
        var complaints = new List<string>();
        visitor.Request += (_, request) => hosts.Add(new Uri(request.Url).Authority);
        visitor.Console += (_, message) => complaints.Add(message.Text);
        foreach (var type in new[] { PromptType.Csat, PromptType.Nps })
        {
            var (page, _) = await OpenAsync(visitor, type);
            await FitsAsync(page);
            await page.Locator("button[name=score]").Last.ClickAsync();
            await page.GetByRole(AriaRole.Textbox).WaitForAsync();
            await FitsAsync(page);
        }

        Assert.Equal([new Uri(_server.Urls.First()).Authority], hosts);
        Assert.Empty(complaints);
        Assert.Empty(await visitor.CookiesAsync());

        static async Task FitsAsync(IPage page) => Assert.True(
            await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), "The page is wider than its window.");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<(IPage Page, long Id)> OpenAsync(IBrowserContext visitor, PromptType type)
    {
        var draft = new PromptDraft(type, _ana, "How did we do?", "https://furni.example/privacy", null, 0, null, Test: false, IncludeCard: true);
        var answer = await _server.Services.GetRequiredService<CreatePrompt>().RunAsync(new(_furni, draft, null, _server.Urls.First()));
        var feedback = Assert.IsType<CreateOutcome.Created>(answer.Outcome).Feedback;
        var page = await visitor.NewPageAsync();
        await page.GotoAsync(feedback.CardUrl!);
        return (page, long.Parse(feedback.Id, CultureInfo.InvariantCulture));
    }

    private Task<(int? Score, string? Text)> StoredAsync(long id) => _server.Store.Main.ReadAsync(
        session => session.Sql("select score, comment from prompt where id = @id").Bind("id", id)
            .FirstAsync(row => (row.IsDBNull(0) ? (int?)null : row.GetInt32(0), row.IsDBNull(1) ? null : row.GetString(1)), default),
        default);
}
