using Afterword.Server.Answers;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;

namespace Afterword.Server.Channels;

/// <summary>Has dead requests sent once more, with a fresh schedule.</summary>
/// <remarks>
/// The token of a dead request's card is gone, for it is nowhere but in its link. So the card gets a new one, and a link that
/// was handed out before leads nowhere from then on.
/// </remarks>
internal sealed class RetryChannelDeliveries(Store store, TimeProvider clock)
{
    private const int AtOnce = 500;

    /// <param name="sender">The sender.</param>
    /// <param name="prompt">One of its dead requests; null for all of them.</param>
    /// <param name="stop">Gives up between two transactions.</param>
    /// <returns>How many are tried again.</returns>
    public async Task<int> RunAsync(long sender, long? prompt, CancellationToken stop)
    {
        var (done, after) = (0, prompt - 1 ?? -1L);
        while (true)
        {
            var dead = await store.Main.ReadAsync(
                session => session.Sql("select prompt_id from dispatch where sender_id = @sender and state = 3 and prompt_id > @after and prompt_id <= @last order by prompt_id limit @most")
                    .Bind("sender", sender).Bind("after", after).Bind("last", prompt ?? long.MaxValue).Bind("most", (long)AtOnce).ListAsync(row => row.GetInt64(0), stop),
                stop);
            if (dead.Count == 0) return done;

            done += await RetryAsync(sender, dead, stop);
            after = dead[^1];
        }
    }

    private async Task<int> RetryAsync(long sender, List<long> prompts, CancellationToken stop)
    {
        var cards = prompts.ConvertAll(prompt => CardLink.New(sender, prompt));
        return await store.Main.WriteAsync(
            async session =>
            {
                var states = await DeliveredRequests.LockAsync(session, [sender], clock.GetUtcNow(), stop);
                var revived = new HashSet<long>();
                await session.EachAsync(
                    """
                    update dispatch set state = 0, due_at = item.now, failures = 0, settled_at = null, reason = null, token = item.token from {rows}
                    where dispatch.sender_id = item.sender_id and dispatch.prompt_id = item.prompt_id and dispatch.state = 3
                    returning dispatch.prompt_id
                    """,
                    Rows.Of(cards).Long("sender_id", c => c.SenderId).Long("prompt_id", c => c.PromptId)
                        .Long("now", _ => clock.GetUtcNow().ToUnixTimeMilliseconds()).Bytes("token", c => NewChannelDelivery.Seal(store.Secrets, c)),
                    row => revived.Add(row.GetInt64(0)), stop);
                session.Then(
                    "update prompt set card_hash = item.hash from {rows} where prompt.sender_id = item.sender_id and prompt.id = item.id",
                    Rows.Of(cards.FindAll(card => revived.Contains(card.PromptId))).Long("sender_id", c => c.SenderId).Long("id", c => c.PromptId).Bytes("hash", c => c.Hash()));
                await DeliveredRequests.NoteAsync(session, states, [.. revived.Select(id => (sender, id))], delivered: true, stop);
                session.OnCommit(() => store.ChannelNotifier.Notify(0, 0));
                return revived.Count;
            },
            stop);
    }
}
