using System.Globalization;
using Afterword.Server.Storage;

namespace Afterword.Server.Tests.Backups;

/// <summary>The rows of a table as texts, the same on both engines.</summary>
internal static class StoredRows
{
    public static Task<string[]> OfAsync(Database db, StoredTable table) => db.ReadAsync(
        async session => (await session.Sql($"select {string.Join(", ", table.Columns.Select(column => column.Name))} from {table.Name}").ListAsync(
            row => string.Join('|', table.Columns.Select((column, i) => row.IsDBNull(i) ? "null" : column.Kind switch
            {
                ColumnKind.Whole => row.GetInt64(i).ToString(CultureInfo.InvariantCulture),
                ColumnKind.Text => row.GetString(i),
                _ => Convert.ToHexString(row.GetBytes(i)),
            })),
            default)).Order(StringComparer.Ordinal).ToArray(),
        default);
}
