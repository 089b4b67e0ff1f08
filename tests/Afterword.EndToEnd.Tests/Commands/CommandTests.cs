using System.Globalization;
using System.Text.Json;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>The command line beside a running server, as an operator uses it.</summary>
public abstract class CommandTests : IAsyncLifetime
{
    private TestStore _store = null!;
    private ServerProcess _server = null!;

    private protected abstract Task<TestStore> NewStoreAsync();

    public async ValueTask InitializeAsync()
    {
        _store = await NewStoreAsync();
        _server = await ServerProcess.StartAsync(_store, "Feedback:EventsDelay=00:00:00");
    }

    [Fact]
    public async Task An_installation_is_set_up_and_asks_and_reads_while_the_server_runs()
    {
        var furni = (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        var ana = (await RunAsync("user", "add", "@ana", "--name", "Ana")).Is(0);
        var app = (await RunAsync("app", "add", "Helpdesk", "--callback", "https://desk.example/back")).Is(0);
        Assert.Equal("furni", furni["screen_name"]);
        Assert.Equal("https://desk.example/back", app.Json.GetProperty("callbacks")[0].GetString());

        var token = (await RunAsync("token", "issue", app["consumer_key"], "@furni")).Is(0);
        Assert.StartsWith(furni["id"] + "-", token["oauth_token"], StringComparison.Ordinal);
        string[] create = ["POST", "/1.1/feedback/create.json", "type=csat", $"to_user_id={ana["id"]}", "message=How did we do?", "privacy_url=https://furni.example/p"];
        Assert.Contains("\"code\":87", (await CallAsync(app, token, create)).Is(1).Output, StringComparison.Ordinal);

        (await RunAsync("allow", "app", app["consumer_key"])).Is(0);
        (await RunAsync("allow", "sender", "@furni", "--creates-per-day", "7")).Is(0);
        var asked = (await CallAsync(app, token, create)).Is(0);
        Assert.Contains("\"code\":88", (await CallAsync(app, token, create)).Is(1).Output, StringComparison.Ordinal);

        (await RunAsync("exempt", "@ana")).Is(0);
        (await CallAsync(app, token, create)).Is(0);
        Assert.Equal(asked.Output, (await CallAsync(app, token, "GET", $"/1.1/feedback/show/{asked["id"]}.json")).Is(0).Output);
        var events = (await CallAsync(app, token, "GET", "/1.1/feedback/events.json", "from_time=0", $"to_time={TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}")).Is(0);
        Assert.Equal(2, events.Json.GetProperty("events").GetArrayLength());

        string[] message = ["POST", "/1.1/direct_messages/events/new.json", "--body", $$"""{"event":{"type":"message_create","message_create":{"target":{"recipient_id":"{{ana["id"]}}"},"message_data":{"text":"Hello"} } } }"""];
        var sent = (await CallAsync(app, token, message)).Is(0);
        Assert.Equal(sent.Output, (await CallAsync(app, token, "GET", "/1.1/direct_messages/events/show.json", $"id={sent.Json.GetProperty("event").GetProperty("id")}")).Is(0).Output);
        Assert.Equal("1", (await CallAsync(app, token, "POST", "/1.1/friendships/create.json", "screen_name=ana")).Is(0).Json.GetProperty("followers_count").ToString());

        var lists = (await RunAsync("allow", "list")).Is(0).Output;
        foreach (var listed in new[] { "furni", "ana", app["consumer_key"] }) Assert.Contains(listed, lists, StringComparison.Ordinal);
        (await RunAsync("deny", "sender", "@furni")).Is(0);
        (await RunAsync("doctor")).Is(0);
    }

    [Theory]
    [InlineData(2, "--bogus")]
    [InlineData(2, "nonsense", "--help")]
    [InlineData(2, "user", "nonsense", "--help")]
    [InlineData(2, "user")]
    [InlineData(2, "user", "add", "@a")]
    [InlineData(2, "user", "add", "@a", "--name", "A", "--dms", "nobody")]
    [InlineData(2, "user", "add", "@a", "--name", "A", "--language", "german")]
    [InlineData(2, "serve", "--set", "Limits:CreatesPerDay=none")]
    [InlineData(2, "serve", "--set", "Limits:Unknown=1")]
    [InlineData(2, "allow", "embed", "@furni")]
    [InlineData(2, "allow", "embed", "@furni", "http://shop.example")]
    [InlineData(2, "allow", "embed", "@furni", "https://*.shop.example")]
    [InlineData(1, "allow", "embed", "@nobody", "https://shop.example")]
    [InlineData(1, "user", "show", "@nobody")]
    [InlineData(1, "allow", "app", "nobody")]
    [InlineData(1, "token", "issue", "nobody", "@nobody")]
    public async Task What_is_wrong_is_said_on_stderr_and_by_the_exit_code(int exitCode, params string[] arguments)
    {
        var command = (await RunAsync(arguments)).Is(exitCode);

        Assert.Equal("", command.Output);
        Assert.NotEqual("", command.Errors);
        Assert.DoesNotContain("   at ", command.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("user", "add", "--help")]
    [InlineData("token", "issue", "--help")]
    public async Task Help_is_given_about_what_lacks_its_arguments(params string[] arguments) =>
        Assert.StartsWith("Description:", (await RunAsync(arguments)).Is(0).Output, StringComparison.Ordinal);

    [Fact]
    public async Task A_site_may_show_cards_until_it_may_not()
    {
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        var allowed = (await RunAsync("allow", "embed", "@furni", "https://Shop.example:443/")).Is(0);
        Assert.Equal("https://shop.example", allowed["origin"]);
        (await RunAsync("allow", "embed", "furni", "https://shop.example")).Is(0);
        var listed = (await RunAsync("allow", "list")).Is(0).Json.GetProperty("embeds");
        Assert.Equal("furni https://shop.example", Assert.Single(listed.EnumerateArray().Select(embed => $"{embed.GetProperty("screen_name")} {embed.GetProperty("origin")}")));

        (await RunAsync("deny", "embed", "@furni", "https://shop.example")).Is(0);
        Assert.Contains("was not allowed", (await RunAsync("deny", "embed", "@furni", "https://shop.example")).Is(1).Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("allow", "list")).Is(0).Json.GetProperty("embeds").GetArrayLength());
    }

    [Fact]
    public async Task A_handle_is_taken_once_whatever_its_letter_case()
    {
        (await RunAsync("user", "add", "@Ana", "--name", "Ana")).Is(0);
        Assert.Contains("ana", (await RunAsync("user", "add", "@ana", "--name", "Other")).Is(1).Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Many_users_are_imported_all_or_none()
    {
        var file = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"users-{Environment.ProcessId}-{_store.Engine}.csv"));
        await File.WriteAllTextAsync(file, "handle,name\n" + string.Concat(Enumerable.Range(0, 1_000).Select(i => $"u{i},\"User, {i}\"\n")) + "not a handle,Bad\n");
        Assert.Contains("1002", (await RunAsync("user", "import", file)).Is(1).Errors.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
        (await RunAsync("user", "show", "@u1")).Is(1);

        await File.WriteAllTextAsync(file, "handle,name\n" + string.Concat(Enumerable.Range(0, 1_000).Select(i => $"u{i},\"User, {i}\"\n")));
        (await RunAsync("user", "import", file)).Is(0);
        Assert.Equal("User, 999", (await RunAsync("user", "show", "@u999")).Is(0)["name"]);
        File.Delete(file);
    }

    [Fact]
    public async Task A_users_language_is_given_by_option_or_in_a_file()
    {
        Assert.Equal("pt-BR", (await RunAsync("user", "add", "@bia", "--name", "Bia", "--language", "pt-BR")).Is(0)["language"]);
        Assert.Equal("pt-BR", (await RunAsync("user", "show", "@bia")).Is(0)["language"]);

        var file = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"readers-{Environment.ProcessId}-{_store.Engine}.csv"));
        await File.WriteAllTextAsync(file, "handle,name,language\nkai,Kai,de\nlee,Lee,korean\n");
        Assert.Contains("line 3", (await RunAsync("user", "import", file)).Is(1).Errors, StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, "handle,name,language\nkai,Kai,de\nlee,Lee,\n");
        (await RunAsync("user", "import", file)).Is(0);
        Assert.Equal("de", (await RunAsync("user", "show", "@kai")).Is(0)["language"]);
        Assert.DoesNotContain("language", (await RunAsync("user", "show", "@lee")).Is(0).Output, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public async Task Doctor_finds_what_was_tampered_with()
    {
        await An_installation_is_set_up_and_asks_and_reads_while_the_server_runs();

        Assert.Equal(1, await _store.RunAsync("delete from message where id = (select max(id) from message where prompt_id is not null)"));

        Assert.Contains("message", (await RunAsync("doctor")).Is(1).Output + (await RunAsync("doctor")).Errors, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private Task<Command> RunAsync(params string[] arguments) =>
        Command.RunAsync([.. arguments, $"--{_store.Place.Key.ToLowerInvariant()}", _store.Place.Value, "--json"]);

    private Task<Command> CallAsync(Command app, Command token, params string[] call) => Command.RunAsync(
        ["call", .. call, "--server", _server.Url.ToString(), "--key", app["consumer_key"], "--secret", app["consumer_secret"], "--token", token["oauth_token"], "--token-secret", token["oauth_token_secret"]]);
}

public sealed class SqliteCommandTests : CommandTests
{
    private protected override Task<TestStore> NewStoreAsync() => Task.FromResult<TestStore>(new SqliteStore());
}

public sealed class PostgresCommandTests : CommandTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
}

/// <summary>The demo, as a newcomer meets it.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_prints_links_and_calls_that_work()
    {
        using var demo = Command.Start("demo", "--urls", "http://127.0.0.1:0", "--json");
        try
        {
            var text = new System.Text.StringBuilder();
            JsonDocument? told = null;
            while (told is null && await demo.StandardOutput.ReadLineAsync() is { } line)
            {
                text.Append(line);
                try
                {
                    told = JsonDocument.Parse(text.ToString());
                }
                catch (JsonException)
                {
                    // Not all of it is there yet.
                }
            }

            Assert.NotNull(told);
            var json = told.RootElement.ToString();
            var card = System.Text.RegularExpressions.Regex.Match(json, "http://127\\.0\\.0\\.1:\\d+/f/[A-Za-z0-9_-]+").Value;
            using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
            Assert.Contains("Furni", await http.GetStringAsync(new Uri(card)), StringComparison.Ordinal);
            using var score = new FormUrlEncodedContent([new("score", "5")]);
            Assert.Equal(303, (int)(await http.PostAsync(new Uri(card), score)).StatusCode);
            Assert.Equal(303, await SignInAsync(http, new Uri(new Uri(card), "/sign-in"), told.RootElement.GetProperty("password").GetString()!));
            Assert.Equal(403, await SignInAsync(http, new Uri(new Uri(card), "/sign-in"), "another"));
        }
        finally
        {
            demo.Kill();
            await demo.WaitForExitAsync();
        }
    }

    private static async Task<int> SignInAsync(HttpClient http, Uri address, string password)
    {
        using var page = await http.GetAsync(address);
        var token = System.Text.RegularExpressions.Regex.Match(await page.Content.ReadAsStringAsync(), "name=\"form\" value=\"([^\"]+)\"").Groups[1].Value;
        using var form = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new FormUrlEncodedContent([new("form", token), new("screen_name", "majalindqvist"), new("password", password)]),
        };
        form.Headers.Add("Cookie", page.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        using var answer = await http.SendAsync(form);
        return (int)answer.StatusCode;
    }
}
