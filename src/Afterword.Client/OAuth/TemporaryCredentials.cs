namespace Afterword.Client.OAuth;

/// <summary>A request token: what step 1 of OAuth gives and step 3 exchanges (RFC 5849, section 2.1). It lives for 15 minutes.</summary>
/// <param name="Token">Public; the callback of step 2 names it.</param>
/// <param name="TokenSecret">Secret; it signs step 3 and never leaves the app.</param>
public sealed record TemporaryCredentials(string Token, string TokenSecret)
{
    /// <summary>The public half alone: a record would print its secret into the first log that mentions it.</summary>
    public override string ToString() => $"TemporaryCredentials {{ Token = {Token} }}";
}

/// <summary>A user who has let an app act for them: the result of the three steps of OAuth.</summary>
/// <param name="Credentials">The app with the user's access token. It lasts until it is given back or revoked.</param>
/// <param name="UserId">The user; decimal.</param>
/// <param name="ScreenName">The user's name, without @.</param>
public sealed record AuthorizedUser(OAuthCredentials Credentials, string UserId, string ScreenName);
