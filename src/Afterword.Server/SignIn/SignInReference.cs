using Afterword.Server.Reference;

namespace Afterword.Server.SignIn;

/// <summary>What the reference says of signing in and out.</summary>
internal static class SignInReference
{
    /// <summary>Who calls the pages behind the password.</summary>
    public const string User = "a user, in the browser";

    public static readonly ValueFormat Handle = ValueFormat.Said("a handle, in any letter case, with or without @");

    /// <summary>What every form of these pages sends along.</summary>
    public static readonly Parameter Form = new("form", "Ties the form to the browser and the user that the page was made for.", ValueFormat.Opaque) { Required = true };

    private static readonly Parameter s_to = new("to", "Where the user was going: a path of this server, or it is not followed.", ValueFormat.Said("a path such as `/messages`"));

    private static readonly Parameter s_token = new("oauth_token", "The request token of the app that waits.", ValueFormat.Opaque);

    /// <summary>A form that another page sent, or one from before the user signed in or out.</summary>
    public static Reply NotOurs => Reply.Page("The form was not made for this browser and this user. Nothing is changed.", 400);

    public static Operation Show() => new(Topic.SignedIn, "Sign in")
    {
        Does = "Asks for handle and password.",
        Caller = User,
        Parameters = [s_to],
        Replies = [Reply.Page("The form."), Reply.To(302, "Signed in already.", "`to`, or `/apps`.")],
    };

    public static Operation SignIn() => new(Topic.SignedIn, "Send handle and password")
    {
        Does =
            """
            What the page's own form sends. A handle that nobody has, a wrong password and a locked account look alike.
            """,
        Caller = User,
        Parameters =
        [
            Form,
            new("screen_name", "The handle.", Handle) { Required = true },
            new("password", "The password.", ValueFormat.Said("as the user chose it")) { Required = true },
            s_token,
            new("leg", "Which page asked for it.", ValueFormat.OneOf("authorize", "authenticate")) { Default = "authorize" },
            s_to,
        ],
        Replies =
        [
            Reply.To(303, "Signed in.", "`to`, `/apps`, or the question of the app that waits."), NotOurs, Reply.Page("Wrong, locked or suspended: the form again.", 403),
            Reply.Page("Too many attempts from this address.", 429) with { Headers = [("Retry-After", "When to come again, in seconds.")] },
        ],
    };

    public static Operation SignOut() => new(Topic.SignedIn, "Sign out")
    {
        Does = "What the button of the pages sends.",
        Caller = User,
        Parameters = [Form, s_token, s_to],
        Replies = [Reply.To(303, "Signed out.", "`/sign-in`, or the question of the app that waits."), NotOurs],
    };
}
