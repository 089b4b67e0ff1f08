namespace Afterword.Server.People;

/// <summary>A user blocks another, or ends it. Neither follows the other from then on, and the blocked one can neither write nor ask.</summary>
internal sealed class BlockUser(Bonds bonds)
{
    /// <param name="user">An existing user.</param>
    /// <param name="other">Another one.</param>
    /// <param name="stop">Gives up.</param>
    public Task RunAsync(long user, long other, CancellationToken stop) =>
        bonds.ChangeAsync(user, other, bond => bond with { Blocking = true, Following = false, FollowedBy = false }, stop);

    /// <summary>Ends the block; who followed whom before stays forgotten.</summary>
    public Task EndAsync(long user, long other, CancellationToken stop) =>
        bonds.ChangeAsync(user, other, bond => bond with { Blocking = false }, stop);
}
