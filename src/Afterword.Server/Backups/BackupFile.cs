using System.Globalization;
using System.Text.RegularExpressions;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>Takes a backup into a file, which gets its name only when it is whole, on the disk, and read once more.</summary>
internal sealed partial class BackupFile(Database db, TimeProvider clock)
{
    /// <summary>What a file that is not complete ends with.</summary>
    private const string Part = ".part";

    /// <param name="path">The file. It is never overwritten.</param>
    /// <param name="passphrase">Encrypts it; null leaves it readable.</param>
    /// <param name="progress">Told after each block, written or read.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="BackupException">There is such a file, or what was written could not be read again.</exception>
    public async Task<BackupContent> TakeAsync(string path, string? passphrase, Action<BackupProgress> progress, CancellationToken stop)
    {
        RefuseIfThere(path);
        var part = path + Part;

        // Held to the end, so that two who write the same file do not mix.
        await using var file = PrivateFile.Open(part, FileMode.OpenOrCreate, FileShare.None);
        try
        {
            file.SetLength(0);
            var written = await WriteAsync(file, passphrase, progress, stop);
            file.Flush(flushToDisk: true);
            file.Position = 0;
            Verify(file, passphrase, written, progress, stop);
            RefuseIfThere(path);
            File.Move(part, path, overwrite: false);
            return written;
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    /// <summary>Takes a backup into a folder, under a name with its time, and deletes old ones of such names.</summary>
    /// <param name="folder">Made when missing, for its owner alone.</param>
    /// <param name="keep">So many stay; null keeps all.</param>
    /// <param name="passphrase">As for a file.</param>
    /// <param name="progress">As for a file.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The file, and those that were deleted.</returns>
    public async Task<(string Path, BackupContent Content, IReadOnlyList<string> Deleted)> TakeIntoAsync(
        string folder, int? keep, string? passphrase, Action<BackupProgress> progress, CancellationToken stop)
    {
        SqliteConnections.CreateFolder(folder);
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"afterword-{clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}.backup"));
        var content = await TakeAsync(path, passphrase, progress, stop);

        // Names with times are in the order of time. Files of other names are somebody else's.
        var old = keep is { } most
            ? Directory.GetFiles(folder).Where(file => Dated.IsMatch(Path.GetFileName(file))).OrderDescending(StringComparer.Ordinal).Skip(most).ToArray()
            : (string[])[];
        foreach (var file in old) File.Delete(file);
        return (path, content, old);
    }

    /// <summary>Writes a backup to a stream that cannot be read again.</summary>
    public async Task<BackupContent> WriteAsync(Stream to, string? passphrase, Action<BackupProgress> progress, CancellationToken stop)
    {
        using var key = passphrase is null ? null : BackupKey.Make(passphrase);
        return await new WriteBackup(db, clock).RunAsync(to, key, progress, stop);
    }

    private static void Verify(Stream file, string? passphrase, BackupContent written, Action<BackupProgress> progress, CancellationToken stop)
    {
        using var backup = ReadBackup.Open(file, () => passphrase);
        var read = backup.Run(fill: null, progress, stop);
        if (read.Bytes != written.Bytes || !read.Totals.Rows.SequenceEqual(written.Totals.Rows)) throw new BackupException("What was written is not what was to be written. See that the disk is well, and take the backup again.");
    }

    private static void RefuseIfThere(string path)
    {
        if (Path.Exists(path)) throw new BackupException($"{path} is there already. A backup never overwrites a file: choose another name, or name a folder.");
    }

    [GeneratedRegex(@"\Aafterword-\d{8}T\d{6}Z\.backup\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Dated { get; }
}
