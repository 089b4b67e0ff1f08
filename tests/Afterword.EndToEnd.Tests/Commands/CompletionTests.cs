using Afterword.EndToEnd.Tests.Packages;
using Afterword.Server.Cli;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>What the Tab key offers in bash, by the script of <c>afterword completion bash</c>.</summary>
public sealed class CompletionTests : IAsyncLifetime
{
    private readonly TestFolder _folder = TestFolder.Create("completion");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Script, (await Command.RunAsync("completion", "bash")).Is(0).Output);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "a folder"));
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "a file"), "");
    }

    [Fact]
    public async Task Every_command_and_every_option_is_offered_where_it_can_stand()
    {
        var commands = All(CommandLine.Root, []).ToArray();
        Assert.True(commands.Length > 50, "The tree of commands was not found.");

        // All in one run of the shell: a line for each command.
        var offered = await OfferAsync([.. commands.Select(one => (string[])[.. one.Path, ""])]);
        foreach (var ((path, command), words) in commands.Zip(offered))
        {
            var there = command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name).Concat(command.Options.Where(one => !one.Hidden).Select(one => one.Name)).Concat(["--data", "--set", "--json"]);
            Assert.True(!there.Except(words).Any(), $"After \"{string.Join(' ', path)}\" these are missing: {string.Join(' ', there.Except(words))}");
            Assert.DoesNotContain("/?", words);
        }
    }

    [Theory]
    [InlineData("exp", "export")]
    [InlineData("se", "secrets serve")]
    [InlineData("user add @furni --dms ", "anyone following")]
    [InlineData("user add @furni --dms f", "following")]
    [InlineData("completion ", "bash zsh")]
    [InlineData("user add --name ", "")]
    [InlineData("serve --data ", "a folder")]
    [InlineData("--data /tmp user sh", "show")]
    [InlineData("rules check a", "a file|a folder")]
    public async Task What_was_begun_is_completed(string line, string expected)
    {
        var words = Assert.Single(await OfferAsync([line.Split(' ')]));

        // What can follow besides are options.
        Assert.Equal(expected.Split(expected.Contains("a f", StringComparison.Ordinal) ? '|' : ' ', StringSplitOptions.RemoveEmptyEntries), words.Where(word => !word.StartsWith('-')).Order(StringComparer.Ordinal));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private string Script => Path.Combine(_folder.Path, ".completion");

    private static IEnumerable<(string[] Path, System.CommandLine.Command Command)> All(System.CommandLine.Command command, string[] path) =>
        command.Subcommands.Where(one => !one.Hidden).SelectMany(one => All(one, [.. path, one.Name])).Prepend((path, command));

    /// <summary>What bash would offer for each line, whose last word is being written.</summary>
    private async Task<string[][]> OfferAsync(string[][] lines)
    {
        var asked = string.Join('\n', lines.Select(line => $"COMP_WORDS=(afterword {string.Join(' ', line.Select(word => $"'{word}'"))}); COMP_CWORD={line.Length}; _afterword; (IFS=$'\\t'; echo \"${{COMPREPLY[*]}}\")"));
        var said = (await BuiltProgram.RunAsync("bash", _folder.Path, "--norc", "-c", $"source '{Script}'\n{asked}")).Is(0);
        Assert.Equal("", said.Errors);
        return [.. said.Output.Split('\n')[..lines.Length].Select(line => line.Split('\t', StringSplitOptions.RemoveEmptyEntries))];
    }
}
