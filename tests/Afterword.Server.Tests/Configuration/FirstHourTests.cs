using System.CommandLine;
using System.Globalization;
using Afterword.Server.Cli;
using Afterword.Server.Configuration;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Configuration;

/// <summary>Mistakes of an operator's first hour. Each message says what is wrong and what to do, and stands here whole, to be read aloud.</summary>
public sealed class FirstHourTests : IDisposable
{
    private const string Addresses = "Addresses look like http://localhost:5000, http://10.0.0.7:8080 or, for every interface, http://*:8080.";
    private const string Keys = "There are: Data, Database, Platform, Proxies, PublicUrl; and the sections Limits, Feedback, Cards, Questions, Console, SignIn, Storage, Webhooks, Channels, Automation, Connectors, Mail, Security, Secrets, Http, Backup, Telemetry.";

    // What is typed, the exit code, and all that is said. FOLDER is a folder with files in it, STORE the folder of a store.
    private static readonly (string Typed, int Code, string Told)[] s_mistakes =
    [
        ("serve --data STORE --urls http://localhost:99999", 2, $"--urls has \"http://localhost:99999\": its port must be a number from 0 to 65535. {Addresses}"),
        ("serve --data STORE --urls http://localhost:http", 2, $"--urls has \"http://localhost:http\": its port must be a number from 0 to 65535. {Addresses}"),
        ("serve --data STORE --urls localhost:8080", 2, $"--urls has \"localhost:8080\": it must begin with http:// or https://. {Addresses}"),
        ("serve --data STORE --urls http://:8080", 2, $"--urls has \"http://:8080\": it names no host. {Addresses}"),
        ("serve --data STORE --urls http://localhost:5000;http://*:8080/desk", 2, $"--urls has \"http://*:8080/desk\": it must end after the port: the server answers every path. {Addresses}"),
        (
            "serve --data STORE --urls http://feedback.example.com:8080", 2,
            $"--urls has \"http://feedback.example.com:8080\": a name is not an address to listen on, and the server would listen on every interface. DNS and PublicUrl decide which names lead here. {Addresses}"
        ),
        (
            "serve --data STORE --set Kestrel:Endpoints:Https:Url=https://any.name:443", 2,
            $"Kestrel:Endpoints:Https:Url has \"https://any.name:443\": a name is not an address to listen on, and the server would listen on every interface. DNS and PublicUrl decide which names lead here. {Addresses}"
        ),
        (
            "serve --data STORE --urls http://192.0.2.1:8080", 2,
            "The server cannot listen on http://192.0.2.1:8080: this machine has no such address. Choose one that it has, which `ip address` lists, or http://*:PORT for all of them."
        ),
        ("user list --data FOLDER/afterword.db", 2, "The settings are wrong: Data is \"FOLDER/afterword.db\"; it must be the folder of the store, but this is a file; its folder is FOLDER. (command line)"),
        ("user list --data STORE --set Platfrom=Furni", 2, $"The settings are wrong: Platfrom is not a setting. {Keys} (command line)"),
        ("user list --data STORE --set Mail=smtp.example.com", 2, $"The settings are wrong: Mail is not a setting. It is the name of a section, which holds settings. {Keys} (command line)"),
        (
            "user list --database postgres://afterword:s3/cret@db.example/afterword", 2,
            "The settings are wrong: Database is \"…\"; it must be a PostgreSQL URL, such as postgres://user:password@host:5432/afterword, but special characters of its user or password are not percent-encoded; write %2F for /, %3F for ?, %23 for # and %40 for @, in its options too. (command line)"
        ),
        ("user list --data FOLDER/typo", 1, "There is no store in FOLDER/typo. Choose another with --data or --database, or create one there: run afterword migrate, or start afterword serve."),
        ("user show @nobody --data STORE", 1, "There is no user @nobody. Add one with: afterword user add @nobody --name NAME"),
        ("user list --after not-a-handle", 2, "\"not-a-handle\" is not a handle: 1 to 15 letters, digits and underscores, such as @furni.\nTry: afterword user list --help"),
        ("webhook replay abc --dead --data STORE", 2, "\"abc\" is not the id of a webhook, which is a number. See: afterword webhook list\nTry: afterword webhook replay --help"),
        ("webhook replay 1 --event abc --data STORE", 2, "--event is \"abc\"; it must be a number.\nTry: afterword webhook replay --help"),
        ("rules check FOLDER/missing.json", 1, "There is no file FOLDER/missing.json."),
        ("rules check FOLDER/broken.json", 1, "FOLDER/broken.json, line 3, column 3: this is not JSON. A value is expected here: a text in double quotes, a number, true, false, null, [ or {."),
        ("rules check FOLDER/empty.json", 1, "FOLDER/empty.json is empty; it must hold a JSON object."),
        ("rules check FOLDER/list.json", 1, "FOLDER/list.json must hold a JSON object, such as { \"rules\": [] }."),
        ("rules check FOLDER/wide.json", 1, "FOLDER/wide.json is in UTF-16. Save it as UTF-8."),
        ("rules check FOLDER/open.json", 1, "FOLDER/open.json, line 1, column 11: this is not JSON. It ends too early: a [ or { is not closed."),
        ("rules check FOLDER/comma.json", 1, "FOLDER/comma.json, line 1, column 13: this is not JSON. A comma stands before a closing bracket: take it away."),
        ("rules shwo @furni", 2, "shwo is not a command. Did you mean show? There are: show, set, check, simulate, verify.\nTry: afterword rules --help"),
        ("serve --ulrs 1", 2, "--ulrs is not an option of this command. Did you mean --urls?\nTry: afterword serve --help"),
        ("serve --prot 1", 2, "--prot is not an option of this command.\nTry: afterword serve --help"),
        ("person add a@furni.example --role boss", 2, "--role is \"boss\"; it must be one of owner, supervisor, analyst, agent, operator.\nTry: afterword person add --help"),
        ("user list --data STORE --set Limits:CreatesPerDay=many", 2, "The settings are wrong: Limits:CreatesPerDay is \"many\"; it must be a whole number from 1. (command line)"),
        ("rules check FOLDER/marked.json", 0, "The document is valid. It has no rules, so nobody is asked."),
    ];

    // The contents of appsettings.json, and all that is said. FILE is its path.
    private static readonly (string Written, string Told)[] s_settings =
    [
        ("{\n  \"Platform\": Furni\n}", "FILE, line 2, column 15: this is not JSON. A value is expected here: a text in double quotes, a number, true, false, null, [ or {."),
        ("{\n  \"Data\": \"C:\\data\"\n}", "FILE, line 2, column 15: this is not JSON. A backslash stands before a letter that it cannot stand before: write \\\\ for one."),
        ("", "FILE is empty; it must hold a JSON object."),
        ("[]", "FILE must hold a JSON object, such as { \"Platform\": \"Furni\" }."),
        ("""{ "$schema": "https://x.example", "Platfrom": "Furni" }""", $"Platfrom is not a setting. {Keys} (appsettings.json)"),
        ("""{ "Urls": "http://*:8080" }""", "Urls is not a setting. Say where to listen with serve --urls, or ASPNETCORE_URLS. (appsettings.json)"),
    ];

    private readonly TestFolder _folder = TestFolder.Create("hour");

    [Theory]
    [InlineData("ASPNETCORE_URLS")]
    [InlineData("DOTNET_URLS")]
    [InlineData("URLS")]
    public void A_name_to_listen_on_is_refused_wherever_it_is_written(string variable)
    {
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Data", "/nowhere")]).Build());

        var address = Assert.Single(ListenAddresses.Of(settings!, null, name => name == variable ? "http://feedback.example.com:8080" : null));

        Assert.StartsWith($"{variable} has \"http://feedback.example.com:8080\": a name is not an address to listen on", ListenAddresses.WrongWith(address), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_mistake_at_the_command_line_is_told_with_what_to_do()
    {
        var store = Path.Combine(_folder.Path, "store");
        Assert.Equal(0, (await RunAsync(["migrate", "--data", store])).Code);
        Write("afterword.db", []);
        Write("broken.json", "{\n  \"rules\": [\n  }\n}"u8);
        Write("empty.json", []);
        Write("open.json", "{\"rules\":["u8);
        Write("comma.json", "{\"rules\":[],}"u8);
        Write("list.json", "[]"u8);
        Write("wide.json", [0xFF, 0xFE, .. "{\0}\0"u8]);
        Write("marked.json", [0xEF, 0xBB, 0xBF, .. "{\"rules\":[]}"u8]);

        foreach (var (typed, code, told) in s_mistakes)
        {
            var said = await RunAsync([.. typed.Split(' ').Select(Place)]);
            Assert.Equal($"{typed}\n{code}\n{Place(told)}", $"{typed}\n{said.Code}\n{said.Text}");
        }

        string Place(string text) => text.Replace("STORE", store, StringComparison.Ordinal).Replace("FOLDER", _folder.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_mistake_in_the_file_of_settings_is_told_with_its_place()
    {
        var file = Path.Combine(_folder.Path, "appsettings.json");
        foreach (var (written, told) in s_settings)
        {
            File.WriteAllText(file, written);
            Assert.Equal(told.Replace("FILE", file, StringComparison.Ordinal), Told());
        }

        string Told()
        {
            try
            {
                return string.Join('\n', SettingsReader.Read(StoreOptions.Configuration(Path.Combine(_folder.Path, "appsettings.json"), [])).Errors);
            }
            catch (CommandException error)
            {
                Assert.Equal(2, error.ExitCode);
                return error.Message;
            }
        }
    }

    [Fact]
    public void An_address_that_the_system_refuses_is_told_by_its_name()
    {
        ListenAddress[] addresses = [new("http://0.0.0.0:80", "--urls")];

        var denied = ServeCommand.WhyNotListening(new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.AccessDenied), addresses)!;
        Assert.Equal(
            (2, "The server may not listen on http://0.0.0.0:80: ports below 1024 need a privilege. Choose a higher port with --urls, or give the service the privilege, for example with AmbientCapabilities=CAP_NET_BIND_SERVICE in its systemd unit."),
            (denied.ExitCode, denied.Message));
    }

    [Fact]
    public async Task A_setting_that_is_misspelt_is_told_by_the_one_that_was_meant()
    {
        var (code, told) = await RunAsync(["user", "list", "--set", "Limits:CreatesPerDy=5"]);

        Assert.Equal(2, code);
        Assert.StartsWith("The settings are wrong: Limits:CreatesPerDy is not a setting. Did you mean Limits:CreatesPerDay? In Limits there are: ", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_taken_leaves_no_store_behind()
    {
        var store = Path.Combine(_folder.Path, "none");
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var address = FormattableString.Invariant($"http://127.0.0.1:{((System.Net.IPEndPoint)taken.LocalEndpoint).Port}");

        Assert.Equal(
            (1, $"The server cannot listen on {address}: the address is in use. Stop what listens there, or choose another address with --urls."),
            await RunAsync(["serve", "--data", store, "--urls", address]));
        Assert.False(Directory.Exists(store));
    }

    [Theory]
    [InlineData("afterword\0demo\0", "afterword")]
    [InlineData("./afterword\0demo\0", "./afterword")]
    [InlineData("/opt/my tools/afterword\0demo\0", "'/opt/my tools/afterword'")]
    [InlineData("dotnet\0/opt/afterword.dll\0demo\0", "./afterword")]
    [InlineData("", "./afterword")]
    public void A_command_to_paste_begins_as_the_program_was_called(string commandLine, string shown) => Assert.Equal(shown, StartedAs.Of(commandLine));

    [Fact]
    public async Task Rules_that_hold_already_make_no_new_version()
    {
        var store = Path.Combine(_folder.Path, "store");
        Write("rules.json", "{\"rules\":[]}"u8);
        Write("spaced.json", "{ \"rules\" : [ ] }"u8);
        var rules = Path.Combine(_folder.Path, "rules.json");
        await RunAsync(["migrate", "--data", store]);
        await RunAsync(["user", "add", "@furni", "--name", "Furni", "--data", store]);

        Assert.Equal((0, "The rules of @furni are version 1 now."), await RunAsync(["rules", "set", "@furni", rules, "--data", store]));
        foreach (var same in (string[])[rules, Path.Combine(_folder.Path, "spaced.json")])
        {
            Assert.Equal((0, "Nothing changed: these are the rules of @furni already, version 1."), await RunAsync(["rules", "set", "@furni", same, "--data", store]));
        }

        Write("rules.json", "{\"paused\":true,\"rules\":[]}"u8);
        Assert.Equal((0, "The rules of @furni are version 2 now."), await RunAsync(["rules", "set", "@furni", rules, "--data", store]));
    }

    [Fact]
    public async Task Users_are_listed_a_page_at_a_time()
    {
        var store = Path.Combine(_folder.Path, "store");
        await RunAsync(["migrate", "--data", store]);
        Assert.Equal((0, "There is no user yet. Add one with: afterword user add @handle --name NAME"), await RunAsync(["user", "list", "--data", store]));

        foreach (var handle in (string[])["zoe", "Ana", "maja"]) Assert.Equal(0, (await RunAsync(["user", "add", handle, "--name", handle, "--data", store])).Code);

        var (_, first) = await RunAsync(["user", "list", "--limit", "2", "--data", store]);
        Assert.Equal(["@Ana", "@maja", "afterword"], first.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { } words ? words.First(word => word[0] == '@' || word == "afterword") : ""));
        Assert.EndsWith("There are more: afterword user list --after @maja", first, StringComparison.Ordinal);
        var (_, rest) = await RunAsync(["user", "list", "--after", "@Maja", "--data", store]);
        Assert.Contains("@zoe", Assert.Single(rest.Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, null, "it answered 500")]
    [InlineData(null, "Connection refused", "Connection refused")]
    [InlineData(null, null, "no answer came")]
    public void The_log_says_what_a_webhook_did_in_words(int? status, string? error, string told) => Assert.Equal(told, new DeliveryAttempt(0, 0, status, error, []).Reason);

    public void Dispose() => _folder.Dispose();

    private void Write(string name, ReadOnlySpan<byte> content) => File.WriteAllBytes(Path.Combine(_folder.Path, name), content);

    private static async Task<(int Code, string Text)> RunAsync(string[] arguments)
    {
        await using var said = new StringWriter(CultureInfo.InvariantCulture);
        var code = await CommandLine.RunAsync(arguments, new InvocationConfiguration { Output = said, Error = said, ProcessTerminationTimeout = null }).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        return (code, said.ToString().TrimEnd().ReplaceLineEndings("\n"));
    }
}
