using System.Globalization;
using System.Text.Json;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Users;

/// <summary>Users list whom they follow, are followed by and block.</summary>
public abstract class ConnectionTests(Engine engine) : IAsyncLifetime
{
    private const string Friends = "/1.1/friends/ids.json";
    private const string Followers = "/1.1/followers/ids.json";
    private const string Blocks = "/1.1/blocks/ids.json";

    private FeedbackFixture _fixture = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task Everybody_has_three_lists()
    {
        (await Server.PostAsync(_fixture.Recipient, "/1.1/friendships/create.json", ("screen_name", "furni"))).Is(200);
        var bea = await Server.UserAsync("bea");
        (await Server.PostAsync(_fixture.Recipient, "/1.1/blocks/create.json", ("screen_name", "bea"))).Is(200);

        foreach (var (list, ofAna, ofFurni) in new[] { (Friends, $"[{_fixture.Furni.Id}]", "[]"), (Followers, "[]", $"[{_fixture.Ana.Id}]"), (Blocks, $"[{bea.Id}]", "[]") })
        {
            foreach (var (who, ids) in new[] { (_fixture.Recipient, ofAna), (_fixture.Sender, ofFurni) })
            {
                var body = (await Server.GetAsync(who, list)).Is(200).Body;
                Assert.Equal($$"""{"ids":{{ids}},"next_cursor":0,"next_cursor_str":"0","previous_cursor":0,"previous_cursor_str":"0"}""", body);
            }
        }

        Assert.Equal($"[\"{_fixture.Furni.Id}\"]", (await Server.GetAsync(_fixture.Recipient, $"{Friends}?stringify_ids=true")).Is(200).Json.GetProperty("ids").GetRawText());
    }

    [Fact]
    public async Task Nobody_sees_the_list_of_another()
    {
        foreach (var list in new[] { Friends, Followers, Blocks })
        {
            foreach (var own in new[] { $"user_id={_fixture.Furni.Id}", "screen_name=furni", "screen_name=%40FURNI" }) (await Server.GetAsync(_fixture.Sender, $"{list}?{own}")).Is(200);
            foreach (var (name, value) in new[] { ("user_id", Text(_fixture.Ana.Id)), ("screen_name", "ana"), ("screen_name", "nobody") })
            {
                Assert.Equal([$"{name} parameter is invalid: the calling user; other users' lists are private."], (await Server.GetAsync(_fixture.Sender, $"{list}?{name}={value}")).Is(400, 44).Messages);
            }
        }
    }

    [Fact]
    public async Task A_list_is_walked_page_by_page_and_everybody_comes_once()
    {
        await ContactsAsync(250, every: 1);

        var (walked, pages, _) = await WalkAsync("count=100");
        Assert.Equal(Enumerable.Range(1, 250).Reverse().Select(number => number * 10L), walked);
        Assert.Equal([100, 100, 50], pages);
    }

    [Fact]
    public async Task Of_many_contacts_few_are_looked_at_for_a_page_and_no_cursor_names_one_of_them()
    {
        await ContactsAsync((2 * Connections.MostPerPage) + 500, every: 4_000);

        var (walked, pages, cursors) = await WalkAsync("");
        Assert.Equal([80_000, 40_000], walked);
        Assert.Equal([1, 1, 0], pages);

        // Customers who do not follow are not in the list, nor is their id.
        Assert.All(cursors[..^1], cursor => Assert.NotEqual(0, cursor % 10));
    }

    [Fact]
    public async Task No_cursor_names_a_contact_who_is_not_in_the_list_where_ids_follow_each_other()
    {
        // As many in a row as were added at once: the 5,000th is in the midst of them.
        await ContactsAsync(Connections.MostPerPage + 500, every: 4_000, "n + n / 700 * 1000");

        foreach (var query in new[] { "", "count=1" })
        {
            var (walked, _, cursors) = await WalkAsync(query);
            Assert.Equal([9_000], walked);
            Assert.Equal((query, 0), (query, await Server.CountAsync("contact", $"sender_id = {_fixture.Furni.Id} and follows = 0 and user_id in ({string.Join(',', cursors)})")));
        }
    }

    [Theory]
    [InlineData("cursor=x", 44)]
    [InlineData("cursor=-2", 44)]
    [InlineData("count=0", 44)]
    [InlineData("count=5001", 44)]
    [InlineData("stringify_ids=yes", 44)]
    [InlineData("user_id=x", 44)]
    public async Task What_is_no_page_is_refused(string query, int code) => (await Server.GetAsync(_fixture.Sender, $"{Followers}?{query}")).Is(400, code);

    [Fact]
    public async Task A_lookup_says_what_each_is_to_the_caller()
    {
        (await Server.PostAsync(_fixture.Recipient, "/1.1/friendships/create.json", ("screen_name", "furni"))).Is(200);
        var bea = await Server.UserAsync("bea");
        (await Server.PostAsync(_fixture.Sender, "/1.1/blocks/create.json", ("screen_name", "bea"))).Is(200);
        await Server.UserAsync("gone");
        await Server.Get<UserAccounts>().SuspendAsync("gone", true, default);

        var found = (await Server.GetAsync(_fixture.Sender, $"/1.1/friendships/lookup.json?user_id={bea.Id},404&screen_name=ana,FURNI,gone,nobody,bea")).Is(200).Json.EnumerateArray().ToArray();
        Assert.Equal(["bea blocking", "ana followed_by", "furni none"], found.Select(one => $"{one.GetProperty("screen_name").GetString()} {Words(one)}"));
        Assert.Equal(["name", "screen_name", "id", "id_str", "connections"], found[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal((bea.Id, Text(bea.Id)), (found[0].GetProperty("id").GetInt64(), found[0].GetProperty("id_str").GetString()));

        // Who blocks the caller is nobody's business.
        var own = (await Server.GetAsync(await Server.TokenAsync(_fixture.App, bea, Permission.Read), "/1.1/friendships/lookup.json?screen_name=furni")).Is(200).Json;
        Assert.Equal("none", Words(own[0]));
        Assert.Equal("[]", (await Server.GetAsync(_fixture.Sender, "/1.1/friendships/lookup.json?screen_name=nobody")).Is(200).Body);
        (await Server.GetAsync(_fixture.Sender, "/1.1/friendships/lookup.json")).Is(400, 38);
        (await Server.GetAsync(_fixture.Sender, $"/1.1/friendships/lookup.json?user_id={string.Join(',', Enumerable.Range(1, 101))}")).Is(403, 18);
    }

    [Fact]
    public async Task Settings_are_what_the_caller_chose()
    {
        Assert.Equal(("ana", "en", "all"), await SettingsAsync());
        await Server.Get<UserPreferences>().ChangeAsync(_fixture.Ana.Id, MessagingPermission.Following, "pt", default);
        Assert.Equal(("ana", "pt", "following"), await SettingsAsync());
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    /// <summary>Contacts of the sender with the ids 10, 20, 30 and so on, or others made of their numbers, every so many of which follow it.</summary>
    private Task ContactsAsync(int count, int every, string id = "n * 10") => Server.Server.Store.Main.WriteAsync(
        session => session.Sql(
            $"""
            insert into contact (sender_id, user_id, follows)
            with recursive number (n) as (select @first union all select n + 1 from number where n < @count)
            select @sender, {id}, case when n % @every = 0 then 1 else 0 end from number
            """)
            .Bind("first", 1L).Bind("count", (long)count).Bind("every", (long)every).Bind("sender", _fixture.Furni.Id).RunAsync(default),
        default);

    private async Task<(List<long> Ids, List<int> Pages, List<long> Cursors)> WalkAsync(string query)
    {
        var (ids, pages, cursors, cursor) = (new List<long>(), new List<int>(), new List<long>(), -1L);
        do
        {
            var page = (await Server.GetAsync(_fixture.Sender, $"{Followers}?cursor={cursor}&{query}")).Is(200).Json;
            var found = page.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64()).ToArray();
            ids.AddRange(found);
            pages.Add(found.Length);
            cursor = page.GetProperty("next_cursor").GetInt64();
            Assert.Equal(Text(cursor), page.GetProperty("next_cursor_str").GetString());
            cursors.Add(cursor);
        }
        while (cursor != 0);
        return (ids, pages, cursors);
    }

    private async Task<(string?, string?, string?)> SettingsAsync()
    {
        var settings = (await Server.GetAsync(_fixture.Recipient, "/1.1/account/settings.json")).Is(200).Json;
        return (settings.GetProperty("screen_name").GetString(), settings.GetProperty("language").GetString(), settings.GetProperty("allow_dms_from").GetString());
    }

    private static string Words(JsonElement one) => string.Join(' ', one.GetProperty("connections").EnumerateArray().Select(word => word.GetString()));

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}

public sealed class SqliteConnectionTests() : ConnectionTests(Engine.Sqlite);

public sealed class PostgresConnectionTests() : ConnectionTests(Engine.Postgres);
