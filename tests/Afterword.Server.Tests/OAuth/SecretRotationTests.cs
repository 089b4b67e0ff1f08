using Afterword.Client.OAuth;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.OAuth;

/// <summary>An app's secret is replaced without a moment in which its programs are refused.</summary>
public abstract class SecretRotationTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task Both_secrets_sign_while_they_overlap_and_the_old_one_ends_on_time()
    {
        var old = _fixture.Sender;
        var young = old with { ConsumerSecret = (await RotateAsync(TimeSpan.FromHours(24)))! };
        foreach (var who in new[] { old, young }) (await CallAsync(who)).Is(200);
        (await CallAsync(old with { ConsumerSecret = "neither" })).Is(401);
        await Server.AllIsWellAsync();

        Server.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(5) - TimeSpan.FromMilliseconds(1));
        foreach (var who in new[] { old, young }) (await CallAsync(who)).Is(200);
        Server.Clock.Advance(TimeSpan.FromMilliseconds(1));
        (await CallAsync(old)).Is(401);
        (await CallAsync(young)).Is(200);

        await Server.Get<Apps>().PurgeAsync(default);
        Assert.Equal(0, await Server.CountAsync("app", "old_secret is not null or old_secret_until is not null"));
    }

    [Fact]
    public async Task A_second_rotation_ends_the_first_secret_and_none_may_overlap()
    {
        var first = _fixture.Sender;
        var second = first with { ConsumerSecret = (await RotateAsync(TimeSpan.FromHours(24)))! };
        var third = first with { ConsumerSecret = (await RotateAsync(TimeSpan.FromHours(24)))! };
        (await CallAsync(first)).Is(401);
        foreach (var who in new[] { second, third }) (await CallAsync(who)).Is(200);

        var fourth = first with { ConsumerSecret = (await RotateAsync(TimeSpan.Zero))! };
        foreach (var who in new[] { first, second, third }) (await CallAsync(who)).Is(401);
        (await CallAsync(fourth)).Is(200);
        Assert.Null(await Server.Get<Apps>().RotateSecretAsync("nobody", TimeSpan.Zero, default));
    }

    [Fact]
    public async Task Both_secrets_get_a_token_in_three_legs()
    {
        var young = (await RotateAsync(TimeSpan.FromHours(1)))!;
        foreach (var secret in new[] { _fixture.App.ConsumerSecret, young })
        {
            (await Server.SendAsync(new OAuthCredentials(_fixture.App.ConsumerKey, secret), HttpMethod.Post, "/oauth/request_token", TestServer.Form(("oauth_callback", "oob")))).Is(200);
        }
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<string?> RotateAsync(TimeSpan overlap)
    {
        var secret = await Server.Get<Apps>().RotateSecretAsync(_fixture.App.ConsumerKey, overlap, default);

        // Until a node looks again.
        Server.Clock.Advance(TimeSpan.FromSeconds(5));
        return secret;
    }

    private Task<Answer> CallAsync(OAuthCredentials who) => Server.GetAsync(who, "/1.1/account/verify_credentials.json");
}

public sealed class SqliteSecretRotationTests() : SecretRotationTests(Engine.Sqlite);

public sealed class PostgresSecretRotationTests() : SecretRotationTests(Engine.Postgres);
