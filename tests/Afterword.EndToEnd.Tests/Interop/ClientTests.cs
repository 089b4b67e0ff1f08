using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Interop;

/// <summary>Client libraries for Twitter, unmodified, against the server under Twitter's names: the legs with a browser, then the API.</summary>
[Collection("ClientTests")]
public sealed class ClientTests
{
    private static readonly string s_scripts = Path.Combine(AppContext.BaseDirectory, "Interop");

    // Debian's own interpreter, which finds Debian's package.
    private static readonly Library s_tweepy = new(
        ["/usr/bin/python3", Path.Combine(s_scripts, "Python", "client.py")], LinksTo: "api.twitter.com", LegError: "TweepyException",
        ErrorOf: status => status switch { 400 => "BadRequest", 401 => "Unauthorized", 403 => "Forbidden", 404 => "NotFound", _ => "TooManyRequests" });

    [Fact]
    public async Task Twitter_api_v2_for_Node_works_on_SQLite() => await WorksAsync(await SqliteStore.NewAsync(), await NodeAsync());

    [Fact]
    public async Task Twitter_api_v2_for_Node_works_on_PostgreSQL() => await WorksAsync(await PostgresStore.NewAsync(), await NodeAsync());

    [Fact]
    public async Task Tweepy_for_Python_works_on_SQLite() => await WorksAsync(await SqliteStore.NewAsync(), s_tweepy);

    [Fact]
    public async Task Tweepy_for_Python_works_on_PostgreSQL() => await WorksAsync(await PostgresStore.NewAsync(), s_tweepy);

    [Fact]
    public async Task A_client_that_was_not_told_of_the_authority_trusts_nobody_here()
    {
        await using var site = await InteropServer.StartAsync(await SqliteStore.NewAsync());
        foreach (var (library, complaint) in new[] { (s_tweepy, "CERTIFICATE_VERIFY_FAILED"), (await NodeAsync(), "UNABLE_TO_VERIFY_LEAF_SIGNATURE") })
        {
            await using var client = ClientScript.Start(library.Command, site.Names);
            await client.TellAsync(site.Brief);
            Assert.Contains(complaint, await client.FailureAsync(), StringComparison.Ordinal);
        }
    }

    private static async Task<Library> NodeAsync()
    {
        var folder = Path.Combine(s_scripts, "Node");
        await ClientScript.RunAsync(folder, "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline");
        return new(["node", Path.Combine(folder, "client.js")], LinksTo: "api.x.com", LegError: "ApiResponseError", ErrorOf: _ => "ApiResponseError");
    }

    private static async Task WorksAsync(TestStore store, Library library)
    {
        await using var site = await InteropServer.StartAsync(store);
        await using var browser = new Browser(site.BrowserArguments);
        await using var visitor = await browser.VisitorAsync();
        await using var client = ClientScript.Start(library.Command, site.NamesAndTrust);
        await client.TellAsync(site.Brief);

        await new Run(site, library, client, new BrowserUser(await visitor.NewPageAsync(), site)).AllAsync();
    }
}
