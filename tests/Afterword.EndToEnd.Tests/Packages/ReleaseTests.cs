using System.Text.Json;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>Everything that a release consists of, made by one command.</summary>
[Collection(nameof(Packaging)), LongForm]
public sealed class ReleaseTests
{
    [Fact]
    public async Task One_command_makes_all_of_it_with_a_bill_of_materials_and_check_sums()
    {
        using var folder = TestFolder.Create("release");
        var release = Path.Combine(folder.Path, "release");
        (await BuiltProgram.RunAsync(Path.Combine(BuiltProgram.Repository, "eng", "release"), BuiltProgram.Repository, "-o", release, PublishedProgram.Platform)).Is(0);
        (await BuiltProgram.RunAsync("sha256sum", release, "--check", "--strict", "--quiet", "SHA256SUMS")).Is(0);
        var summed = (await File.ReadAllLinesAsync(Path.Combine(release, "SHA256SUMS"), TestContext.Current.CancellationToken)).Select(line => line.Split("  ")[1]).ToArray();
        Assert.Equal(summed.Order(StringComparer.Ordinal), Directory.GetFiles(release).Select(Path.GetFileName).Where(name => name != "SHA256SUMS").Order(StringComparer.Ordinal));

        // All of one version, which the program itself says.
        var archive = Assert.Single(summed, name => name.EndsWith(".tar.gz", StringComparison.Ordinal));
        (await BuiltProgram.RunAsync("tar", folder.Path, "--extract", "--file", Path.Combine(release, archive))).Is(0);
        var unpacked = Path.Combine(folder.Path, archive[..^".tar.gz".Length]);
        var version = (await BuiltProgram.RunAsync(Path.Combine(unpacked, "afterword"), folder.Path, "--version")).Is(0).Output.Trim().Split('+')[0];
        Assert.Equal($"afterword-{version}-{PublishedProgram.Platform}", Path.GetFileName(unpacked));
        Assert.Contains($"Afterword.Client.{version}.nupkg", summed);
        Assert.Contains($"Afterword.Client.AspNetCore.{version}.snupkg", summed);
        Assert.Contains(summed, name => name.StartsWith($"afterword_{version.Replace("-", "~", StringComparison.Ordinal)}_", StringComparison.Ordinal));

        var bill = Path.Combine(release, $"afterword-{version}.cdx.json");
        (await BuiltProgram.RunAsync(Path.Combine(BuiltProgram.Repository, "eng", "sbom"), folder.Path, "--check", bill)).Is(0);
        using var read = JsonDocument.Parse(await File.ReadAllTextAsync(bill, TestContext.Current.CancellationToken));
        Assert.Equal(version, read.RootElement.GetProperty("metadata").GetProperty("component").GetProperty("version").GetString());
        Assert.Contains($"Microsoft.AspNetCore.App.Runtime.{PublishedProgram.Platform}", read.RootElement.GetProperty("components").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
    }
}
