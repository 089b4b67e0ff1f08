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

    /// <param name="sender">Whose closes.</param>
    /// <param name="rules">The draft.</param>
    /// <param name="days">Those of so many days; no tests.</param>
    /// <param name="leastInterval">How long every request must wait for after the one before, milliseconds.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<SimulatedCloses> RunAsync(long sender, RuleSet rules, int days, long leastInterval, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var from = (now - TimeSpan.FromDays(days)).ToUnixTimeMilliseconds();
        var simulation = new SimulatedCloses(rules, leastInterval, RandomNumberGenerator.GetBytes(32));
        var before = new RequestStream(store, sender, from - Math.Max(leastInterval, (long)rules.RecipientInterval.TotalMilliseconds), from, byHandAlone: false);
        await before.PassAsync(long.MaxValue, simulation, stop);

        // In the period the draft asks by itself, and only what people asked for by hand is as it was.
        var byHand = new RequestStream(store, sender, from, now.ToUnixTimeMilliseconds(), byHandAlone: true);
        await EachConversation.ReadAsync(
            store, sender, from,
            async one =>
            {
                if (one.Test) return true;

                await byHand.PassAsync(one.CreatedAt, simulation, stop);
                simulation.Close(one);
                return true;
            },
            stop);
        return simulation;
    }
}
