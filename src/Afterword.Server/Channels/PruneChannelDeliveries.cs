using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Channels;

/// <summary>Forgets attempts that are no longer shown.</summary>
/// <remarks>The requests themselves stay: they tell in an answer's history what became of it, and what is dead can be tried again.</remarks>
internal sealed class PruneChannelDeliveries(Store store, Settings settings, TimeProvider clock)
{
    private static readonly OldAttempts s_attempts = new("dispatch_attempt", "sender_id = @sender", "prompt_id");

    public async Task RunAsync(CancellationToken stop)
    {
        var before = (clock.GetUtcNow() - settings.Channels.KeepAttempts).ToUnixTimeMilliseconds();
        foreach (var sender in await SendersAsync(OldAttempts.IdAt(before), stop)) await s_attempts.ForgetAsync(store.Main, statement => statement.Bind("sender", sender), before, stop);
    }

    /// <summary>Those with an attempt that may be old enough: one step into the index for each sender.</summary>
    private Task<List<long>> SendersAsync(long youngest, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select s.sender_id from sender_state s where (
                select a.prompt_id from dispatch_attempt a where a.sender_id = s.sender_id order by a.prompt_id limit 1) < @youngest
            """).Bind("youngest", youngest).ListAsync(row => row.GetInt64(0), stop),
        stop);
}
