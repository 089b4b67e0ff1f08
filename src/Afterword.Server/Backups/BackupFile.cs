using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;

namespace Afterword.Server.Backups;

/// <summary>Takes a backup into a file, which gets its name only when it is whole, on the disk, and read once more.</summary>
internal sealed partial class BackupFile(Database db, TimeProvider clock)
{
    /// <summary>How many bytes a folder's disk has left.</summary>
    public Func<string, long> RoomOf { get; init; } = DiskRoom.Of;

    /// <summary>Deletes an old backup.</summary>
    public Action<string> Delete { get; init; } = File.Delete;

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
    public async Task<KeptBackup> TakeIntoAsync(string folder, int? keep, string? passphrase, Action<BackupProgress> progress, CancellationToken stop)
    {
        SqliteConnections.CreateFolder(folder);
        ClearRuins(folder, Dated.IsMatch);
        var name = string.Create(CultureInfo.InvariantCulture, $"afterword-{clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}.backup");
        var path = Path.Combine(folder, name);
        var content = await TakeAsync(path, passphrase, progress, stop);
        var kept = new KeptBackup(path, content, [], []);
        return keep is { } most ? Prune(kept, OldOnes(folder, name, most)) : kept;
    }

    /// <summary>The files that make way for a new one. Files of other names are someone else's.</summary>
    /// <remarks>
    /// Names with times are in the order of time. One of a time to come was given by a clock that was wrong, or put there by someone: it makes
    /// way first.
    /// </remarks>
    private static IEnumerable<string> OldOnes(string folder, string taken, int most) => Directory.GetFiles(folder).Select(file => Path.GetFileName(file))
        .Where(name => Dated.IsMatch(name) && name != taken)
        .OrderBy(name => string.CompareOrdinal(name, taken) > 0).ThenByDescending(name => name, StringComparer.Ordinal)
        .Skip(most - 1).Select(name => Path.Combine(folder, name));

    /// <summary>Deletes old backups. The new one is there, so that nothing here makes a failure of it.</summary>
    private KeptBackup Prune(KeptBackup kept, IEnumerable<string> old)
    {
        var (deleted, left) = (new List<string>(), new List<string>());
        foreach (var file in old)
        {
            try
            {
                Delete(file);
                deleted.Add(file);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                left.Add($"{file} could not be deleted: {error.Message}");
            }
        }

        return kept with { Deleted = deleted, NotDeleted = left };
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
        RefuseIfFull();
        BackupContent written;
        using (var key = passphrase is null ? null : BackupKey.Make(passphrase)) written = await new WriteBackup(db, clock).RunAsync(file, key, Told, stop);
        file.Flush(flushToDisk: true);
        file.Position = 0;
        using var backup = ReadBackup.Open(file, () => passphrase);
        var read = backup.Run(fill: null, progress, stop);
        return read.Bytes == written.Bytes && read.Totals.Rows.SequenceEqual(written.Totals.Rows)
            ? written
            : throw new BackupException("The backup does not match what was to be written. Check the disk and take the backup again.");

        void Told(BackupProgress now)
        {
            RefuseIfFull();
            progress(now);
        }

        // The service comes first: a disk that the backup fills refuses the store's writes.
        void RefuseIfFull()
        {
            foreach (var folder in (string?[])[Path.GetDirectoryName(file.Name), db is SqliteDatabase { File: var store } ? Path.GetDirectoryName(Path.GetFullPath(store)) : null])
            {
                if (folder is not null && RoomOf(folder) is var room && room < DiskRoom.Least)
                {
                    throw new BackupException(string.Create(CultureInfo.InvariantCulture, $"The disk of {folder} has {room / (1024 * 1024):N0} MiB left, and a backup leaves {DiskRoom.Least / (1024 * 1024):N0} MiB free: make room on it, or write the backup to another disk."));
                }
            }
        }
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
                // Another process writes it just now, or it is someone else's.
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

/// <summary>A backup in a folder of backups.</summary>
/// <param name="Path">The file.</param>
/// <param name="Content">What it holds.</param>
/// <param name="Deleted">Old ones that made way.</param>
/// <param name="NotDeleted">Old ones that could not, and why: a sentence for each.</param>
internal sealed record KeptBackup(string Path, BackupContent Content, IReadOnlyList<string> Deleted, IReadOnlyList<string> NotDeleted);
