using System.Globalization;
using System.Net;
using Afterword.Server;
using Afterword.Server.Answers;
using Afterword.Server.Configuration;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Cards;

/// <summary>A server with a sender that asks a new customer each time.</summary>
public sealed class CardFixture : IAsyncLifetime
{
    private TestFolder _folder = null!;
    private AfterwordServer _server = null!;
    private Caller _furni = null!;
    private int _customers;

    internal Uri Url => new(_server.Urls.First());

    public async ValueTask InitializeAsync()
    {
        _folder = await MigratedStores.FolderAsync("cards");
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Data"] = _folder.Path, ["Limits:RecipientInterval"] = "00:00:00" }).Build());
        Assert.Empty(errors);
        _server = await AfterwordServer.CreateAsync(settings!, "http://127.0.0.1:0", TimeProvider.System, null, default);
        await _server.StartAsync(default);

        var userAccounts = _server.Services.GetRequiredService<UserAccounts>();
        var furni = (await userAccounts.AddAsync("furni", "Furni", null, MessagingPermission.Anyone, default))!;
        _furni = new Caller(new App(1, "k", "n", "s", [], true, false), furni.Id, furni.ScreenName, furni.Name, Permission.DirectMessages, new(null, null, null, null));
    }

    /// <summary>Asks, and opens the card in a new page.</summary>
    internal async Task<(IPage Page, long Id)> OpenAsync(IBrowserContext visitor, PromptType type)
    {
        var (address, id) = await AskAsync(type);
        var page = await visitor.NewPageAsync();
        await page.GotoAsync(address);
        return (page, id);
    }

    internal async Task<(string Address, long Id)> AskAsync(PromptType type)
    {
        var customer = await _server.Services.GetRequiredService<UserAccounts>().AddAsync($"customer{Interlocked.Increment(ref _customers)}", "Ana", null, MessagingPermission.Anyone, default);
        var draft = new PromptDraft(type, customer!.Id, "How did we do?", "https://furni.example/privacy", null, 0, null, Test: false, IncludeCard: true);
        var answer = await _server.Services.GetRequiredService<CreatePrompt>().RunAsync(new(_furni, draft, null, _server.Urls.First()));
        var feedback = Assert.IsType<CreateOutcome.Created>(answer.Outcome).Feedback;
        return (feedback.CardUrl!, long.Parse(feedback.Id, CultureInfo.InvariantCulture));
    }

    /// <summary>Opens a link so often that it is held back.</summary>
    /// <param name="again">A link that was held back before; it is held back for no longer than a minute.</param>
    internal async Task<string> FloodAsync(string? again = null)
    {
        var address = again ?? new Uri(Url, $"{CardLink.PathPrefix}{CardLink.New(1, Interlocked.Increment(ref _customers))}").ToString();
        using var http = new HttpClient();
        HttpStatusCode status;
        do status = (await http.GetAsync(address)).StatusCode;
        while (status == HttpStatusCode.NotFound);
        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        return address;
    }

    /// <summary>What is stored of the answer.</summary>
    internal Task<(int? Score, string? Text)> StoredAsync(long id) => _server.Store.Main.ReadAsync(
        session => session.Sql("select score, comment from prompt where id = @id").Bind("id", id)
            .FirstAsync(row => (row.IsDBNull(0) ? (int?)null : row.GetInt32(0), row.IsDBNull(1) ? null : row.GetString(1)), default),
        default);

    /// <summary>Whether the customer of this request said that its sender shall not ask again.</summary>
    internal Task<bool> IsStoppedAsync(long id) => _server.Store.Main.ReadAsync(
        session => session.Sql("select c.opted_out_at from prompt p left join contact c on c.sender_id = p.sender_id and c.user_id = p.recipient_id where p.id = @id")
            .Bind("id", id).FirstAsync(row => !row.IsDBNull(0), default),
        default);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }
}
