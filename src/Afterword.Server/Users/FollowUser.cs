namespace Afterword.Server.Users;

/// <summary>What became of an attempt to follow someone.</summary>
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
internal sealed class FollowUser(Relationships relationships)
{
    /// <param name="user">An existing user.</param>
    /// <param name="other">Another one.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<FollowOutcome> RunAsync(long user, long other, CancellationToken stop) =>
        await relationships.ChangeAsync(user, other, relationship => relationship is { BlockedBy: false, Blocking: false } ? relationship with { Following = true } : relationship, stop) switch
        {
            { BlockedBy: true } => FollowOutcome.IsBlocked,
            { Blocking: true } => FollowOutcome.Blocks,
            _ => FollowOutcome.Follows,
        };

    public Task EndAsync(long user, long other, CancellationToken stop) =>
        relationships.ChangeAsync(user, other, relationship => relationship with { Following = false }, stop);
}
