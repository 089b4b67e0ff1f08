using System.Globalization;
using System.Text;
using Afterword.Server.Backups;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Backups;

/// <summary>Every table of the schema is in a backup and comes back from it, or stands on the list of those that are left out.</summary>
public abstract class CarriedTests(Engine engine)
{
    // They have rows of their own: the ring must hold keys, and the versions name migrations.
    private static readonly string[] s_notFilled = ["key_ring", "schema_version", "schema_beside"];

    [Fact]
    public async Task Every_row_of_every_table_comes_back_on_the_other_engine_or_its_table_is_left_out_with_a_reason()
    {
        using var folders = TestFolder.Create("carried");
        var path = Path.Combine(folders.Path, "one.backup");
        using var sourceFolder = TestFolder.Create("source");
        using var targetFolder = TestFolder.Create("target");
        var target = SettingsOf(await (engine == Engine.Sqlite ? Engine.Postgres : Engine.Sqlite).NewStoreAsync(targetFolder));
        var expected = new Dictionary<string, string[]>();
        await using (var source = await Store.OpenAsync(SettingsOf(await engine.MigratedStoreAsync(sourceFolder)), TimeProvider.System, default))
        {
            var tables = await TablesAsync(source.Main);
            foreach (var table in tables.Where(table => !s_notFilled.Contains(table.Name))) await FillAsync(source.Main, table);
            foreach (var table in tables) expected[table.Name] = await StoredRows.OfAsync(source.Main, table);
            var content = await new BackupFile(source.Main, TimeProvider.System).TakeAsync(path, null, _ => { }, default);

            // What the engine says that there is, and not what the program makes of its migrations.
            var named = await NamesAsync(source.Main);
            var carried = content.Header.Tables.Select(table => table.Name).ToArray();
            Assert.Equal([], named.Except(carried).Except(ExcludedTables.Tables.Keys));
            Assert.Equal([], carried.Concat(ExcludedTables.Tables.Keys).Except(named));
            Assert.Equal([], carried.Intersect(ExcludedTables.Tables.Keys));
            Assert.All(ExcludedTables.Tables.Values, reason => Assert.NotEmpty(reason));
        }

        await RestoreAsync(path, target);

        await using var restored = await Store.OpenAsync(target, TimeProvider.System, default);
        foreach (var table in await TablesAsync(restored.Main))
        {
            var rows = await StoredRows.OfAsync(restored.Main, table);
            if (!ExcludedTables.Tables.ContainsKey(table.Name)) Assert.Equal((table.Name, string.Join('\n', expected[table.Name])), (table.Name, string.Join('\n', rows)));
            else if (!s_notFilled.Contains(table.Name)) Assert.True(!rows.Any(IsFilled), $"{table.Name} came back: {string.Join(", ", rows)}");
        }

        Assert.Equal(await IndexesAsync(targetFolder, target), await restored.Main.ReadAsync(session => StoredTables.ListIndexesAsync(restored.Main, session, default), default));
    }

    [Fact]
    public async Task The_page_on_backups_names_what_is_left_out()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "backup.md"), TestContext.Current.CancellationToken);

        Assert.All(ExcludedTables.Tables.Keys, table => Assert.Contains($"`{table}`", page, StringComparison.Ordinal));
    }

    /// <summary>Two rows with another value in every column; numbers that fit the smallest kind.</summary>
    private static async Task FillAsync(Database db, StoredTable table)
    {
        for (var row = 1; row <= 2; row++)
        {
            await db.WriteAsync(
                session =>
                {
                    var insert = session.Sql($"insert into {table.Name} ({string.Join(", ", table.Columns.Select(column => column.Name))}) values ({string.Join(", ", table.Columns.Select(column => $"@{column.Name}"))})");
                    for (var i = 0; i < table.Columns.Count; i++)
                    {
                        var text = string.Create(CultureInfo.InvariantCulture, $"of {table.Columns[i].Name} {row} – שלום 👋");
                        insert.Bind(table.Columns[i].Name, table.Columns[i] switch
                        {
                            // Nobody holds a number at a store that was just restored.
                            { Name: "held_until" } when table.Name == "worker_lease" => 0L,
                            { Kind: ColumnKind.Whole } => (10_000L * row) + i,
                            { Kind: ColumnKind.Text } => text,
                            _ => Encoding.UTF8.GetBytes(text),
                        });
                    }

                    return insert.RunAsync(default);
                },
                default);
        }
    }

    private static bool IsFilled(string row) => row.Split('|').Any(value => value.Length == 5 && (value.StartsWith("100", StringComparison.Ordinal) || value.StartsWith("200", StringComparison.Ordinal)));

    private static async Task RestoreAsync(string path, Settings target)
    {
        await using var file = File.OpenRead(path);
        using var backup = ReadBackup.Open(file, () => null);
        await using var place = await RestoreTarget.OpenAsync(target, TimeProvider.System, default);
        await place.RunAsync(backup, _ => { }, default);
    }

    private static Settings SettingsOf(Dictionary<string, string?> store) => SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(store).Build()).Settings!;

    private static Task<IReadOnlyList<StoredTable>> TablesAsync(Database db) => db.ReadAsync(session => StoredTables.ListAsync(db, session, default), default);

    private static async Task<string[]> NamesAsync(Database db) =>
        [.. (await db.ReadAsync(
            session => session.Sql(db is SqliteDatabase ? "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'" : "select relname::text from pg_class where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace")
                .ListAsync(row => row.GetString(0), default),
            default)).Except(StoredTables.OfAdmissions)];

    /// <summary>The indexes of a store that the migrations alone made.</summary>
    private static async Task<IReadOnlyList<(string Name, string Sql)>> IndexesAsync(TestFolder folder, Settings like)
    {
        var fresh = Directory.CreateDirectory(Path.Combine(folder.Path, "fresh")).FullName;
        await using var store = await Store.OpenAsync(
            SettingsOf(like.Database is null ? new() { ["Data"] = fresh } : new() { ["Data"] = fresh, ["Database"] = await MigratedStores.DatabaseAsync() }), TimeProvider.System, default);
        return await store.Main.ReadAsync(session => StoredTables.ListIndexesAsync(store.Main, session, default), default);
    }
}

public sealed class SqliteCarriedTests() : CarriedTests(Engine.Sqlite);

public sealed class PostgresCarriedTests() : CarriedTests(Engine.Postgres);
