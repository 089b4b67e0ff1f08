using System.Text.Json;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Connectors;

/// <summary>Connectors by the command line, on a store that nobody serves.</summary>
public sealed class ConnectorCommandTests : IAsyncLifetime
{
    private readonly TestFolder _folder = TestFolder.Create("connectors");
    private CommandShell _shell = null!;

    public async ValueTask InitializeAsync()
    {
        _shell = new(await Engine.Sqlite.MigratedStoreAsync(_folder));
        foreach (var handle in (string[])["furni", "ana"]) await _shell.RunAsync(0, "user", "add", $"@{handle}", "--name", handle);
        await _shell.RunAsync(0, "allow", "sender", "@furni");
    }

    [Fact]
    public async Task A_connector_is_added_tested_shown_rotated_and_removed()
    {
        var added = await JsonAsync("connector", "add", "@furni", "--kind", "zammad", "--name", "desk");
        var (address, secret) = (added.GetProperty("address").GetString()!, added.GetProperty("secret").GetString()!);
        Assert.Matches("^http://localhost:5000/in/[A-Za-z0-9_-]{48}$", address);
        Assert.StartsWith("awsec_", secret, StringComparison.Ordinal);
        var theirs = Path.Combine(_folder.Path, "secret.txt");
        await File.WriteAllTextAsync(theirs, "PLANTED-their-secret\n", TestContext.Current.CancellationToken);
        var said = await _shell.RunAsync(0, "connector", "add", "@furni", "--kind", "zendesk", "--secret-file", theirs);
        Assert.All((string[])["1. In the Admin Center", "\"ticket_id\": \"{{ticket.id}}\"", "no PublicUrl is set"], text => Assert.Contains(text, said, StringComparison.Ordinal));
        Assert.DoesNotContain("PLANTED", said, StringComparison.Ordinal);

        // A helpdesk that is connected well asks nobody without rules.
        var silence = $"@furni: There are no rules yet, so nobody is asked. See: afterword rules set @furni FILE{Environment.NewLine}";
        Assert.EndsWith(silence, said, StringComparison.Ordinal);
        Assert.Equal($"skipped: recipient_unknown{Environment.NewLine}{silence}", await _shell.RunAsync(0, "connector", "test", "@furni", "desk"));
        Assert.EndsWith(silence, await _shell.RunAsync(0, "connector", "list"), StringComparison.Ordinal);
        Assert.Equal("no_rule", (await JsonAsync("connector", "test", "@furni", "zendesk", "--to", "@ana")).GetProperty("reason").GetString());
        Assert.Equal(["desk", "zendesk"], (await JsonAsync("connector", "list")).GetProperty("connectors").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        var shown = await JsonAsync("connector", "show", "@furni", "desk");
        Assert.True(Assert.Single(shown.GetProperty("events").EnumerateArray()).GetProperty("test").GetBoolean());
        Assert.False(shown.TryGetProperty("secret", out _) || shown.TryGetProperty("address", out _));

        Assert.NotEqual(secret, (await JsonAsync("connector", "rotate", "@furni", "desk")).GetProperty("secret").GetString());
        Assert.NotEqual(address, (await JsonAsync("connector", "rotate", "@furni", "desk", "--address")).GetProperty("address").GetString());
        Assert.Contains("--secret-file", await _shell.RunAsync(2, "connector", "rotate", "@furni", "zendesk"), StringComparison.Ordinal);
        await _shell.RunAsync(0, "connector", "add", "@furni", "--kind", "freshdesk");
        Assert.Contains("takes no secret", await _shell.RunAsync(2, "connector", "rotate", "@furni", "freshdesk"), StringComparison.Ordinal);
        Assert.Contains("takes no secret", await _shell.RunAsync(2, "connector", "add", "@furni", "--kind", "freshdesk", "--name", "signed", "--secret-file", theirs), StringComparison.Ordinal);
        await _shell.RunAsync(0, "connector", "remove", "@furni", "desk");
        Assert.Contains("has no connector desk", await _shell.RunAsync(1, "connector", "show", "@furni", "desk"), StringComparison.Ordinal);
        Assert.Contains("has a connector zendesk already", await _shell.RunAsync(1, "connector", "add", "@furni", "--kind", "zendesk"), StringComparison.Ordinal);

        var file = Path.Combine(_folder.Path, "audit.jsonl");
        await _shell.RunAsync(0, "audit", "export", "-o", file);
        var audit = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.All((string[])["connector desk: added, of zammad", "connector desk: new secret", "connector desk: new address", "connector desk: removed"], what => Assert.Contains(what, audit, StringComparison.Ordinal));
        Assert.All((string[])["PLANTED", secret, address[^30..]], told => Assert.DoesNotContain(told, audit, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_words_are_refused_with_what_would_be_right()
    {
        await _shell.RunAsync(2, "connector", "add", "@furni", "--kind", "fax");
        Assert.Contains("one line of 1 to 32", await _shell.RunAsync(2, "connector", "add", "@furni", "--kind", "slack", "--name", new string('x', 33)), StringComparison.Ordinal);
        var file = Path.Combine(_folder.Path, "mapping.json");
        await File.WriteAllTextAsync(file, """{"closed_when":[{"path":"state","is":"done"}],"map":{"external_id":"/id"}}""", TestContext.Current.CancellationToken);
        Assert.Contains("closed_when[0].path parameter is invalid", await _shell.RunAsync(1, "connector", "add", "@furni", "--kind", "generic", "--mapping", file), StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, """{"closed_when":[{"path":"/state","is":"done"}],"map":{"external_id":"/id"}}""", TestContext.Current.CancellationToken);
        Assert.False((await JsonAsync("connector", "add", "@furni", "--kind", "generic", "--mapping", file)).GetProperty("signed").GetBoolean());
    }

    [Fact]
    public async Task A_file_of_users_names_them_by_a_senders_own_numbers()
    {
        var file = Path.Combine(_folder.Path, "customers.csv");
        await File.WriteAllTextAsync(file, "handle,name,ref\nbo,Bo,c-1\nana,Ana,c-2\n", TestContext.Current.CancellationToken);
        Assert.Contains("--sender @handle", await _shell.RunAsync(2, "user", "import", file, "--update"), StringComparison.Ordinal);
        await _shell.RunAsync(0, "user", "import", file, "--update", "--sender", "@furni");
        await _shell.RunAsync(0, "connector", "add", "@furni", "--kind", "freshdesk");

        await using var server = await TestServer.StartOnAsync(new() { ["Data"] = _folder.Path }, TimeProvider.System.GetUtcNow());
        Assert.Equal(2, await server.CountAsync("customer_ref r join account a on a.id = r.user_id", "(r.ref = 'r:c-1' and a.screen_name = 'bo') or (r.ref = 'r:c-2' and a.screen_name = 'ana')"));

        await File.WriteAllTextAsync(file, $"handle,name,ref\nbo,Bo,c-1\ncy,Cy,c-1\ndi,Di,{new string('x', 201)}\n", TestContext.Current.CancellationToken);
        var refused = await _shell.RunAsync(1, "user", "import", file, "--sender", "@furni");
        Assert.Contains("line 3: the ref \"c-1\" stands in line 2 already", refused, StringComparison.Ordinal);
        Assert.Contains("line 4: the ref has more than 200 characters", refused, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await _shell.RunAsync(0, ["--json", .. arguments])).RootElement;
}
