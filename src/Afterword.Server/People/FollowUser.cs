namespace Afterword.Server.People;

/// <summary>What became of an attempt to follow somebody.</summary>
internal enum FollowOutcome
{
    /// <summary>The user follows now, or did before.</summary>
    Follows,

    /// <summary>The other one blocks the user.</summary>
    IsBlocked,

    /// <summary>The user blocks the other one.</summary>
    Blocks,
}

/// <summary>A user follows another, or ends it.</summary>
internal sealed class FollowUser(Bonds bonds)
{
    /// <param name="user">An existing user.</param>
    /// <param name="other">Another one.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<FollowOutcome> RunAsync(long user, long other, CancellationToken stop) =>
        await bonds.ChangeAsync(user, other, bond => bond is { BlockedBy: false, Blocking: false } ? bond with { Following = true } : bond, stop) switch
        {
            { BlockedBy: true } => FollowOutcome.IsBlocked,
            { Blocking: true } => FollowOutcome.Blocks,
            _ => FollowOutcome.Follows,
        };

    public Task EndAsync(long user, long other, CancellationToken stop) =>
        bonds.ChangeAsync(user, other, bond => bond with { Following = false }, stop);
}
