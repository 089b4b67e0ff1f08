namespace Afterword.Server.Storage;

/// <summary>Makes files that their owner alone may read and write. Everything that the program writes is made here.</summary>
internal static class PrivateFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Opens a file for writing; a new one gets its rights before it gets its first byte.</summary>
    public static FileStream Open(string path, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open) options.UnixCreateMode = Owner;
        return new FileStream(path, options);
    }

    /// <summary>Whether anyone but its owner may use a file that holds a secret.</summary>
    public static bool IsOpenToOthers(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (Group | Others)) != UnixFileMode.None;

    /// <summary>Sees that there is a file for someone else to write into, SQLite above all, which gives its log the rights of the file.</summary>
    public static void Prepare(string path)
    {
        // A file that is there is not opened: closing it would end the locks that SQLite holds on it in this process.
        if (File.Exists(path))
        {
            CloseToOthers(path);
            return;
        }

        try
        {
            Open(path, FileMode.CreateNew, FileShare.ReadWrite).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was faster.
        }
    }

    // What older versions made can be read by everybody on the machine. A group keeps what it was given, for backups.
    private static void CloseToOthers(string path)
    {
        if (OperatingSystem.IsWindows()) return;

        foreach (var file in new[] { path, $"{path}-wal", $"{path}-shm" })
        {
            try
            {
                var rights = File.GetUnixFileMode(file);
                if ((rights & Others) != UnixFileMode.None) File.SetUnixFileMode(file, rights & ~Others);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is gone, or someone else's: whoever owns it decides.
            }
        }
    }
}
