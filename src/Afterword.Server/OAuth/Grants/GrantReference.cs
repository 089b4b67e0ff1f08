using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.SignIn;

namespace Afterword.Server.OAuth.Grants;

/// <summary>What the reference says of the three legs, and of the apps that users let in.</summary>
internal static class GrantReference
{
    private const string RequestTokenExample = "Xy3vA0EXAMPLEEXAMPLEEXAMPLE";
    private const string VerifierExample = "q9Tn2EXAMPLEEXAMPLEEXAMPLE";
    private const string AccessTokenExample = "2123906916869476352-EXAMPLEEXAMPLEEXAMPLE";

    private static readonly Parameter s_token = new("oauth_token", "The request token.", ValueFormat.Opaque) { Required = true, Example = RequestTokenExample };

    private static readonly Parameter[] s_asked =
    [
        s_token,
        new("force_login", "Asks for the password even of those who are signed in.", ValueFormat.Truth) { Default = "false" },
        new("screen_name", "Fills in the handle.", SignInReference.Handle),
    ];

    public static Operation RequestToken() => new(Topic.Access, "Begin: get a request token")
    {
        Does =
            """
            The first of three legs. Send the user's browser to [authorize](/api#get-oauth-authorize) with the token that you get. It lives for 15 minutes and works once.
            """,
        Parameters =
        [
            new("oauth_callback", "Where the user is led back to; `oob` shows a PIN instead.", ValueFormat.Said("exactly one of the app's callbacks, or `oob`")) { Required = true, Example = "oob" },
            new("x_auth_access_type", "What the token shall be allowed. `write` is to follow and block, `dm` all.", ValueFormat.OneOf("read", "write", "dm")) { Default = "dm" },
        ],
        Replies =
        [
            Reply.Pairs(
                "A request token.", ("oauth_token", "The request token.", RequestTokenExample), ("oauth_token_secret", "Signs the third leg.", "EXAMPLEEXAMPLEEXAMPLE"),
                ("oauth_callback_confirmed", "Always `true`.", "true")),
        ],
        Errors = [DocumentedError.CallbackNotApproved],
    };

    public static Operation AccessToken() => new(Topic.Access, "Finish: get the access token")
    {
        Does =
            """
            The third leg: exchanges an approved request token for the user's access token. Who approves the same app again with the same permission gets the same token again.

            A wrong verifier is 401/32, and the fifth kills the request token. One that is dead, or that nobody has approved yet, is 401/89.
            """,
        Parameters = [new("oauth_verifier", "What came back with the user, or the PIN.", ValueFormat.Opaque) { Required = true, Example = VerifierExample }],
        Replies =
        [
            Reply.Pairs(
                "The user's token.", ("oauth_token", "The access token; it begins with the user's id.", AccessTokenExample), ("oauth_token_secret", "Its secret.", "EXAMPLEEXAMPLEEXAMPLE"),
                ("user_id", "Who said yes.", PromptReference.Asked.ToUserId), ("screen_name", "The user's handle.", "maja")),
        ],
        Errors = [DocumentedError.CallerSuspended],
    };

    public static Operation Invalidate() => new(Topic.Access, "Give a token back")
    {
        Does = "Ends the access token that signs the call; also without `.json`. From then on the token is 401/89, on other nodes of the server within five seconds.",
        Caller = "an app, with a user's token",
        Replies = [Reply.Of("The token that has ended.", GrantJson.Default.InvalidatedTokenJson, new(AccessTokenExample))],
    };

    public static Operation Authorize() => new(Topic.SignedIn, "May this app?")
    {
        Does =
            """
            The second leg. The user signs in, reads which app asks for what, and decides.

            Allow leads to the callback with `oauth_token` and `oauth_verifier`, or shows a PIN. Cancel leads there with `denied`, and the request token is dead.
            """,
        Caller = SignInReference.User,
        Parameters = s_asked,
        Replies = [Reply.Page("The question, or signing in as the way to it."), Gone],
    };

    public static Operation Authenticate() => new(Topic.SignedIn, "May this app? Unless it may already")
    {
        Does = "As [authorize](/api#get-oauth-authorize), but leads back at once when the user has a token of this app already that allows as much.",
        Caller = SignInReference.User,
        Parameters = s_asked,
        Replies = [Reply.Page("The question, or signing in as the way to it."), Reply.To(302, "The user has agreed before.", "The app's callback."), Gone],
    };

    public static Operation Decide() => new(Topic.SignedIn, "Allow or cancel")
    {
        Does = "What the page's own form sends.",
        Caller = SignInReference.User,
        Parameters = [SignInReference.Form, s_token, new("decision", "Yes or no.", ValueFormat.OneOf("allow", "cancel")) { Required = true }],
        Replies =
        [
            Reply.To(303, "Decided.", "The app's callback."), Reply.Page("Decided, for an app without a callback: the PIN, or that the answer was no."), SignInReference.NotOurs, Gone,
        ],
    };

    public static Operation Apps() => new(Topic.SignedIn, "The apps that may use an account")
    {
        Does = "Lists the apps that the user let in, and ends each on request: its tokens are then refused with 401/89.",
        Caller = SignInReference.User,
        Replies = [Reply.Page("The list."), Reply.To(302, "Nobody is signed in.", "`/sign-in`.")],
    };

    public static Operation Revoke() => new(Topic.SignedIn, "End an app")
    {
        Does = "What the page's own forms send.",
        Caller = SignInReference.User,
        Parameters = [SignInReference.Form, new("app", "The app.", ValueFormat.Id) { Required = true }],
        Replies = [Reply.Page("The list as it is then."), SignInReference.NotOurs],
    };

    private static Reply Gone => Reply.Page("The request token is unknown, decided about, or older than 15 minutes.", 404);
}
