using Afterword.Client.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Grants;

/// <summary>Clients that sign the third leg without the request token's secret, as Twitter took it, and what that opens to nobody else.</summary>
public abstract class SecretlessExchangeTests(Engine engine) : IAsyncLifetime
{
    private const string ExchangePath = "/oauth/access_token";

    private GrantFixture _world = null!;

    public async ValueTask InitializeAsync() => _world = await GrantFixture.StartAsync(engine);

    [Fact]
    public async Task A_web_app_gets_the_users_token_with_its_own_secret_and_the_verifier()
    {
        var request = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), request);

        var token = _world.TokenOf((await _world.ExchangeAsync(request with { TokenSecret = null }, verifier)).Is(200));
        (await _world.Server.GetAsync(token, "/1.1/account/verify_credentials.json")).Is(200);
        (await _world.ExchangeAsync(request with { TokenSecret = null }, verifier)).Is(401, 89);
    }

    [Fact]
    public async Task The_token_may_stand_beside_the_verifier_alone_as_in_twitter_lite()
    {
        var request = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), request);
        var path = $"{ExchangePath}?oauth_verifier={verifier}&oauth_token={request.Token}";

        (await SendAsync(path + "&oauth_token=" + request.Token)).Is(400, 215);
        (await SendAsync($"{ExchangePath}?oauth_verifier={verifier}")).Is(400, 215);
        (await SendAsync(path)).Is(200);
    }

    [Theory]
    [InlineData("oob")]
    [InlineData("com.furni.desk:/signed-in")]
    public async Task Where_others_may_hear_the_verifier_or_guess_it_the_secret_is_needed(string callback)
    {
        var request = await _world.BeginAsync(callback);
        var browser = _world.Guest();
        var page = await browser.SubmitAsync((await GrantFixture.AskAsync(browser, request)).Is(200), "/oauth/authorize", ("decision", "allow"));
        var verifier = callback == "oob" ? Pin(page.Is(200).Html) : page.Is(303).Led("oauth_verifier")!;

        (await _world.ExchangeAsync(request with { TokenSecret = null }, verifier)).Is(401, 32);
        (await _world.ExchangeAsync(request, verifier)).Is(200);
    }

    [Fact]
    public async Task Without_the_verifier_of_this_token_and_the_secret_of_this_app_nothing_is_gained()
    {
        var (victims, mallorys) = (await _world.BeginAsync(), await _world.BeginAsync());
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), victims);
        var others = await GrantFixture.AllowAsync(_world.Guest(), mallorys);
        var bare = victims with { TokenSecret = null };
        var other = await GrantFixture.AddAppAsync(_world.Server, "Mallory");

        (await _world.CallAsync(ExchangePath, bare)).Is(400, 38);
        (await _world.ExchangeAsync(bare, others)).Is(401, 32);
        (await _world.ExchangeAsync(bare with { ConsumerSecret = other.ConsumerSecret }, verifier)).Is(401, 32);
        (await _world.ExchangeAsync(bare with { ConsumerKey = other.ConsumerKey, ConsumerSecret = other.ConsumerSecret }, verifier)).Is(401, 89);
        (await _world.ExchangeAsync(bare with { TokenSecret = mallorys.TokenSecret }, verifier)).Is(401, 32);

        // Guesses count as they do with the secret.
        for (var i = 0; i < 4; i++) (await _world.ExchangeAsync(bare, $"wrong{i}")).Is(401, 32);
        (await _world.ExchangeAsync(victims, verifier)).Is(401, 89);
    }

    [Fact]
    public async Task An_access_token_is_never_used_without_its_secret()
    {
        var token = await _world.GrantAsync();

        (await _world.Server.GetAsync(token with { TokenSecret = null }, "/1.1/account/verify_credentials.json")).Is(401, 32);
        (await _world.CallAsync("/1.1/oauth/invalidate_token.json", token with { TokenSecret = null })).Is(401, 32);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private static string Pin(string html) => System.Text.RegularExpressions.Regex.Match(html, "<code id=\"oauth_pin\">(\\d+)</code>").Groups[1].Value;

    /// <summary>Signs with the app's secret alone, without a word of the token in the header.</summary>
    private Task<Answer> SendAsync(string path)
    {
        var header = _world.Server.Sign(new OAuthCredentials(_world.App.ConsumerKey, _world.App.ConsumerSecret, null, null), "POST", new Uri(_world.Server.Url, path), null);
        return _world.Server.SendAsync(null, HttpMethod.Post, path, null, request => request.Headers.TryAddWithoutValidation("Authorization", header));
    }
}

public sealed class SqliteSecretlessExchangeTests() : SecretlessExchangeTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresSecretlessExchangeTests() : SecretlessExchangeTests(Engine.Postgres);
