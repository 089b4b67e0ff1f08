using Afterword.Server.Limits;

namespace Afterword.Server.Access;

/// <summary>What a route asks of its caller. Every route below <c>/1.1</c> has one.</summary>
/// <param name="Permission">What the token must allow.</param>
/// <param name="AppAllowed">The app must be on the allowlist.</param>
/// <param name="SenderAllowed">So must the calling handle.</param>
/// <param name="Limit">The endpoint its calls count for.</param>
/// <param name="CountsPrompts">The answer tells how far the sender's window of prompts is used up.</param>
internal sealed record Signed(
    Permission Permission = Permission.Read, bool AppAllowed = false, bool SenderAllowed = false,
    LimitedEndpoint Limit = LimitedEndpoint.None, bool CountsPrompts = false);
