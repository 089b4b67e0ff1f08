using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Afterword.Server.Tests.Storage;

/// <summary>A store that takes nothing more: what only reads goes on, signed as ever, and no request is let in twice.</summary>
public abstract class FullDiskTests : IAsyncLifetime
{
    private protected FeedbackFixture Fixture { get; private set; } = null!;

    private protected TestServer Server => Fixture.Server;

    private protected abstract Engine Engine { get; }

    public async ValueTask InitializeAsync() => Fixture = await FeedbackFixture.StartAsync(Engine, "Limits:ShowPer15Minutes=4");

    [Fact]
    public async Task Signed_reads_go_on_once_each_within_their_limits_and_nothing_of_it_is_lost_when_there_is_room_again()
    {
        var path = $"/1.1/feedback/show/{(await Fixture.AskAsync()).Text("id")}.json";
        Assert.Equal(3, (await ReadAsync(path, "stored")).Is(200).Header("x-rate-limit-remaining"));
        await FillAsync();

        (await ReadAsync(path, "stored")).Is(401, 32);
        Assert.Equal(2, (await ReadAsync(path, "kept")).Is(200).Header("x-rate-limit-remaining"));
        Assert.True(Server.Get<NonceStore>().Remembers);
        (await ReadAsync(path, "kept")).Is(401, 32);
        Assert.Equal(1, (await ReadAsync(path, "also kept")).Is(200).Header("x-rate-limit-remaining"));
        var create = await Server.PostAsync(
            Fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{Fixture.Ana.Id}"), ("message", new string('a', 9_000)), ("privacy_url", "https://furni.example/privacy"));
        Assert.Equal("1", create.Is(503).Headers["Retry-After"]);

        await MakeRoomAsync();
        (await ReadAsync(path, "kept")).Is(401, 32);
        (await ReadAsync(path, "after")).Is(200);
        for (var look = 0; Server.Get<NonceStore>().Remembers && look < 500; look++) await Task.Delay(10, TestContext.Current.CancellationToken);
        await Server.RestartAsync();
        foreach (var nonce in new[] { "stored", "kept", "also kept", "after" }) (await ReadAsync(path, nonce)).Is(401, 32);
        (await ReadAsync(path, "one more")).Is(429, 88);
        await Fixture.AskAsync();
    }

    [Fact]
    public async Task Operators_are_told_that_reads_are_let_in_by_memory_and_why()
    {
        var browser = await Server.MembershipAsync(Role.Operator);
        var path = $"/1.1/feedback/show/{(await Fixture.AskAsync()).Text("id")}.json";
        await FillAsync();

        (await ReadAsync(path, "kept")).Is(200);

        await Server.ShowsAsync(browser, ProblemCause.NoncesInMemory);
        await Server.ShowsAsync(browser, Engine == Engine.Sqlite ? ProblemCause.DiskFull : ProblemCause.ReadOnly);
        await MakeRoomAsync();
    }

    [Fact]
    public async Task Of_many_alike_at_once_one_is_let_in()
    {
        var path = $"/1.1/feedback/show/{(await Fixture.AskAsync()).Text("id")}.json";
        await FillAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ReadAsync(path, "same")));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.All(answers.Where(answer => answer.Status != 200), answer => answer.Is(401, 32));
        await MakeRoomAsync();
    }

    [Fact]
    public async Task More_than_the_queue_holds_is_written_down_when_there_is_room_again()
    {
        await Server.RestartAsync("Storage:WriteQueue=4");
        await FillAsync();
        for (var i = 1; i <= 60; i++) Assert.True((await Server.Get<NonceStore>().AdmitAsync(Call(i), reads: true)).IsFresh);
        Assert.True(Server.Get<NonceStore>().Remembers);

        await MakeRoomAsync();
        for (var i = 100; Server.Get<NonceStore>().Remembers && i < 400; i++)
        {
            await Server.Get<NonceStore>().AdmitAsync(Call(i));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.False(Server.Get<NonceStore>().Remembers);
        await Server.RestartAsync();
        for (var i = 1; i <= 60; i++) Assert.False((await Server.Get<NonceStore>().AdmitAsync(Call(i), reads: true)).IsFresh);
    }

    [Fact]
    public async Task A_leg_of_OAuth_is_no_read_though_it_may_be_a_GET()
    {
        const string Path = "/oauth/request_token?oauth_callback=oob";
        var app = new OAuthCredentials(Fixture.App.ConsumerKey, Fixture.App.ConsumerSecret, null, null);
        await FillAsync();

        (await ReadAsync(app, Path, "leg")).Is(503);
        Assert.False(Server.Get<NonceStore>().Remembers);

        await MakeRoomAsync();
        (await ReadAsync(app, Path, "leg")).Is(200);
    }

    public ValueTask DisposeAsync() => Fixture.DisposeAsync();

    private protected abstract Task FillAsync();

    private protected abstract Task MakeRoomAsync();

    private protected Task<Answer> ReadAsync(string path, string nonce) => ReadAsync(Fixture.Sender, path, nonce);

    private Task<Answer> ReadAsync(OAuthCredentials who, string path, string nonce) => Server.SendAsync(
        null, HttpMethod.Get, path, null, request => request.Headers.TryAddWithoutValidation("Authorization", Server.Sign(who, "GET", request.RequestUri!, null, nonce)));

    private NonceEntry Call(long n) => new(Server.Clock.GetUtcNow().ToUnixTimeSeconds(), unchecked(n * 6364136223846793005), 0, 0, LimitedEndpoint.None);
}

public sealed class SqliteFullDiskTests : FullDiskTests
{
    private protected override Engine Engine => Engine.Sqlite;

    [Fact]
    public async Task Nonces_are_kept_up_to_a_bound()
    {
        await FillAsync();
        var door = Server.Get<NonceStore>();
        var kept = new NonceCache();
        for (var i = 0; i < NonceCache.Most; i++) Assert.True(kept.TryAdd(new(10, i, 0, 0, LimitedEndpoint.None), before: 1));

        Assert.Null(kept.TryAdd(new(11, -1, 0, 0, LimitedEndpoint.None), before: 10));
        Assert.True(kept.TryAdd(new(11, -1, 0, 0, LimitedEndpoint.None), before: 11));
        Assert.False(kept.TryAdd(new(11, -1, 0, 0, LimitedEndpoint.None), before: 11));
        Assert.True((await door.AdmitAsync(new(Now, 1, 0, 0, LimitedEndpoint.None), reads: true)).IsFresh);

        // What changes something is not let in by memory alone.
        await Assert.ThrowsAsync<SqliteException>(() => door.AdmitAsync(new(Now, 2, 0, 0, LimitedEndpoint.None)));
    }

    private long Now => Server.Clock.GetUtcNow().ToUnixTimeSeconds();

    // The files may grow no more, and the pages that nonces of this second fall on have no room: SQLite says what it says of a full disk.
    private protected override async Task FillAsync()
    {
        var store = Server.Server.Store;
        await store.Main.WriteAsync(session => session.Sql("create table if not exists filler (a blob)").RunAsync(default), default);
        foreach (var db in new[] { store.Main, store.Nonces }) await PragmaAsync(db, "max_page_count=1");
        while (await HasRoomAsync(store.Main, "insert into filler (a) values (zeroblob(4000))"))
        {
        }

        var (hash, failed) = (1UL, 0);
        while (failed < 400)
        {
            hash = (hash * 6364136223846793005) + 1442695040888963407;
            failed = await HasRoomAsync(store.Nonces, string.Create(CultureInfo.InvariantCulture, $"insert into nonce (stamp, hash) values ({Now}, {(long)hash})")) ? 0 : failed + 1;
        }
    }

    private static async Task<bool> HasRoomAsync(Database db, string insert)
    {
        try
        {
            await db.WriteAsync(session => session.Sql(insert).RunAsync(default), default);
            return true;
        }
        catch (SqliteException error) when (error.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL)
        {
            return false;
        }
    }

    private protected override async Task MakeRoomAsync()
    {
        var store = Server.Server.Store;
        foreach (var db in new[] { store.Main, store.Nonces }) await PragmaAsync(db, "max_page_count=1000000");
    }

    private static Task PragmaAsync(Database db, string pragma) => db.WriteAsync(session => session.Sql($"pragma {pragma}").FirstAsync(_ => 0, default), default);
}

public sealed class PostgresFullDiskTests : FullDiskTests
{
    private protected override Engine Engine => Engine.Postgres;

    [Fact]
    public async Task A_store_that_can_only_be_read_is_ready_for_reads_alone()
    {
        (await GetAsync("/healthz/ready")).Is(200);
        await FillAsync();
        Server.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("the store cannot be written\n", (await GetAsync("/healthz/ready")).Is(503).Body);
        (await GetAsync("/healthz/ready?for=reads")).Is(200);

        await MakeRoomAsync();
        Server.Clock.Advance(TimeSpan.FromSeconds(2));
        (await GetAsync("/healthz/ready")).Is(200);
    }

    [Fact]
    public async Task Operators_read_in_the_console_that_the_store_cannot_be_written()
    {
        var browser = await Server.MembershipAsync(Role.Operator);
        await FillAsync();
        Server.Clock.Advance(TimeSpan.FromMinutes(2));

        // Nobody else has written: the page tries.
        await Server.ShowsAsync(browser, ProblemCause.ReadOnly);
    }

    [Fact]
    public async Task A_database_that_no_longer_makes_commits_durable_is_not_written()
    {
        await Fixture.AskAsync();
        await AlterAsync("set synchronous_commit = off");

        (await Server.PostAsync(Fixture.Recipient, "/1.1/friendships/create.json", ("screen_name", "furni"))).Is(503);
        Assert.Contains(Server.Log, line => line.Contains("synchronous_commit=off", StringComparison.Ordinal));
        Assert.Equal(1, Server.Measure()["not_durable"]);

        await AlterAsync("reset synchronous_commit");
        await Fixture.AskAsync();
    }

    /// <summary>The commit is done, and its end is in doubt.</summary>
    [Fact]
    public async Task A_read_whose_nonce_may_be_stored_is_told_to_come_again_and_not_that_it_was_seen()
    {
        var path = $"/1.1/feedback/show/{(await Fixture.AskAsync()).Text("id")}.json";
        await RunAsync("create function warn() returns trigger language plpgsql as 'begin raise warning ''in doubt''; return null; end'");
        await RunAsync("create constraint trigger in_doubt after insert on nonce deferrable initially deferred for each row execute function warn()");

        (await ReadAsync(path, "in doubt")).Is(503, 130);
        Assert.False(Server.Get<NonceStore>().Remembers);

        await RunAsync("drop trigger in_doubt on nonce");
        (await ReadAsync(path, "in doubt")).Is(401, 32);
        (await ReadAsync(path, "another")).Is(200);

        Task<int> RunAsync(string sql) => Server.Server.Store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default);
    }

    private protected override Task FillAsync() => AlterAsync("set default_transaction_read_only = on");

    private protected override Task MakeRoomAsync() => AlterAsync("reset default_transaction_read_only");

    /// <summary>Changes a setting of the database, and has every connection made anew.</summary>
    private async Task AlterAsync(string change)
    {
        var url = new Uri(Server.Get<Settings>().Database!);
        var name = url.AbsolutePath[1..];
        await using var source = NpgsqlDataSource.Create($"Host={url.Host};Port={url.Port};Username={url.UserInfo};Database=postgres");
        await using var command = source.CreateCommand($"alter database {name} {change}");
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await using var cut = source.CreateCommand($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
        await cut.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        // Each connection in the pools has to find out.
        foreach (var db in new[] { Server.Server.Store.Main, Server.Server.Store.Nonces })
        {
            var touch = db.Group<long, int>(queue => queue, (_, queues) => Task.FromResult(new int[queues.Count]));
            for (var i = 0; i < 40; i++)
            {
                await TryAsync(() => touch.RunAsync(i));
                await TryAsync(() => db.ReadAsync(session => session.Sql("select 1").FirstAsync(_ => 0, default), default));
            }
        }
    }

    private async Task TryAsync(Func<Task<int>> run)
    {
        try
        {
            await run();
        }
        catch (Exception error) when (Server.Server.Store.Main.IsUnavailable(error))
        {
        }
    }

    private Task<Answer> GetAsync(string path) => Server.SendAsync(null, HttpMethod.Get, path, null);
}
