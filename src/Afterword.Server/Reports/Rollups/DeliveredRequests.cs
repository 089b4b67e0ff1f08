using Afterword.Server.Changes;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Rollups;

/// <summary>Notes whether requests reached anybody, which their channels find out later, and counts them accordingly.</summary>
internal static class DeliveredRequests
{
    /// <summary>Takes the locks that <see cref="NoteAsync"/> needs; before the transaction locks anything else.</summary>
    public static async Task<Dictionary<long, SenderState>> LockAsync(Session session, IEnumerable<long> senders, DateTimeOffset now, CancellationToken stop)
    {
        var states = new Dictionary<long, SenderState>();
        await session.EachAsync(ChangeLog.Stamp(senders.Distinct(), now.ToUnixTimeMilliseconds(), states), stop);
        return states;
    }

    /// <summary>Counts requests as delivered, or not. Those that were answered or dismissed have arrived, whatever their channel says.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="states">Of <see cref="LockAsync"/>.</param>
    /// <param name="prompts">The requests.</param>
    /// <param name="delivered">What became of them.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task NoteAsync(
        Session session, Dictionary<long, SenderState> states, IReadOnlyList<(long Sender, long Id)> prompts, bool delivered, CancellationToken stop)
    {
        var changed = new List<CountedRequest>();
        await session.EachAsync(
            $$"""
            select {{CountedRequest.Columns}} from {rows}
            join prompt p on p.sender_id = item.sender_id and p.id = item.id
            where p.delivered <> item.delivered and p.score is null and p.comment is null and p.dismissed_at is null
            """,
            Rows.Of(prompts).Long("sender_id", p => p.Sender).Long("id", p => p.Id).Long("delivered", _ => delivered ? 1 : 0),
            row => changed.Add(CountedRequest.Read(row)), stop);

        var rollupWriter = new RollupWriter();
        foreach (var prompt in changed) rollupWriter.Change(prompt, prompt with { Marks = prompt.Marks with { Delivered = delivered } }, states[prompt.SenderId].Rollups);
        await rollupWriter.WriteAsync(session, stop);
        session.Then(
            "update prompt set delivered = item.delivered from {rows} where prompt.sender_id = item.sender_id and prompt.id = item.id",
            Rows.Of(changed).Long("sender_id", p => p.SenderId).Long("id", p => p.Id).Long("delivered", _ => delivered ? 1 : 0));
    }
}
