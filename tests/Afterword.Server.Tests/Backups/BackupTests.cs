using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using Afterword.Server.Automation.Due;
using Afterword.Server.Backups;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.X;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Alerts;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Channels;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Storage;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Backups;

/// <summary>A backup of one engine, restored on each: what was there is there again, and what must not come back does not.</summary>
public abstract class BackupTests(Engine engine) : IAsyncLifetime
{
    private readonly List<TestFolder> _others = [];
    private TestFolder _folder = null!;
    private Dictionary<string, string?> _store = null!;

    private string BackupPath => Path.Combine(_folder.Path, "one.backup");

    public async ValueTask InitializeAsync()
    {
        _folder = TestFolder.Create("backup");
        _store = await engine.MigratedStoreAsync(Below("source"));
    }

    [Theory]
    [InlineData(Engine.Sqlite, false)]
    [InlineData(Engine.Postgres, false)]
    [InlineData(Engine.Sqlite, true, Traits = new[] { "form", "long" })]
    [InlineData(Engine.Postgres, true, Traits = new[] { "form", "long" })]
    public async Task What_was_stored_is_restored_on_either_engine_with_the_same_export(Engine to, bool copies)
    {
        FeedbackFixture fixture;
        string id;
        await using (fixture = await FeedbackFixture.StartOnAsync(_store))
        {
            id = await UseAsync(fixture);
            if (!copies) await RunAsync(_store, 0, "backup", BackupPath);
            Assert.True(copies || File.Exists(BackupPath), "It was taken while the server ran.");
        }

        var restored = await to.NewStoreAsync(Below("restored"));
        var said = copies ? await RunAsync(_store, 0, "copy", "--to", restored.GetValueOrDefault("Database") ?? restored["Data"]!) : await RunAsync(restored, 0, "restore", BackupPath);
        Assert.Contains("The doctor found nothing wrong.", said, StringComparison.Ordinal);
        Assert.Equal(await ExportAsync(_store), await ExportAsync(restored));
        await CompareAsync(restored);

        // It serves, with the same keys.
        await using var server = await TestServer.StartOnAsync(restored, fixture.Server.Clock.GetUtcNow(), "Limits:RecipientInterval=00:00:00");
        (await server.GetAsync(fixture.Sender, $"/1.1/feedback/show/{id}.json")).Is(200);
        (await server.PostAsync(fixture.Sender, "/1.1/feedback/create.json", ("type", "nps"), ("to_user_id", fixture.Ana.Id.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"))).Is(200);
        await server.AllIsWellAsync();
    }

    [Fact]
    public async Task Everything_that_was_acknowledged_before_a_backup_began_is_in_it_while_others_go_on_writing()
    {
        await using var fixture = await FeedbackFixture.StartOnAsync(_store, "Limits:CreatesPerDay=1000000", "Limits:AnswersPer15Minutes=1000000");
        var acknowledged = new ConcurrentBag<string>();
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var id = (await fixture.AskAsync()).Text("id");
                if (acknowledged.Count % 2 == 0) (await fixture.SubmitAsync(id, ("score", "4"), ("text", "Danke, Zoë"))).Is(200);
                acknowledged.Add(id);
            }
        })).ToArray();
        while (acknowledged.Count < 40) await Task.Delay(10, TestContext.Current.CancellationToken);

        var before = acknowledged.ToArray();
        await RunAsync(_store, 0, "backup", BackupPath);
        await enough.CancelAsync();
        await Task.WhenAll(writers);

        // The doctor compares each with its events, messages, limits and metrics.
        var restored = await Engine.Sqlite.NewStoreAsync(Below("restored"));
        await RunAsync(restored, 0, "restore", BackupPath);
        var ids = (await ExportAsync(restored)).Split("\r\n").Skip(1).Select(line => line.Split(',')[0]).ToHashSet();
        Assert.All(before, id => Assert.Contains(id, ids));
    }

    [Fact]
    public async Task User_sessions_and_links_end_and_webhooks_are_paused_until_somebody_resumes_them()
    {
        await using var receiver = await Receiver.StartAsync();
        var restored = await engine.NewStoreAsync(Below("restored"));
        var webhook = "";
        string[] settings = ["Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true"];
        await using (var fixture = await FeedbackFixture.StartOnAsync(_store, settings))
        {
            var endpoints = fixture.Server.Get<Endpoints>();
            var added = await endpoints.AddAsync(fixture.Furni.Id, receiver.Url, null, Approval.NeededIfOwned, default);
            webhook = added.Key.Id.ToString(CultureInfo.InvariantCulture);
            await endpoints.DisableAsync(added.Key, "for the test", default);
            await fixture.AskAsync();
        }

        await using (var store = await StoreAsync(_store))
        {
            foreach (var sql in new[]
            {
                "insert into visit (key_hash, user_id, created_at, seen_at) select consumer_secret, 1, 0, 0 from app",
                "insert into invitation (key_hash, created_at) select consumer_secret, 0 from app",
                "update webhook set disabled_at = null, disabled_reason = null",
            }) await store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default);
        }

        await RunAsync(_store, 0, "backup", BackupPath);
        var before = receiver.All.Count;
        var said = await RunAsync(restored, 0, "restore", BackupPath);
        Assert.Contains("1 webhook deliveries, 0 requests through channels, 0 alerts, and 0 scheduled conversations waited", said, StringComparison.Ordinal);
        await using var server = await TestServer.StartOnAsync(restored, DateTimeOffset.Parse("2026-01-05T10:00:00Z", CultureInfo.InvariantCulture), settings);
        server.Get<WebhookWorker>().Linger = TimeSpan.Zero;
        Assert.Equal((0, 0), (await server.CountAsync("visit"), await server.CountAsync("invitation")));
        await server.Get<WebhookWorker>().DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal(before, receiver.All.Count);

        Assert.Contains("Nothing is sent yet: ", await RunAsync(restored, 0, "webhook", "enable", webhook), StringComparison.Ordinal);
        Assert.Contains("Give --yes to let them go out.", await RunAsync(restored, 0, "resume"), StringComparison.Ordinal);
        await RunAsync(restored, 0, "resume", "--yes");
        await server.Get<WebhookWorker>().DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal(before + 1, receiver.All.Count);
        Assert.Contains("Nothing is paused", await RunAsync(restored, 0, "resume"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Channels_alerts_and_automatic_requests_are_paused_until_somebody_resumes_them()
    {
        await using var office = await PostOffice.StartAsync();
        await using var desk = await HelpdeskServer.StartAsync();
        desk.Instead = (http, call) =>
        {
            http.Response.StatusCode = 201;
            return Task.FromResult(call.Path.StartsWith("/2/", StringComparison.Ordinal));
        };
        string[] email = ["PublicUrl=https://feedback.example", "Mail:Host=127.0.0.1", $"Mail:Port={office.Port}", "Mail:Tls=none", "Mail:From=feedback@mail.example", "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true"];
        string conversation;
        long furni;
        await using (var fixture = await FeedbackFixture.StartOnAsync(_store))
        {
            var world = new RulesFixture(fixture);
            await world.RuleAsync(RulesFixture.Everybody().Replace("PT0S", "PT1H", StringComparison.Ordinal));
            conversation = (await world.CloseAsync("T-1")).Text("id");
            furni = fixture.Furni.Id;

            // There is no mail server yet, no helpdesk and no user of X, so they wait for one.
            foreach (var (handle, channel) in new[] { ("bea", Channel.Email), ("cy", Channel.Conversation), ("xi", Channel.X) })
            {
                var user = await fixture.Server.UserAsync(handle);
                await world.RunAsync($"update account set channel = {(int)channel}, mail = '{handle}@furni.example', x_user_id = 2244994945 where id = {user.Id}");
                (await fixture.Server.PostAsync(
                    fixture.Sender, "/1.1/feedback/create.json", ("type", "nps"), ("to_user_id", RulesFixture.Text(user.Id)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"), ("external_id", "chatwoot:482"))).Is(200);
            }
        }

        await using (var store = await StoreAsync(_store))
        {
            await new SenderHelpdesks(store, TimeProvider.System).SetAsync(furni, desk.Of(HelpdeskKind.Chatwoot), default);
            await new XAccounts(store, TimeProvider.System).SetAsync(furni, new(desk.Url, new("app", "app secret", "user", "user secret")), default);
        }

        await RunAsync(_store, 0, "backup", BackupPath);
        var restored = await engine.NewStoreAsync(Below("restored"));
        Assert.Contains("0 webhook deliveries, 3 requests through channels, 0 alerts, and 1 scheduled conversations waited", await RunAsync(restored, 0, "restore", BackupPath), StringComparison.Ordinal);

        await using var server = await TestServer.StartOnAsync(restored, DateTimeOffset.Parse("2026-01-05T11:00:00Z", CultureInfo.InvariantCulture), email);
        var page = (await (await server.MembershipAsync(Role.Operator)).GetAsync("/console/admin/health")).Is(200).Html;
        Assert.Contains("To let them go on: afterword resume", page, StringComparison.Ordinal);
        await server.Get<DueRequestWorker>().DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal((1, 3), (await server.CountAsync("conversation", "decision = 0"), await server.CountAsync("prompt")));
        Assert.Empty(await server.Get<ChannelDeliveries>().DueQueuesAsync(default));
        Assert.Empty(await server.Get<AlertDeliveries>().DueQueuesAsync(default));
        await server.Get<ChannelWorker>().DrainAsync(TestContext.Current.CancellationToken);
        Assert.Empty(office.All);
        Assert.Empty(desk.Calls);

        await RunAsync(restored, 0, "resume", "--yes");
        await server.Get<DueRequestWorker>().DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal((1, 4), (await server.CountAsync("conversation", $"id = {conversation} and decision = 1"), await server.CountAsync("prompt")));
        Assert.NotEmpty(await server.Get<ChannelDeliveries>().DueQueuesAsync(default));
        Assert.NotEmpty(await server.Get<AlertDeliveries>().DueQueuesAsync(default));
        Assert.Equal("bea@furni.example", (await office.WaitAsync(1))[0].To);
        await server.Get<ChannelWorker>().DrainAsync(TestContext.Current.CancellationToken);

        // Before it is posted, the conversation is searched: after the backup, the old server may have posted it.
        string[] calls = ["/2/dm_conversations/with/2244994945/messages", "/api/v1/accounts/7/conversations/482/messages", "/api/v1/accounts/7/conversations/482/messages"];
        Assert.Equal(calls, desk.Calls.Select(call => call.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_store_that_is_in_use_is_kept_when_another_takes_its_place_and_a_damaged_backup_changes_nothing()
    {
        await using (var fixture = await FeedbackFixture.StartOnAsync(_store)) await UseAsync(fixture);
        await RunAsync(_store, 0, "backup", BackupPath);
        Assert.Contains("The doctor found nothing wrong.", await RunAsync(_store, 0, "backup", "verify", BackupPath, "--doctor"), StringComparison.Ordinal);
        await RunAsync(_store, 0, "user", "add", "@since", "--name", "Since");

        // A byte of the last block: everything before it was filled already.
        var damaged = Path.Combine(_folder.Path, "damaged.backup");
        var bytes = await File.ReadAllBytesAsync(BackupPath, TestContext.Current.CancellationToken);
        bytes[^40] ^= 1;
        await File.WriteAllBytesAsync(damaged, bytes, TestContext.Current.CancellationToken);

        Assert.Contains("Give --replace to do it.", await RunAsync(_store, 1, "restore", BackupPath), StringComparison.Ordinal);
        Assert.Contains("The backup is damaged: the block that begins at byte", await RunAsync(_store, 1, "restore", damaged, "--replace"), StringComparison.Ordinal);
        await RunAsync(_store, 0, "user", "show", "@since");

        var said = await RunAsync(_store, 0, "restore", BackupPath, "--replace");
        Assert.Contains("What was there before is kept: ", said, StringComparison.Ordinal);
        await RunAsync(_store, 1, "user", "show", "@since");
        await RunAsync(_store, 0, "user", "show", "@ana");
        Assert.False(Directory.Exists(Path.Combine(_store["Data"]!, "restoring")));

        // The old one still has what it had.
        var kept = said[(said.IndexOf("is kept: ", StringComparison.Ordinal) + 9)..].Split('.', 2)[0];
        if (engine == Engine.Sqlite)
        {
            var old = Below("old");
            File.Copy(Directory.GetFiles(_store["Data"]!, "afterword.db.pre-restore-*").Single(), Path.Combine(old.Path, "afterword.db"));
            await RunAsync(new() { ["Data"] = old.Path }, 0, "user", "show", "@since");
        }
        else
        {
            await using var old = await StoreAsync(_store);
            var schema = kept.Replace("schema ", "", StringComparison.Ordinal);
            Assert.Equal(1, await old.Main.ReadAsync(session => session.Sql($"select count(*) from \"{schema}\".account where screen_name = 'since'").FirstAsync(row => row.GetInt64(0), default), default));
        }
    }

    [Fact]
    public async Task A_store_that_a_server_works_on_is_copied_only_when_that_is_wanted()
    {
        var (unserved, copy) = (await engine.NewStoreAsync(Below("unserved")), await engine.NewStoreAsync(Below("copy")));
        var target = copy.GetValueOrDefault("Database") ?? copy["Data"]!;

        // The command itself is not taken for a server.
        await RunAsync(_store, 0, "copy", "--to", unserved.GetValueOrDefault("Database") ?? unserved["Data"]!);
        await using var fixture = await FeedbackFixture.StartOnAsync(_store);

        // On PostgreSQL a server is known by its lease, which ends by the clock of this test.
        await fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("update worker_lease set held_until = 4102444800000 where held_until > 0").RunAsync(default), default);

        Assert.Contains("or give --while-served", await RunAsync(_store, 1, "copy", "--to", target), StringComparison.Ordinal);
        var said = await RunAsync(_store, 0, "copy", "--to", target, "--while-served");

        Assert.Contains(copy.ContainsKey("Database") ? "afterword resume --database URL" : $"afterword resume --data '{target}'", said, StringComparison.Ordinal);
    }

    [Fact, LongForm]
    public async Task A_store_is_not_copied_onto_itself()
    {
        await RunAsync(_store, 0, "user", "add", "@ana", "--name", "Ana");

        await RunAsync(_store, 1, "copy", "--to", _store.GetValueOrDefault("Database") ?? _store["Data"]!, "--replace");

        await RunAsync(_store, 0, "user", "show", "@ana");
    }

    [Fact]
    public async Task A_damaged_backup_leaves_an_empty_store_empty()
    {
        await using (var fixture = await FeedbackFixture.StartOnAsync(_store)) await UseAsync(fixture);
        await RunAsync(_store, 0, "backup", BackupPath);
        var bytes = await File.ReadAllBytesAsync(BackupPath, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(BackupPath, bytes[..^50], TestContext.Current.CancellationToken);

        var restored = await engine.NewStoreAsync(Below("restored"));
        Assert.Contains("cut off", await RunAsync(restored, 1, "restore", BackupPath), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(restored["Data"]!, "*.db", SearchOption.AllDirectories));
        Assert.Contains("There is no store", await RunAsync(restored, 1, "user", "show", "@ana"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_ring_that_is_encrypted_needs_its_key_file_before_anything_is_restored()
    {
        var keyFile = Path.Combine(_folder.Path, "key");
        await RunAsync(_store, 0, "secrets", "make-key", keyFile);
        await RunAsync(_store, 0, "--set", $"Secrets:KeyFile={keyFile}", "secrets", "rekey", "--yes");
        FeedbackFixture fixture;
        await using (fixture = await FeedbackFixture.StartOnAsync(_store, $"Secrets:KeyFile={keyFile}")) await UseAsync(fixture);
        await RunAsync(_store, 0, "--set", $"Secrets:KeyFile={keyFile}", "backup", BackupPath);
        Assert.Contains("needs the key file with the key", await RunAsync(_store, 0, "backup", "verify", BackupPath), StringComparison.Ordinal);
        Assert.Contains("Name the file: Secrets:KeyFile", await RunAsync(_store, 1, "backup", "verify", BackupPath, "--doctor"), StringComparison.Ordinal);

        var restored = await engine.NewStoreAsync(Below("restored"));
        Assert.Contains("Name the file: Secrets:KeyFile", await RunAsync(restored, 1, "restore", BackupPath), StringComparison.Ordinal);
        Assert.Contains("The doctor found nothing wrong.", await RunAsync(restored, 0, "--set", $"Secrets:KeyFile={keyFile}", "restore", BackupPath), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_of_an_old_schema_is_migrated_when_it_is_restored()
    {
        // A store of November 2026, which nothing of this program has opened.
        using (var zip = new ZipArchive(typeof(OldStoreTests).Assembly.GetManifestResourceStream("old-stores/sqlite.zip")!)) zip.ExtractToDirectory(Path.Combine(_folder.Path, "old"));
        var oldest = Migrator.Of("main")[^1].Number;
        await using (var old = SqliteDatabase.Open(Path.Combine(_folder.Path, "old", "afterword.db"), 16, syncEveryCommit: true, checkpoints: true))
        {
            oldest = (await new BackupFile(old, TimeProvider.System).TakeAsync(BackupPath, null, _ => { }, default)).Header.Schema;
        }

        Assert.True(oldest < Migrator.Of("main")[^1].Number);
        var restored = await engine.NewStoreAsync(Below("restored"));
        Assert.Contains("The doctor found nothing wrong.", await RunAsync(restored, 0, "restore", BackupPath), StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        foreach (var other in _others) other.Dispose();
        return ValueTask.CompletedTask;
    }

    private TestFolder Below(string purpose)
    {
        var folder = TestFolder.Create(purpose);
        _others.Add(folder);
        return folder;
    }

    /// <summary>Something in most tables, with texts that are hard to carry.</summary>
    private static async Task<string> UseAsync(FeedbackFixture fixture)
    {
        var id = (await fixture.AskAsync("csat", ("external_id", "T-1,\"x\""), ("display_name", "Zoë 👋"))).Text("id");
        (await fixture.SubmitAsync(id, ("score", "5"), ("text", "Gern wieder!\r\n\"Danke\" – שלום 你好 👋"))).Is(200);
        await fixture.AskAsync("nps", ("test", "true"));
        var other = (await fixture.AskAsync("nps")).Text("id");
        (await fixture.Server.PostAsync(fixture.Recipient, $"/1.1/feedback/dismiss/{other}.json")).Is(200);
        (await fixture.Server.PostAsync(fixture.Recipient, "/1.1/friendships/create.json", ("screen_name", "furni"))).Is(200);
        (await fixture.Server.WriteAsync(fixture.Recipient, fixture.Furni)).Is(200);
        return id;
    }

    private async Task<string> ExportAsync(Dictionary<string, string?> store)
    {
        var file = Path.Combine(_folder.Path, $"export-{store["Data"]!.GetHashCode(StringComparison.Ordinal)}.csv");
        await RunAsync(store, 0, "export", "@furni", "--test", "all", "-o", file);
        return await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
    }

    /// <summary>Every row of every table that comes along, but those that commands write meanwhile.</summary>
    private async Task CompareAsync(Dictionary<string, string?> restored)
    {
        await using var one = await StoreAsync(_store);
        await using var other = await StoreAsync(restored);
        string[] differ = ["schema_version", "schema_beside", "worker_lease", "clock_reading", "audit", "audit_head", "outbound_hold", "backup_run", "visit", "invitation"];
        var tables = await one.Main.ReadAsync(session => StoredTables.ListAsync(one.Main, session, default), default);
        foreach (var table in tables.Where(table => !differ.Contains(table.Name))) Assert.Equal((table.Name, string.Join('\n', await StoredRows.OfAsync(one.Main, table))), (table.Name, string.Join('\n', await StoredRows.OfAsync(other.Main, table))));
    }

    private static async Task<Store> StoreAsync(Dictionary<string, string?> store) =>
        await Store.OpenAsync(SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(store).Build()).Settings!, TimeProvider.System, default);

    private static Task<string> RunAsync(Dictionary<string, string?> store, int exitCode, params string[] arguments) => new CommandShell(store).RunAsync(exitCode, arguments);
}

public sealed class SqliteBackupTests() : BackupTests(Engine.Sqlite);

public sealed class PostgresBackupTests() : BackupTests(Engine.Postgres);
