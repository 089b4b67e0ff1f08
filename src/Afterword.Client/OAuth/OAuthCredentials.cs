namespace Afterword.Client.OAuth;

/// <summary>What signs a request: the app, and the user it acts for.</summary>
/// <param name="ConsumerKey">The public name of the app.</param>
/// <param name="ConsumerSecret">The secret of the app.</param>
/// <param name="Token">The access token of a user; <see langword="null"/> while there is none.</param>
/// <param name="TokenSecret">The secret of that token; <see langword="null"/> exactly when there is no token.</param>
public sealed record OAuthCredentials(string ConsumerKey, string ConsumerSecret, string? Token = null, string? TokenSecret = null)
{
    /// <summary>The public half alone: a record would print its secrets into the first log that mentions it.</summary>
    public override string ToString() => $"OAuthCredentials {{ ConsumerKey = {ConsumerKey}, Token = {Token} }}";
}
