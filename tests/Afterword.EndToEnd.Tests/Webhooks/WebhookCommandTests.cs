using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Webhooks;

/// <summary>Webhooks as an operator meets them: the command line beside a running server, and a receiver that checks signatures with someone else's code.</summary>
public abstract class WebhookCommandTests : IAsyncLifetime
{
    internal static readonly string[] Development = ["--set", "Webhooks:AllowPlainHttp=true", "--set", "Webhooks:AllowPrivateAddresses=true"];

    private TestStore _store = null!;
    private ServerProcess _server = null!;

    private protected abstract Task<TestStore> NewStoreAsync();

    public async ValueTask InitializeAsync()
    {
        _store = await NewStoreAsync();
        _server = await ServerProcess.StartAsync(_store, "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Limits:RecipientInterval=00:00:00", "Webhooks:RetrySchedule=1s");
    }

    [Fact]
    public async Task What_a_receiver_gets_is_genuine_to_an_independent_verifier()
    {
        await using var receiver = await Receiver.StartAsync();
        var (app, token, ana) = await SetUpAsync();
        var webhook = (await RunAsync("allow", "webhook", "@furni", receiver.Url.ToString(), "--basic", "user:pass")).Is(0);
        Assert.StartsWith("whsec_", webhook["secret"], StringComparison.Ordinal);
        Assert.Equal(receiver.Url.ToString(), webhook["url"]);

        await AskAsync(app, token, ana, "Grüße, \u6f22\u5b57 \U0001F642");
        await WaitAsync(() => receiver.All.Count == 1);
        var rotated = (await RunAsync("webhook", "rotate", webhook["id"])).Is(0);
        (await RunAsync("webhook", "test", webhook["id"])).Is(0);

        var all = receiver.All.ToArray();
        Assert.True(all[1].Json.GetProperty("feedback").GetProperty("test").GetBoolean());

        // From now on the server signs with both.
        await AskAsync(app, token, ana, "Again");
        await WaitAsync(() => receiver.All.Count == 3);
        var last = receiver.All.Last();
        var judged = await Verifier.JudgeAsync(
            (webhook["secret"], all[0]), (rotated["secret"], all[1]), (webhook["secret"], last), (rotated["secret"], last),
            (rotated["secret"], all[0]), (webhook["secret"], all[0] with { Body = [.. all[0].Body, (byte)' '] }));
        Assert.Equal(["ok", "ok", "ok", "ok", "No matching signature found", "No matching signature found"], judged);
    }

    [Fact]
    public async Task An_endpoint_is_listed_shown_switched_replayed_and_removed()
    {
        var status = 500;
        await using var receiver = await Receiver.StartAsync(async (http, _) =>
        {
            http.Response.StatusCode = status;
            await http.Response.Body.WriteAsync("out of order\u001b[2J"u8.ToArray());
        });
        var (app, token, ana) = await SetUpAsync();
        var id = (await RunAsync("allow", "webhook", "@furni", receiver.Url.ToString())).Is(0)["id"];
        await AskAsync(app, token, ana, "Hello");

        await WaitAsync(async () => (await RunAsync("webhook", "show", id, "--dead")).Is(0).Json.GetProperty("deliveries").GetArrayLength() == 1);
        var shown = (await RunAsync("webhook", "show", id)).Is(0).Json;
        Assert.Equal((1, 0), (shown.GetProperty("dead").GetInt32(), shown.GetProperty("waiting").GetInt32()));
        var attempts = shown.GetProperty("deliveries")[0].GetProperty("attempts");
        Assert.Equal(2, attempts.GetArrayLength());
        Assert.Equal((500, "out of order\u001b[2J"), (attempts[0].GetProperty("status").GetInt32(), attempts[0].GetProperty("answer").GetString()));
        Assert.DoesNotContain("\u001b", (await Command.RunAsync(["webhook", "show", id, .. Place()])).Is(0).Output, StringComparison.Ordinal);

        (await RunAsync("webhook", "test", id)).Is(1);
        status = 200;
        (await RunAsync("webhook", "disable", id)).Is(0);
        Assert.Equal(1, (await RunAsync("webhook", "replay", id, "--dead")).Is(0).Json.GetProperty("replayed").GetInt32());
        await AskAsync(app, token, ana, "While it is off");
        Assert.Equal(2, (await RunAsync("webhook", "list", "@furni")).Is(0).Json.GetProperty("webhooks")[0].GetProperty("waiting").GetInt32());
        var before = receiver.All.Count;

        Assert.True((await RunAsync("webhook", "enable", id)).Is(0).Json.GetProperty("active").GetBoolean());
        await WaitAsync(() => receiver.All.Count == before + 2);
        await WaitAsync(async () => (await RunAsync("webhook", "list")).Is(0).Json.GetProperty("webhooks")[0].GetProperty("waiting").GetInt32() == 0);
        (await RunAsync("doctor")).Is(0);

        (await RunAsync("deny", "webhook", id)).Is(0);
        Assert.Equal(0, (await RunAsync("webhook", "list")).Is(0).Json.GetProperty("webhooks").GetArrayLength());
        (await RunAsync("doctor")).Is(0);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _server.DisposeAsync();
    }

    private static Task WaitAsync(Func<bool> condition) => WaitAsync(() => Task.FromResult(condition()));

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        while (!await condition()) await Task.Delay(50, TestContext.Current.CancellationToken);
    }

    private async Task<(Command App, Command Token, string Ana)> SetUpAsync()
    {
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        var ana = (await RunAsync("user", "add", "@ana", "--name", "Ana")).Is(0);
        var app = (await RunAsync("app", "add", "Helpdesk")).Is(0);
        var token = (await RunAsync("token", "issue", app["consumer_key"], "@furni")).Is(0);
        (await RunAsync("allow", "app", app["consumer_key"])).Is(0);
        (await RunAsync("allow", "sender", "@furni")).Is(0);
        return (app, token, ana["id"]);
    }

    private async Task AskAsync(Command app, Command token, string to, string message) => (await Command.RunAsync(
    [
        "call", "POST", "/1.1/feedback/create.json", "type=csat", $"to_user_id={to}", $"message={message}", "external_id=Grüße \"1\"", "privacy_url=https://furni.example/p",
        "--server", _server.Url.ToString(), "--key", app["consumer_key"], "--secret", app["consumer_secret"], "--token", token["oauth_token"], "--token-secret", token["oauth_token_secret"],
    ])).Is(0);

    private string[] Place() => [$"--{_store.Place.Key.ToLowerInvariant()}", _store.Place.Value];

    private Task<Command> RunAsync(params string[] arguments) => Command.RunAsync([.. arguments, .. Place(), .. Development, "--json"]);
}

public sealed class SqliteWebhookCommandTests : WebhookCommandTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();
}

[LongForm]
public sealed class PostgresWebhookCommandTests : WebhookCommandTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
}
