using System.Diagnostics;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Consoles;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The Debian package, installed by apt into a fresh system.</summary>
[Collection(nameof(Packaging)), LongForm]
public sealed class DebianPackageTests(PublishedProgram published, Browser browser)
{
    private const string Version = "1.2.0-rc.1";
    private const string User = "afterword";

    [Fact]
    public async Task Installed_into_a_fresh_system_it_gets_its_first_answer_and_leaves_the_store_behind()
    {
        using var folder = TestFolder.Create("deb");
        var package = await BuildAsync(folder.Path);
        using var root = await DebianRoot.UnpackAsync(await published.DebianAsync());
        File.Copy(package, Path.Combine(root.Path, "afterword.deb"));
        (await root.RunAsync("root", "apt-get", "update", "-q")).Is(0);
        (await root.RunAsync("root", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y", "--no-install-recommends", "/afterword.deb")).Is(0);
        Assert.Equal("640 root afterword", (await root.RunAsync("root", "stat", "--format=%a %U %G", "/etc/afterword/appsettings.json")).Is(0).Output.Trim());
        Assert.StartsWith("Package: afterword\nStatus: install ok installed\n", (await root.RunAsync("root", "dpkg", "--status", "afterword")).Is(0).Output, StringComparison.Ordinal);

        // What systemd does before it starts the service: StateDirectory.
        (await root.RunAsync("root", "install", "--directory", "--owner=afterword", "--mode=700", "/var/lib/afterword")).Is(0);
        var starting = root.Starting(User, "/usr/bin/afterword", "serve", "--set", "Kestrel:Endpoints:Http:Url=http://127.0.0.1:0");
        await using (var server = await StartedProgram.StartAsync(new ProcessStartInfo(starting[0], starting[1..])))
        {
            await server.IsReadyAsync();
            await FirstAnswer.GiveAsync(browser, SetUpWalk.LinkOf(server.Said));
            await FirstAnswer.GiveAsync(arguments => root.RunAsync(User, ["/usr/bin/afterword", .. arguments]), server.Url);
            Assert.Equal(0, await server.TerminateAsync());
        }

        Assert.Contains("All is well.", (await root.RunAsync(User, "afterword", "doctor")).Is(0).Output, StringComparison.Ordinal);
        Assert.Contains("which daemon may not read", (await root.RunAsync("daemon", "afterword", "doctor")).Is(2).Errors, StringComparison.Ordinal);

        (await root.RunAsync("root", "dpkg", "--purge", "afterword")).Is(0);
        Assert.True(File.Exists(Path.Combine(root.Path, "var", "lib", "afterword", "afterword.db")));
        Assert.False(Directory.Exists(Path.Combine(root.Path, "etc", "afterword")));
        Assert.False(Directory.Exists(Path.Combine(root.Path, "usr", "lib", "afterword")));
    }

    [Fact]
    public async Task Debians_own_critic_finds_nothing_and_the_same_tree_gives_the_same_package()
    {
        using var folder = TestFolder.Create("lint");
        var package = await BuildAsync(folder.Path);
        var found = (await BuiltProgram.RunAsync("lintian", folder.Path, "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", package)).Is(0);
        Assert.Equal("", found.Output);

        var first = await File.ReadAllBytesAsync(package, TestContext.Current.CancellationToken);
        Assert.Equal(first, await File.ReadAllBytesAsync(await BuildAsync(Path.Combine(folder.Path, "again")), TestContext.Current.CancellationToken));
    }

    private async Task<string> BuildAsync(string folder)
    {
        var built = (await BuiltProgram.RunAsync(
            Path.Combine(BuiltProgram.Repository, "eng", "deb", "build"), BuiltProgram.Repository, await published.BesideAsync(), PublishedProgram.Platform, Version, folder)).Is(0);
        var package = built.Output.Trim();
        Assert.StartsWith("afterword_1.2.0~rc.1_", Path.GetFileName(package), StringComparison.Ordinal);
        return package;
    }
}
