namespace Afterword.Server.OAuth;

/// <summary>What a token may do in its user's name, as the user granted it.</summary>
internal enum Permission
{
    Read = 0,
    Write = 1,
    DirectMessages = 2,
}

/// <summary>An app that speaks for users.</summary>
/// <param name="OldSecret">The secret before the present one, while it goes on working; null otherwise.</param>
/// <param name="OldSecretUntil">Until when it works, Unix milliseconds.</param>
internal sealed record App(
    long Id, string ConsumerKey, string Name, string ConsumerSecret, IReadOnlyList<string> Callbacks, bool Allowed, bool Suspended,
    string? OldSecret = null, long OldSecretUntil = 0);

/// <summary>Who is calling, through which app, and what an operator granted them.</summary>
/// <param name="App">The app.</param>
/// <param name="UserId">The user.</param>
/// <param name="ScreenName">The user's handle, without @.</param>
/// <param name="Name">The user's profile name.</param>
/// <param name="Permission">What the token may do.</param>
/// <param name="Sender">The user's place on the allowlist of senders, or null.</param>
internal sealed record Caller(App App, long UserId, string ScreenName, string Name, Permission Permission, SenderGrant? Sender);

/// <summary>A place on the allowlist of senders, with the limits an operator raised; null means the setting.</summary>
internal sealed record SenderGrant(long? CreatesPerDay, long? RecipientIntervalMillis, long? Shows, long? Events);
