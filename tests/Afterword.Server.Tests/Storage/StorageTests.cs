using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Afterword.Server.Storage.Sqlite;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Storage;

/// <summary>The store itself: group commit, ids, leases, migrations.</summary>
public abstract partial class StorageTests(Engine engine) : IAsyncLifetime
{
    private readonly TestFolder _folder = TestFolder.Create("storage");
    private readonly ManualClock _clock = new("2026-01-05T09:00:00Z");
    private Dictionary<string, string?> _settings = null!;
    private Store _store = null!;

    public async ValueTask InitializeAsync()
    {
        _settings = await engine.NewStoreAsync(_folder);
        _store = await OpenAsync();
        await _store.Main.WriteAsync(session => session.Sql("create table thing (id bigint not null primary key, note text)").RunAsync(default), default);
    }

    [Fact]
    public async Task Writes_of_a_group_are_committed_together_and_answered_one_by_one()
    {
        var batches = 0;
        var group = Things(() => batches++);

        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => group.RunAsync(i)));

        Assert.Equal(Enumerable.Range(0, 500), answers);
        Assert.InRange(batches, 2, 250);
        Assert.Equal(500, await CountAsync());
    }

    [Fact]
    public async Task One_write_that_fails_spoils_no_other()
    {
        var group = Things(() => { });
        await group.RunAsync(7);

        var runs = Enumerable.Range(0, 40).Select(i => group.RunAsync(i)).ToArray();
        await Task.WhenAll(runs.Select(run => run.ContinueWith(_ => { }, TaskScheduler.Default)));

        Assert.Equal([7], Enumerable.Range(0, 40).Where(i => runs[i].IsFaulted));
        Assert.Equal(40, await CountAsync());
    }

    [Fact]
    public async Task A_write_that_throws_leaves_nothing()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => _store.Main.WriteAsync<int>(
            async session =>
            {
                await session.Sql("insert into thing (id) values (1)").RunAsync(default);
                throw new InvalidDataException();
            },
            default));

        Assert.Equal(0, await CountAsync());
        await Things(() => { }).RunAsync(1);
    }

    [Fact]
    public async Task What_fails_at_its_commit_is_told_and_nothing_of_it_stays()
    {
        // Whether the thing is there is looked at in the commit alone.
        await RunAsync(_store.Main, "create table part (thing bigint not null references thing (id) deferrable initially deferred)");
        await Things(() => { }).RunAsync(7);
        var rung = 0;
        var parts = _store.Main.Group<int, int>(_ => 0, (session, things) =>
        {
            session.Then("insert into part (thing) select thing from {rows}", Rows.Of(things).Long("thing", thing => thing));
            session.OnCommit(() => Interlocked.Increment(ref rung));
            return Task.FromResult(things.ToArray());
        });

        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => _store.Main.WriteAsync(session => session.Sql("insert into part (thing) values (404)").RunAsync(default), default));
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => parts.RunAsync(404));
        Assert.Equal(0, rung);

        var runs = new[] { 7, 404, 7 }.Select(parts.RunAsync).ToArray();
        await Task.WhenAll(runs.Select(run => run.ContinueWith(_ => { }, TaskScheduler.Default)));
        Assert.Equal([false, true, false], runs.Select(run => run.IsFaulted));
        Assert.InRange(rung, 1, 2);
        Assert.Equal(2, await _store.Main.ReadAsync(session => session.Sql("select count(*) from part").FirstAsync(row => row.GetInt64(0), default), default));
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_nothing_is_done()
    {
        _settings["Storage:WriteQueue"] = "8";
        await _store.DisposeAsync();
        _store = await OpenAsync();
        var group = Things(() => { });

        var runs = Enumerable.Range(0, 2_000).Select(i =>
        {
            try
            {
                return group.RunAsync(i);
            }
            catch (OverloadedException)
            {
                return null;
            }
        }).ToArray();
        var taken = await Task.WhenAll(runs.Where(run => run is not null).Select(run => run!));

        Assert.Contains(runs, run => run is null);
        Assert.Equal(taken.Length, await CountAsync());
        Assert.False(_store.Main.IsFull);
    }

    [Fact]
    public async Task Texts_numbers_bytes_and_nothing_come_back_as_they_went_in()
    {
        await _store.Main.WriteAsync(session => session.Sql($"create table kind (n bigint, t text, b {_store.Main.Translate("{bytes}")})").RunAsync(default), default);
        var rows = new (long? N, string? T, byte[]? B)[] { (long.MinValue, "naïve 👋\n\t'\"", [0, 255]), (null, null, null), (long.MaxValue, "", []) };
        await _store.Main.WriteAsync(
            session =>
            {
                session.Then("insert into kind (n, t, b) select n, t, b from {rows}", Rows.Of(rows).LongOrNull("n", r => r.N).Text("t", r => r.T).Bytes("b", r => r.B));
                return Task.FromResult(0);
            },
            default);

        var found = await _store.Main.ReadAsync(session => session.Sql("select n, t, b from kind").ListAsync(row => (row.LongOrNull(0), row.TextOrNull(1), row.BytesOrNull(2)), default), default);
        Assert.Equal(rows.Select(Show), found.Select(Show));
    }

    [Fact]
    public async Task Secrets_survive_and_are_shared_by_nodes_that_start_together()
    {
        var settings = await engine.NewStoreAsync(_folder);
        if (engine == Engine.Sqlite) settings["Data"] = Path.Combine(_folder.Path, "fresh");
        var nodes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => OpenAsync(settings))));

        foreach (var one in nodes)
        {
            var secret = one.Secrets.Protect([1, 2, 3]);
            foreach (var other in nodes) Assert.Equal([1, 2, 3], other.Secrets.Unprotect(secret));
        }

        foreach (var node in nodes) await node.DisposeAsync();
    }

    [Fact]
    public async Task Migrations_run_once_and_a_newer_store_is_refused()
    {
        Assert.Empty(await Migrator.RunAsync(_store.Main, "main", _clock, default));
        await _store.Main.WriteAsync(session => session.Sql("insert into schema_version (part, number, name, applied_at) values ('main', 9999, 'later', 0)").RunAsync(default), default);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Migrator.RunAsync(_store.Main, "main", _clock, default));
        Assert.Contains("newer version", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_of_the_first_schema_counts_who_follows_whom()
    {
        using var folder = TestFolder.Create("old");
        await using var old = await OldAsync(folder, 1);
        await RunAsync(
            old,
            """
            insert into account (id, screen_name, screen_name_key, name, accepts, created_at) values (1, 'a', 'a', 'A', 'anyone', 0), (2, 'b', 'b', 'B', 'anyone', 0), (3, 'c', 'c', 'C', 'anyone', 0);
            insert into contact (sender_id, user_id, follows) values (1, 2, 1), (1, 3, 1), (3, 1, 1), (2, 1, 0);
            """);

        Assert.Contains("0002-platform.sql", await Migrator.RunAsync(old, "main", _clock, default));

        var counts = await old.ReadAsync(
            session => session.Sql("select id, followers_count, friends_count from account order by id").ListAsync(row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), default), default);
        Assert.Equal([(1, 2, 1), (2, 0, 1), (3, 1, 1)], counts);
    }

    [Fact]
    public async Task A_store_of_the_fourth_schema_knows_what_its_deliveries_told()
    {
        // Prompt 1 got score and text one after the other, prompt 2 both at once, prompt 3 a text alone.
        using var folder = TestFolder.Create("old");
        await using var old = await OldAsync(folder, 4);
        await RunAsync(
            old,
            """
            insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question, privacy_url, created_at, updated_at, score, score_at, comment, comment_at) values
                (1, 1, 9, 0, 1, 0, 0, 'q', 'https://a.example', 100, 300, 4, 200, 'c', 300),
                (1, 2, 9, 0, 1, 0, 0, 'q', 'https://a.example', 110, 210, 4, 210, 'c', 210),
                (1, 3, 9, 0, 1, 0, 0, 'q', 'https://a.example', 120, 220, null, null, 'c', 220);
            insert into change (sender_id, changed_at, id, kind, prompt_id) values
                (1, 100, 11, 1, 1), (1, 200, 12, 2, 1), (1, 300, 13, 2, 1), (1, 110, 21, 1, 2), (1, 210, 22, 2, 2), (1, 210, 23, 2, 2), (1, 120, 31, 1, 3), (1, 220, 32, 2, 3);
            insert into delivery (sender_id, endpoint_id, prompt_id, changed_at, id, state, due_at, attempts, failures)
            select sender_id, 7, prompt_id, changed_at, id, 0, 0, 0, 0 from change;
            """);

        Assert.Contains("0005-delivery-parts.sql", await Migrator.RunAsync(old, "main", _clock, default));

        var parts = await old.ReadAsync(session => session.Sql("select id, parts from delivery order by id").ListAsync(row => (row.GetInt64(0), row.GetInt32(1)), default), default);
        Assert.Equal([(11, 0), (12, 1), (13, 3), (21, 0), (22, 1), (23, 3), (31, 0), (32, 2)], parts);
    }

    [Fact]
    public async Task A_store_from_before_follow_up_was_put_in_order_keeps_its_items()
    {
        using var folder = TestFolder.Create("old");
        await using var old = await OldAsync(folder, Migrator.Of("main").Count(migration => migration.Number <= 16));
        await RunAsync(
            old,
            "insert into follow_up (sender_id, prompt_id, state, assignee_id, scored_at, version) values (1, 5, 2, null, 300, 4), (1, 6, 1, 8, 200, 1), (1, 7, 0, null, 100, 0), (2, 9, 0, null, 50, 0)");

        Assert.Contains("0017-follow-up-order.sql", await Migrator.RunAsync(old, "main", _clock, default));

        var items = await old.ReadAsync(
            session => session.Sql("select prompt_id, state, assignee_id, scored_at, version from follow_up order by prompt_id")
                .ListAsync(row => (row.GetInt64(0), row.GetInt32(1), row.LongOrNull(2), row.GetInt64(3), row.GetInt64(4)), default),
            default);
        Assert.Equal([(5, 2, null, 300, 4), (6, 1, 8, 200, 1), (7, 0, null, 100, 0), (9, 0, null, 50, 0)], items);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>A store that an older program left, at this schema.</summary>
    private async Task<Database> OldAsync(TestFolder folder, int schema)
    {
        var settings = await engine.NewStoreAsync(folder);
        Database old = settings.TryGetValue("Database", out var url)
            ? await PostgresDatabase.OpenAsync(url!, new() { WriteQueue = 10, Lanes = 1, CommitWait = TimeSpan.FromSeconds(5) }, syncEveryCommit: true, _clock, default)
            : SqliteDatabase.Open(Path.Combine(folder.Path, "old.db"), 10, syncEveryCommit: true, checkpoints: true);
        await RunAsync(old, "create table schema_version (part text not null, number bigint not null, name text not null, applied_at bigint not null, primary key (part, number))");
        foreach (var migration in Migrator.Of("main").Take(schema))
        {
            await RunAsync(old, old.Translate(migration.Text));
            await RunAsync(old, $"insert into schema_version (part, number, name, applied_at) values ('main', {migration.Number}, '{migration.Name}', 0)");
        }

        return old;
    }

    private static Task<int> RunAsync(Database db, string script) => db.WriteAsync(
        async session =>
        {
            foreach (var statement in script.Split(";\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) await session.Sql(statement.TrimEnd(';')).RunAsync(default);
            return 0;
        },
        default);

    private WriteGroup<int, int> Things(Action batch) => _store.Main.Group<int, int>(id => id % 3, async (session, ids) =>
    {
        batch();
        await session.EachAsync("insert into thing (id) select id from {rows} where true returning id", Rows.Of(ids).Long("id", id => id), _ => { }, default);
        return [.. ids];
    });

    private Task<long> CountAsync() => _store.Main.ReadAsync(session => session.Sql("select count(*) from thing").FirstAsync(row => row.GetInt64(0), default), default);

    private Task<Store> OpenAsync() => OpenAsync(_settings);

    private Task<Store> OpenAsync(Dictionary<string, string?> settings) =>
        Store.OpenAsync(SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).Settings!, _clock, default);

    private static string Show((long? N, string? T, byte[]? B) row) => $"{row.N}|{row.T ?? "null"}|{(row.B is null ? "null" : Convert.ToHexString(row.B))}";
}

public sealed class SqliteStorageTests() : StorageTests(Engine.Sqlite);

public sealed class PostgresStorageTests() : StorageTests(Engine.Postgres)
{
    [Fact]
    public async Task The_planner_learns_of_a_table_as_soon_as_it_has_grown_and_once()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Postgres);
        var database = fixture.Server.Server.Store.Main;
        await database.WriteAsync(
            session => session.Sql("insert into contact (sender_id, user_id) select @sender, n from generate_series(1, 600) as n").Bind("sender", fixture.Furni.Id).RunAsync(default), default);

        // What was written is counted a moment later.
        while (await database.AnalyzeNewTablesAsync(default) == 0) await Task.Delay(50, TestContext.Current.CancellationToken);

        Assert.Equal(["contact"], await AnalyzedAsync());
        Assert.Equal(0, await database.AnalyzeNewTablesAsync(default));

        Task<List<string>> AnalyzedAsync() => database.ReadAsync(
            session => session.Sql("select relname from pg_stat_user_tables where last_analyze is not null").ListAsync(row => row.GetString(0), default), default);
    }
}

/// <summary>A SQLite store has one server, and that server leaves it whole.</summary>
public sealed class OnlyServerTests
{
    [Fact]
    public async Task A_second_server_on_a_sqlite_store_is_refused_and_commands_are_not()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        var settings = server.Get<Settings>();

        var error = await Assert.ThrowsAsync<StoreInUseException>(() => AfterwordServer.CreateAsync(settings, "http://127.0.0.1:0", server.Clock, null, default));
        Assert.Contains("Another server already runs", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            $"Another server already runs on the store in {Path.GetFullPath(settings.Data)}. Stop that one, name another folder with --data, or use PostgreSQL (--database), on which several servers can run.",
            (await new CommandShell(new Dictionary<string, string?> { ["Data"] = settings.Data }).RunAsync(1, "serve", "--urls", "http://127.0.0.1:0")).TrimEnd());

        await using var command = await Store.OpenAsync(settings, server.Clock, default);
        await command.LeaseAsync(server.Clock, default);
        Assert.True(command.Ids.Next() > 0);
    }

    [Theory]
    [InlineData(3_051_002, false)]
    [InlineData(3_051_003, true)]
    [InlineData(4_000_000, true)]
    public void An_engine_that_can_damage_a_store_is_not_taken(int version, bool taken) => Assert.Equal(taken, SqliteEngine.Refuse(version) is null);

    [Fact]
    public async Task A_clean_stop_leaves_no_log_beside_the_files()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        await server.UserAsync("furni");
        Assert.Equal(1, await server.CountAsync("account"));
        var folder = server.Get<Settings>().Data;
        Assert.NotEmpty(Directory.GetFiles(folder, "*-wal"));

        await server.Server.DisposeAsync();

        Assert.Empty(Directory.GetFiles(folder, "*-wal"));
    }
}
