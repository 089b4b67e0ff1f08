using System.Text.Json;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The bill of materials that goes with a release.</summary>
public sealed class SbomTests
{
    private static readonly string s_script = Path.Combine(BuiltProgram.Repository, "eng", "sbom");

    [Fact]
    public async Task It_names_every_package_of_the_lock_file_and_of_the_built_program()
    {
        using var folder = TestFolder.Create("sbom");
        var file = Path.Combine(folder.Path, "afterword.cdx.json");
        (await BuiltProgram.RunAsync(s_script, folder.Path, "-o", file)).Is(0);
        using var bill = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(("CycloneDX", "1.6"), (bill.RootElement.GetProperty("bomFormat").GetString(), bill.RootElement.GetProperty("specVersion").GetString()));
        var named = bill.RootElement.GetProperty("components").EnumerateArray().Select(one => $"{one.GetProperty("name")}/{one.GetProperty("version")}").ToHashSet(StringComparer.OrdinalIgnoreCase);

        using var locked = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Repository, "src", "Afterword.Server", "packages.lock.json"), TestContext.Current.CancellationToken));
        var packages = locked.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject())
            .Where(package => package.Value.GetProperty("type").GetString() != "Project").Select(package => $"{package.Name}/{package.Value.GetProperty("resolved")}").ToArray();
        Assert.NotEmpty(packages);
        Assert.Empty(packages.Except(named, StringComparer.OrdinalIgnoreCase));

        // What the build put beside the program, by its own account.
        using var built = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Folder, "afterword.deps.json"), TestContext.Current.CancellationToken));
        Assert.Empty(built.RootElement.GetProperty("libraries").EnumerateObject().Where(one => one.Value.GetProperty("type").GetString() == "package").Select(one => one.Name)
            .Except(named, StringComparer.OrdinalIgnoreCase));

        (await BuiltProgram.RunAsync(s_script, folder.Path, "--check", file)).Is(0);
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Replace("\"Npgsql\"", "\"Npgsql2\"", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        (await BuiltProgram.RunAsync(s_script, folder.Path, "--check", file)).Is(1);
    }
}
