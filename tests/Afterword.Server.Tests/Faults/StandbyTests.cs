using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Npgsql;

namespace Afterword.Server.Tests.Faults;

/// <summary>
/// PostgreSQL waits for a standby before it calls a commit durable. Whoever calls the wait off, PostgreSQL says success and warns; what it says so of may be
/// gone after a failover, so nobody may be told that it is stored.
/// </summary>
public sealed class StandbyTests(ReplicatedServer server) : IClassFixture<ReplicatedServer>, IAsyncLifetime
{
    // Ends a test of which something waits for good.
    private static readonly TimeSpan s_tooLong = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longerThanTheTimeout = TimeSpan.FromSeconds(2.5);

    private string _database = null!;
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await server.DatabaseAsync();

        // The driver would call off what takes longer than two seconds.
        _fixture = await FeedbackFixture.StartOnAsync($"{_database}?Command%20Timeout=2&MaxPoolSize=8", "Storage:CommitWait=00:00:00.3", "Storage:Lanes=1");
        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("create table held (n int)").RunAsync(default), default);
    }

    public async ValueTask DisposeAsync()
    {
        await server.LetGoAsync();
        await _fixture.DisposeAsync();
    }

    [Theory]
    [InlineData("pg_cancel_backend")]
    [InlineData("pg_terminate_backend")]
    public async Task A_create_whose_commit_was_called_off_is_not_answered_with_success(string callOff)
    {
        await server.HoldCommitsAsync();
        var create = CreateAsync();
        await server.CallOffAsync(_database, callOff, create);

        var answer = (await create).Is(503, 130);

        Assert.Equal(["The store cannot be reached."], answer.Messages);
        Assert.Equal("1", answer.Headers["Retry-After"]);
        Assert.Single(Lines("It is not known whether writes are stored"));
        Assert.Equal(1, _fixture.Server.Measure()["outcome_unknown"]);
        Assert.DoesNotContain(_fixture.Server.Log, line => line.StartsWith("Request ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_commit_that_takes_longer_than_any_timeout_is_answered_when_it_is_done()
    {
        await server.HoldCommitsAsync();
        var create = CreateAsync();
        await server.WaitForLongCommitAsync(_database, s_longerThanTheTimeout);
        Assert.False(create.IsCompleted);

        await server.LetGoAsync();

        (await create).Is(200);
        Assert.Equal(1, await _fixture.Server.CountAsync("prompt"));
    }

    [Fact]
    public async Task A_write_outside_of_the_queues_is_neither_called_off_by_a_timeout_nor_by_its_caller_nor_taken_for_stored()
    {
        using var leaves = new CancellationTokenSource();
        await server.HoldCommitsAsync();
        var held = WriteAsync(leaves.Token);
        await server.WaitForLongCommitAsync(_database, s_longerThanTheTimeout);
        await leaves.CancelAsync();
        Assert.False(held.IsCompleted);

        await server.CallOffAsync(_database, "pg_cancel_backend", held);

        await Assert.ThrowsAsync<OutcomeUnknownException>(() => held);
    }

    [Fact]
    public async Task While_a_commit_hangs_few_wait_for_it_and_the_others_are_refused_at_once_and_reads_go_on()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        var browser = await _fixture.Server.MembershipAsync(Role.Operator);
        await server.HoldCommitsAsync();
        var first = CreateAsync();
        await server.WaitForCommitAsync(_database);
        var behind = Enumerable.Range(0, 20).Select(_ => CreateAsync()).ToArray();

        // Those behind the commit were never sent: they are told so while it still hangs.
        foreach (var answer in await Task.WhenAll(behind).WaitAsync(s_tooLong, TestContext.Current.CancellationToken)) Assert.Equal(["The store cannot be reached."], answer.Is(503, 130).Messages);
        Assert.Equal("writes wait for the database\n", (await ReadyAsync()).Is(503).Body);
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CreateAsync()))) answer.Is(503, 130);
        (await _fixture.ShowAsync(id)).Is(200);
        await _fixture.Server.ShowsAsync(browser, ProblemCause.CommitsHang);
        Assert.False(first.IsCompleted);

        await server.LetGoAsync();
        (await first).Is(200);
        (await CreateAsync()).Is(200);
        (await ReadyAsync()).Is(200);
        Assert.Equal(3, await _fixture.Server.CountAsync("prompt"));
    }

    [Fact]
    public async Task Writes_of_other_kinds_that_came_together_with_a_commit_that_hangs_are_refused_like_the_rest()
    {
        var main = _fixture.Server.Server.Store.Main;
        var (one, other) = (Group(), Group());
        Task<int>? hangs = null, behind = null;

        // It writes nothing, so its commit waits for nobody; what it enqueues comes in one batch after it.
        var opener = main.Group<int, int>(_ => 0, (_, all) =>
        {
            (hangs, behind) = (one.RunAsync(1), other.RunAsync(2));
            return Task.FromResult(new int[all.Count]);
        });
        await _fixture.AskAsync();
        await server.HoldCommitsAsync();
        await opener.RunAsync(0);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => behind!).WaitAsync(s_tooLong, TestContext.Current.CancellationToken);
        Assert.False(hangs!.IsCompleted);

        await server.LetGoAsync();
        await hangs;
        Assert.Equal(1, await _fixture.Server.CountAsync("held"));

        WriteGroup<int, int> Group() => main.Group<int, int>(_ => 0, async (session, numbers) =>
        {
            await session.EachAsync("insert into held (n) select n from {rows} where true returning n", Rows.Of(numbers).Long("n", n => n), _ => { }, default);
            return [.. numbers];
        });
    }

    [Fact]
    public async Task Hanging_writes_leave_connections_for_reads()
    {
        await server.HoldCommitsAsync();
        var writes = Enumerable.Range(0, 30).Select(_ => WriteAsync(TestContext.Current.CancellationToken)).ToList();

        // Half of the connections hang; who waits for one of them is refused.
        for (var refused = 0; refused < 26; refused++)
        {
            var done = await Task.WhenAny(writes).WaitAsync(s_tooLong, TestContext.Current.CancellationToken);
            writes.Remove(done);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => done);
        }

        Assert.Equal(0, await _fixture.Server.CountAsync("prompt"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => WriteAsync(TestContext.Current.CancellationToken));

        await server.LetGoAsync();
        await Task.WhenAll(writes.Where(write => !write.IsFaulted));
        await WriteAsync(TestContext.Current.CancellationToken);
        (await ReadyAsync()).Is(200);
    }

    // The other connections are found dead after a minute.
    [Fact, LongForm]
    public async Task A_commit_whose_machine_vanished_without_a_word_is_given_up()
    {
        var database = await server.DatabaseAsync();
        var place = new Uri(database);
        using var wire = new Wire(place.Port);
        await using var fixture = await FeedbackFixture.StartOnAsync($"postgres://postgres@127.0.0.1:{wire.Port}{place.AbsolutePath}", "Storage:CommitWait=00:00:00.1");
        await server.HoldCommitsAsync();
        var create = CreateAsync(fixture);
        await server.WaitForCommitAsync(database);

        wire.FallSilent();
        await server.CallOffAsync(database, "pg_terminate_backend", create);

        (await create).Is(503, 130);
        await server.LetGoAsync();
        while ((await CreateAsync(fixture)).Status != 200) await Task.Delay(50, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_waits_for_no_standby()
    {
        await server.HoldCommitsAsync();
        var write = WriteAsync(TestContext.Current.CancellationToken);
        await server.WaitForCommitAsync(_database);

        await _fixture.Server.Server.DisposeAsync();

        await Assert.ThrowsAsync<OutcomeUnknownException>(() => write);
    }

    [Fact]
    public async Task What_other_nodes_are_told_waits_for_no_standby()
    {
        await server.HoldCommitsAsync();

        await _fixture.Server.Server.Store.Main.NotifyAsync("afterword_test", "hello", TestContext.Current.CancellationToken);
    }

    /// <summary>The control: what these tests are about does happen, and the driver sees nothing in it.</summary>
    [Fact]
    public async Task The_driver_alone_takes_a_commit_that_its_timeout_called_off_for_success()
    {
        await server.Cluster.RunSqlAsync("create table if not exists control (n int)");
        await server.HoldCommitsAsync();
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={new Uri($"tcp://{await server.Cluster.HostAsync()}").Port};Username=postgres;Database=postgres;Command Timeout=2");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        var told = new List<string>();
        connection.Notice += (_, notice) => told.Add(notice.Notice.Routine!);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var insert = connection.CreateCommand();
        insert.CommandText = "insert into control (n) values (1)";
        await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await transaction.CommitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["SyncRepWaitForLSN"], told);
    }

    private Task<Answer> CreateAsync() => CreateAsync(_fixture);

    private static Task<Answer> CreateAsync(FeedbackFixture fixture) => fixture.Server.PostAsync(
        fixture.Sender, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", $"{fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));

    private Task<int> WriteAsync(CancellationToken stop) => _fixture.Server.Server.Store.Main.WriteAsync(
        session => session.Sql("insert into held (n) values (1)").RunAsync(CancellationToken.None), stop);

    private Task<Answer> ReadyAsync() => _fixture.Server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null);

    private string[] Lines(string beginning)
    {
        lock (_fixture.Server.Log) return [.. _fixture.Server.Log.Where(line => line.StartsWith(beginning, StringComparison.Ordinal))];
    }
}
