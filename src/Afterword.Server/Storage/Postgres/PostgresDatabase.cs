using System.Diagnostics.Metrics;
using Afterword.Server.Configuration;
using Npgsql;

namespace Afterword.Server.Storage.Postgres;

/// <summary>The engine for more than one machine. Any number of nodes share it.</summary>
internal sealed class PostgresDatabase : Database
{
    // A statement walks from a few rows to others by their keys. With statistics that are missing or old, or in a plan for whatever
    // values, the planner prefers to read whole tables, or all that a sender has: 600 ms instead of 0.3 for today's answers among a
    // million. Parallel workers take longer to start (40 ms) than any of them needs.
    private static readonly string[] s_readsMuch = ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_material"];
    private static readonly string s_byKey = $"-c jit=off -c max_parallel_workers_per_gather=0 {string.Join(' ', s_readsMuch.Select(way => $"-c {way}=off"))}";

    // For the few who do read whole tables; until the end of the transaction.
    private static readonly string s_wholeTables = $"select {string.Join(", ", s_readsMuch.Select(way => $"set_config('{way}', 'on', true)"))}";

    // A node that is stopped in the middle of a transaction, or cut off, would hold its senders' locks against all others.
    private const string LetGo = "-c idle_in_transaction_session_timeout=10s";

    // For transactions that wait for a disk or a pipe between two statements.
    internal const string ForAsLongAsItTakes = "select set_config('idle_in_transaction_session_timeout', '0', true)";

    // A commit that did not wait for its standby is told by a warning alone: it must not be left out.
    private const string Warn = "-c client_min_messages=warning";

    // A server that vanished while it was waited for is noticed after two minutes: nothing else ends the wait for a commit.
    private const int SecondsOfSilence = 30;
    private const int SecondsBetweenProbes = 10;

    // So many times the wait after which others are refused, a commit is looked after.
    private const int AskAfter = 4;

    // Whatever could still be answered has been.
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource _listening;
    private readonly PostgresWriter _queues;
    private readonly SingleWrites _singles;
    private readonly PostgresCommits _commits;

    // Ends the wait for commits that still hang when the server has to stop.
    private readonly CancellationTokenSource _closing;

    private PostgresDatabase(NpgsqlDataSource source, NpgsqlDataSource listening, PostgresWriter queues, SingleWrites singles, PostgresCommits commits, CancellationTokenSource closing, string version)
    {
        _source = source;
        _listening = listening;
        _queues = queues;
        _singles = singles;
        _commits = commits;
        _closing = closing;
        Engine = $"PostgreSQL {version}";
    }

    public override string Engine { get; }

    public override bool IsFull => _queues.IsFull;

    public override int Waiting => _queues.Waiting;

    public override ProblemCause? StalledBy => _queues.IsStalled || _singles.IsStalled ? ProblemCause.CommitsHang : null;

    /// <param name="url">As <c>postgres://user:password@host:port/database</c>, or Npgsql's own key=value form.</param>
    /// <param name="settings">How many writes may wait, how long, and how many batches may run at once.</param>
    /// <param name="syncEveryCommit">
    /// Whether a commit is on the disk before it is acknowledged. Without, a commit survives the end of this process, but a
    /// crash of the database may undo those of its last moments.
    /// </param>
    /// <param name="clock">Measures how long writes wait.</param>
    /// <param name="stop">Gives up connecting.</param>
    /// <exception cref="InvalidOperationException">The server would acknowledge what it has not made durable.</exception>
    public static async Task<PostgresDatabase> OpenAsync(string url, StorageSettings settings, bool syncEveryCommit, TimeProvider clock, CancellationToken stop)
    {
        var text = new NpgsqlConnectionStringBuilder(PostgresUrl.ConnectionText(url));
        text.Options = $"{text.Options} {LetGo} {Warn} {s_byKey}";
        if (!text.ShouldSerialize("TCP Keepalive") && text.TcpKeepAliveTime == 0) (text.TcpKeepAliveTime, text.TcpKeepAliveInterval) = (SecondsOfSilence, SecondsBetweenProbes);
        if (!syncEveryCommit) text.Options = $"{text.Options} -c synchronous_commit=off";

        var source = SourceOf(text, syncEveryCommit);
        try
        {
            await using var connection = await source.OpenConnectionAsync(stop);
            await using var ask = connection.CreateCommand();
            ask.CommandText = "select current_setting('server_version'), current_setting('idle_in_transaction_session_timeout')";
            await using var row = await ask.ExecuteReaderAsync(stop);
            await row.ReadAsync(stop);
            var version = row.GetString(0);

            // It was asked for with the connection, and hardly any server has the same by itself. Whoever did not pass it on keeps no settings for us either.
            if (row.GetString(1) is not "10s") throw new InvalidOperationException($"The settings of the connection did not reach the database. {PostgresUrl.Pooled}");

            var singles = new SingleWrites(Math.Max(1, text.MaxPoolSize / 2), settings.CommitWait, clock);
            var closing = new CancellationTokenSource();
            var commits = new PostgresCommits(source, AskAfter * settings.CommitWait, clock, closing.Token);

            // Queues have connections of their own: a batch must not stand behind hundreds of reads.
            text.MaxPoolSize = settings.Lanes;

            // Nothing of a queue's session outlasts its transaction.
            text.NoResetOnClose = true;
            var batches = SourceOf(text, syncEveryCommit);

            // A pooled connection would go on listening, and the next to listen on it would first hear old notifications.
            text.Pooling = false;
            return new(source, SourceOf(text, syncEveryCommit: false), new PostgresWriter(batches, settings, clock, commits), singles, commits, closing, version.Split(' ')[0]);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    public override Task<T> ReadAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => ConnectedAsync(connection => body(new PostgresSession(connection)), stop);

    public override Task<T> SnapshotAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => ConnectedAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, stop);
            var session = new PostgresSession(connection);
            await session.Sql(s_wholeTables).FirstAsync(_ => 0, stop);
            return await body(session);
        },
        stop);

    // Its statements follow the keys, as those of all connections: a sort of a whole table would fill the database's disk first.
    public override Task<T> WholeSnapshotAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => ConnectedAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, stop);
            var session = new PostgresSession(connection, isPatient: true);
            await session.Sql(ForAsLongAsItTakes).FirstAsync(_ => 0, stop);
            await session.Sql("set transaction read only").RunAsync(stop);
            return await body(session);
        },
        stop);

    public override Task<T> WriteAnywayAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => WriteAsync(body, isPatient: false, stop);

    private Task<T> WriteAsync<T>(Func<Session, Task<T>> body, bool isPatient, CancellationToken stop) => _singles.RunAsync(
        () => ConnectedAsync(
            async connection =>
            {
                await using var transaction = await connection.BeginTransactionAsync(stop);
                var session = new PostgresSession(connection, isPatient);
                var answer = await body(session);
                await session.CommitAsync(_commits, stop);
                return answer;
            },
            stop),
        stop);

    // Of a table that was empty the planner takes every index for equally good, and reads all that a sender has where one row is meant. Its
    // autovacuum looks once a minute: in the first minute of a new store, 1,000 closes a second took 30 s each.
    public override Task<int> AnalyzeNewTablesAsync(CancellationToken stop) => ReadAsync(
        async session =>
        {
            var tables = await session.Sql(
                """
                select quote_ident(t.relname) from pg_stat_user_tables t join pg_class c on c.oid = t.relid
                where t.schemaname = current_schema() and t.last_analyze is null and t.last_autoanalyze is null and t.n_live_tup >= 200 and pg_has_role(c.relowner, 'USAGE')
                """).ListAsync(row => row.GetString(0), stop);
            foreach (var table in tables) await session.Sql($"analyze (skip_locked) {table}").RunAsync(stop);
            return tables.Count;
        },
        stop);

    private async Task<T> ConnectedAsync<T>(Func<NpgsqlConnection, Task<T>> run, CancellationToken stop)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(stop);
            return await run(connection);
        }
        catch (Exception error) when (PostgresFaults.HasOtherName(error))
        {
            throw PostgresFaults.Named(error);
        }
    }

    protected override void Enqueue(PendingWrite write) => _queues.Enqueue(write);

    protected override bool IsFault(Exception error) => error is NotDurableException || PostgresFaults.IsFault(error);

    public override string Translate(string migration) => migration
        .Replace("{bytes}", "bytea", StringComparison.Ordinal)
        .Replace("{clustered}", "", StringComparison.Ordinal);

    public override string ListColumns =>
        """
        select c.relname::text, a.attname::text, t.typname::text, coalesce(array_position(string_to_array(i.indkey::text, ' ')::bigint[], a.attnum::bigint), 0)::bigint
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        join pg_type t on t.oid = a.atttypid
        left join pg_index i on i.indrelid = c.oid and i.indisprimary
        where c.relkind = 'r' and c.relnamespace = quote_ident(current_schema())::regnamespace
        order by c.relname, a.attnum
        """;

    public override string ListIndexes =>
        """
        select x.relname::text, c.relname::text, pg_get_indexdef(i.indexrelid)
        from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
        where c.relkind = 'r' and c.relnamespace = quote_ident(current_schema())::regnamespace
            and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)
        order by x.relname
        """;

    // A large table may take minutes, and so does the node that came first.
    public override Task<T> MigrateAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => WriteAsync(
        async session =>
        {
            // Any number will do, as long as every version of this program uses the same one.
            await session.Sql("select pg_advisory_xact_lock(4158091237)").FirstAsync(_ => 0, stop);
            await session.Sql(s_wholeTables).FirstAsync(_ => 0, stop);
            return await body(session);
        },
        isPatient: true,
        stop);

    public override async Task<DateTimeOffset?> ClockAsync(CancellationToken stop) => DateTimeOffset.FromUnixTimeMilliseconds(await ReadAsync(
        session => session.Sql("select cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)").FirstAsync(row => row.GetInt64(0), stop), stop));

    // A role without pg_read_all_stats sees that there are standbys, and nothing of them. While this server is a standby itself, it has none to wait for.
    public override Task<long?> StandbyBehindAsync(CancellationToken stop) => ReadAsync(
        session => session.Sql("select cast(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) as bigint) from pg_stat_replication where not pg_is_in_recovery()").FirstAsync(row => row.LongOrNull(0), stop),
        stop);

    // A hint that may get lost does not wait for a standby. The setting ends with the statement.
    public override Task NotifyAsync(string channel, string text, CancellationToken stop) => ReadAsync(
        session => session.Sql("select set_config('synchronous_commit', 'off', true), pg_notify(@channel, @text)").Bind("channel", channel).Bind("text", text).FirstAsync(_ => 0, stop), stop);

    public override async Task ListenAsync(string channel, Action listening, Action<string> heard, CancellationToken stop)
    {
        await using var connection = await _listening.OpenConnectionAsync(stop);
        connection.Notification += (_, told) => heard(told.Payload);
        await using var listen = connection.CreateCommand();
#pragma warning disable CA2100 // a constant of a feature folder
        listen.CommandText = $"listen {channel}";
#pragma warning restore CA2100
        await listen.ExecuteNonQueryAsync(stop);
        listening();
        while (true) await connection.WaitAsync(stop);
    }

    public override Task<IReadOnlyList<string>> InspectAsync(CancellationToken stop) => Task.FromResult<IReadOnlyList<string>>([]);

    public override TimeSpan SlowestCommit => _queues.Metrics?.SlowestCommit ?? TimeSpan.Zero;

    public override void Measure(Meter meter, string name) => _queues.Metrics = new(meter, name);

    public override void EndWaitingIn(TimeSpan time) => _closing.CancelAfter(time);

    public override async ValueTask DisposeAsync()
    {
        EndWaitingIn(s_farewell);
        await _queues.DisposeAsync();
        await _singles.DisposeAsync();
        await _listening.DisposeAsync();
        await _source.DisposeAsync();
        _closing.Dispose();
    }

    // No column is of a type that the database defines, so their list is not read when each of four pools is first used.
    private static NpgsqlDataSource SourceOf(NpgsqlConnectionStringBuilder text, bool syncEveryCommit)
    {
        var session = text.TargetSessionAttributes is "any" ? TargetSessionAttributes.Any : TargetSessionAttributes.ReadWrite;
        var single = new NpgsqlConnectionStringBuilder(text.ToString());
        single.Remove("Target Session Attributes");
        var builder = new NpgsqlDataSourceBuilder(single.ToString());
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        if (syncEveryCommit) builder.UsePhysicalConnectionInitializer(CheckDurability, CheckDurabilityAsync);

        // Of several hosts it wants the one that takes writes, whichever that is just then.
        return text.Host!.Contains(',', StringComparison.Ordinal) ? builder.BuildMultiHost().WithTargetSession(session) : builder.Build();
    }

    // On every connection, since settings change under a server that runs: by a reload, by "alter role", or behind a failover.
    private static async Task CheckDurabilityAsync(NpgsqlConnection connection)
    {
        await using var ask = AskDurability(connection);
        await using var row = await ask.ExecuteReaderAsync();
        await row.ReadAsync();
        CheckDurability(row);
    }

    private static void CheckDurability(NpgsqlConnection connection)
    {
        using var ask = AskDurability(connection);
        using var row = ask.ExecuteReader();
        row.Read();
        CheckDurability(row);
    }

    private static NpgsqlCommand AskDurability(NpgsqlConnection connection) =>
        new("select current_setting('synchronous_commit'), current_setting('fsync')", connection);

    private static void CheckDurability(NpgsqlDataReader row)
    {
        var (commit, sync) = (row.GetString(0), row.GetString(1));
        if (commit is "off" || sync is "off") throw new NotDurableException(commit, sync);
    }
}

/// <summary>The database would acknowledge what it has not made durable.</summary>
internal sealed class NotDurableException(string commit, string sync)
    : InvalidOperationException($"The database runs with synchronous_commit={commit} and fsync={sync}: it would lose answers in a power cut. Set both to on.");
