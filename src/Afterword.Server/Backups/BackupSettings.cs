using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;

namespace Afterword.Server.Backups;

/// <summary>Section <c>Backup</c>: the backups that the server takes by itself, and the passphrase of all.</summary>
internal sealed record BackupSettings
{
    /// <summary>Time between two backups of a server; null takes none. 10 minutes or more.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>Where they go; not null when there is an <see cref="Every"/>.</summary>
    public string? Directory { get; init; }

    /// <summary>How many are kept, 1 or more; 14 by default.</summary>
    public required int Keep { get; init; }

    /// <summary>Encrypts backups and opens them; null leaves them readable.</summary>
    public string? Passphrase { get; init; }

    /// <summary>A file whose first line is the passphrase.</summary>
    public string? PassphraseFile { get; init; }

    /// <summary>A line that is longer is no passphrase, but another file.</summary>
    private const long MostBytes = 64 * 1024;

    /// <summary>The passphrase itself, wherever it is; null without one.</summary>
    /// <exception cref="BackupException">The file is missing or empty, or others than its owner may use it.</exception>
    public string? ReadPassphrase() => PassphraseFile is { } file ? PassphraseIn(file) : Passphrase;

    /// <summary>The first line of a file.</summary>
    /// <exception cref="BackupException">There is none, or others than its owner may use the file.</exception>
    public static string PassphraseIn(string file)
    {
        if (!File.Exists(file)) throw new BackupException($"There is no file {file} with the passphrase of backups.");
        if (PrivateFile.IsOpenToOthers(file)) throw new BackupException($"The file {file} with the passphrase of backups can be used by others than its owner. Close it: chmod 600 {file}");
        if (new FileInfo(file).Length > MostBytes) throw new BackupException($"{file} is too long for a file with the passphrase of backups.");

        return File.ReadLines(file).FirstOrDefault() is { Length: > 0 } line ? line : throw new BackupException($"The first line of {file} must be the backup passphrase, but is empty.");
    }

    /// <returns>Why no backup can be taken with these settings; null when one can, or none is to be taken.</returns>
    public string? WrongWith()
    {
        if (Every is null) return null;

        try
        {
            ReadPassphrase();
            SqliteConnections.CreateFolder(Directory!);

            // Made and gone at once: rights alone do not tell whether a file system takes files.
            var probe = Path.Combine(Directory!, $"{Path.GetRandomFileName()}.probe");
            PrivateFile.Open(probe, FileMode.CreateNew, FileShare.None).Dispose();
            File.Delete(probe);
            return null;
        }
        catch (Exception error) when (error is BackupException or IOException or UnauthorizedAccessException)
        {
            return $"The server cannot take backups: {error.Message} See Backup:Directory and Backup:PassphraseFile.";
        }
    }

    /// <summary>Never the passphrase.</summary>
    public override string ToString() => Directory ?? "no schedule";
}
