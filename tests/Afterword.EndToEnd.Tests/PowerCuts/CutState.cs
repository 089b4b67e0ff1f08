using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Configuration;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;
using Afterword.Support;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;

namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>A state of the disk after a power cut, opened by the server's own code as at its start, and held against the law.</summary>
internal static class CutState
{
    private static readonly (string What, string Sql)[] s_counts =
    [
        ("changes without exactly one delivery for an endpoint", "select count(*) from change c join webhook w on w.sender_id = c.sender_id where 1 <> (select count(*) from delivery d where d.sender_id = c.sender_id and d.endpoint_id = w.id and d.id = c.id and d.prompt_id = c.prompt_id)"),
        ("deliveries without a change", "select count(*) from delivery d where not exists (select 1 from change c where c.sender_id = d.sender_id and c.changed_at = d.changed_at and c.id = d.id)"),
        ("broken references", "select count(*) from pragma_foreign_key_check"),
        ("damages", "select count(*) from pragma_integrity_check where integrity_check <> 'ok'"),
    ];

    /// <summary>Gives one line for each way in which it breaks the law; none is how it must be.</summary>
    /// <param name="files">The state.</param>
    /// <param name="ledger">What clients knew then; null when there were none.</param>
    /// <param name="damage">SQL that does harm before the law is checked, for controls.</param>
    public static async Task<IReadOnlyList<string>> JudgeAsync(Dictionary<string, byte[]> files, Ledger? ledger, string? damage = null)
    {
        using var folder = TestFolder.Create("cut");
        foreach (var (name, bytes) in files) await File.WriteAllBytesAsync(Path.Combine(folder.Path, name), bytes);

        var broken = new List<string>();
        try
        {
            var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Data", folder.Path)]).Build());
            await using (var opened = await Store.OpenAsync(settings!, TimeProvider.System, CancellationToken.None, serves: true))
            {
                broken.AddRange(await RollupCheck.RunAsync(opened.Main, CancellationToken.None));
                broken.AddRange(await opened.Nonces.InspectAsync(CancellationToken.None));
            }

            var store = SqliteStore.In(folder);
            if (damage is not null) await store.RunAsync(damage);
            await CountAsync(store, broken);
            if (ledger is not null) broken.AddRange(Invariants.Check(await StoreImage.ReadAsync(store), ledger));
        }
        catch (Exception error) when (error is SqliteException or InvalidOperationException or InvalidCastException)
        {
            // Pages of two times make rows that no statement wrote, such as one with nulls where the schema has none.
            broken.Add($"It cannot be opened or read: {error.Message}");
        }

        return broken;
    }

    private static async Task CountAsync(SqliteStore store, List<string> broken)
    {
        await using var connection = await store.ConnectAsync();
        foreach (var (what, sql) in s_counts)
        {
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the constants above
            command.CommandText = sql;
#pragma warning restore CA2100
            if (await command.ExecuteScalarAsync() is long and > 0 and var count) broken.Add($"{count} {what}");
        }
    }
}
