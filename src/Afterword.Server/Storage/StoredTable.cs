using System.Text.RegularExpressions;

namespace Afterword.Server.Storage;

/// <summary>What a column holds. Both engines have other names for it, and no more kinds.</summary>
internal enum ColumnKind
{
    Whole,
    Text,
    Bytes,
}

/// <param name="Type">The kind as the engine spells it.</param>
internal sealed record StoredColumn(string Name, ColumnKind Kind, string Type);

/// <summary>A table as the store has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Columns">In the order in which they were made, which the engines do not always share.</param>
/// <param name="Key">The columns of the primary key, in its order.</param>
internal sealed record StoredTable(string Name, IReadOnlyList<StoredColumn> Columns, IReadOnlyList<string> Key);

/// <summary>Asks a store for its tables and indexes.</summary>
internal static partial class StoredTables
{
    private static readonly Lazy<IReadOnlySet<string>> s_ours = new(() => NamesIn("main"));
    private static readonly Lazy<IReadOnlySet<string>> s_admissions = new(() => NamesIn("admissions"));

    /// <summary>Every table of the store proper that a migration makes. A database may hold tables of others beside them.</summary>
    public static IReadOnlySet<string> Ours => s_ours.Value;

    /// <summary>The tables of nonces and windows, which on PostgreSQL lie in the same database.</summary>
    public static IReadOnlySet<string> OfAdmissions => s_admissions.Value;

    /// <summary>The tables that are there now and are ours, by name.</summary>
    public static async Task<IReadOnlyList<StoredTable>> ListAsync(Database db, Session session, CancellationToken stop)
    {
        var columns = await session.Sql(db.ListColumns).ListAsync(
            row => (Table: row.GetString(0), Column: row.GetString(1), Type: row.GetString(2), Place: row.GetInt64(3)), stop);
        return [.. columns
            .Where(column => Ours.Contains(column.Table))
            .GroupBy(column => column.Table)
            .OrderBy(table => table.Key, StringComparer.Ordinal)
            .Select(table => new StoredTable(
                table.Key,
                [.. table.Select(column => new StoredColumn(column.Column, KindOf(column.Type), column.Type))],
                [.. table.Where(column => column.Place > 0).OrderBy(column => column.Place).Select(column => column.Column)]))];
    }

    /// <summary>The indexes of our tables that a migration made, with the statement that makes each again.</summary>
    public static async Task<IReadOnlyList<(string Name, string Sql)>> ListIndexesAsync(Database db, Session session, CancellationToken stop) =>
        [.. (await session.Sql(db.ListIndexes).ListAsync(row => (Name: row.GetString(0), Table: row.GetString(1), Sql: row.GetString(2)), stop))
            .Where(index => Ours.Contains(index.Table))
            .Select(index => (index.Name, index.Sql))];

    private static ColumnKind KindOf(string type) => type switch
    {
        "bigint" or "smallint" or "int8" or "int2" => ColumnKind.Whole,
        "text" => ColumnKind.Text,
        "blob" or "bytea" => ColumnKind.Bytes,
        _ => throw new InvalidOperationException($"The store has a column of the type {type}, which this program does not know."),
    };

    private static HashSet<string> NamesIn(string set) =>
        [.. Migrator.Of(set).SelectMany(migration => Made.Matches(migration.Text)).Select(match => match.Groups["name"].Value)];

    [GeneratedRegex(@"\bcreate\s+table\s+(if\s+not\s+exists\s+)?(?<name>\w+)|^alter\s+table\s+\w+\s+rename\s+to\s+(?<name>\w+)", RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Made { get; }
}
