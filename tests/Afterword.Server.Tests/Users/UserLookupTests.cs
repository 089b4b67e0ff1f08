using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Users;

/// <summary>Users look each other up.</summary>
public abstract class UserLookupTests(Engine engine) : IAsyncLifetime
{
    private const string Lookup = "/1.1/users/lookup.json";

    private TestServer _server = null!;
    private NewApp _app = null!;
    private User _furni = null!;
    private User _ana = null!;
    private OAuthCredentials _token = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _app = await _server.AppAsync(allowed: false);
        _furni = await _server.UserAsync("Furni");
        _ana = await _server.UserAsync("ana");
        _token = await _server.TokenAsync(_app, _furni, Permission.Read);
    }

    [Fact]
    public async Task A_user_object_has_the_documented_shape()
    {
        var shown = (await ShowAsync($"user_id={_ana.Id}")).Is(200);

        Assert.Equal("application/json; charset=utf-8", shown.Headers["Content-Type"]);
        Golden.Matches("user.json", Anonymous(shown.Body, _ana));
    }

    [Fact]
    public async Task The_caller_sees_itself()
    {
        var own = (await _server.GetAsync(_token, "/1.1/account/verify_credentials.json")).Is(200);

        Assert.Equal("Furni", own.Text("screen_name"));
        Assert.Equal(_furni.Id, own.Json.GetProperty("id").GetInt64());
        Assert.False(own.Json.GetProperty("can_dm").GetBoolean());
        Assert.Equal(own.Body, (await ShowAsync("screen_name=furni")).Is(200).Body);
    }

    [Fact]
    public async Task The_language_is_the_accounts()
    {
        await _server.Server.Store.Main.WriteAsync(session => session.Sql("update account set language = 'pt-BR' where id = @id").Bind("id", _ana.Id).RunAsync(default), default);

        Assert.Equal("pt-BR", (await ShowAsync("screen_name=ana")).Text("lang"));
    }

    [Fact]
    public async Task The_picture_is_served_by_this_server()
    {
        var address = new Uri((await ShowAsync("screen_name=ana")).Text("profile_image_url_https"));
        Assert.Equal(_server.Url.Authority, address.Authority);

        var picture = (await _server.SendAsync(null, HttpMethod.Get, address.PathAndQuery, null)).Is(200);
        Assert.Equal("image/png", picture.Headers["Content-Type"]);

        await using var behindProxy = await TestServer.StartAsync(engine, "PublicUrl=https://feedback.example");
        var caller = await behindProxy.TokenAsync(await behindProxy.AppAsync(), await behindProxy.UserAsync("bob"));
        Assert.StartsWith(
            "https://feedback.example/", (await behindProxy.GetAsync(caller, "/1.1/account/verify_credentials.json")).Text("profile_image_url"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("screen_name=ana")]
    [InlineData("screen_name=ANA")]
    [InlineData("screen_name=%40ana")]
    public async Task A_handle_is_found_in_any_letter_case(string query) => Assert.Equal("ana", (await ShowAsync(query)).Is(200).Text("screen_name"));

    [Fact]
    public async Task Of_id_and_handle_the_id_counts() => Assert.Equal("ana", (await ShowAsync($"user_id={_ana.Id}&screen_name=furni")).Is(200).Text("screen_name"));

    [Theory]
    [InlineData("", 400, 38, "user_id parameter is missing.")]
    [InlineData("user_id=&screen_name=", 400, 38, "user_id parameter is missing.")]
    [InlineData("user_id=x", 400, 44, "user_id parameter is invalid: a decimal id.")]
    [InlineData("user_id=-1", 400, 44, "user_id parameter is invalid: a decimal id.")]
    [InlineData("user_id=1&user_id=2", 400, 44, "user_id parameter is invalid: given more than once.")]
    [InlineData("screen_name=%FF", 400, 44, "screen_name parameter is invalid: text in UTF-8.")]
    [InlineData("user_id=9223372036854775807", 404, 50, "User not found.")]
    [InlineData("screen_name=nobody", 404, 50, "User not found.")]
    [InlineData("screen_name=a%00b", 404, 50, "User not found.")]
    [InlineData("screen_name=%F0%9F%91%8B", 404, 50, "User not found.")]
    [InlineData("screen_name=sixteen_letters_", 404, 50, "User not found.")]
    public async Task Who_is_not_there_is_not_shown(string query, int status, int code, string message)
    {
        var refused = (await ShowAsync(query)).Is(status, code);

        Assert.Equal([message], refused.Messages);
        Assert.Equal(899, refused.Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task A_suspended_user_is_not_shown()
    {
        await _server.Get<UserAccounts>().SuspendAsync("ana", true, default);

        (await ShowAsync("screen_name=ana")).Is(403, 63);
    }

    [Fact]
    public async Task Many_users_are_looked_up_in_the_order_of_the_request()
    {
        var bea = await _server.UserAsync("bea");
        var gone = await _server.UserAsync("gone");
        await _server.Get<UserAccounts>().SuspendAsync("gone", true, default);

        var form = new[] { ("user_id", $"{bea.Id},404,{gone.Id}, {_ana.Id}"), ("screen_name", "nobody,Furni,BEA") };
        var posted = (await _server.PostAsync(_token, Lookup, form)).Is(200);

        Assert.Equal(["bea", "ana", "Furni"], posted.Json.EnumerateArray().Select(user => user.GetProperty("screen_name").GetString()));
        Assert.Equal(posted.Body, (await _server.GetAsync(_token, $"{Lookup}?{System.Text.Encoding.ASCII.GetString(TestServer.Form(form))}")).Is(200).Body);
        Assert.Equal($"[{(await ShowAsync("screen_name=ana")).Body}]", (await _server.PostAsync(_token, Lookup, ("screen_name", "ana"))).Is(200).Body);
    }

    [Fact]
    public async Task A_hundred_terms_are_looked_up_and_not_one_more()
    {
        var ids = Enumerable.Range(0, 50).Select(_ => Id(_ana)).ToArray();
        var handles = Enumerable.Range(0, 50).Select(i => $"u{i}").ToArray();
        Task<Answer> PostAsync(params string[] more) => _server.PostAsync(_token, Lookup, ("user_id", string.Join(',', ids)), ("screen_name", string.Join(',', [.. handles, .. more])));

        Assert.Equal(1, (await PostAsync()).Is(200).Json.GetArrayLength());
        Assert.Equal(["Too many terms specified in query."], (await PostAsync("ana")).Is(403, 18).Messages);
    }

    [Theory]
    [InlineData("screen_name=nobody,a%00b&user_id=404", 404, 17)]
    [InlineData("", 400, 38)]
    [InlineData("user_id=,&screen_name=,%20,", 400, 38)]
    [InlineData("user_id=1,x", 400, 44)]
    [InlineData("user_id=1,-2", 400, 44)]
    public async Task A_lookup_that_finds_nobody_is_refused(string query, int status, int code) => (await _server.GetAsync(_token, $"{Lookup}?{query}")).Is(status, code);

    [Theory]
    [InlineData("/1.1/account/verify_credentials.json")]
    [InlineData("/1.1/users/show.json?screen_name=ana")]
    [InlineData("/1.1/users/lookup.json?screen_name=ana")]
    [InlineData("/1.1/friendships/show.json?target_screen_name=ana")]
    public async Task Calls_are_counted_per_user_app_and_route(string path)
    {
        await using var server = await TestServer.StartAsync(engine, "Limits:UsersPer15Minutes=2");
        var (app, bob) = (await server.AppAsync(), await server.UserAsync("bob"));
        await server.UserAsync("ana");
        var caller = await server.TokenAsync(app, bob);

        Assert.Equal(1, (await server.GetAsync(caller, path)).Is(200).Header("x-rate-limit-remaining"));
        (await server.GetAsync(caller, path)).Is(200);
        var refused = (await server.GetAsync(caller, path)).Is(429, 88);
        Assert.Equal((2, 0, 900), (refused.Header("x-rate-limit-limit"), refused.Header("x-rate-limit-remaining"), refused.Header("Retry-After")));

        (await server.GetAsync(await server.TokenAsync(await server.AppAsync(), bob), path)).Is(200);
        await server.AdvanceAsync(TimeSpan.FromMinutes(15));
        (await server.GetAsync(caller, path)).Is(200);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task<Answer> ShowAsync(string query) => _server.GetAsync(_token, $"/1.1/users/show.json?{query}");

    private string Anonymous(string body, User user) =>
        body.Replace(Id(user), "ID", StringComparison.Ordinal).Replace(_server.Url.GetLeftPart(UriPartial.Authority), "http://server", StringComparison.Ordinal);

    private static string Id(User user) => user.Id.ToString(CultureInfo.InvariantCulture);
}

public sealed class SqliteUserLookupTests() : UserLookupTests(Engine.Sqlite);

public sealed class PostgresUserLookupTests() : UserLookupTests(Engine.Postgres);
