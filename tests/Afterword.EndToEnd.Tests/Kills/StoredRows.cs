using System.Data.Common;
using System.Globalization;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>Reads the tables of a store of either engine, past the program.</summary>
internal static class StoredRows
{
    public static async Task<List<T>> ListAsync<T>(DbConnection connection, string sql, Func<DbDataReader, T> read)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants of the tests
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var row = await command.ExecuteReaderAsync();
        var all = new List<T>();
        while (await row.ReadAsync()) all.Add(read(row));
        return all;
    }

    // The engines give numbers of different sizes.
    public static long Long(DbDataReader row, int column) => Convert.ToInt64(row.GetValue(column), CultureInfo.InvariantCulture);

    public static long? LongOrNull(DbDataReader row, int column) => row.IsDBNull(column) ? null : Long(row, column);

    public static string? TextOrNull(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
