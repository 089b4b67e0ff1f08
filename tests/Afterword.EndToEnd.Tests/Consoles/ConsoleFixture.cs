using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server;
using Afterword.Server.Allowlists;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>A server in this process with the sender @furni, and browsers in which its people are signed in.</summary>
internal sealed class ConsoleFixture : IAsyncDisposable
{
    private TestFolder _folder = null!;
    private readonly Browser _browser;
    private readonly List<IBrowserContext> _visitors = [];
    private AfterwordServer _server = null!;

    private ConsoleFixture(Browser browser) => _browser = browser;

    /// <summary>By name: a passkey belongs to a host that has one.</summary>
    public Uri Url => new($"http://localhost:{new Uri(_server.Urls.First()).Port}");

    public IServiceProvider Services => _server.Services;

    public User Furni { get; private set; } = null!;

    /// <param name="browser">The test class's.</param>
    /// <param name="settings">Settings besides the store's, as <c>key=value</c>.</param>
    public static Task<ConsoleFixture> SetAsync(Browser browser, params string[] settings) => SetAsync(browser, null, settings);

    /// <param name="browser">The test class's.</param>
    /// <param name="configure">Adds to the server.</param>
    /// <param name="settings">Settings besides the store's, as <c>key=value</c>.</param>
    public static async Task<ConsoleFixture> SetAsync(Browser browser, Action<WebApplicationBuilder>? configure, params string[] settings)
    {
        var stage = new ConsoleFixture(browser) { _folder = await MigratedStores.FolderAsync("console") };
        var given = settings.Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => (string?)pair[1]);
        given["Data"] = stage._folder.Path;
        var (read, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(given).Build());
        Assert.Empty(errors);
        stage._server = await AfterwordServer.CreateAsync(read!, "http://127.0.0.1:0", TimeProvider.System, configure, default);
        await stage._server.StartAsync(default);
        stage.Furni = (await stage.Services.GetRequiredService<UserAccounts>().AddAsync("furni", "Furni", null, MessagingPermission.Anyone, default))!;
        await stage.Services.GetRequiredService<Allowlist>().AllowSenderAsync(stage.Furni.Id, new(null, null, null, null), default);
        return stage;
    }

    /// <summary>Adds a person at @furni, or an operator, who has no password yet; gives the id and the link to choose one.</summary>
    public async Task<(long Id, string Link)> InviteAsync(Role role, string email)
    {
        Assert.True(EmailAddress.TryParse(email, out var address));
        var place = role == Role.Operator ? Workspace.Installation : Furni.Id;
        var added = await Services.GetRequiredService<Memberships>().AddAsync(Member.CommandLine, address, name: null, place, role, default);
        return added is InviteOutcome.Invited(var id, var link) ? (id, link) : throw new InvalidOperationException($"{email}: {added}");
    }

    /// <summary>A tab in which someone of this role is signed in.</summary>
    public async Task<IPage> MembershipAsync(Role role, int width = 1440, bool script = true)
    {
        var (person, _) = await InviteAsync(role, $"{role.Word}@furni.example");
        var sessions = Services.GetRequiredService<ConsoleSessions>();
        var key = await Services.GetRequiredService<Store>().Main.WriteAsync(session => sessions.AddAsync(session, person, SignInState.SignedIn, "Chromium", byLink: false, default), default);
        var visitor = await VisitorAsync(width, script);
        await visitor.AddCookiesAsync([new Cookie { Name = ConsoleSessions.Cookie, Value = key, Url = $"https://{Url.Host}/", Secure = true, HttpOnly = true, SameSite = SameSiteAttribute.Lax }]);
        return await visitor.NewPageAsync();
    }

    /// <summary>The same on a phone, for looking at pages.</summary>
    public async Task<IPage> MembershipToLookAsync(Role role)
    {
        var page = await MembershipAsync(role, width: 360);
        await Axe.BringAsync(page.Context);
        return page;
    }

    /// <summary>A browser in which nobody is signed in.</summary>
    public async Task<IBrowserContext> VisitorAsync(int width = 1440, bool script = true)
    {
        var visitor = await _browser.VisitorAsync(width, script);
        _visitors.Add(visitor);
        return visitor;
    }

    public Task OpenAsync(IPage page, string path) => page.GotoAsync(new Uri(Url, path).ToString());

    /// <summary>Opens a page: axe finds nothing, and it fits its window, in every width and both colour schemes.</summary>
    public async Task LooksFineAsync(IPage page, string path)
    {
        await OpenAsync(page, path);
        await Axe.FindsNothingAndAllFitsEverywhereAsync(page);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var visitor in _visitors) await visitor.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Dispose();
    }
}
