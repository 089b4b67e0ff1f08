using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>Systems from which something was taken away, as small container images are. Each command says what is missing, and does nothing.</summary>
public sealed class StrippedSystemTests
{
    [Fact]
    public async Task Without_the_rules_of_languages_nothing_starts()
    {
        using var folder = TestFolder.Create("stripped");
        var environment = new Dictionary<string, string> { ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1" };
        foreach (var command in (string[])["serve", "doctor"])
        {
            var refused = (await Command.RunProcessAsync([command, "--data", folder.Path], environment)).Is(1);
            Assert.Contains("cannot run in globalization-invariant mode", refused.Errors, StringComparison.Ordinal);
            Assert.Contains("install ICU", refused.Errors, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Without_time_zones_another_one_than_UTC_is_refused_with_what_to_install()
    {
        using var folder = TestFolder.Create("stripped");
        var environment = new Dictionary<string, string> { ["TZDIR"] = folder.Path };
        foreach (var command in (string[])["serve", "doctor"])
        {
            var refused = (await Command.RunProcessAsync([command, "--data", folder.Path, "--set", "Console:TimeZone=Europe/Paris"], environment)).Is(2);
            Assert.Contains("this system has no time zones: install them (package tzdata)", refused.Errors, StringComparison.Ordinal);
        }
    }
}
