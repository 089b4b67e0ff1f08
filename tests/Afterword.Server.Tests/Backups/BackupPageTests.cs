using System.CommandLine;
using System.Globalization;
using Afterword.Server.Cli;
using Afterword.Support;

namespace Afterword.Server.Tests.Backups;

/// <summary>The page on backups names commands that there are.</summary>
public sealed class BackupPageTests
{
    [Fact]
    public async Task Every_command_of_the_page_is_understood()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "docs", "backup.md"), TestContext.Current.CancellationToken);
        var commands = lines.Where(line => line.StartsWith("    afterword ", StringComparison.Ordinal))
            .SelectMany(line => line.Split('#', '|')[0].Split("&&"))
            .Select(command => command.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToArray();

        Assert.True(commands.Length >= 10);
        foreach (var command in commands)
        {
            Assert.Equal("afterword", command[0]);
            await using var said = new StringWriter(CultureInfo.InvariantCulture);
            var code = await CommandLine.RunAsync([.. command[1..], "--help"], new InvocationConfiguration { Output = said, Error = said, ProcessTerminationTimeout = null });
            Assert.True(code == 0, $"{string.Join(' ', command)}: {said}");
        }
    }
}
