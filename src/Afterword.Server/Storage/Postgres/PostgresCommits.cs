using Npgsql;

namespace Afterword.Server.Storage.Postgres;

/// <summary>Sends commits to PostgreSQL and waits for them as long as the server that has them lives.</summary>
/// <param name="source">Where to ask for that server.</param>
/// <param name="askEvery">How often it is asked for while a commit is waited for.</param>
/// <param name="clock">Measures that.</param>
/// <param name="closing">This process ends: nothing is waited for any more.</param>
/// <remarks>
/// A commit that waits for a standby and is cancelled, by a timeout of the driver, an administrator or a timeout of the server, is answered with success and a
/// warning: it is stored there, and gone after a failover (https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION).
/// So nothing of ours calls it off, and a warning is no success.
/// </remarks>
internal sealed class PostgresCommits(NpgsqlDataSource source, TimeSpan askEvery, TimeProvider clock, CancellationToken closing)
{
    /// <param name="connection">In the transaction.</param>
    /// <param name="batch">Ends with the commit.</param>
    /// <exception cref="OutcomeUnknownException">It was sent, and what became of it is not known.</exception>
    public async Task RunAsync(NpgsqlConnection connection, NpgsqlBatch batch)
    {
        PostgresNotice? warning = null;
        void Note(object? from, NpgsqlNoticeEventArgs told) => warning = told.Notice.InvariantSeverity is "WARNING" ? told.Notice : warning;

        batch.Timeout = 0;
        connection.Notice += Note;
        try
        {
            await SendAsync(connection.ProcessID, batch);
        }
        catch (Exception error) when (error is not PostgresException { InvariantSeverity: "ERROR" })
        {
            // Only an ordinary error says for certain that all was undone.
            throw new OutcomeUnknownException($"The connection to the database broke in the middle of a commit. {error.Message}", error);
        }
        finally
        {
            connection.Notice -= Note;
        }

        if (warning is not null) throw new OutcomeUnknownException($"A commit ended with a warning of the database ({warning.SqlState}): {warning.MessageText}. {warning.Detail}");
    }

    private async Task SendAsync(int process, NpgsqlBatch batch)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(closing);
        Task commit = batch.ExecuteNonQueryAsync(abandon.Token);
        while (true)
        {
            await commit.WaitAsync(askEvery, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (commit.IsCompleted) break;
            if (await IsGoneAsync(process)) await abandon.CancelAsync();
        }

        await commit;
    }

    /// <summary>Whether the database is reached, and a process is not there: its machine vanished without a word, and another has taken its place.</summary>
    private async Task<bool> IsGoneAsync(int process)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(closing);
            return await new PostgresSession(connection).Sql("select 0 from pg_stat_activity where pid = @pid").Bind("pid", (long)process).ListAsync(_ => 0, closing) is [];
        }
        catch (Exception error) when (PostgresFaults.IsFault(error) || PostgresFaults.HasOtherName(error) || error is OperationCanceledException)
        {
            return false;
        }
    }
}
