using System.Text.Json;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Audits;

/// <summary>What is done from a shell stands in the audit log, and the log can be given out.</summary>
public sealed class CommandAuditTests : IAsyncLifetime
{
    private readonly TestFolder _folder = TestFolder.Create("commands");
    private CommandShell _shell = null!;

    public async ValueTask InitializeAsync() => _shell = new(await Engine.Sqlite.MigratedStoreAsync(_folder));

    [Fact]
    public async Task Every_command_that_changes_something_is_written_down_without_its_secrets_and_those_that_look_are_not()
    {
        var key = JsonDocument.Parse(await _shell.RunAsync(0, "--json", "app", "add", "Desk", "--callback", "https://desk.example/PLANTED")).RootElement.GetProperty("consumer_key").GetString()!;
        await _shell.RunAsync(0, "user", "add", "@furni", "--name", "Furni", "--password", "PLANTED-password");
        await _shell.RunAsync(0, "allow", "sender", "@furni", "--creates-per-day", "50");
        await _shell.RunAsync(0, "token", "issue", key, "@furni", "--permission", "read");
        var webhook = JsonDocument.Parse(await _shell.RunAsync(0, "--json", "allow", "webhook", "@furni", "https://hooks.example/PLANTED", "--basic", "me:PLANTED")).RootElement.GetProperty("id").GetString()!;
        await _shell.RunAsync(0, "webhook", "disable", webhook);
        await _shell.RunAsync(0, "app", "rotate-secret", key, "--overlap", "1.00:00:00");
        await _shell.RunAsync(0, "user", "password", "@furni", "--without-app");
        await _shell.RunAsync(1, "app", "suspend", "unknown");
        await _shell.RunAsync(2, "webhook", "add", "@furni", "http://localhost:99");
        foreach (var look in new string[][] { ["app", "list"], ["user", "show", "@furni"], ["webhook", "list"], ["allow", "list"], ["secrets", "show"], ["audit", "heads"] }) await _shell.RunAsync(0, look);

        Assert.Equal(
            [
                "installation: app add Desk --callback", "installation: user add furni --name --password", $"@furni: allow sender furni --creates-per-day 50", $"@furni: token issue {key} furni --permission read",
                "@furni: allow webhook furni https://hooks.example --basic", $"@furni: webhook disable {webhook}", $"installation: app rotate-secret {key} --overlap 1.00:00:00", "@furni: user password furni --without-app", "installation: app suspend unknown", "installation: app suspend unknown: failed",
                "@furni: webhook add furni http://localhost:99", "@furni: webhook add furni http://localhost:99: failed",
            ],
            (await EntriesAsync()).OrderBy(entry => entry.GetProperty("id").GetInt64()).Where(entry => entry.GetProperty("deed_name").GetString() == "changed")
                .Select(entry => $"{entry.GetProperty("place")}: {entry.GetProperty("what").GetString()!.Replace("@", "", StringComparison.Ordinal)}"));
    }

    [Fact]
    public async Task The_log_that_is_given_out_ends_where_the_heads_say()
    {
        await _shell.RunAsync(0, "user", "add", "@furni", "--name", "Furni");
        await _shell.RunAsync(0, "allow", "sender", "@furni");
        var entries = await EntriesAsync();
        using var heads = JsonDocument.Parse(await _shell.RunAsync(0, "--json", "audit", "heads"));

        Assert.Equal(["installation", "@furni"], heads.RootElement.GetProperty("heads").EnumerateArray().Select(head => head.GetProperty("place").GetString()));
        Assert.All(heads.RootElement.GetProperty("heads").EnumerateArray(), head => Assert.Contains(
            entries, entry => entry.GetProperty("hash").GetString() == head.GetProperty("hash").GetString() && entry.GetProperty("number").GetInt64() == head.GetProperty("number").GetInt64()));
        Assert.Contains(entries, entry => entry.GetProperty("deed_name").GetString() == "exported");
        Assert.DoesNotContain("PLANTED", string.Concat(entries), StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<List<JsonElement>> EntriesAsync()
    {
        var file = Path.Combine(_folder.Path, "audit.jsonl");
        await _shell.RunAsync(0, "audit", "export", "-o", file);
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("PLANTED", text, StringComparison.Ordinal);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
