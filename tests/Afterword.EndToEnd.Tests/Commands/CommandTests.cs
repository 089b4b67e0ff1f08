using System.Globalization;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>The command line beside a running server, as an operator uses it.</summary>
public abstract class CommandTests : IAsyncLifetime
{
    private TestStore _store = null!;

    private protected abstract Task<TestStore> NewStoreAsync();

    public async ValueTask InitializeAsync() => _store = await NewStoreAsync();

    [Fact]
    public async Task An_installation_is_set_up_and_asks_and_reads_while_the_server_runs_and_doctor_finds_what_was_tampered_with()
    {
        await using var server = await ServerProcess.StartAsync(_store, "Feedback:EventsDelay=00:00:00");
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

        Assert.Equal(1, await _store.RunAsync("delete from message where id = (select max(id) from message where prompt_id is not null)"));
        Assert.Contains("message", (await RunAsync("doctor")).Is(1).Output, StringComparison.Ordinal);

        Task<Command> CallAsync(Command app, Command token, params string[] call) => Command.RunAsync(
            ["call", .. call, "--server", server.Url.ToString(), "--key", app["consumer_key"], "--secret", app["consumer_secret"], "--token", token["oauth_token"], "--token-secret", token["oauth_token_secret"]]);
    }

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
    public async Task A_file_changes_users_who_are_there_but_not_their_passwords()
    {
        (await RunAsync("user", "add", "@kai", "--name", "Kai", "--language", "de", "--dms", "following", "--mail", "kai@example.com", "--password", "first password")).Is(0);
        using var folder = TestFolder.Create("users");
        var file = Path.Combine(folder.Path, "users.csv");
        await File.WriteAllTextAsync(file, "handle;name;password;language;dms;email\n@KAI;Kai Ö.;second password;;;\nlee;Lee;;ko;;lee@example.com\n", new System.Text.UnicodeEncoding(bigEndian: true, byteOrderMark: true));
        Assert.Contains("line 2: there is a user @KAI already; with --update", (await RunAsync("user", "import", file)).Is(1).Errors, StringComparison.Ordinal);
        (await RunAsync("user", "show", "@lee")).Is(1);

        var done = (await RunAsync("user", "import", file, "--update")).Is(0);
        Assert.Equal((1, 1), (done.Json.GetProperty("imported").GetInt32(), done.Json.GetProperty("updated").GetInt32()));
        var kai = await RunAsync("user", "show", "@kai");
        Assert.Equal(("Kai Ö.", "de", "following", "kai@example.com"), (kai["name"], kai["language"], kai["dms"], kai["mail"]));
        Assert.Equal("lee@example.com", (await RunAsync("user", "show", "@lee"))["mail"]);

        await File.WriteAllBytesAsync(file, [.. "handle,name,language\nkai,Ren"u8, 0xE9, .. ",fr\n"u8]);
        Assert.Contains("0xE9 is not UTF-8", (await RunAsync("user", "import", file, "--update")).Is(1).Errors, StringComparison.Ordinal);
        (await RunAsync("user", "import", file, "--update", "--encoding", "klingon")).Is(2);
        (await RunAsync("user", "import", file, "--update", "--encoding", "windows-1252")).Is(0);
        Assert.Equal("René", (await RunAsync("user", "show", "@kai"))["name"]);
        (await RunAsync("doctor")).Is(0);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private Task<Command> RunAsync(params string[] arguments) =>
        Command.RunAsync([.. arguments, $"--{_store.Place.Key.ToLowerInvariant()}", _store.Place.Value, "--json"]);
}

public sealed class SqliteCommandTests : CommandTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();
}

public sealed class PostgresCommandTests : CommandTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
}
