using System.Globalization;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server;
using Afterword.Server.Allowlists;
using Afterword.Server.Configuration;
using Afterword.Server.Embed;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Embeds;

/// <summary>A feedback server, a shop on another origin, and a customer's browser on the shop's page.</summary>
internal sealed class EmbedFixture : IAsyncDisposable
{
    private TestFolder _folder = null!;
    private AfterwordServer _server = null!;
    private IBrowserContext _visitor = null!;
    private Caller _sender = null!;
    private long _ana;

    public string Feedback => _server.Urls.First();

    public Shop Shop { get; private set; } = null!;

    public IPage Page { get; private set; } = null!;

    /// <summary>The hosts that the browser asked for anything.</summary>
    public HashSet<string> Hosts { get; } = [];

    /// <summary>What the browser complained of, such as a policy that was violated.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>The first card on the page.</summary>
    public ILocator Card => Page.Locator("afterword-card").First;

    public static async Task<EmbedFixture> SetAsync(Browser browser, int width = 400, ColorScheme scheme = ColorScheme.Light, string style = "", string sender = "Furni")
    {
        var stage = new EmbedFixture { _folder = await MigratedStores.FolderAsync("embed") };
        await stage.StartAsync(sender);
        stage.Shop = await Shop.OpenAsync(stage.Feedback, style);
        await stage.AllowAsync(stage.Shop.Origin);
        stage._visitor = await browser.VisitorAsync(width, script: true, scheme);
        stage._visitor.Request += (_, request) => stage.Hosts.Add(new Uri(request.Url).GetLeftPart(UriPartial.Authority));
        stage._visitor.Console += (_, message) => stage.Complaints.Add(message.Text);
        stage._visitor.WebError += (_, error) => stage.Complaints.Add(error.Error);
        stage.Page = await stage._visitor.NewPageAsync();
        return stage;
    }

    /// <summary>Asks the customer; gives the feedback's id and the card's token.</summary>
    public async Task<(long Id, string Token)> AskAsync(PromptType type = PromptType.Csat, string? displayName = null)
    {
        var draft = new PromptDraft(type, _ana, "How did we do?", "https://furni.example/privacy", null, 0, displayName, Test: false, IncludeCard: true);
        var answer = await _server.Services.GetRequiredService<CreatePrompt>().RunAsync(new(_sender, draft, null, Feedback));
        var feedback = Assert.IsType<CreateOutcome.Created>(answer.Outcome).Feedback;
        return (long.Parse(feedback.Id, CultureInfo.InvariantCulture), feedback.CardToken!);
    }

    /// <summary>Opens the shop's page with this in it.</summary>
    public Task OpenAsync(string html) => Page.GotoAsync($"{Shop.Origin}/?{Uri.EscapeDataString(html)}");

    /// <summary>The same, on a page without the script.</summary>
    public Task OpenBareAsync(string html) => Page.GotoAsync($"{Shop.Origin}/bare?{Uri.EscapeDataString(html)}");

    /// <summary>Asks, and opens the shop's page with the card.</summary>
    public async Task<long> OpenCardAsync(PromptType type = PromptType.Csat, string attributes = "")
    {
        var (id, token) = await AskAsync(type);
        await OpenAsync($"<afterword-card token=\"{token}\" {attributes}></afterword-card>");
        await Card.Locator("button[name=score]").First.WaitForAsync();
        return id;
    }

    public Task<string[]> HeardAsync() => Page.EvaluateAsync<string[]>("heard");

    /// <summary>Waits until something was heard that begins with this.</summary>
    public Task HearAsync(string name) => Page.WaitForFunctionAsync("name => heard.some(one => one.startsWith(name))", name);

    /// <summary>The answer of a feedback, or of the only one.</summary>
    public Task<(int? Score, string? Text)> StoredAsync(long? id = null) => _server.Store.Main.ReadAsync(
        session => session.Sql("select score, comment from prompt where id = coalesce(@id, id)").Bind("id", id)
            .FirstAsync(row => (row.IsDBNull(0) ? (int?)null : row.GetInt32(0), row.IsDBNull(1) ? null : row.GetString(1)), default),
        default);

    /// <summary>Lets the pages of another site show the cards.</summary>
    public Task AllowAsync(string origin) => _server.Services.GetRequiredService<EmbedOrigins>().AllowAsync(_sender.UserId, new(origin), default);

    /// <summary>What a program needs to ask the customer, as options of <c>samples/chat-widget</c>.</summary>
    public async Task<string[]> KeysAsync()
    {
        var apps = _server.Services.GetRequiredService<Apps>();
        var app = await apps.AddAsync("Chat", [], default);
        await apps.AllowAsync(app.ConsumerKey, true, default);
        await _server.Services.GetRequiredService<Allowlist>().AllowSenderAsync(_sender.UserId, new(null, null, null, null), default);
        var token = (await apps.IssueTokenAsync(app.ConsumerKey, _sender.UserId, Permission.DirectMessages, default))!;
        return
        [
            "--server", Feedback, "--key", app.ConsumerKey, "--secret", app.ConsumerSecret, "--token", token.Token, "--token-secret", token.TokenSecret,
            "--to", _ana.ToString(CultureInfo.InvariantCulture),
        ];
    }

    public Task DenyAsync() => _server.Services.GetRequiredService<EmbedOrigins>().DenyAsync(_sender.UserId, new(Shop.Origin), default);

    public async ValueTask DisposeAsync()
    {
        if (_visitor is not null) await _visitor.DisposeAsync();
        if (Shop is not null) await Shop.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartAsync(string name)
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Data"] = _folder.Path, ["Limits:RecipientInterval"] = "00:00:00" }).Build());
        Assert.Empty(errors);
        _server = await AfterwordServer.CreateAsync(settings!, "http://127.0.0.1:0", TimeProvider.System, null, default);
        await _server.StartAsync(default);

        var userAccounts = _server.Services.GetRequiredService<UserAccounts>();
        var sender = (await userAccounts.AddAsync("furni", name, null, MessagingPermission.Anyone, default))!;
        _ana = (await userAccounts.AddAsync("ana", "Ana", null, MessagingPermission.Anyone, default))!.Id;
        _sender = new Caller(new App(1, "k", "n", "s", [], true, false), sender.Id, sender.ScreenName, sender.Name, Permission.DirectMessages, new(null, null, null, null));
    }
}
