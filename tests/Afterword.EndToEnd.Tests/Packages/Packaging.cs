using System.Runtime.InteropServices;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>Tests that publish and pack: one at a time, since they build in the same folder.</summary>
[CollectionDefinition(nameof(Packaging))]
public sealed class Packaging : ICollectionFixture<PublishedProgram>;

/// <summary>The program for this machine as <c>eng/publish</c> makes it, once for all tests that need it.</summary>
public sealed class PublishedProgram : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create("published");
    private readonly Lazy<Task<string>> _oneFile;
    private readonly Lazy<Task<string>> _beside;
    private readonly Lazy<Task<string>> _debian;

    public PublishedProgram()
    {
        _oneFile = new(() => PublishAsync("one"));
        _beside = new(() => PublishAsync("two", "--beside"));
        _debian = new(DebootstrapAsync);
    }

    /// <summary>What .NET calls this machine.</summary>
    public static string Platform => RuntimeInformation.RuntimeIdentifier;

    /// <summary>A folder with one file.</summary>
    public Task<string> OneFileAsync() => _oneFile.Value;

    /// <summary>A folder with the program, and SQLite's library beside it.</summary>
    public Task<string> BesideAsync() => _beside.Value;

    /// <summary>The files of a fresh Debian, of the release that this machine runs, as an archive.</summary>
    public Task<string> DebianAsync() => _debian.Value;

    public void Dispose() => _folder.Dispose();

    private async Task<string> PublishAsync(string name, params string[] options)
    {
        var folder = Path.Combine(_folder.Path, name);
        (await BuiltProgram.RunAsync(Path.Combine(BuiltProgram.Repository, "eng", "publish"), BuiltProgram.Repository, [.. options, "-o", folder, Platform])).Is(0);
        return Path.Combine(folder, Platform);
    }

    private async Task<string> DebootstrapAsync()
    {
        const string Make = """. /etc/os-release && debootstrap --variant=minbase --include=ca-certificates "$VERSION_CODENAME" "$1" >&2 && cp /etc/resolv.conf "$1/etc/" && tar --create --one-file-system --directory="$1" --file="$0" . && rm -rf "$1"; """;
        var archive = Path.Combine(_folder.Path, "debian.tar");
        (await BuiltProgram.RunAsync("bash", "/", "-c", Make, archive, Path.Combine(_folder.Path, "debian"))).Is(0);
        return archive;
    }
}
