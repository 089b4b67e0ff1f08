using System.Text.Json;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>People of the console by the command line. The store is that of the other commands, so one engine will do.</summary>
public sealed class MemberCommandTests : IAsyncLifetime
{
    private const string Ana = "ana@furni.example";
    private TestFolder _folder = null!;

    public async ValueTask InitializeAsync() => _folder = await MigratedStores.FolderAsync("person");

    [Fact]
    public async Task People_are_added_listed_reset_and_removed()
    {
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        (await RunAsync("user", "add", "@other", "--name", "Other")).Is(0);

        var added = (await RunAsync("person", "add", Ana, "--role", "supervisor", "--sender", "@Furni", "--name", "Ana")).Is(0);
        Assert.StartsWith("https://feedback.example/console/invitation/", added["link"], StringComparison.Ordinal);
        (await RunAsync("person", "add", Ana, "--role", "owner", "--sender", "@other")).Is(0);
        (await RunAsync("person", "add", "otis@furni.example", "--role", "operator")).Is(0);

        Assert.Equal(["ana@furni.example: supervisor furni, owner other", "otis@furni.example: operator "], Listed((await RunAsync("person", "list")).Is(0)));
        Assert.NotEqual(added["link"], (await RunAsync("person", "reset", Ana)).Is(0)["link"]);
        (await RunAsync("person", "remove", Ana, "--sender", "@other")).Is(0);
        Assert.Equal(["ana@furni.example: supervisor furni"], Listed((await RunAsync("person", "list", "--sender", "@furni")).Is(0)));
        (await RunAsync("person", "remove", Ana)).Is(0);
        (await RunAsync("person", "remove", Ana)).Is(1);
    }

    [Fact]
    public async Task A_link_is_printed_with_what_its_reader_needs_to_know()
    {
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        var agent = await SayAsync("person", "add", "agent@furni.example", "--role", "agent", "--sender", "@furni");
        Assert.Contains("The link begins with http://localhost:5000, for no PublicUrl is set for this command.", agent, StringComparison.Ordinal);
        Assert.DoesNotContain("second factor", agent, StringComparison.Ordinal);
        Assert.DoesNotContain("set up the console", agent, StringComparison.Ordinal);

        var first = await SayAsync("person", "add", "otis@furni.example", "--role", "operator", "--set", "PublicUrl=https://feedback.example");
        Assert.DoesNotContain("no PublicUrl", first, StringComparison.Ordinal);
        Assert.Contains("comes a second factor, within an hour. If they stop before that, they need a new link: afterword person reset otis@furni.example", first, StringComparison.Ordinal);
        Assert.Contains("a link that serve printed to set up the console no longer works", first, StringComparison.Ordinal);
        Assert.DoesNotContain("set up the console", await SayAsync("person", "add", "olga@furni.example", "--role", "operator"), StringComparison.Ordinal);
        Assert.Contains("second factor", await SayAsync("person", "reset", "otis@furni.example"), StringComparison.Ordinal);
        Assert.Contains("no PublicUrl is set", await SayAsync("user", "password", "@furni"), StringComparison.Ordinal);

        async Task<string> SayAsync(params string[] arguments) => (await Command.RunAsync([.. arguments, "--data", _folder.Path])).Is(0).Output;
    }

    [Theory]
    [InlineData(2, "add", Ana, "--role", "king", "--sender", "@furni")]
    [InlineData(2, "add", Ana, "--role", "owner")]
    [InlineData(2, "add", Ana, "--role", "operator", "--sender", "@furni")]
    [InlineData(2, "add", "ana", "--role", "operator")]
    [InlineData(2, "add", Ana, "--role", "owner", "--sender", "@fur ni")]
    [InlineData(1, "add", Ana, "--role", "owner", "--sender", "@nobody")]
    [InlineData(1, "reset", "nobody@furni.example")]
    public async Task A_mistake_changes_nothing_and_says_what_it_was(int code, params string[] arguments)
    {
        var told = (await RunAsync(["person", .. arguments])).Is(code);
        Assert.NotEmpty(told.Errors);
        Assert.Empty(Listed((await RunAsync("person", "list")).Is(0)));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<Command> RunAsync(params string[] arguments) => Command.RunAsync([.. arguments, "--data", _folder.Path, "--set", "PublicUrl=https://feedback.example", "--json"]);

    private static string[] Listed(Command told) => [.. told.Json.GetProperty("people").EnumerateArray().Select(person =>
        $"{person.GetProperty("mail")}: {string.Join(", ", person.GetProperty("roles").EnumerateArray().Select(role => $"{role.GetProperty("role")} {SenderOf(role)}"))}")];

    private static string SenderOf(JsonElement role) => role.TryGetProperty("sender", out var sender) ? sender.GetString()! : "";
}
