using System.Security.Cryptography;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Simulation;

/// <summary>Streams the closes of a sender through a draft of its rules. Nothing is written.</summary>
internal sealed class SimulateRules(Store store, TimeProvider clock)
{
    public const int MostDays = 90;
    public const int UsualDays = 30;

    // A simulation reads all closes of its days, and fifty rules with fifty tags each take their time for every one. One at a time leaves the rest of the server alone.
    private int _running;

    /// <param name="sender">Whose closes.</param>
    /// <param name="rules">The draft.</param>
    /// <param name="days">Those of so many days; no tests.</param>
    /// <param name="leastInterval">How long every request must wait for after the one before, milliseconds.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Null while another simulation runs.</returns>
    public async Task<SimulatedCloses?> RunAsync(long sender, RuleSet rules, int days, long leastInterval, CancellationToken stop)
    {
        if (Interlocked.CompareExchange(ref _running, 1, 0) != 0) return null;
        try
        {
            return await StreamAsync(sender, rules, days, leastInterval, stop);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    // Operators list them one by one.
    private async Task<HashSet<long>> ExemptAsync(CancellationToken stop) =>
        [.. await store.Main.ReadAsync(session => session.Sql("select user_id from exempt").ListAsync(row => row.GetInt64(0), stop), stop)];

    private async Task<SimulatedCloses> StreamAsync(long sender, RuleSet rules, int days, long leastInterval, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var from = (now - TimeSpan.FromDays(days)).ToUnixTimeMilliseconds();
        var key = await KeyAsync(sender, stop);
        var simulation = new SimulatedCloses(rules, leastInterval, await ExemptAsync(stop));
        var before = new RequestStream(store, sender, from - Math.Max(leastInterval, (long)rules.RecipientInterval.TotalMilliseconds), from, byHandAlone: false, key);
        await before.PassAsync(long.MaxValue, simulation, stop);

        // In the period the draft asks by itself, and only what people asked for by hand is as it was.
        var byHand = new RequestStream(store, sender, from, now.ToUnixTimeMilliseconds(), byHandAlone: true, key);
        await new CloseStream(store, sender, from, rules, key).ReadAsync(
            async close =>
            {
                await byHand.PassAsync(close.CreatedAt, simulation, stop);
                simulation.Close(close);
            },
            stop);
        await byHand.PassAsync(long.MaxValue, simulation, stop);
        simulation.Finish(now.ToUnixTimeMilliseconds());
        foreach (var (id, rule, reason) in simulation.Different)
        {
            if (await OneAsync(sender, id, stop) is { } conversation) simulation.Show(conversation, rule, reason);
        }

        return simulation;
    }

    private Task<Conversation?> OneAsync(long sender, long id, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql($"select {Conversation.Columns} from conversation c where c.sender_id = @sender and c.id = @id").Bind("sender", sender).Bind("id", id).FirstAsync(Conversation.Read, stop), stop);

    private async Task<byte[]> KeyAsync(long sender, CancellationToken stop) =>
        await store.Main.ReadAsync(session => session.Sql("select sampling_key from automation where sender_id = @sender").Bind("sender", sender).FirstAsync(row => row.GetBytes(0), stop), stop) is { } key
            ? store.Secrets.Unprotect(key)
            : RandomNumberGenerator.GetBytes(32);
}
