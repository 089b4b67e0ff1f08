namespace Afterword.Support;

/// <summary>A temporary folder that is deleted when it is disposed of, or else when the test process ends.</summary>
internal sealed class TestFolder : IDisposable
{
    private TestFolder(string path)
    {
        Path = path;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    public string Path { get; }

    /// <param name="purpose">A word for the folder's name.</param>
    public static TestFolder Create(string purpose) => new(Directory.CreateTempSubdirectory($"afterword-{purpose}-").FullName);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Delete();
    }

    private void OnExit(object? sender, EventArgs e) => Delete();

    private void Delete()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Someone was faster.
        }
    }
}
