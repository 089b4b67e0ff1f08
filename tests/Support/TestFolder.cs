namespace Afterword.Support;

/// <summary>A temporary folder that is deleted when it is disposed of, or else when the test process ends.</summary>
internal sealed class TestFolder : IDisposable
{
    private const string Memory = "/dev/shm";

    private TestFolder(string path)
    {
        Path = path;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    public string Path { get; }

    /// <param name="purpose">A word for the folder's name.</param>
    public static TestFolder Create(string purpose) => new(Directory.CreateTempSubdirectory($"afterword-{purpose}-").FullName);

    /// <summary>A folder in memory, where the system has such: for tests to which it is all one what a disk does.</summary>
    /// <param name="purpose">A word for the folder's name.</param>
    public static TestFolder InMemory(string purpose) =>
        Directory.Exists(Memory) ? new(Directory.CreateDirectory(System.IO.Path.Combine(Memory, $"afterword-{purpose}-{System.IO.Path.GetRandomFileName()}")).FullName) : Create(purpose);

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
            // Somebody was faster.
        }
    }
}
