using Afterword.Server.Automation.Conversations;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Rules;

/// <summary>What came of a verification.</summary>
/// <param name="Checked">How many draws are right.</param>
/// <param name="Wrong">The first that is not, and nothing was looked at behind it; null when all are.</param>
/// <param name="Why">What is wrong with it.</param>
internal sealed record VerifiedDraws(long Checked, Conversation? Wrong, string? Why);

/// <summary>Draws every conversation of a sender again, in their order, and compares: the number, and what followed from it.</summary>
internal sealed class VerifyDraws(Store store)
{
    public async Task<VerifiedDraws> RunAsync(long sender, CancellationToken stop)
    {
        var key = await store.Main.ReadAsync(
            session => session.Sql("select sampling_key from automation where sender_id = @sender").Bind("sender", sender).FirstAsync(row => row.GetBytes(0), stop), stop);
        if (key is null) return new(0, null, null);

        var opened = store.Secrets.Unprotect(key);
        var verified = 0L;
        VerifiedDraws? found = null;
        await EachConversation.ReadAsync(
            store, sender, long.MinValue,
            one =>
            {
                if (WrongWith(one, opened) is { } why) found = new(verified, one, why);
                else if (one is { Draw: not null, ExternalId: not "" }) verified++;
                return found is null;
            },
            stop);
        return found ?? new(verified, null, null);
    }

    private static string? WrongWith(Conversation one, byte[] key)
    {
        // What was drawn for an id that was removed cannot be drawn again.
        if (one.Draw is not { } draw || one.ExternalId.Length == 0) return null;
        if (draw != Draw.Of(key, one.ExternalId)) return "the key makes another draw of it";
        if (one.Rate is not { } rate) return null;

        return draw.IsBelow(rate) switch
        {
            true when one.Reason == Reason.SampledOut => "its draw is below the share, and it counts as sampled out",
            false when one.Decision is Decision.Scheduled or Decision.Asked => "its draw is not below the share, and it is asked about",
            _ => null,
        };
    }
}
