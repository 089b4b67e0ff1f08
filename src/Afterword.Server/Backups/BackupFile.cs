using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>Takes a backup into a file, which gets its name only when it is whole, on the disk, and read once more.</summary>
internal sealed partial class BackupFile(Database db, TimeProvider clock)
{
    /// <param name="path">The file. It is never overwritten.</param>
    /// <param name="passphrase">Encrypts it; null leaves it readable.</param>
    /// <param name="progress">Told after each block, written or read.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="BackupException">There is such a file, or what was written could not be read again.</exception>
    public async Task<BackupContent> TakeAsync(string path, string? passphrase, Action<BackupProgress> progress, CancellationToken stop)
    {
        RefuseIfThere(path);
        var (folder, name) = (Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path));
        ClearRuins(folder, of => of == name);
        var part = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.part";

        // A new file under a name that nobody knows before: neither a link that someone put there nor another's backup is written into.
        await using var file = PrivateFile.Open(part, FileMode.CreateNew, FileShare.None);
        try
        {
            var written = await WriteVerifiedAsync(file, passphrase, progress, stop);
            RefuseIfThere(path);
            File.Move(part, path, overwrite: false);
            FolderSync.Run(folder);
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
        ClearRuins(folder, Dated.IsMatch);
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"afterword-{clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}.backup"));
        var content = await TakeAsync(path, passphrase, progress, stop);

        // Names with times are in the order of time. Files of other names are somebody else's.
        var old = keep is { } most
            ? Directory.GetFiles(folder).Where(file => Dated.IsMatch(Path.GetFileName(file))).OrderDescending(StringComparer.Ordinal).Skip(most).ToArray()
            : (string[])[];
        foreach (var file in old) File.Delete(file);
        return (path, content, old);
    }

    /// <summary>Takes a backup and gives it to a stream that cannot be read again.</summary>
    /// <remarks>By way of a file without a name: whoever reads slowly would hold the store's snapshot, and its log, for as long.</remarks>
    public async Task<BackupContent> SendAsync(Stream to, string? passphrase, Action<BackupProgress> progress, CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("afterword-stdout-");
        try
        {
            var path = Path.Combine(folder.FullName, "backup");
            await using var file = PrivateFile.Open(path, FileMode.CreateNew, FileShare.None);
            if (!OperatingSystem.IsWindows()) folder.Delete(recursive: true);
            var written = await WriteVerifiedAsync(file, passphrase, progress, stop);
            file.Position = 0;
            await file.CopyToAsync(to, stop);
            await to.FlushAsync(stop);
            return written;
        }
        finally
        {
            folder.Refresh();
            if (folder.Exists) folder.Delete(recursive: true);
        }
    }

    private async Task<BackupContent> WriteVerifiedAsync(FileStream file, string? passphrase, Action<BackupProgress> progress, CancellationToken stop)
    {
        BackupContent written;
        using (var key = passphrase is null ? null : BackupKey.Make(passphrase)) written = await new WriteBackup(db, clock).RunAsync(file, key, progress, stop);
        file.Flush(flushToDisk: true);
        file.Position = 0;
        using var backup = ReadBackup.Open(file, () => passphrase);
        var read = backup.Run(fill: null, progress, stop);
        return read.Bytes == written.Bytes && read.Totals.Rows.SequenceEqual(written.Totals.Rows)
            ? written
            : throw new BackupException("What was written is not what was to be written. See that the disk is well, and take the backup again.");
    }

    /// <summary>Deletes what killed backups have left. A part that is being written is locked.</summary>
    private static void ClearRuins(string folder, Func<string, bool> isOurs)
    {
        foreach (var ruin in Directory.EnumerateFiles(folder, "*.part").Where(file => Part.Match(Path.GetFileName(file)) is { Success: true } part && isOurs(part.Groups["of"].Value)).ToArray())
        {
            try
            {
                using (PrivateFile.Open(ruin, FileMode.Open, FileShare.None)) File.Delete(ruin);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another process writes it just now, or it is somebody else's.
            }
        }
    }

    private static void RefuseIfThere(string path)
    {
        if (Path.Exists(path)) throw new BackupException($"{path} is there already. A backup never overwrites a file: choose another name, or name a folder.");
    }

    [GeneratedRegex(@"\Aafterword-\d{8}T\d{6}Z\.backup\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Dated { get; }

    [GeneratedRegex(@"\A(?<of>.+)\.[0-9a-f]{8}\.part\z", RegexOptions.CultureInvariant | RegexOptions.Singleline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Part { get; }
}
