using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Interop;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server;
using Afterword.Server.Configuration;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Grants;

/// <summary>A server in this process, an app that wants to be let in, and a user at a browser.</summary>
internal sealed class GrantFixture : IAsyncDisposable
{
    public const string Handle = "ana_of_the_hill";
    public const string Password = SignedIn.Password;

    // As long a word as nobody breaks by himself.
    public const string AppName = "Kundenzufriedenheitsbefragungsanwendung";

    private TestFolder _folder = null!;
    private AfterwordServer _server = null!;
    private App _app = null!;
    private User _ana = null!;

    public Uri Url => new(_server.Urls.First());

    public required CallbackReceiver Receiver { get; init; }

    public required IPage Page { get; init; }

    /// <summary>The hosts that the browser asked for anything.</summary>
    public HashSet<string> Hosts { get; } = [];

    public static async Task<GrantFixture> SetAsync(Browser browser, int width = 360, bool script = false)
    {
        var visitor = await browser.VisitorAsync(width, script);
        var stage = new GrantFixture { _folder = await MigratedStores.FolderAsync("grants"), Receiver = await CallbackReceiver.StartAsync(), Page = await visitor.NewPageAsync() };
        visitor.Request += (_, request) => stage.Hosts.Add(new Uri(request.Url).Authority);
        await stage.StartAsync();
        return stage;
    }

    /// <summary>Opens the page about a fresh request token.</summary>
    /// <param name="permission">What the app asks for.</param>
    /// <param name="callback">Where it leads; the receiver's unless given.</param>
    /// <param name="leg">authorize or authenticate.</param>
    public async Task AskAsync(Permission permission = Permission.DirectMessages, string? callback = null, string leg = "authorize")
    {
        var issued = await _server.Services.GetRequiredService<RequestTokens>().IssueAsync(_app, new(callback ?? Receiver.Callback), permission, default);
        await OpenAsync(AuthorizeEndpoints.AddressOf(leg, issued.Token));
    }

    /// <summary>Gives the app a token, as the third leg does.</summary>
    public Task LetInAsync() => _server.Services.GetRequiredService<Apps>().IssueTokenAsync(_app.ConsumerKey, _ana.Id, Permission.DirectMessages, default);

    public Task OpenAsync(string path) => Page.GotoAsync(new Uri(Url, path).ToString());

    public async Task SignInAsync(string password = Password)
    {
        await Page.GetByLabel("Handle").FillAsync(Handle);
        await Page.GetByLabel("Password").FillAsync(password);
        await PressAsync("Sign in");
    }

    public Task PressAsync(string button) => Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    public Task HeadsAsync(string heading) => Assertions.Expect(Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync(heading);

    public async ValueTask DisposeAsync()
    {
        await Page.Context.DisposeAsync();
        await _server.DisposeAsync();
        await Receiver.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartAsync()
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Data", _folder.Path)]).Build());
        Assert.Empty(errors);
        _server = await AfterwordServer.CreateAsync(settings!, "http://127.0.0.1:0", TimeProvider.System, null, default);
        await _server.StartAsync(default);

        _ana = (await _server.Services.GetRequiredService<UserAccounts>().AddAsync(Handle, "Ana of the Hill", null, MessagingPermission.Anyone, default))!;
        await SignedIn.GivePasswordAsync(_server.Store, _ana.Id);
        var added = await _server.Services.GetRequiredService<Apps>().AddAsync(AppName, [Receiver.Callback], default);
        _app = (await _server.Services.GetRequiredService<CredentialStore>().AppAsync(added.ConsumerKey, fresh: true, default))!;
    }
}
