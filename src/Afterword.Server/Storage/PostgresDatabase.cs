using Npgsql;

namespace Afterword.Server.Storage;

/// <summary>The engine for more than one machine. Any number of nodes share it.</summary>
internal sealed class PostgresDatabase : Database
{
    private const int MaxReaders = 20;

    // A statement walks from a few rows to others by their keys. With statistics that are missing or old, or in a plan for whatever
    // values, the planner prefers to read whole tables, or all that a sender has: 600 ms instead of 0.3 for today's answers among a
    // million. Parallel workers take longer to start (40 ms) than any of them needs.
    private static readonly string[] s_readsMuch = ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_material"];
    private static readonly string s_byKey = $"-c jit=off -c max_parallel_workers_per_gather=0 {string.Join(' ', s_readsMuch.Select(way => $"-c {way}=off"))}";

    // For the few who do read whole tables; until the end of the transaction.
    private static readonly string s_wholeTables = $"select {string.Join(", ", s_readsMuch.Select(way => $"set_config('{way}', 'on', true)"))}";

    // A node that is stopped in the middle of a transaction, or cut off, would hold its senders' locks against all others.
    private const string LetGo = "-c idle_in_transaction_session_timeout=10s";

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource _listening;
    private readonly PostgresLanes _lanes;

    private PostgresDatabase(NpgsqlDataSource source, NpgsqlDataSource listening, PostgresLanes lanes, string version)
    {
        _source = source;
        _listening = listening;
        _lanes = lanes;
        Engine = $"PostgreSQL {version}";
    }

    public override string Engine { get; }

    public override bool IsFull => _lanes.IsFull;

    /// <param name="url">As <c>postgres://user:password@host:port/database</c>, or Npgsql's own key=value form.</param>
    /// <param name="queue">How many writes may wait, 1 or more.</param>
    /// <param name="lanes">How many batches may run at once, 1 or more.</param>
    /// <param name="syncEveryCommit">
    /// Whether a commit is on the disk before it is acknowledged. Without, a commit survives the end of this process, but a
    /// crash of the database may undo those of its last moments.
    /// </param>
    /// <param name="stop">Gives up connecting.</param>
    /// <exception cref="InvalidOperationException">The server would acknowledge what it has not made durable.</exception>
    public static async Task<PostgresDatabase> OpenAsync(string url, int queue, int lanes, bool syncEveryCommit, CancellationToken stop)
    {
        var text = new NpgsqlConnectionStringBuilder(ConnectionText(url));
        text.Options = $"{text.Options} {LetGo} {s_byKey}";
        if (!syncEveryCommit) text.Options = $"{text.Options} -c synchronous_commit=off";

        var source = SourceOf(text);
        try
        {
            await using var connection = await source.OpenConnectionAsync(stop);
            await using var ask = connection.CreateCommand();
            ask.CommandText = "select current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_version')";
            await using var row = await ask.ExecuteReaderAsync(stop);
            await row.ReadAsync(stop);
            var (commit, sync, version) = (row.GetString(0), row.GetString(1), row.GetString(2));
            if (syncEveryCommit && (commit is "off" || sync is "off"))
            {
                throw new InvalidOperationException(
                    $"The database runs with synchronous_commit={commit} and fsync={sync}: it would lose answers in a power cut. Set both to on.");
            }

            // Lanes have connections of their own: a batch must not stand behind hundreds of reads.
            text.MaxPoolSize = lanes;

            // Nothing of a lane's session outlasts its transaction.
            text.NoResetOnClose = true;
            var batches = SourceOf(text);

            // A pooled connection would go on listening, and the next to listen on it would first hear old notifications.
            text.Pooling = false;
            return new(source, SourceOf(text), new PostgresLanes(batches, queue, lanes), version.Split(' ')[0]);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    public override async Task<T> ReadAsync<T>(Func<Session, Task<T>> body, CancellationToken stop)
    {
        await using var connection = await _source.OpenConnectionAsync(stop);
        return await body(new PostgresSession(connection));
    }

    public override async Task<T> SnapshotAsync<T>(Func<Session, Task<T>> body, CancellationToken stop)
    {
        await using var connection = await _source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, stop);
        var session = new PostgresSession(connection);
        await session.Sql(s_wholeTables).FirstAsync(_ => 0, stop);
        return await body(session);
    }

    public override async Task<T> WriteAsync<T>(Func<Session, Task<T>> body, CancellationToken stop)
    {
        await using var connection = await _source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        var session = new PostgresSession(connection);
        var answer = await body(session);
        await session.CommitAsync(stop);
        return answer;
    }

    public override WriteGroup<TRequest, TOutcome> Group<TRequest, TOutcome>(
        Func<TRequest, long> key, Func<Session, IReadOnlyList<TRequest>, Task<TOutcome[]>> run) => new(key, run, _lanes.Enqueue);

    public override bool IsUnavailable(Exception error) => error switch
    {
        // 08 connection, 53 resources, 57P operator intervention, 25006 a standby that cannot write, 25P03 idle for too long;
        // https://www.postgresql.org/docs/15/errcodes-appendix.html
        PostgresException { SqlState: { } state } => state is ['0', '8', ..] or ['5', '3', ..] or ['5', '7', 'P', ..] or "25006" or "25P03" or "58030",
        NpgsqlException => true,
        _ => false,
    };

    public override string Translate(string migration) => migration
        .Replace("{bytes}", "bytea", StringComparison.Ordinal)
        .Replace("{clustered}", "", StringComparison.Ordinal);

    public override Task<T> MigrateAsync<T>(Func<Session, Task<T>> body, CancellationToken stop) => WriteAsync(
        async session =>
        {
            // Any number will do, as long as every version of this program uses the same one.
            await session.Sql("select pg_advisory_xact_lock(4158091237)").FirstAsync(_ => 0, stop);
            await session.Sql(s_wholeTables).FirstAsync(_ => 0, stop);
            return await body(session);
        },
        stop);

    public override Task NotifyAsync(string channel, string text, CancellationToken stop) => ReadAsync(
        session => session.Sql("select pg_notify(@channel, @text)").Bind("channel", channel).Bind("text", text).FirstAsync(_ => 0, stop), stop);

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

    public override async ValueTask DisposeAsync()
    {
        await _lanes.DisposeAsync();
        await _listening.DisposeAsync();
        await _source.DisposeAsync();
    }

    // No column is of a type that the database defines, so their list is not read when each of four pools is first used.
    private static NpgsqlDataSource SourceOf(NpgsqlConnectionStringBuilder text)
    {
        var builder = new NpgsqlDataSourceBuilder(text.ToString());
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }

    /// <summary>Understands the URL form that operators copy from their hosting, besides Npgsql's own.</summary>
    /// <exception cref="FormatException">The text is neither.</exception>
    internal static string ConnectionText(string url)
    {
        NpgsqlConnectionStringBuilder text;
        if (url.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase))
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri)) throw new FormatException("The database URL cannot be read.");

            var user = uri.UserInfo.Split(':', 2);
            text = new NpgsqlConnectionStringBuilder
            {
                Host = uri.Host,
                Port = uri.Port > 0 ? uri.Port : 5432,
                Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
                Username = Uri.UnescapeDataString(user[0]),
                Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            };
            foreach (var (key, value) in Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(uri.Query))
            {
                // A socket folder travels as ?host=, since a URL has no other place for it.
                try
                {
                    text[key == "sslmode" ? "SSL Mode" : key] = value.ToString();
                }
                catch (Exception error) when (error is ArgumentException or FormatException)
                {
                    throw new FormatException($"The database URL has an option that is not known or has a wrong value: {key}.", error);
                }
            }
        }
        else
        {
            try
            {
                text = new NpgsqlConnectionStringBuilder(url);
            }
            catch (ArgumentException error)
            {
                throw new FormatException($"The database URL cannot be read: {error.Message}", error);
            }
        }

        text.ApplicationName ??= "afterword";

        // A stock PostgreSQL has 100 connections for everybody: several nodes, backups and a person with psql.
        // 100, the driver's default, means that nobody asked for a number.
        if (text.MaxPoolSize == 100) text.MaxPoolSize = MaxReaders;
        text.MaxAutoPrepare = 100;
        text.AutoPrepareMinUsages = 2;
        return text.ToString();
    }
}
