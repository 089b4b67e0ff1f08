using System.Net.Sockets;
using System.Text;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Npgsql;

namespace Afterword.Server.Tests.Faults;

/// <summary>A database that cannot be used for a while, for whatever reason: clients hear to come again, the log says why, and then it goes on by itself.</summary>
public sealed class DatabaseFaultTests : IAsyncLifetime
{
    private static int s_roles;

    private readonly string _role = $"role_{Interlocked.Increment(ref s_roles)}";
    private string _database = null!;
    private FeedbackFixture _fixture = null!;

    private string Name => new Uri(_database).AbsolutePath[1..];

    public async ValueTask InitializeAsync()
    {
        _database = await PostgresCluster.Shared.NewDatabaseAsync();
        await RunAsync($"create role {_role} login");
        await RunAsync($"alter database {Name} owner to {_role}");
        _fixture = await FeedbackFixture.StartOnAsync(_database.Replace("postgres@", $"{_role}@", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        await PostgresCluster.Shared.DropAsync(_database);
        await RunAsync($"drop role {_role}");
    }

    [Theory]
    [InlineData("28000", "alter role {0} nologin", "alter role {0} login")]
    [InlineData("53300", "alter role {0} connection limit 0", "alter role {0} connection limit -1")]
    [InlineData("55000", "alter database {1} allow_connections false", "alter database {1} allow_connections true")]
    [InlineData("3D000", "alter database {1} rename to {1}_away", "alter database {1}_away rename to {1}")]
    [InlineData("25006", "alter database {1} set default_transaction_read_only = on", "alter database {1} reset default_transaction_read_only")]
    public async Task While_it_is_gone_calls_are_503_with_the_reason_in_the_log_and_then_they_work(string state, string takeAway, string bringBack)
    {
        var card = new Uri((await _fixture.AskAsync(more: ("include_card", "1"))).Text("card_url")).AbsolutePath;
        await ApplyAsync(takeAway);
        await RefusedAsync(state);

        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => CreateAsync())))
        {
            Assert.Equal(["The store cannot be reached."], answer.Is(503, 130).Messages);
            Assert.Equal("1", answer.Headers["Retry-After"]);
        }

        var post = await _fixture.Server.SendAsync(null, HttpMethod.Post, card, Encoding.ASCII.GetBytes("score=4"));
        Assert.Contains("<html", post.Is(503).Body, StringComparison.Ordinal);
        if (state != "25006") Assert.Equal("the store cannot be read\n", (await _fixture.Server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(503).Body);

        await ApplyAsync(bringBack);
        await UntilAsync(async () => (await CreateAsync()).Status == 200);

        var log = Log();
        Assert.DoesNotContain(log, line => line.StartsWith("Request ", StringComparison.Ordinal));
        Assert.Single(log, line => line.Contains($"PostgreSQL {state}", StringComparison.Ordinal));
        Assert.Single(log, line => line.StartsWith(state == "25006" ? "Trouble read_only:" : "Trouble unreachable:", StringComparison.Ordinal));

        // Connections that were open broke once, each in its own way; the clock stood still, so each way is told once.
        Assert.InRange(log.Count(line => line.StartsWith("The store did not take or give data", StringComparison.Ordinal)), 1, 6);
    }

    [Fact]
    public async Task A_page_says_it_in_plain_words()
    {
        await ApplyAsync("alter role {0} nologin");
        await RefusedAsync("28000");

        var page = await _fixture.Server.SendAsync(null, HttpMethod.Get, "/oauth/authorize?oauth_token=abc", null, request => request.Headers.Add("Accept-Language", "de"));

        Assert.Contains("Diese Seite erreicht gerade ihre Daten nicht.", page.Is(503).Body, StringComparison.Ordinal);
        Assert.Equal("1", page.Headers["Retry-After"]);
        await ApplyAsync("alter role {0} login");
    }

    [Fact]
    public async Task A_database_that_answers_nothing_makes_the_server_unready_in_time()
    {
        (await ReadyAsync()).Is(200);
        _fixture.Server.Clock.Advance(TimeSpan.FromSeconds(2));
        var letGo = new TaskCompletionSource();
        var locked = new TaskCompletionSource();
        var holds = _fixture.Server.Server.Store.Main.WriteAsync(
            async session =>
            {
                await session.Sql("lock table clock_reading in access exclusive mode").RunAsync(default);
                locked.SetResult();
                await letGo.Task;
                return 0;
            },
            default);
        await locked.Task;

        // However many ask, one connection waits.
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 50).Select(n => ReadyAsync(n % 2 == 0 ? "" : "?for=reads"))))
        {
            Assert.Equal("reading from the store takes too long\n", answer.Is(503).Body);
        }

        Assert.Equal(1L, await PostgresCluster.Shared.AskAsync($"select count(*) from pg_stat_activity where datname = '{Name}' and wait_event_type = 'Lock' and query like 'select seen_at from%'"));
        letGo.SetResult();
        await holds;
        _fixture.Server.Clock.Advance(TimeSpan.FromSeconds(2));
        await UntilAsync(async () => (await ReadyAsync()).Status == 200);

        Task<Answer> ReadyAsync(string query = "") => _fixture.Server.SendAsync(null, HttpMethod.Get, $"/healthz/ready{query}", null);
    }

    /// <summary>What the driver throws when a server goes away while its connections are used, and when none is left.</summary>
    [Fact]
    public void Errors_that_do_not_name_the_database_are_the_databases()
    {
        foreach (var error in new Exception[] { new ObjectDisposedException("ManualResetEventSlim"), new SocketException(104), new IOException(), new TimeoutException(), new InvalidOperationException("Connection is not open") })
        {
            Assert.IsType<StoreUnavailableException>(PostgresFaults.Named(error));
        }

        Assert.IsType<OverloadedException>(PostgresFaults.Named(new NpgsqlException("The connection pool has been exhausted, either raise …", new TimeoutException())));
        foreach (var error in new Exception[] { new NpgsqlException("broken", new IOException()), new InvalidOperationException("A write body waited."), new FormatException() }) Assert.Same(error, PostgresFaults.Named(error));
    }

    private static Task RunAsync(string sql) => PostgresCluster.Shared.RunSqlAsync(sql);

    // Statements that want the database for themselves have to be faster than the server, which comes again at once.
    private Task ApplyAsync(string statement) => UntilAsync(async () =>
    {
        await EndConnectionsAsync();
        try
        {
            await RunAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, statement, _role, Name));
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            return false;
        }

        await EndConnectionsAsync();
        return true;
    });

    private Task EndConnectionsAsync() => RunAsync($"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{_role}'");

    // Each connection of the pools breaks once, when it is next used.
    private Task RefusedAsync(string state) => UntilAsync(async () =>
    {
        await CreateAsync();
        return Log().Any(line => line.Contains($"PostgreSQL {state}", StringComparison.Ordinal));
    });

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var poll = 0; poll < 500; poll++)
        {
            if (await isSo()) return;
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Fail("It did not become so.");
    }

    private Task<Answer> CreateAsync() => _fixture.Server.PostAsync(
        _fixture.Sender, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", $"{_fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));

    private string[] Log()
    {
        lock (_fixture.Server.Log) return [.. _fixture.Server.Log];
    }
}
