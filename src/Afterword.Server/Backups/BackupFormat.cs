using System.Security.Cryptography;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Afterword.Server.Backups;

/// <summary>What a block of a backup holds. The letters stand in the file: <c>docs/backup.md</c> describes it.</summary>
internal enum BlockKind : byte
{
    /// <summary>How the passphrase becomes the key. The first block of an encrypted file.</summary>
    Key = (byte)'K',

    Header = (byte)'H',

    /// <summary>Rows of one table.</summary>
    Rows = (byte)'R',

    /// <summary>The totals. Nothing follows.</summary>
    End = (byte)'E',
}

/// <summary>Sizes and marks of the container.</summary>
internal static class BackupFormat
{
    public const int Version = 1;

    /// <summary>Kind, length as stored, length as it was.</summary>
    public const int HeadLength = 1 + sizeof(uint) + sizeof(uint);

    public const int ChecksumLength = SHA256.HashSizeInBytes;

    /// <summary>A block is closed when it has so many bytes.</summary>
    public const int BlockLength = 1024 * 1024;

    /// <summary>A row is never longer. A file that says so is damaged, and costs no memory.</summary>
    private const int MostInRows = 64 * 1024 * 1024;

    /// <summary>The header of a store with a hundred tables has 20 KB.</summary>
    private const int MostElsewhere = 1024 * 1024;

    /// <summary>How long the content of a block may be.</summary>
    public static int MostIn(BlockKind kind) => kind == BlockKind.Rows ? MostInRows : MostElsewhere;

    /// <summary>What every file begins with; the number behind it is the version of the format.</summary>
    public static ReadOnlySpan<byte> Mark => "afterword-backup "u8;
}

/// <summary>A backup that cannot be read, or does not fit: the message tells a person why.</summary>
internal sealed class BackupException(string message) : IOException(message);

/// <summary>The first thing in a backup.</summary>
/// <param name="Program">The version of the program that wrote it.</param>
/// <param name="Engine">The engine that it comes from.</param>
/// <param name="TakenAt">When its moment was, in Unix milliseconds.</param>
/// <param name="Schema">The newest migration of the store.</param>
/// <param name="MasterKeys">The keys of a key file that encrypt the key ring; none when it can be read.</param>
/// <param name="Tables">In the order in which their rows follow.</param>
internal sealed partial record BackupHeader(string Program, string Engine, long TakenAt, long Schema, IReadOnlyList<string> MasterKeys, IReadOnlyList<BackupTable> Tables)
{
    private const int MostNames = 1_000;
    private const int MostLetters = 200;

    [JsonIgnore]
    public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(TakenAt);

    /// <summary>Whether it is one that a program can have written. Checksums say nothing of whoever made a file: what it says is shown at a terminal, and sizes what is read.</summary>
    [JsonIgnore]
    public bool IsSound =>
        IsText(Program) && IsText(Engine) && Schema >= 1 && TakenAt >= 0 && TakenAt <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        && MasterKeys.Count <= MostNames && MasterKeys.All(IsText)
        && AreNames([.. Tables.Select(table => table?.Name)])
        && Tables.All(table => AreNames([.. table.Columns.Select(column => column?.Name)]) && table.Columns.All(column => BackupKinds.Find(column.Kind) is not null));

    private static bool AreNames(string?[] names) =>
        names.Length is > 0 and <= MostNames && names.All(name => name is not null && Name.IsMatch(name)) && names.Distinct().Count() == names.Length;

    private static bool IsText(string text) => text is { Length: <= MostLetters } && !text.Any(char.IsControl);

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,62}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Name { get; }
}

/// <param name="Name">The table.</param>
/// <param name="Columns">In the order of the values.</param>
internal sealed record BackupTable(string Name, IReadOnlyList<BackupColumn> Columns);

/// <param name="Name">The column.</param>
/// <param name="Kind"><c>whole</c>, <c>text</c> or <c>bytes</c>.</param>
internal sealed record BackupColumn(string Name, string Kind);

/// <summary>The last thing in a backup.</summary>
/// <param name="Rows">How many rows each table has, in the order of the header.</param>
internal sealed record BackupTotals(IReadOnlyList<long> Rows);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BackupHeader))]
[JsonSerializable(typeof(BackupTotals))]
internal sealed partial class BackupContext : JsonSerializerContext;
