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

    // A connection is held for so many rows, and no longer.
    private const long Piece = 5_000;

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
        await ReadRequestsAsync(sender, from - Math.Max(leastInterval, (long)rules.RecipientInterval.TotalMilliseconds), from, simulation, stop);

        await EachConversation.ReadAsync(
            store, sender, from,
            one =>
            {
                if (!one.Test) simulation.Close(one);
                return true;
            },
            stop);
        return simulation;
    }

    /// <summary>Whom the sender asked before the first close, as far back as the interval reaches.</summary>
    private async Task ReadRequestsAsync(long sender, long from, long to, SimulatedCloses simulation, CancellationToken stop)
    {
        var (after, before, many) = (Snowflakes.FirstOf(from), Snowflakes.FirstOf(to), Piece);
        while (many == Piece)
        {
            many = await store.Main.ReadAsync(
                session => session.Sql("select p.id, p.recipient_id, p.created_at, p.test from prompt p where p.sender_id = @sender and p.id > @after and p.id < @before order by p.id limit @most")
                    .Bind("sender", sender).Bind("after", after).Bind("before", before).Bind("most", Piece)
                    .EachAsync(
                        row =>
                        {
                            after = row.GetInt64(0);
                            if (!row.Flag(3)) simulation.Asked(row.GetInt64(1), row.GetInt64(2));
                        },
                        stop),
                stop);
        }
    }
}
