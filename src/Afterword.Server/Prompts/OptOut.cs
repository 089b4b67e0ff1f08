using Afterword.Server.Changes;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>A recipient wants no more feedback requests from one sender, or wants them again. What was asked already stays open.</summary>
internal sealed class OptOut(Store store, TimeProvider clock)
{
    /// <summary>From now on this sender's create is refused for this recipient. The second time changes nothing.</summary>
    public Task RunAsync(long sender, long recipient, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var now = await LockAsync(session, sender, stop);
            return await session.Sql(
                """
                insert into contact (sender_id, user_id, opted_out_at) values (@sender, @recipient, @now)
                on conflict (sender_id, user_id) do update set opted_out_at = coalesce(contact.opted_out_at, excluded.opted_out_at)
                """)
                .Bind("sender", sender).Bind("recipient", recipient).Bind("now", now).RunAsync(stop);
        },
        stop);

    /// <summary>This sender may ask this recipient again.</summary>
    public Task UndoAsync(long sender, long recipient, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            // The page that asks for it may name anybody: who never asked is not written down as a sender.
            await session.EachAsync(ChangeLog.StampAsking([sender], clock.GetUtcNow().ToUnixTimeMilliseconds(), []), stop);
            return await session.Sql("update contact set opted_out_at = null where sender_id = @sender and user_id = @recipient")
                .Bind("sender", sender).Bind("recipient", recipient).RunAsync(stop);
        },
        stop);

    // The sender's lock first, as every create takes it: a create that read "may be asked" has committed before, or reads
    // again after. So a recipient who was told that it stopped finds no request that is younger than this.
    private async Task<long> LockAsync(Session session, long sender, CancellationToken stop)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        await session.EachAsync(ChangeLog.Stamp([sender], now, []), stop);
        return now;
    }
}
