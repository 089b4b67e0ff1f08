using System.Globalization;
using System.Text;
using Afterword.Server.Backups;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>Who was erased, in a file beside the backups: a restore of a backup that still holds them erases them again. It has ids, receipts and times.</summary>
internal static class ErasureList
{
    public const string Name = "afterword.erased";

    private const string Header = "# Who was erased: id, receipt and time. afterword restore reads this beside a backup. Keep it as long as the backups.";

    /// <summary>The file in a folder.</summary>
    public static string In(string folder) => Path.Combine(folder, Name);

    /// <summary>The file beside a backup.</summary>
    public static string Beside(string backup) => In(Path.GetDirectoryName(Path.GetFullPath(backup))!);

    /// <exception cref="BackupException">It is no such list.</exception>
    public static IReadOnlyList<Erasure> Read(string file)
    {
        var erased = new List<Erasure>();
        foreach (var (line, number) in File.ReadLines(file).Select((line, place) => (line, place + 1)))
        {
            if (line.Length == 0 || line[0] == '#') continue;

            erased.Add(Parse(line) ?? throw new BackupException(string.Create(CultureInfo.InvariantCulture, $"{file}, line {number}, does not say who was erased: an id, a receipt and a time are expected. Mend it, or move it away to restore without it.")));
        }

        return erased;
    }

    /// <summary>Adds to the list of a folder. Who stands there stays: another store may keep its backups there, too.</summary>
    public static void Add(string folder, IReadOnlyList<Erasure> erased)
    {
        var file = In(folder);
        var known = File.Exists(file) ? Read(file) : [];
        var all = known.Concat(erased).DistinctBy(one => one.UserId).OrderBy(one => one.At).ThenBy(one => one.UserId).ToArray();
        if (all.Length == known.Count) return;

        var text = new StringBuilder(Header).Append('\n');
        foreach (var one in all) text.Append(CultureInfo.InvariantCulture, $"{one.UserId} {one.Receipt} {one.At.ToUnixTimeMilliseconds()}\n");
        var part = $"{file}.{Pseudonym.Random(8)}.part";
        using (var written = PrivateFile.Open(part, FileMode.CreateNew, FileShare.None))
        {
            written.Write(Encoding.ASCII.GetBytes(text.ToString()));
            written.Flush(flushToDisk: true);
        }

        File.Move(part, file, overwrite: true);
        FolderSync.Run(folder);
    }

    /// <summary>The same where nothing depends on it: the next backup writes the list, too.</summary>
    /// <returns>Why it could not be written; null when it was.</returns>
    public static string? TryAdd(string folder, IReadOnlyList<Erasure> erased)
    {
        try
        {
            Add(folder, erased);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or BackupException)
        {
            return $"the list of erased people beside the backups, {In(folder)}, could not be written: {error.Message}";
        }
    }

    private static Erasure? Parse(string line) =>
        line.Split(' ') is [var user, { Length: > 0 and <= 64 } receipt, var at]
            && long.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var millis)
            && millis <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? new(id, receipt, DateTimeOffset.FromUnixTimeMilliseconds(millis))
            : null;
}
