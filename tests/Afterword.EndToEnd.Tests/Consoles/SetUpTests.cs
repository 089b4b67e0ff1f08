using System.Net;
using System.Text.RegularExpressions;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>The link that a server prints while its console has nobody.</summary>
public abstract partial class SetUpTests
{
    private protected abstract Task<TestStore> NewStoreAsync();

    [Fact]
    public async Task Whoever_opens_the_link_that_was_printed_becomes_the_first_operator_and_nobody_after_them()
    {
        var store = await NewStoreAsync();
        string unused;
        await using (var first = await ServerProcess.StartAsync(store)) unused = Assert.Single(LinksOf(first)).AbsolutePath;

        // Nobody took it: the next start prints another.
        await using (var second = await ServerProcess.StartAsync(store))
        {
            var link = Assert.Single(LinksOf(second));
            Assert.Equal(second.Url.Authority, link.Authority);
            Assert.Empty(await OperatorsAsync(store));

            using var http = new HttpClient(second.Transport, disposeHandler: false) { BaseAddress = second.Url };
            var leads = await TakeAsync(http, link);
            Assert.Equal("/console/second-factor?back=%2Fconsole%2Fadmin%2Fset-up", leads);
            Assert.Equal(["otis@furni.example"], await OperatorsAsync(store));

            foreach (var dead in (string[])[link.AbsolutePath, unused])
            {
                using var again = await http.GetAsync(new Uri(dead, UriKind.Relative), TestContext.Current.CancellationToken);
                Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
            }
        }

        await using var third = await ServerProcess.StartAsync(store);
        Assert.Empty(LinksOf(third));
    }

    [Fact]
    public async Task A_link_that_a_command_prints_beside_the_server_leads_to_it()
    {
        var store = await NewStoreAsync();
        await using var server = await ServerProcess.StartAsync(store);

        var said = (await Command.RunAsync("person", "add", "olga@furni.example", "--role", "operator", $"--{store.Place.Key.ToLowerInvariant()}", store.Place.Value)).Is(0).Output;

        // A database has no file beside it that says where.
        Assert.Equal(store is SqliteStore ? server.Url.Authority : "localhost:5000", new Uri(Assert.Single(Link().Matches(said)).Value).Authority);
        Assert.Contains(store is SqliteStore ? "where the server listens, for no PublicUrl is set." : "no PublicUrl is set for this command.", said, StringComparison.Ordinal);
        Assert.Equal(0, await server.TerminateAsync());
        if (store is SqliteStore) Assert.False(File.Exists(Path.Combine(store.Place.Value, "afterword.address")));
    }

    private static Uri[] LinksOf(ServerProcess server) => [.. server.Said.SelectMany(line => Link().Matches(line)).Select(link => new Uri(link.Value))];

    /// <summary>Sends the form behind the link as a browser does; gives where that leads.</summary>
    private static async Task<string?> TakeAsync(HttpClient http, Uri link)
    {
        using var page = await http.GetAsync(link, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        using var form = new HttpRequestMessage(HttpMethod.Post, link);
        form.Headers.Add("Cookie", page.Headers.GetValues("Set-Cookie").Select(cookie => cookie.Split(';')[0]));
        form.Content = new FormUrlEncodedContent(
        [
            .. Hidden().Matches(html).Select(field => KeyValuePair.Create(field.Groups["name"].Value, WebUtility.HtmlDecode(field.Groups["value"].Value))),
            new("mail", "otis@furni.example"), new("name", "Otis"), new("password", "correct horse battery staple"),
        ]);
        using var taken = await http.SendAsync(form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.SeeOther, taken.StatusCode);
        return taken.Headers.Location?.ToString();
    }

    private static async Task<string[]> OperatorsAsync(TestStore store) =>
    [
        .. (await Command.RunAsync("person", "list", $"--{store.Place.Key.ToLowerInvariant()}", store.Place.Value, "--json")).Is(0).Json.GetProperty("people").EnumerateArray()
            .Where(person => person.GetProperty("roles").EnumerateArray().Any(role => role.GetProperty("role").GetString() == "operator"))
            .Select(person => person.GetProperty("mail").GetString()!),
    ];

    [GeneratedRegex("http://[^ ]+/console/invitation/[A-Za-z0-9_-]+")]
    private static partial Regex Link();

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[^\"]*)\" value=\"(?<value>[^\"]*)\"")]
    private static partial Regex Hidden();
}

public sealed class SqliteSetUpTests : SetUpTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();
}

[LongForm]
public sealed class PostgresSetUpTests : SetUpTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
}
