using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Grants;

/// <summary>What clients in use do beside the letter of RFC 5849, and what is not let through with it.</summary>
public abstract class ClientQuirkTests(Engine engine) : IAsyncLifetime
{
    private GrantFixture _world = null!;

    public async ValueTask InitializeAsync() => _world = await GrantFixture.StartAsync(engine);

    private OAuthCredentials Bare => new(_world.App.ConsumerKey, _world.App.ConsumerSecret, null, null);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_callback_in_header_and_query_is_signed_once_or_twice(bool once)
    {
        (await EchoAsync("/oauth/request_token", Bare, once, inBody: false, ("oauth_callback", GrantFixture.Callback))).Is(200);
        (await EchoAsync("/oauth/request_token", Bare, once, inBody: true, ("oauth_callback", GrantFixture.Callback))).Is(200);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_and_verifier_in_header_and_body_are_signed_once_or_twice(bool once)
    {
        var request = await _world.BeginAsync();
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), request);

        (await EchoAsync("/oauth/access_token", request, once, inBody: true, ("oauth_token", request.Token!), ("oauth_verifier", verifier))).Is(200);
    }

    [Fact]
    public async Task A_token_beside_the_one_that_signs_must_be_the_same()
    {
        var (mine, other) = (await _world.BeginAsync(), await _world.BeginAsync());
        var verifier = await GrantFixture.AllowAsync(_world.Guest(), other);

        (await _world.CallAsync("/oauth/access_token", mine, ("oauth_token", other.Token!), ("oauth_verifier", verifier))).Is(400, 215);
        (await _world.CallAsync("/oauth/access_token", other, ("oauth_token", other.Token!), ("oauth_verifier", verifier))).Is(200);
    }

    [Theory]
    [InlineData(true, 400, 44)]
    [InlineData(false, 401, 32)]
    public async Task A_callback_that_differs_between_header_and_query_is_refused(bool signed, int status, int code)
    {
        const string path = "/oauth/request_token";
        const string other = path + "?oauth_callback=oob";
        (await SendAsync(other, null, Sign(Bare, signed ? other : path, null, ("oauth_callback", GrantFixture.Callback)))).Is(status, code);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    /// <summary>Sends the arguments in the header and again in query or body; the signature covers them once or twice.</summary>
    private Task<Answer> EchoAsync(string path, OAuthCredentials who, bool once, bool inBody, params (string Name, string Value)[] arguments)
    {
        var form = TestServer.Form(arguments);
        var sent = inBody ? path : $"{path}?{Encoding.ASCII.GetString(form)}";
        var header = Sign(who, once ? path : sent, once || !inBody ? null : form, [.. arguments.Where(argument => argument.Name != "oauth_token")]);
        return SendAsync(sent, inBody ? form : null, header);
    }

    private string Sign(OAuthCredentials who, string path, byte[]? form, params (string Name, string Value)[] inHeader) =>
        _world.Server.Sign(who, "POST", new Uri(_world.Server.Url, path), form, more: inHeader);

    private Task<Answer> SendAsync(string path, byte[]? form, string header) =>
        _world.Server.SendAsync(null, HttpMethod.Post, path, form, request => request.Headers.TryAddWithoutValidation("Authorization", header));
}

public sealed class SqliteClientQuirkTests() : ClientQuirkTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresClientQuirkTests() : ClientQuirkTests(Engine.Postgres);
