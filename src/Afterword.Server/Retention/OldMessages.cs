using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Direct messages between a sender and anybody that were written before a time.</summary>
/// <remarks>
/// A message that carries a request is the request's: it loses its text and stays. One to the sender that carries someone else's request is theirs.
/// Ids tell the time, so that the keys that find messages know their age.
/// </remarks>
internal sealed class OldMessages(Database db, SenderRetention kept, long before) : OldRows
{
    [StringSyntax("sql")]
    internal const string NextSent =
        """
        select m.sender_id, m.id, case when m.prompt_id is null then 0 else 1 end, case when m.body = '' then 1 else 0 end from message m
        where m.sender_id = @sender and m.id > @after and m.id < @first order by m.id limit @most
        """;

    [StringSyntax("sql")]
    internal const string NextReceived =
        """
        select m.sender_id, m.id, case when m.prompt_id is null then 0 else 1 end, 0 from message m
        where m.recipient_id = @sender and m.id > @after and m.id < @first order by m.id limit @most
        """;

    private long _sent = kept.UpTo.SentTo;
    private long _received = kept.UpTo.ReceivedTo;
    private bool _isReceiving;

    public override async Task<OldStep?> NextAsync(CancellationToken stop)
    {
        var step = _isReceiving ? null : await NextAsync(NextSent, "sent_to", _sent, last => _sent = last, stop);
        if (step is not null) return step;

        _isReceiving = true;
        return await NextAsync(NextReceived, "received_to", _received, last => _received = last, stop);
    }

    private async Task<OldStep?> NextAsync([StringSyntax("sql")] string sql, string column, long after, Action<long> moveTo, CancellationToken stop)
    {
        var found = await db.ReadAsync(
            session => session.Sql(sql).Bind("sender", kept.SenderId).Bind("after", after).Bind("first", Snowflakes.FirstOf(before)).Bind("most", StepLength)
                .ListAsync(row => (Writer: row.GetInt64(0), Id: row.GetInt64(1), Carries: row.Flag(2), IsEmpty: row.Flag(3)), stop),
            stop);
        if (found.Count == 0) return null;

        var last = found[^1].Id;
        moveTo(last);
        Looked += found.Count;
        var deleted = found.FindAll(message => !message.Carries);
        var emptied = found.FindAll(message => message is { Carries: true, IsEmpty: false } && message.Writer == kept.SenderId);
        var removed = new RemovedCounts(Messages: deleted.Count + emptied.Count);
        return new(removed, async (session, stop) =>
        {
            session.Then(
                "delete from message where (sender_id, id) in (select sender_id, id from {rows})",
                Rows.Of(deleted).Long("sender_id", message => message.Writer).Long("id", message => message.Id));
            session.Then(
                "update message set body = '' from {rows} where message.sender_id = item.sender_id and message.id = item.id",
                Rows.Of(emptied).Long("sender_id", message => message.Writer).Long("id", message => message.Id));
            await session.Sql($"update retention set {column} = @last where sender_id = @sender").Bind("last", last).Bind("sender", kept.SenderId).RunAsync(stop);
            return removed;
        });
    }
}
