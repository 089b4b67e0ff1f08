using System.Text;
using Afterword.Server.Backups;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Backups;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Connectors;

/// <summary>What must not be told: the secrets of connectors, and what customers and agents have written to each other.</summary>
public abstract class ConnectorSecrecyTests(Engine engine) : IAsyncLifetime
{
    private const string Text = "SECRETTEXT";

    private ConnectorFixture _world = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync() => _world = await ConnectorFixture.StartAsync(engine);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Secrets_and_texts_are_in_no_table_answer_export_backup_or_log_and_what_is_kept_ends_after_seven_days()
    {
        var (planted, answers) = (new List<string> { Text }, new List<string>());
        foreach (var (kind, body) in Recorded.All.DistinctBy(one => one.Kind))
        {
            var connector = await _world.AddAsync(kind);
            planted.Add(connector.Path[^27..]);
            if (connector.Secret is { } secret)
            {
                planted.Add(secret);
                answers.Add((await _world.SendAsync(connector, Encoding.UTF8.GetBytes(body), "another secret")).Is(401).Body);
            }

            answers.Add((await _world.SendAsync(connector, body)).Is(200).Body);
        }

        await _world.Rules.PassAsync(TimeSpan.FromHours(1));
        var now = Server.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var path in (string[])["export.csv", $"events.json?from_time=0&to_time={now}", $"conversations/list.json?from_time=0&to_time={now}"])
        {
            answers.Add((await Server.GetAsync(_world.Rules.Fixture.Sender, $"/1.1/feedback/{path}")).Is(200).Body);
        }

        Assert.All(planted, secret => Assert.DoesNotContain(answers.Concat(Server.Log), told => told.Contains(secret, StringComparison.OrdinalIgnoreCase)));
        await NowhereAsync(planted);
        await InNoBackupAsync(planted);

        // By then nobody keeps of a delivery what it said, but for who the customers are.
        Assert.NotEqual(0, await Server.CountAsync("connector_event", "fields is not null"));
        await Server.AdvanceAsync(PruneConnectorEvents.KeepFields + TimeSpan.FromMinutes(1));
        await Server.Get<PruneConnectorEvents>().RunAsync(default);
        Assert.Equal(0, await Server.CountAsync("connector_event", "fields is not null or detail is not null"));
        await Server.AllIsWellAsync();
    }

    /// <summary>Looks at every value of every table; bytes are looked at as text, too.</summary>
    private async Task NowhereAsync(IReadOnlyList<string> planted)
    {
        var db = Server.Server.Store.Main;
        var secrets = planted.SelectMany(secret => new[] { secret, Convert.ToHexString(Encoding.UTF8.GetBytes(secret)) }).ToArray();
        foreach (var table in await db.ReadAsync(session => StoredTables.ListAsync(db, session, default), default))
        {
            foreach (var row in await StoredRows.OfAsync(db, table)) Assert.All(secrets, secret => Assert.False(row.Contains(secret, StringComparison.OrdinalIgnoreCase), $"{table.Name} holds {secret}: {row}"));
        }
    }

    /// <summary>Looks at all that stands in a backup without a passphrase, unpacked.</summary>
    private async Task InNoBackupAsync(IReadOnlyList<string> planted)
    {
        using var folder = TestFolder.Create("secrecy");
        var path = Path.Combine(folder.Path, "one.backup");
        await new BackupFile(Server.Server.Store.Main, Server.Clock).TakeAsync(path, null, _ => { }, default);
        await using var file = File.OpenRead(path);
        using var reader = new BlockReader(file, () => null);
        var content = new StringBuilder();
        reader.Begin();
        for (var block = reader.Read(); block.Kind != BlockKind.End; block = reader.Read()) content.Append(Encoding.Latin1.GetString(block.Content.Span));

        var all = content.ToString();
        Assert.Contains("mia@example.com", all, StringComparison.Ordinal);
        Assert.All(planted, secret => Assert.DoesNotContain(secret, all, StringComparison.OrdinalIgnoreCase));
    }
}

public sealed class SqliteConnectorSecrecyTests() : ConnectorSecrecyTests(Engine.Sqlite);

public sealed class PostgresConnectorSecrecyTests() : ConnectorSecrecyTests(Engine.Postgres);
