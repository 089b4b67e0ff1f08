using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>Which program <c>./afterword</c> runs: what was published, as long as it is newer than the sources.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly TestFolder _tree = TestFolder.Create("launcher");
    private int _minutes;

    public LauncherTests()
    {
        File.Copy(Path.Combine(BuiltProgram.Repository, "afterword"), Path.Combine(_tree.Path, "afterword"));
        foreach (var file in (string[])["eng/script", "src/Program.cs", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json"]) Save(file);
        foreach (var folder in (string[])["eng", "src"]) Directory.SetLastWriteTimeUtc(Path.Combine(_tree.Path, folder), Now);
    }

    [Fact]
    public async Task What_was_published_is_run_until_a_source_changes()
    {
        SaveProgram("artifacts/bin/Afterword.Server/release/afterword", "built");
        Save("artifacts/afterword.built");
        Assert.Equal("built", await RunAsync());

        SaveProgram($"artifacts/publish/Afterword.Server/release_{PublishedProgram.Platform}/afterword", "published");
        Assert.Equal("published", await RunAsync());

        Save("src/Program.cs");
        Save("artifacts/afterword.built");
        Assert.Equal("built", await RunAsync());
    }

    public void Dispose() => _tree.Dispose();

    private DateTime Now => new DateTime(2026, 1, 5, 9, 0, 0, DateTimeKind.Utc).AddMinutes(_minutes);

    private void SaveProgram(string file, string says)
    {
        Save(file, $"#!/bin/sh\necho {says} \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(_tree.Path, file), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    // Each file is a minute younger than the one before.
    private void Save(string file, string text = "")
    {
        var path = Path.Combine(_tree.Path, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        _minutes++;
        File.SetLastWriteTimeUtc(path, Now);
    }

    private async Task<string> RunAsync()
    {
        var said = (await BuiltProgram.RunAsync(Path.Combine(_tree.Path, "afterword"), "/", "a b")).Is(0).Output.Trim();
        Assert.EndsWith(" a b", said, StringComparison.Ordinal);
        return said[..^4];
    }
}
