using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server;
using Afterword.Server.Configuration;
using Afterword.Server.Messages;
using Afterword.Server.Messages.Inbox;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Inbox;

/// <summary>A server in this process with a shop and a customer, and browsers in which the customer is signed in.</summary>
internal sealed class InboxFixture : IAsyncDisposable
{
    private TestFolder _folder = null!;
    private readonly List<IBrowserContext> _visitors = [];
    private AfterwordServer _server = null!;
    private TcpListener? _away;
    private User _furni = null!;
    private User _ana = null!;

    public Uri Url => new(_server.Urls.First());

    public static async Task<InboxFixture> SetAsync()
    {
        var stage = new InboxFixture { _folder = await MigratedStores.FolderAsync("inbox") };
        await stage.StartAsync("http://127.0.0.1:0");
        var userAccounts = stage._server.Services.GetRequiredService<UserAccounts>();
        stage._furni = (await userAccounts.AddAsync("furni", "Furni", null, MessagingPermission.Anyone, default))!;
        stage._ana = (await userAccounts.AddAsync("ana", "Ana", null, MessagingPermission.Anyone, default))!;
        return stage;
    }

    /// <summary>A window of its own, signed in, on a page.</summary>
    public async Task<IPage> OpenAsync(Browser browser, string path, int width = 360, bool script = true)
    {
        var page = await NewPageAsync(browser, width, script);
        await SignedIn.LetInAsync(page.Context, _server.Store, Url, _ana.Id);
        await page.GotoAsync(new Uri(Url, path).ToString());
        return page;
    }

    /// <summary>The same, by the form that stands before the page.</summary>
    public async Task<IPage> SignInAsync(Browser browser, string path, bool script)
    {
        await SignedIn.GivePasswordAsync(_server.Store, _ana.Id);
        var page = await NewPageAsync(browser, width: 360, script);
        await page.GotoAsync(new Uri(Url, path).ToString());
        await page.GetByLabel("Handle").FillAsync(_ana.ScreenName);
        await page.GetByLabel("Password").FillAsync(SignedIn.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.WaitForURLAsync(new Uri(Url, path).ToString());
        return page;
    }

    /// <summary>Furni writes.</summary>
    public async Task WriteAsync(string text) =>
        Assert.IsType<SendOutcome.Sent>((await _server.Services.GetRequiredService<SendMessage>().RunAsync(new(_furni.Id, null, new(_ana.Id, text)))).Outcome);

    /// <summary>Ana writes, somewhere else.</summary>
    public async Task WriteBackAsync(string text) =>
        Assert.IsType<SendOutcome.Sent>((await _server.Services.GetRequiredService<SendMessage>().RunAsync(new(_ana.Id, null, new(_furni.Id, text)))).Outcome);

    /// <summary>Furni asks; gives the request's id.</summary>
    public async Task<long> AskAsync(PromptType type = PromptType.Csat)
    {
        var caller = new Caller(new App(1, "k", "n", "s", [], true, false), _furni.Id, _furni.ScreenName, _furni.Name, Permission.DirectMessages, new(null, null, null, null));
        var draft = new PromptDraft(type, _ana.Id, "How did we do?", "https://furni.example/privacy", null, 0, null, Test: false, IncludeCard: false);
        var answer = await _server.Services.GetRequiredService<CreatePrompt>().RunAsync(new(caller, draft, null, Url.ToString()));
        return long.Parse(Assert.IsType<CreateOutcome.Created>(answer.Outcome).Feedback.Id, CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until so many pages listen for what is new.</summary>
    public async Task UntilOpenAsync(int pages)
    {
        var live = _server.Services.GetRequiredService<LiveUpdates>();
        while (live.Count < pages) await Task.Delay(20);
    }

    public Task<(int? Score, string? Text)> StoredAsync(long id) => _server.Store.Main.ReadAsync(
        session => session.Sql("select score, comment from prompt where id = @id").Bind("id", id)
            .FirstAsync(row => (row.IsDBNull(0) ? (int?)null : row.GetInt32(0), row.IsDBNull(1) ? null : row.GetString(1)), default),
        default);

    /// <summary>Stops the server, as seen from the browsers; <see cref="ComeBackAsync"/> starts it where it was.</summary>
    public async Task<Uri> GoAwayAsync()
    {
        var url = Url;
        await _server.DisposeAsync();

        // Another test's server could get the port meanwhile, and answer.
        _away = new TcpListener(IPAddress.Loopback, url.Port);
        _away.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _away.Start();
        _ = CutAsync(_away);
        return url;
    }

    public Task ComeBackAsync(Uri url)
    {
        _away?.Stop();
        return StartAsync(url.GetLeftPart(UriPartial.Authority));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var visitor in _visitors) await visitor.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    // Each connection ends as it begins, as where nobody listens.
    private static async Task CutAsync(TcpListener away)
    {
        try
        {
            while (true)
            {
                using var connection = await away.AcceptSocketAsync();
                connection.Close(0);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The server comes back.
        }
    }

    private async Task<IPage> NewPageAsync(Browser browser, int width, bool script)
    {
        var visitor = await browser.VisitorAsync(width, script);
        _visitors.Add(visitor);
        return await visitor.NewPageAsync();
    }

    private async Task StartAsync(string url)
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Data"] = _folder.Path, ["Limits:RecipientInterval"] = "00:00:00" }).Build());
        Assert.Empty(errors);
        _server = await AfterwordServer.CreateAsync(settings!, url, TimeProvider.System, null, default);
        await _server.StartAsync(default);
    }
}
