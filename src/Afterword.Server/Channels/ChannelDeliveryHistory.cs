using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Channels;

/// <summary>A delivery as operators see it.</summary>
/// <param name="DueAt">When it is tried next, or while it is being sent, until when; Unix milliseconds.</param>
/// <param name="Reason">Why it is not sent, or null.</param>
/// <param name="Attempts">Newest first. Those older than Channels:KeepAttempts are forgotten.</param>
internal sealed record ShownChannelDelivery(
    long PromptId, long RecipientId, string Recipient, Channel Channel, ChannelDeliveryState State, long CreatedAt, long DueAt, string? Reason, IReadOnlyList<ShownChannelAttempt> Attempts)
{
    /// <summary>More than one attempt arrived, or may have, and nobody looked for the one before.</summary>
    public bool MaybeTwice => Attempts.Count(attempt => attempt.Outcome is AttemptOutcome.Sent or AttemptOutcome.Uncertain && !attempt.WasLookedFor) > 1;
}

/// <param name="Outcome">Null while it is under way.</param>
internal sealed record ShownChannelAttempt(long Number, long StartedAt, long? Took, AttemptOutcome? Outcome, int? Status, string? Error)
{
    /// <summary>The conversation was read before, and showed whether an earlier one had arrived.</summary>
    public bool WasLookedFor => Error is not null && (Error == HelpdeskTransport.HadArrived || Error.StartsWith(HelpdeskTransport.HadNotArrived, StringComparison.Ordinal));
}

/// <summary>What a sender has in one channel.</summary>
/// <param name="Waiting">Those being sent included.</param>
internal sealed record ChannelCount(string Sender, Channel Channel, long Waiting, long Sent, long Dead, long CalledOff);

/// <summary>How far requests have come in their channels, with every attempt.</summary>
internal sealed class ChannelDeliveryHistory(Store store, Settings settings)
{
    private const string Columns =
        """
        d.prompt_id, r.id, r.screen_name, d.channel, d.state, p.created_at, d.due_at, d.reason
        """;

    /// <summary>What became of one request; null when it went to Messages alone, or does not exist.</summary>
    public async Task<ShownChannelDelivery?> FindAsync(long sender, long prompt, CancellationToken stop) => (await store.Main.ReadAsync(
        async session => await WithAttemptsAsync(
            session, sender,
            await session.Sql(
                $"""
                select {Columns} from dispatch d
                join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id join account r on r.id = p.recipient_id
                where d.sender_id = @sender and d.prompt_id = @prompt
                """).Bind("sender", sender).Bind("prompt", prompt).ListAsync(Read, stop),
            stop),
        stop)).SingleOrDefault();

    /// <summary>The latest requests of a sender: the dead first, then the others, newest first.</summary>
    /// <param name="sender">The sender.</param>
    /// <param name="deadOnly">Leaves out the others.</param>
    /// <param name="most">How many of either.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<ShownChannelDelivery>> LatestAsync(long sender, bool deadOnly, int most, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            // First the keys alone: the index that leads to them holds nothing else, and where more is asked of it SQLite passes it by.
            var found = await session.Sql(
                $"""
                select {Columns} from (
                    select x.sender_id, x.prompt_id from dispatch x where x.sender_id = @sender and x.state = 3 order by x.prompt_id desc limit @most) as dead
                cross join dispatch d join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id join account r on r.id = p.recipient_id
                where d.sender_id = dead.sender_id and d.prompt_id = dead.prompt_id order by d.prompt_id desc
                """).Bind("sender", sender).Bind("most", (long)most).ListAsync(Read, stop);
            if (!deadOnly)
            {
                found.AddRange(await session.Sql(
                    $"""
                    select {Columns} from dispatch d
                    join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id join account r on r.id = p.recipient_id
                    where d.sender_id = @sender and d.state <> 3 order by d.prompt_id desc limit @most
                    """).Bind("sender", sender).Bind("most", (long)most).ListAsync(Read, stop));
            }

            return await WithAttemptsAsync(session, sender, found, stop);
        },
        stop);

    /// <summary>How much there is of what, for one sender or all.</summary>
    public Task<List<ChannelCount>> CountAsync(long? sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select a.screen_name, d.channel, sum(case when d.state < 2 then 1 else 0 end), sum(case when d.state = 2 then 1 else 0 end),
                sum(case when d.state = 3 then 1 else 0 end), sum(case when d.state = 4 then 1 else 0 end)
            from dispatch d join account a on a.id = d.sender_id
            where d.sender_id = coalesce(@sender, d.sender_id)
            group by a.screen_name_key, a.screen_name, d.channel order by a.screen_name_key, d.channel
            """).Bind("sender", sender)
            .ListAsync(row => new ChannelCount(row.GetString(0), (Channel)row.GetInt32(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)), stop),
        stop);

    /// <summary>How many requests of a sender are dead, counted up to <paramref name="most"/>.</summary>
    public Task<long> CountDeadAsync(long sender, long most, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select count(*) from (select 1 from dispatch where sender_id = @sender and state = 3 limit @most) as dead")
            .Bind("sender", sender).Bind("most", most).FirstAsync(row => row.GetInt64(0), stop),
        stop);

    /// <summary>Why nothing goes through a channel of a sender for now; null when it is set up.</summary>
    public async Task<string?> NotConfiguredAsync(Channel channel, long sender, CancellationToken stop) => channel switch
    {
        Channel.Email when settings.Mail is null => "not configured: Mail:Host is not set",
        Channel.Webhook when !await IsThereAsync("select 1 from handover where sender_id = @sender", sender, stop) => "not configured: the sender has no address; see afterword allow channel --help",
        Channel.Conversation when !await IsThereAsync("select 1 from helpdesk where sender_id = @sender limit 1", sender, stop) => "not configured: the sender has no access to a helpdesk; see afterword allow channel --help",
        Channel.X when !await IsThereAsync("select 1 from x_account where sender_id = @sender", sender, stop) => "not configured: the sender has no keys for X; see afterword allow channel --help",
        _ => null,
    };

    private Task<bool> IsThereAsync([StringSyntax("sql")] string sql, long sender, CancellationToken stop) =>
        store.Main.ReadAsync(session => session.Sql(sql).Bind("sender", sender).FirstAsync(_ => true, stop), stop);

    private static ShownChannelDelivery Read(Row row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetString(2), (Channel)row.GetInt32(3), (ChannelDeliveryState)row.GetInt32(4), row.GetInt64(5), row.GetInt64(6), row.TextOrNull(7), []);

    private static async Task<List<ShownChannelDelivery>> WithAttemptsAsync(Session session, long sender, List<ShownChannelDelivery> found, CancellationToken stop)
    {
        var attempts = new List<(long Prompt, ShownChannelAttempt Attempt)>();
        await session.EachAsync(
            """
            select a.prompt_id, a.number, a.started_at, a.took, a.outcome, a.status, a.error from {rows}
            join dispatch_attempt a on a.sender_id = item.sender_id and a.prompt_id = item.prompt_id
            """,
            Rows.Of(found).Long("sender_id", _ => sender).Long("prompt_id", d => d.PromptId),
            row => attempts.Add((row.GetInt64(0), new(
                row.GetInt64(1), row.GetInt64(2), row.LongOrNull(3), row.IsDBNull(4) ? null : (AttemptOutcome)row.GetInt32(4), (int?)row.LongOrNull(5), row.TextOrNull(6)))),
            stop);
        var byPrompt = attempts.ToLookup(one => one.Prompt, one => one.Attempt);
        return found.ConvertAll(delivery => delivery with { Attempts = [.. byPrompt[delivery.PromptId].OrderByDescending(attempt => attempt.Number)] });
    }
}
