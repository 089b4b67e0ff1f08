namespace Afterword.Server.Users;

/// <summary>What two users are to each other, as one of them sees it.</summary>
/// <param name="Following">That user follows the other.</param>
/// <param name="FollowedBy">The other follows that user.</param>
/// <param name="Blocking">That user blocks the other.</param>
/// <param name="BlockedBy">The other blocks that user.</param>
internal readonly record struct Relationship(bool Following, bool FollowedBy, bool Blocking, bool BlockedBy);
