using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Afterword.Server.Console.Audit;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Reports.Search;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;

namespace Afterword.Server.Admin.Health;

/// <summary>What became of one check.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Problems">What is wrong, one line each; none when all is well.</param>
/// <param name="Took">How long it took.</param>
internal sealed record DoctorFinding(string Check, IReadOnlyList<string> Problems, TimeSpan Took);

/// <summary>What a store is, before it is judged.</summary>
/// <param name="Durability">The engine's settings that decide whether a commit survives a power cut.</param>
/// <param name="Schema">The newest migration of each set.</param>
/// <param name="Rows">How much there is of what.</param>
internal sealed record StoreFacts(
    string Engine, IReadOnlyDictionary<string, string> Durability, IReadOnlyDictionary<string, long> Schema, IReadOnlyDictionary<string, long> Rows);

/// <summary>Examines a store: engine, settings, invariants, secrets. It changes nothing and may run beside a server.</summary>
internal sealed class Doctor(Store store, TimeProvider clock)
{
    private const int SecretsAtOnce = 1_000;
    private static readonly string[] s_sets = ["main", "admissions"];

    // What is due goes out within seconds, unless nothing sends it.
    private static readonly TimeSpan s_overdue = TimeSpan.FromMinutes(15);

    private IEnumerable<Database> Databases => new[] { store.Main, store.Nonces }.Distinct();

    public async Task<StoreFacts> FactsAsync(CancellationToken stop) =>
        new(store.Main.Engine, await DurabilityAsync(stop), await SchemaAsync(stop), await RowsAsync(stop));

    /// <summary>Runs every check, one after the other.</summary>
    /// <param name="begin">Called with the name of each check before it runs.</param>
    /// <param name="stop">Gives up.</param>
    public async IAsyncEnumerable<DoctorFinding> ExamineAsync(Action<string> begin, [EnumeratorCancellation] CancellationToken stop)
    {
        yield return await TimeAsync("the engine and its files", begin, () => InspectAsync(stop));
        yield return await TimeAsync("the schema", begin, () => CompareSchemaAsync(stop));
        yield return await TimeAsync("the clock", begin, () => FutureStamps.FindAsync(store.Main, clock.GetUtcNow(), stop));
        foreach (var check in DoctorChecks.All) yield return await TimeAsync(check.Name, begin, () => RunAsync(check, stop));
        yield return await TimeAsync("metrics", begin, () => RollupCheck.RunAsync(store.Main, stop));
        yield return await TimeAsync("search", begin, () => SearchCheck.RunAsync(store.Main, stop));
        yield return await TimeAsync("the audit log", begin, () => AuditCheck.RunAsync(store.Main, stop));
        if (store.MasterKeys is { } keys) yield return await TimeAsync("the key ring", begin, () => LookAtRingAsync(keys, stop));
        yield return await TimeAsync("secrets", begin, () => UnsealAsync(stop));
    }

    private static async Task<DoctorFinding> TimeAsync(string name, Action<string> begin, Func<Task<IReadOnlyList<string>>> check)
    {
        begin(name);
        var started = Stopwatch.GetTimestamp();
        try
        {
            return new(name, await check(), Stopwatch.GetElapsedTime(started));
        }
        catch (DbException error)
        {
            // A damaged file fails where it is read: the other checks still have something to say.
            return new(name, [$"could not be read: {error.Message}"], Stopwatch.GetElapsedTime(started));
        }
    }

    private Task<IReadOnlyList<string>> RunAsync(DoctorCheck check, CancellationToken stop) => store.Main.SnapshotAsync<IReadOnlyList<string>>(
        async session => await session.Sql($"select problem, count(*), min(id) from ({check.Sql}) as found where problem is not null group by problem order by problem")
            .ListAsync(row => string.Create(CultureInfo.InvariantCulture, $"{row.GetInt64(1):N0} {row.GetString(0)}; the first is {row.GetInt64(2)}"), stop),
        stop);

    private async Task<IReadOnlyList<string>> InspectAsync(CancellationToken stop)
    {
        var problems = new List<string>();
        foreach (var db in Databases) problems.AddRange(await db.InspectAsync(stop));
        foreach (var (setting, value) in await DurabilityAsync(stop))
        {
            if (value is "off" or "memory" or "delete" or "0" or "1") problems.Add($"{setting} is {value}: a power cut could undo what a client was told is stored");
        }

        if (store.Main is SqliteDatabase { File: var file } && Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder && DiskRoom.WrongWith(folder) is { } wrong) problems.Add(wrong);
        return problems;
    }

    private async Task<IReadOnlyList<string>> CompareSchemaAsync(CancellationToken stop)
    {
        var schema = await SchemaAsync(stop);
        return [.. s_sets
            .Select(set => (Set: set, Known: Migrator.Of(set)[^1].Number, Stored: schema.GetValueOrDefault(set)))
            .Where(part => part.Known != part.Stored)
            .Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Set} has schema {part.Stored}, this program knows {part.Known}"))];
    }

    /// <summary>Whether the ring is encrypted by the key file as it is now: the store was opened, so that it can be read.</summary>
    private async Task<IReadOnlyList<string>> LookAtRingAsync(MasterKeys keys, CancellationToken stop)
    {
        var ids = await KeyRing.KeyIdsAsync(store.Main, stop);
        var (plain, old) = (ids.Count(id => id is null), ids.Count(id => id is not null && id != keys.First.Id));
        return
        [
            .. plain == 0 ? (string[])[] : [string.Create(CultureInfo.InvariantCulture, $"{plain:N0} keys of the ring are readable in the store; encrypt them with: afterword secrets rekey")],
            .. old == 0 ? (string[])[] : [string.Create(CultureInfo.InvariantCulture, $"{old:N0} keys of the ring are encrypted with an older key than the first of {keys.Path}; change that with: afterword secrets rekey")],
        ];
    }

    /// <summary>Opens every sealed secret, a thousand at a time in the order of the primary key.</summary>
    private async Task<IReadOnlyList<string>> UnsealAsync(CancellationToken stop)
    {
        var problems = new List<string>();
        var app = 0L;
        while (true)
        {
            var apps = await store.Main.ReadAsync(
                session => session.Sql("select id, consumer_key, consumer_secret, old_secret from app where id > @after order by id limit @limit")
                    .Bind("after", app).Bind("limit", (long)SecretsAtOnce)
                    .ListAsync(row => (Id: row.GetInt64(0), Key: row.GetString(1), Secret: row.GetBytes(2), Old: row.BytesOrNull(3)), stop),
                stop);
            if (apps.Count == 0) break;

            problems.AddRange(apps.Where(one => !CanOpen(one.Secret) || (one.Old is not null && !CanOpen(one.Old))).Select(one => $"the secret of app {one.Key} cannot be unsealed"));
            app = apps[^1].Id;
        }

        var token = "";
        while (true)
        {
            var tokens = await store.Main.ReadAsync(
                session => session.Sql("select token, secret from access_token where token > @after order by token limit @limit")
                    .Bind("after", token).Bind("limit", (long)SecretsAtOnce)
                    .ListAsync(row => (Token: row.GetString(0), Secret: row.GetBytes(1)), stop),
                stop);
            if (tokens.Count == 0) break;

            problems.AddRange(tokens.Where(one => !CanOpen(one.Secret)).Select(one => $"the secret of token {one.Token} cannot be unsealed"));
            token = tokens[^1].Token;
        }

        problems.AddRange((await store.Main.ReadAsync(
                session => session.Sql("select id, secret, old_secret, basic from webhook order by id")
                    .ListAsync(row => (Id: row.GetInt64(0), Secrets: new[] { row.GetBytes(1), row.BytesOrNull(2), row.BytesOrNull(3) }), stop),
                stop))
            .Where(one => !one.Secrets.All(secret => secret is null || CanOpen(secret)))
            .Select(one => string.Create(CultureInfo.InvariantCulture, $"the secrets of webhook {one.Id} cannot be unsealed")));
        problems.AddRange((await store.Main.ReadAsync(
                session => session.Sql(
                    """
                    select sender_id, secret, basic from handover union all
                    select sender_id, token, null from helpdesk union all
                    select sender_id, keys, null from x_account union all
                    select sender_id, token, null from dispatch where state < 2 and channel in (1, 2, 3, 4) and token is not null
                    """).ListAsync(row => (Id: row.GetInt64(0), Secrets: new[] { row.GetBytes(1), row.BytesOrNull(2) }), stop),
                stop))
            .Where(one => !one.Secrets.All(secret => secret is null || CanOpen(secret)))
            .Select(one => string.Create(CultureInfo.InvariantCulture, $"what the channels keep for sender {one.Id} cannot be unsealed")).Distinct());
        problems.AddRange((await store.Main.ReadAsync(
                session => session.Sql("select id, secret, old_secret from connector order by id").ListAsync(row => (Id: row.GetInt64(0), Secrets: new[] { row.BytesOrNull(1), row.BytesOrNull(2) }), stop), stop))
            .Where(one => !one.Secrets.All(secret => secret is null || CanOpen(secret)))
            .Select(one => string.Create(CultureInfo.InvariantCulture, $"the secrets of connector {one.Id} cannot be unsealed")));
        problems.AddRange((await store.Main.ReadAsync(
                session => session.Sql("select sender_id, sampling_key from automation order by sender_id").ListAsync(row => (Id: row.GetInt64(0), Key: row.GetBytes(1)), stop), stop))
            .Where(one => !CanOpen(one.Key)).Select(one => string.Create(CultureInfo.InvariantCulture, $"the key of the samples of sender {one.Id} cannot be unsealed")));
        problems.AddRange((await store.Main.ReadAsync(session => session.Sql("select key from privacy_key").ListAsync(row => row.GetBytes(0), stop), stop))
            .Where(key => !CanOpen(key)).Select(_ => "the key of what erased people have said cannot be unsealed: whoever did not want to be asked may be asked"));
        return problems;
    }

    private bool CanOpen(byte[] secret)
    {
        try
        {
            store.Secrets.Unprotect(secret);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private async Task<IReadOnlyDictionary<string, string>> DurabilityAsync(CancellationToken stop)
    {
        if (store.Main is not SqliteDatabase)
        {
            return (await store.Main.ReadAsync(
                session => session.Sql("select name, setting from pg_settings where name in ('synchronous_commit', 'fsync', 'full_page_writes') order by name")
                    .ListAsync(row => KeyValuePair.Create(row.GetString(0), row.GetString(1)), stop),
                stop)).ToDictionary();
        }

        // Synchronous belongs to a connection, not to the file: the one that writes is asked.
        return await store.Main.WriteAsync(
            async session => new Dictionary<string, string>
            {
                ["journal_mode"] = await session.Sql("pragma journal_mode").FirstAsync(row => row.GetString(0), stop) ?? "",
                ["synchronous"] = await session.Sql("pragma synchronous").FirstAsync(row => row.GetInt64(0), stop) switch
                {
                    2 => "full",
                    3 => "extra",
                    var less => less.ToString(CultureInfo.InvariantCulture),
                },
            },
            stop);
    }

    private async Task<IReadOnlyDictionary<string, long>> SchemaAsync(CancellationToken stop)
    {
        var schema = new Dictionary<string, long>();
        foreach (var db in Databases)
        {
            foreach (var (part, number) in await db.ReadAsync(
                session => session.Sql("select part, max(number) from schema_version group by part order by part")
                    .ListAsync(row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)), stop),
                stop))
            {
                schema[part] = number;
            }
        }

        return schema;
    }

    private Task<IReadOnlyDictionary<string, long>> RowsAsync(CancellationToken stop) => store.Main.SnapshotAsync<IReadOnlyDictionary<string, long>>(
        async session => (await session.Sql(
            """
            select 'users', count(*) from account union all
            select 'apps', count(*) from app union all
            select 'tokens', count(*) from access_token union all
            select 'prompts', count(*) from prompt union all
            select 'messages', count(*) from message union all
            select 'events', count(*) from change union all
            select 'webhooks', count(*) from webhook where removed_at is null union all
            select 'deliveries', count(*) from delivery union all
            select 'connectors', count(*) from connector where removed_at is null union all
            select 'requests by channel', count(*) from dispatch union all
            select 'dead requests', count(*) from dispatch where state = 3 union all
            select 'overdue requests', count(*) from dispatch where state < 2 and channel in (1, 2, 3, 4) and due_at < @overdue union all
            select 'conversations', count(*) from conversation union all
            select 'overdue conversations', count(*) from conversation where decision = 0 and due_at < @overdue union all
            select 'overdue alerts', count(*) from alert_dispatch where state < 2 and channel in (1, 2) and due_at < @overdue
            order by 1
            """).Bind("overdue", clock.GetUtcNow().ToUnixTimeMilliseconds() - (long)s_overdue.TotalMilliseconds).ListAsync(row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)), stop)).ToDictionary(),
        stop);
}
