using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Interop;

/// <summary>Libraries of further languages, unmodified, under Twitter's name: the legs with a browser, then methods of their own.</summary>
[Collection("ClientTests")]
public sealed class LanguageTests
{
    private static readonly string s_scripts = Path.Combine(AppContext.BaseDirectory, "Interop");

    [Fact]
    public async Task Libraries_for_Ruby_Perl_PHP_and_a_small_one_for_Node_work()
    {
        await using var site = await InteropServer.StartAsync(await SqliteStore.NewAsync());
        await using var browser = new Browser(site.BrowserArguments);
        await using var visitor = await browser.VisitorAsync();
        var person = new BrowserUser(await visitor.NewPageAsync(), site);
        await ClientScript.RunAsync(Path.Combine(s_scripts, "Node"), "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline");

        await WorksAsync(site, person, "Twitter::Error::BadRequest", destroys: true, "ruby", Path.Combine(s_scripts, "Ruby", "client.rb"));
        await WorksAsync(site, person, "Twitter::API::Error", destroys: true, "perl", Path.Combine(s_scripts, "Perl", "client.pl"));
        var authority = site.Authority.RootFile;
        await WorksAsync(site, person, "OAuthException", destroys: true, "php", "-d", $"openssl.cafile={authority}", "-d", $"curl.cainfo={authority}", Path.Combine(s_scripts, "Php", "client.php"));

        // It signs its third leg without the request token's secret, and knows no DELETE.
        await WorksAsync(site, person, "errors", destroys: false, "node", Path.Combine(s_scripts, "Node", "lite.js"));
    }

    private static async Task WorksAsync(InteropServer site, BrowserUser person, string error, bool destroys, params string[] command)
    {
        await using var client = ClientScript.Start(command, site.NamesAndTrust);
        await client.TellAsync(site.Brief);

        var link = (await client.StepAsync("link")).GetProperty("url").GetString()!;
        Assert.Equal("api.twitter.com", new Uri(link).Host);
        await client.TellAsync(await person.AllowAsync(link));
        Assert.StartsWith($"{site.Furni.Id}-", (await client.StepAsync("granted")).GetProperty("token").GetString(), StringComparison.Ordinal);

        Assert.Equal("furni", (await client.StepAsync("verified")).GetProperty("screen_name").GetString());
        Assert.Equal($"{site.Ana.Id}", Assert.Single((await client.StepAsync("followed")).GetProperty("friends").EnumerateArray()).GetString());
        var sent = (await client.StepAsync("sent")).GetProperty("id").GetString();
        Assert.NotEqual(destroys, (await client.StepAsync("listed")).GetProperty("ids").EnumerateArray().Any(id => id.GetString() == sent));
        Assert.Equal($"{site.Ana.Id}", (await client.StepAsync("asked")).GetProperty("to").GetString());
        var refused = await client.StepAsync("refused");
        Assert.Equal((error, 38), (refused.GetProperty("error").GetString(), refused.GetProperty("code").GetInt32()));
    }
}
