using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>The file of a person's data: for its owner alone, and under another name until it is whole.</summary>
internal sealed class PersonDataFile : IAsyncDisposable
{
    private readonly string _path;
    private readonly string _part;
    private readonly FileStream _stream;

    private PersonDataFile(string path, string part, FileStream stream) => (_path, _part, _stream) = (path, part, stream);

    public Stream Stream => _stream;

    public static PersonDataFile Open(string path)
    {
        // A new file: what was made before under the name keeps its rights, which may be everybody's.
        var part = $"{path}.{Pseudonym.Random(8)}.part";
        return new(path, part, PrivateFile.Open(part, FileMode.CreateNew, FileShare.None));
    }

    /// <summary>Gives the file its name, once everything is on the disk.</summary>
    public void Complete()
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_part, _path, overwrite: true);
        FolderSync.Run(Path.GetDirectoryName(Path.GetFullPath(_path))!);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _stream.DisposeAsync();
        }
        finally
        {
            // What could not be written to a full disk is not left there either.
            File.Delete(_part);
        }
    }
}
