using System.Globalization;

namespace Afterword.Server.Storage;

/// <summary>How much room the disk of a SQLite store has.</summary>
internal static class DiskRoom
{
    /// <summary>Its log takes as much, and more while a long export reads.</summary>
    public const long Least = 64 * MiB;

    private const long MiB = 1024 * 1024;

    /// <returns>What to do about a disk that is full or nearly so; null when there is room.</returns>
    public static string? WrongWith(string folder) => Of(folder) is var room && room < Least
        ? string.Create(CultureInfo.InvariantCulture, $"the disk of {folder} has {room / MiB} MiB left, and the store needs {Least / MiB} for its log: make room on it, or writes are refused")
        : null;

    /// <param name="folder">The store's folder; it need not be there yet.</param>
    /// <returns>Bytes.</returns>
    public static long Of(string folder)
    {
        for (var at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
        {
            if (!Directory.Exists(at)) continue;

            // What is no disk, such as /proc, has no room of any size.
            var drive = new DriveInfo(at);
            return drive.TotalSize == 0 ? long.MaxValue : drive.AvailableFreeSpace;
        }

        return long.MaxValue;
    }
}
