using System.CommandLine;
using System.Globalization;
using Afterword.Server.Cli;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>Runs commands on a store, within this process.</summary>
/// <param name="store">Where it is, as settings.</param>
internal sealed class CommandShell(IReadOnlyDictionary<string, string?> store)
{
    /// <summary>Runs a command and gives all that it said.</summary>
    public async Task<string> RunAsync(int exitCode, params string[] arguments)
    {
        await using var said = new StringWriter(CultureInfo.InvariantCulture);
        string[] where = store.GetValueOrDefault("Database") is { } database ? ["--database", database] : ["--data", store["Data"]!];
        var code = await CommandLine.RunAsync([.. where, .. arguments], new InvocationConfiguration { Output = said, Error = said, ProcessTerminationTimeout = null });
        Assert.True(code == exitCode, $"{string.Join(' ', arguments)} gave {code}: {said}");
        return said.ToString();
    }
}
