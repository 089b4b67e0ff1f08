using System.Net.Http.Headers;
using System.Web;
using Afterword.Client.OAuth;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.Server.Tests.Grants;

/// <summary>A server with an app and two users who can sign in, and the three legs as calls.</summary>
internal sealed class GrantFixture : IAsyncDisposable
{
    public const string Callback = "https://desk.example/signed-in?from=afterword";
    public const string Password = "correct horse battery staple";

    private GrantFixture(TestServer server, NewApp app, User ana) => (Server, App, Ana) = (server, app, ana);

    public TestServer Server { get; }

    public NewApp App { get; }

    public User Ana { get; }

    public static Task<GrantFixture> StartAsync(Engine engine, params string[] settings) => StartAsync(engine, null, settings);

    public static async Task<GrantFixture> StartAsync(Engine engine, Action<IServiceCollection>? replace, params string[] settings)
    {
        var server = await TestServer.StartAsync(engine, replace, settings);
        var app = await AddAppAsync(server, "Furni Desk");
        return new(server, app, await AddUserAsync(server, "ana"));
    }

    public static async Task<User> AddUserAsync(TestServer server, string handle) =>
        (await server.Get<UserAccounts>().AddAsync(handle, handle.ToUpperInvariant(), Password, MessagingPermission.Anyone, default))!;

    public static async Task<NewApp> AddAppAsync(TestServer server, string name)
    {
        var app = await server.Get<Apps>().AddAsync(name, [Callback, "com.furni.desk:/signed-in", "oob"], default);
        await server.Get<Apps>().AllowAsync(app.ConsumerKey, true, default);
        return app;
    }

    public TestBrowser Guest() => new(Server);

    /// <summary>The first leg.</summary>
    public Task<Answer> RequestTokenAsync(params (string Name, string Value)[] arguments) =>
        CallAsync("/oauth/request_token", new(App.ConsumerKey, App.ConsumerSecret, null, null), arguments);

    /// <summary>The first leg, to a token.</summary>
    public async Task<OAuthCredentials> BeginAsync(string callback = Callback, string? access = null)
    {
        var answer = (await RequestTokenAsync([("oauth_callback", callback), .. access is null ? [] : new[] { ("x_auth_access_type", access) }])).Is(200);
        var form = HttpUtility.ParseQueryString(answer.Body);
        Assert.Equal("true", form["oauth_callback_confirmed"]);
        return new(App.ConsumerKey, App.ConsumerSecret, form["oauth_token"], form["oauth_token_secret"]);
    }

    /// <summary>The second leg up to the question.</summary>
    public static async Task<Page> AskAsync(TestBrowser browser, OAuthCredentials request, string handle = "ana") =>
        await browser.SignInAsync((await browser.GetAsync($"/oauth/authorize?oauth_token={request.Token}")).Is(200), handle, Password);

    /// <summary>The second leg to its end; gives the verifier.</summary>
    public static async Task<string> AllowAsync(TestBrowser browser, OAuthCredentials request, string handle = "ana")
    {
        var question = (await AskAsync(browser, request, handle)).Is(200);
        return (await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"))).Is(303).Led("oauth_verifier")!;
    }

    /// <summary>The third leg.</summary>
    public Task<Answer> ExchangeAsync(OAuthCredentials request, string verifier) => CallAsync("/oauth/access_token", request, ("oauth_verifier", verifier));

    /// <summary>All three legs.</summary>
    public async Task<OAuthCredentials> GrantAsync(string? access = null, TestBrowser? browser = null)
    {
        var request = await BeginAsync(access: access);
        browser ??= Guest();
        var page = (await browser.GetAsync($"/oauth/authorize?oauth_token={request.Token}")).Is(200);
        if (page.Html.Contains("type=\"password\"", StringComparison.Ordinal)) page = await browser.SignInAsync(page, "ana", Password);
        var verifier = (await browser.SubmitAsync(page, "/oauth/authorize", ("decision", "allow"))).Is(303).Led("oauth_verifier")!;
        return TokenOf((await ExchangeAsync(request, verifier)).Is(200));
    }

    public OAuthCredentials TokenOf(Answer answer)
    {
        var form = HttpUtility.ParseQueryString(answer.Body);
        return new(App.ConsumerKey, App.ConsumerSecret, form["oauth_token"], form["oauth_token_secret"]);
    }

    /// <summary>A signed POST with its arguments in the body, as most clients send them.</summary>
    public Task<Answer> CallAsync(string path, OAuthCredentials who, params (string Name, string Value)[] arguments) => Server.PostAsync(who, path, arguments);

    /// <summary>A signed POST with its arguments among the header's parameters, as the others do.</summary>
    public Task<Answer> CallWithHeaderAsync(string path, OAuthCredentials who, params (string Name, string Value)[] arguments) => Server.SendAsync(
        null, HttpMethod.Post, path, null,
        request => request.Headers.Authorization = AuthenticationHeaderValue.Parse(Server.Sign(who, "POST", request.RequestUri!, null, more: arguments)));

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
