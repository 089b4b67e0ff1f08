using System.Globalization;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server;
using Afterword.Server.Configuration;
using Afterword.Server.Messages;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Abuse;

/// <summary>A server whose users, apps and texts have hostile names, and a watched browser.</summary>
/// <remarks>Names go past the checks of what they may be: pages must not depend on them.</remarks>
internal sealed class HostileFixture : IAsyncDisposable
{
    public const string Handle = "ana";

    private TestFolder _folder = null!;
    private AfterwordServer _server = null!;
    private IBrowserContext _visitor = null!;

    public Uri Url => new(_server.Urls.First());

    public Store Store => _server.Store;

    public IPage Page { get; private set; } = null!;

    public Trap Trap { get; private set; } = null!;

    public User Ana { get; private set; } = null!;

    public static async Task<HostileFixture> SetAsync(Browser browser, bool script = true, string callsPerLink = "0")
    {
        var stage = new HostileFixture { _folder = await MigratedStores.FolderAsync("hostile") };
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Data"] = stage._folder.Path, ["Limits:RecipientInterval"] = "00:00:00", ["Limits:CreatesPerDay"] = "1000000", ["Cards:CallsPerLink"] = callsPerLink,
        }).Build());
        Assert.Empty(errors);
        stage._server = await AfterwordServer.CreateAsync(settings!, "http://127.0.0.1:0", TimeProvider.System, null, default);
        await stage._server.StartAsync(default);
        stage.Ana = await stage.UserAsync(Handle, "Ana");

        stage._visitor = await browser.VisitorAsync(script: script);
        stage.Trap = await Trap.SetAsync(stage._visitor, stage.Url.ToString());
        stage.Page = await stage._visitor.NewPageAsync();
        return stage;
    }

    public T Get<T>()
        where T : notnull => _server.Services.GetRequiredService<T>();

    public async Task<User> UserAsync(string handle, string name) => (await Get<UserAccounts>().AddAsync(handle, name, null, MessagingPermission.Anyone, default))!;

    public Task RenameAsync(User who, string name) => Store.Main.WriteAsync(
        session => session.Sql("update account set name = @name where id = @id").Bind("name", name).Bind("id", who.Id).RunAsync(default), default);

    public async Task WriteAsync(User from, User to, string text) =>
        Assert.IsType<SendOutcome.Sent>((await Get<SendMessage>().RunAsync(new(from.Id, null, new(to.Id, text)))).Outcome);

    /// <summary>Asks Ana; gives the card's address and its token.</summary>
    public async Task<(string Address, string Token)> AskAsync(User sender, string message, string? displayName = null, string? externalId = null, string privacyUrl = "https://furni.example/privacy")
    {
        var caller = new Caller(new App(1, "k", "n", "s", [], true, false), sender.Id, sender.ScreenName, sender.Name, Permission.DirectMessages, new(null, null, null, null));
        var draft = new PromptDraft(PromptType.Csat, Ana.Id, message, privacyUrl, externalId, 0, displayName, Test: false, IncludeCard: true);
        var answer = await Get<CreatePrompt>().RunAsync(new(caller, draft, null, _server.Urls.First()));
        var feedback = Assert.IsType<CreateOutcome.Created>(answer.Outcome).Feedback;
        return (feedback.CardUrl!, feedback.CardToken!);
    }

    /// <summary>An app, and the page where Ana lets it in.</summary>
    public async Task<string> AppAsync(string name, string callback = "https://app.example/back")
    {
        var added = await Get<Apps>().AddAsync(name, ["oob"], default);
        var app = (await Get<CredentialStore>().AppAsync(added.ConsumerKey, fresh: true, default))!;
        var issued = await Get<RequestTokens>().IssueAsync(app, new(callback), Permission.DirectMessages, default);
        return AuthorizeEndpoints.AddressOf("authorize", issued.Token);
    }

    /// <summary>An app that Ana has let in.</summary>
    public async Task LetInAsync(string name) =>
        await Get<Apps>().IssueTokenAsync((await Get<Apps>().AddAsync(name, ["oob"], default)).ConsumerKey, Ana.Id, Permission.DirectMessages, default);

    public async Task OpenAsync(string path)
    {
        var answer = (await Page.GotoAsync(new Uri(Url, path).ToString()))!;
        Assert.True(answer.Status == 200, $"{answer.Status} for {path}");
    }

    /// <summary>Signs the browser in as Ana.</summary>
    public Task SignInAsync() => SignedIn.LetInAsync(_visitor, Store, Url, Ana.Id);

    public Task<string[]> TextsAsync(string selector) => Page.EvaluateAsync<string[]>("one => [...document.querySelectorAll(one)].map(found => found.textContent)", selector);

    public async Task<string> TextAsync(string selector) => Assert.Single(await TextsAsync(selector));

    public Task<string> ValueAsync(string selector) => Page.EvaluateAsync<string>("one => document.querySelector(one).value", selector);

    /// <summary>Follows the links of a page of pages until there are no more.</summary>
    public async Task FollowAsync(string path, string next, Func<Task> look)
    {
        for (string? at = path; at is not null; at = await Page.EvaluateAsync<string?>("one => document.querySelector(one)?.getAttribute('href') ?? null", next))
        {
            await OpenAsync(at);
            await look();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_visitor is not null) await _visitor.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>A handle for the text with this number.</summary>
    public static string HandleOf(int number) => string.Create(CultureInfo.InvariantCulture, $"h{number}");
}
