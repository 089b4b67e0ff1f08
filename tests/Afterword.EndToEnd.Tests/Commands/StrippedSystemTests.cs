using Afterword.EndToEnd.Tests.Packages;
using Afterword.EndToEnd.Tests.Servers;
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
    public async Task Without_ICU_a_sentence_says_so()
    {
        OwnMounts.Need();
        using var folder = TestFolder.Create("stripped");
        var program = Path.Combine(AppContext.BaseDirectory, "afterword");

        var (code, errors) = await OwnMounts.RunAsync($"for library in /usr/lib/*/libicuuc.so.* /usr/lib64/libicuuc.so.*; do [ ! -e $library ] || mount --bind /dev/null $(readlink -f $library); done; exec {program} doctor --data {folder.Path}");

        Assert.Equal(
            (1, "Afterword needs ICU, the library that knows languages and mail domains, and this system has none. Install its package: libicu and a number on Debian and Ubuntu, libicu on Fedora, icu-libs and icu-data-full on Alpine.\n"),
            (code, errors));
    }

    [Fact]
    public async Task Without_time_zones_a_server_says_what_does_not_work()
    {
        using var folder = TestFolder.Create("stripped");
        var none = Directory.CreateDirectory(Path.Combine(folder.Path, "none")).FullName;
        using var server = Command.Start(["serve", "--data", Path.Combine(folder.Path, "data"), "--urls", "http://127.0.0.1:0"], new Dictionary<string, string> { ["TZDIR"] = none });

        var told = "";
        while (!told.StartsWith("Warning: ", StringComparison.Ordinal) && await server.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line) told = line;

        server.Kill();
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("Warning: This system has no time zones: install them (package tzdata) and start again. Until then, rules with quiet hours in another zone than UTC cannot be saved or read.", told);
    }

    [Fact]
    public async Task Without_a_certificate_https_is_refused_with_where_to_set_one()
    {
        using var folder = TestFolder.Create("stripped");

        // The SDK puts one for developers into the home of its user.
        var environment = new Dictionary<string, string> { ["HOME"] = folder.Path };
        var refused = (await Command.RunProcessAsync(["serve", "--data", Path.Combine(folder.Path, "data"), "--urls", "https://127.0.0.1:0"], environment)).Is(2);
        Assert.Equal(
            "https://127.0.0.1:0 needs a certificate, and none is set. Set Kestrel:Certificates:Default:Path and Kestrel:Certificates:Default:KeyPath (docs/configuration.md, \"Addresses and TLS\"), or listen on http behind a proxy that has one.",
            refused.Errors.TrimEnd());
    }

    [Fact]
    public async Task Settings_that_are_not_JSON_end_a_process_with_one_line()
    {
        using var folder = TestFolder.Create("stripped");
        var file = Path.Combine(folder.Path, "appsettings.json");
        await File.WriteAllTextAsync(file, "{\n  \"Platform\": Furni\n}", TestContext.Current.CancellationToken);

        var refused = (await BuiltProgram.RunAsync(Path.Combine(AppContext.BaseDirectory, "afterword"), folder.Path, "doctor")).Is(2);
        Assert.Equal($"{file}, line 2, column 15: this is not JSON. A value is expected here: a text in double quotes, a number, true, false, null, [ or {{.", refused.Errors.TrimEnd());
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
