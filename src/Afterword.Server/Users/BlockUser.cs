namespace Afterword.Server.Users;

/// <summary>A user blocks another, or ends it. Neither follows the other from then on, and the blocked one can neither write nor ask.</summary>
internal sealed class BlockUser(Relationships relationships)
{
    /// <param name="user">An existing user.</param>
    /// <param name="other">Another one.</param>
    /// <param name="stop">Gives up.</param>
    public Task RunAsync(long user, long other, CancellationToken stop) =>
        relationships.ChangeAsync(user, other, relationship => relationship with { Blocking = true, Following = false, FollowedBy = false }, stop);

    /// <summary>Ends the block; who followed whom before stays forgotten.</summary>
    public Task EndAsync(long user, long other, CancellationToken stop) =>
        relationships.ChangeAsync(user, other, relationship => relationship with { Blocking = false }, stop);
}
