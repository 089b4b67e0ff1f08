namespace Afterword.Server.Cli;

/// <summary>A folder that is deleted when it is done with.</summary>
/// <param name="prefix">Of its name, which tells whose it is when the process was killed.</param>
internal sealed class TemporaryFolder(string prefix) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory(prefix);

    public string Path => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
