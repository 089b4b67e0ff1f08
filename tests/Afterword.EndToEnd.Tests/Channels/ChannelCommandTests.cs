using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Channels;

/// <summary>Channels as an operator meets them: the command line beside a running server, which is killed at the worst moment.</summary>
public abstract class ChannelCommandTests
{
    private TestStore _store = null!;
    private string[] _settings = [];

    private protected abstract Task<TestStore> NewStoreAsync();

    [Fact]
    public async Task An_email_that_is_refused_is_shown_and_goes_out_when_it_is_tried_again()
    {
        var refuses = true;
        await using var script = MailScript.Start(command => refuses && command.StartsWith("RCPT", StringComparison.Ordinal) ? "550 5.1.1 No such user\u001b[2J" : null);
        await using var server = await StartAsync(script.Port);
        var (app, token, ada) = await SetUpAsync();
        Assert.Equal(("email", "ada@example.com"), (ada["channel"], ada["mail"]));

        var id = (await AskAsync(server, app, token, ada))["id"];
        var shown = await ShownAsync("dead");
        Assert.Equal((id, "ada", "refused", 550), (shown.GetProperty("feedback").GetString(), shown.GetProperty("recipient").GetString(), shown.GetProperty("attempts")[0].GetProperty("outcome").GetString(), shown.GetProperty("attempts")[0].GetProperty("status").GetInt32()));
        Assert.DoesNotContain("\u001b", (await Command.RunAsync(["channel", "show", "@furni", .. Place()])).Is(0).Output, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("channel", "list")).Is(0).Json.GetProperty("channels")[0].GetProperty("dead").GetInt32());
        Assert.Equal(1, (await RunAsync("doctor")).Is(0).Json.GetProperty("rows").GetProperty("dead requests").GetInt32());

        refuses = false;
        Assert.Equal(1, (await RunAsync("channel", "retry", "@furni", "--feedback", id)).Is(0).Json.GetProperty("retried").GetInt32());
        await ShownAsync("sent");
        Assert.Single(script.Emails);
        (await RunAsync("channel", "retry", "@furni", "--feedback", id)).Is(1);
        (await RunAsync("doctor")).Is(0);
        Assert.DoesNotContain(server.Errors, line => line.Contains("ada@example.com", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_is_killed_when_its_email_was_taken_sends_it_again_under_its_id_and_says_so()
    {
        var holds = true;
        await using var script = MailScript.Start(command => holds && command == "." ? MailScript.Hang : null);
        string id;
        await using (var server = await StartAsync(script.Port))
        {
            var (app, token, ada) = await SetUpAsync();
            id = (await AskAsync(server, app, token, ada))["id"];
            while (script.Emails.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);
            Assert.Equal(ServerProcess.KilledCode, await server.KillAsync());
        }

        holds = false;

        // As if its lease had run out: on a shared database nobody can know sooner that it is dead.
        await _store.RunAsync("update dispatch set due_at = 0");
        await using var next = await ServerProcess.StartAsync(_store, _settings);
        var shown = await ShownAsync("sent");

        Assert.True(shown.GetProperty("maybe_twice").GetBoolean());
        Assert.Equal(["sent", "uncertain"], shown.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("outcome").GetString()));
        Assert.Equal(2, script.Emails.Count);
        Assert.All(script.Emails, email => Assert.Contains($"<{id}@feedback.example>", email, StringComparison.Ordinal));
        Assert.Contains("maybe sent twice", (await Command.RunAsync(["channel", "show", "@furni", .. Place()])).Is(0).Output, StringComparison.Ordinal);
        (await RunAsync("doctor")).Is(0);
    }

    [Fact]
    public async Task Users_are_added_imported_and_changed_with_their_channel()
    {
        _store = await NewStoreAsync();
        Assert.Contains("Mail:Host", (await RunAsync("user", "add", "@ada", "--name", "Ada", "--channel", "email", "--mail", "ada@example.com")).Is(1).Errors, StringComparison.Ordinal);
        _settings = Email(25);

        Assert.Equal("built-in", (await RunAsync("user", "add", "@ada", "--name", "Ada", "--mail", "ada@example.com")).Is(0)["channel"]);
        Assert.Equal(("email", "ada@example.com"), ((await RunAsync("user", "channel", "@ada", "email")).Is(0)["channel"], (await RunAsync("user", "show", "@ada")).Is(0)["mail"]));
        Assert.Contains("an address", (await RunAsync("user", "add", "@bo", "--name", "Bo", "--channel", "email")).Is(2).Errors.Replace("a mail address", "an address", StringComparison.Ordinal), StringComparison.Ordinal);
        (await RunAsync("user", "channel", "@ada", "pigeon")).Is(2);
        (await RunAsync("user", "add", "@bo", "--name", "Bo", "--mail", "bo@example.com\nBcc: eve@example.com")).Is(2);

        using var folder = TestFolder.Create("users");
        var file = Path.Combine(folder.Path, "users.csv");
        await File.WriteAllTextAsync(file, "handle,name,channel,mail\nbo,Bo,webhook,\ncy,Cy,email,cy@example.com\ndi,Di,,\n");
        (await RunAsync("user", "import", file)).Is(0);
        Assert.Equal(("webhook", "email", "built-in"), ((await RunAsync("user", "show", "@bo"))["channel"], (await RunAsync("user", "show", "@cy"))["channel"], (await RunAsync("user", "show", "@di"))["channel"]));

        await File.WriteAllTextAsync(file, "handle,name,channel,mail\nex,Ex,email,\nfi,Fi,email,fi@\n");
        var errors = (await RunAsync("user", "import", file)).Is(1).Errors;
        Assert.Contains("line 2: the channel email needs a mail address", errors, StringComparison.Ordinal);
        Assert.Contains("line 3: the mail address is \"fi@\"", errors, StringComparison.Ordinal);
        (await RunAsync("doctor")).Is(0);
    }

    [Fact]
    public async Task A_sender_takes_its_requests_over_once_it_has_an_address()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var server = await StartAsync(0, "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true");
        var (app, token, ada) = await SetUpAsync("webhook");
        await AskAsync(server, app, token, ada);
        Assert.Contains("not configured", (await ShownAsync("waiting")).GetProperty("reason").GetString(), StringComparison.Ordinal);

        (await RunAsync("channel", "test", "webhook", "@furni")).Is(1);
        Assert.StartsWith("whsec_", (await RunAsync("allow", "channel", "@furni", receiver.Url.ToString(), "--basic", "u:p")).Is(0)["secret"], StringComparison.Ordinal);
        await ShownAsync("sent");
        (await RunAsync("channel", "test", "webhook", "@furni")).Is(0);
        Assert.Equal([false, true], receiver.All.Select(got => got.Json.GetProperty("feedback").GetProperty("test").GetBoolean()));
        Assert.Equal(receiver.Url.ToString(), (await RunAsync("allow", "list")).Is(0).Json.GetProperty("channels")[0].GetProperty("url").GetString());
        (await RunAsync("deny", "channel", "@furni")).Is(0);
        (await RunAsync("deny", "channel", "@furni")).Is(1);
        (await RunAsync("allow", "channel", "@furni", "ftp://x.example/")).Is(2);
        (await RunAsync("doctor")).Is(0);
    }

    [Fact]
    public async Task A_sender_gets_access_to_its_helpdesk_and_to_X_tries_it_and_loses_it()
    {
        await using var other = await Receiver.StartAsync();
        using var folder = TestFolder.Create("keys");
        var (token, keys) = (Path.Combine(folder.Path, "token"), Path.Combine(folder.Path, "keys"));
        await File.WriteAllTextAsync(token, "desk-token-kept\n");
        await File.WriteAllTextAsync(keys, "api_key=a\napi_key_secret=kept\naccess_token=c\naccess_token_secret=kept\n");
        _store = await NewStoreAsync();
        _settings = ["Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true"];
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        Assert.Equal(("x", "2244994945"), ((await RunAsync("user", "add", "@ada", "--name", "Ada", "--channel", "x", "--x-user-id", "2244994945")).Is(0)["channel"], (await RunAsync("user", "channel", "@ada", "x")).Is(0)["x_user_id"]));
        (await RunAsync("user", "add", "@bo", "--name", "Bo", "--channel", "x")).Is(2);

        string[] conversation = ["allow", "channel", "@furni", "conversation", "--url", other.Url.ToString(), "--account", "7"], x = ["allow", "channel", "@furni", "x", "--url", other.Url.ToString()];
        foreach (var wrong in (string[][])[conversation, [.. conversation, "--kind", "pigeon", "--token-file", token], x, [.. x, "--keys-file", token], [.. x, "--keys-file", keys, "--token-file", token], ["allow", "channel", "@furni", "https://desk.example", "--kind", "zammad"], ["allow", "webhook", "@furni", "https://desk.example", "--format", "pigeon"]])
        {
            var said = (await RunAsync(wrong)).Is(2);
            Assert.DoesNotContain("kept", said.Errors, StringComparison.Ordinal);
        }

        foreach (var test in (string[])["conversation", "x"]) (await RunAsync("channel", "test", test, "@furni")).Is(1);
        foreach (var allow in (string[][])[[.. conversation, "--kind", "chatwoot", "--token-file", token], [.. x, "--keys-file", keys]]) Assert.DoesNotContain("kept", (await RunAsync(allow)).Is(0).Output, StringComparison.Ordinal);
        foreach (var test in (string[])["conversation", "x"]) (await RunAsync("channel", "test", test, "@furni")).Is(0);
        Assert.Equal(["/api/v1/accounts/7/conversations/meta", "/2/users/me"], other.All.Select(got => got.Path));
        Assert.Equal(["conversation chatwoot", "x "], (await RunAsync("allow", "list")).Is(0).Json.GetProperty("channels").EnumerateArray()
            .Select(one => $"{one.GetProperty("channel").GetString()} {(one.TryGetProperty("kind", out var kind) ? kind.GetString() : "")}"));
        (await RunAsync("doctor")).Is(0);

        foreach (var channel in (string[])["conversation", "x"])
        {
            (await RunAsync("deny", "channel", "@furni", channel)).Is(0);
            (await RunAsync("deny", "channel", "@furni", channel)).Is(1);
        }
    }

    private static string[] Email(int port) => ["PublicUrl=https://feedback.example", "Mail:Host=127.0.0.1", FormattableString.Invariant($"Mail:Port={port}"), "Mail:Tls=none", "Mail:From=f@mail.example"];

    private static string[] Set(params string[] settings) => [.. settings.SelectMany(setting => (string[])["--set", setting])];

    private async Task<ServerProcess> StartAsync(int emailPort, params string[] settings)
    {
        _store = await NewStoreAsync();
        _settings = ["Limits:RecipientInterval=00:00:00", .. emailPort == 0 ? [] : Email(emailPort), .. settings];
        return await ServerProcess.StartAsync(_store, _settings);
    }

    private async Task<(Command App, Command Token, Command Ada)> SetUpAsync(string channel = "email")
    {
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        var ada = (await RunAsync("user", "add", "@ada", "--name", "Ada", "--channel", channel, "--mail", "ada@example.com")).Is(0);
        var app = (await RunAsync("app", "add", "Helpdesk")).Is(0);
        var token = (await RunAsync("token", "issue", app["consumer_key"], "@furni")).Is(0);
        (await RunAsync("allow", "app", app["consumer_key"])).Is(0);
        (await RunAsync("allow", "sender", "@furni")).Is(0);
        return (app, token, ada);
    }

    private static async Task<Command> AskAsync(ServerProcess server, Command app, Command token, Command ada) => (await Command.RunAsync(
    [
        "call", "POST", "/1.1/feedback/create.json", "type=csat", $"to_user_id={ada["id"]}", "message=How did we do?", "privacy_url=https://furni.example/p",
        "--server", server.Url.ToString(), "--key", app["consumer_key"], "--secret", app["consumer_secret"], "--token", token["oauth_token"], "--token-secret", token["oauth_token_secret"],
    ])).Is(0);

    /// <summary>Waits until the only request is in this state.</summary>
    private async Task<System.Text.Json.JsonElement> ShownAsync(string state)
    {
        while (true)
        {
            var requests = (await RunAsync("channel", "show", "@furni")).Is(0).Json.GetProperty("requests");
            if (requests.GetArrayLength() == 1 && requests[0].GetProperty("state").GetString() == state) return requests[0];

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private string[] Place() => [$"--{_store.Place.Key.ToLowerInvariant()}", _store.Place.Value];

    private Task<Command> RunAsync(params string[] arguments) => Command.RunAsync([.. arguments, .. Place(), .. Set(_settings), "--json"]);
}

public sealed class SqliteChannelCommandTests : ChannelCommandTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();
}

[LongForm]
public sealed class PostgresChannelCommandTests : ChannelCommandTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
}
