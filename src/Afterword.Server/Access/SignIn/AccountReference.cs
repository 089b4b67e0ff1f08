using Afterword.Server.Reference;

namespace Afterword.Server.Access.SignIn;

/// <summary>What the reference says of a user's own page.</summary>
internal static class AccountReference
{
    private static readonly Reply s_done = Reply.To(303, "Done.", "`/account`.");
    private static readonly Shape s_password = Shape.Said("12 to 1,000 characters, not a common password, without names, handles or addresses of the user");

    private static readonly Parameter s_key = new("key", "What the link ends with.", Shape.Opaque) { Required = true };
    private static readonly Reply s_gone = Reply.Page("The link was used, is too old, or a newer one was made.", 404);

    public static Operation Show() => new(Topic.SignedIn, "A user's own page")
    {
        Does = "Shows where the user is signed in, and the form to change the password.",
        Caller = SignInReference.User,
        Replies = [Reply.Page("The page."), Reply.To(302, "Nobody is signed in.", "`/sign-in`, and back from there.")],
    };

    public static Operation ChangePassword() => new(Topic.SignedIn, "Change the password")
    {
        Does = "Sets a new password. All other browsers of the user are signed out; the tokens of apps stay.",
        Caller = SignInReference.User,
        Parameters =
        [
            SignInReference.Form,
            new("password", "The current password.", Shape.Said("as the user chose it")) { Required = true },
            new("new-password", "The new one.", s_password) { Required = true },
        ],
        Replies =
        [
            s_done, Reply.Page("Not ours, or the new password is not taken: the form again, with the reason.", 400), Reply.Page("The current password is wrong, or the account is locked.", 403),
            Reply.Page("Too many attempts from this address.", 429) with { Headers = [("Retry-After", "When to come again, in seconds.")] },
        ],
    };

    public static Operation ShowForgotten() => new(Topic.SignedIn, "Forgotten password")
    {
        Does = "Asks for the handle. Without a mail server it leads to `/sign-in`.",
        Caller = "anyone",
        Replies = [Reply.Page("The form."), Reply.To(302, "There is no mail server.", "`/sign-in`.")],
    };

    public static Operation AskForLink() => new(Topic.SignedIn, "Ask for a link to choose a new password")
    {
        Does =
            """
            Sends a link to the mail address of the account, if there is such an account and it has one. The answer is the same in any case, and comes before anybody looks. An account gets at most one mail in ten minutes.
            """,
        Caller = "anyone",
        Parameters = [SignInReference.Form, new("screen_name", "The handle.", SignInReference.Handle) { Required = true }],
        Replies =
        [
            Reply.Page("What happens next."), SignInReference.NotOurs,
            Reply.Page("More than five in a minute from this address.", 429) with { Headers = [("Retry-After", "When to come again, in seconds.")] },
        ],
    };

    public static Operation ShowChoice() => new(Topic.SignedIn, "Choose a new password")
    {
        Does = "The page behind the link. Opening it changes nothing.",
        Caller = "whoever has the link",
        Parameters = [s_key],
        Replies = [Reply.Page("The form."), s_gone],
    };

    public static Operation Choose() => new(Topic.SignedIn, "Send the new password")
    {
        Does = "Sets the password, uses the link up and signs the user out everywhere.",
        Caller = "whoever has the link",
        Parameters = [s_key, SignInReference.Form, new("new-password", "The new password.", s_password) { Required = true }],
        Replies = [Reply.To(303, "Set.", "`/sign-in`."), Reply.Page("Not ours, or the password is not taken: the form again, with the reason.", 400), s_gone],
    };

    public static Operation EndVisit() => new(Topic.SignedIn, "Sign another browser out")
    {
        Does = "Ends one visit of the user, at once and on every node.",
        Caller = SignInReference.User,
        Parameters = [SignInReference.Form, new("visit", "The visit, as the page names it.", Shape.Opaque) { Required = true }],
        Replies = [s_done, SignInReference.NotOurs],
    };

    public static Operation EndOthers() => new(Topic.SignedIn, "Sign all other browsers out")
    {
        Does = "Ends all visits of the user but this one.",
        Caller = SignInReference.User,
        Parameters = [SignInReference.Form],
        Replies = [s_done, SignInReference.NotOurs],
    };
}
