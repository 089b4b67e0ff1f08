using Afterword.Server.Limits;

namespace Afterword.Server.OAuth;

/// <summary>Which secrets sign a request: always the app's, and with it that of a token.</summary>
internal enum SigningSecrets
{
    /// <summary>The app alone, while there is no token yet.</summary>
    App,

    /// <summary>The app with a request token.</summary>
    RequestToken,

    /// <summary>The app with a user's access token.</summary>
    AccessToken,
}

/// <summary>What a route asks of its caller. Every route of the API has one.</summary>
/// <param name="Permission">What the token must allow.</param>
/// <param name="AppAllowed">The app must be on the allowlist.</param>
/// <param name="SenderAllowed">So must the calling handle.</param>
/// <param name="Limit">The endpoint its calls count for.</param>
/// <param name="CountsPrompts">The answer tells how far the sender's window of prompts is used up.</param>
/// <param name="CountsMessages">The answer tells how far the caller's window of direct messages is used up.</param>
/// <param name="NestedJson">The body is a JSON object that the route reads by itself.</param>
/// <param name="By">Who signs.</param>
internal sealed record SignatureRequirement(
    Permission Permission = Permission.Read, bool AppAllowed = false, bool SenderAllowed = false,
    LimitedEndpoint Limit = LimitedEndpoint.None, bool CountsPrompts = false, bool CountsMessages = false, bool NestedJson = false,
    SigningSecrets By = SigningSecrets.AccessToken);
