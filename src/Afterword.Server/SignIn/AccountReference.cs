using Afterword.Server.Reference;

namespace Afterword.Server.SignIn;

/// <summary>What the reference says of a user's own page.</summary>
internal static class AccountReference
{
    private static readonly Reply s_done = Reply.To(303, "Done.", "`/account`.");
    private static readonly ValueFormat s_password = ValueFormat.Said("12 to 1,000 characters, not a common password, without names, handles or addresses of the user");

    private static readonly Reply s_tooMany = Reply.Page("Too many attempts from this address.", 429) with { Headers = [("Retry-After", "When to come again, in seconds.")] };
    private static readonly Parameter s_current = new("password", "The current password.", ValueFormat.Said("as the user chose it")) { Required = true };
    private static readonly Parameter s_offer = new("offer", "The secret, sealed, as the page gave it.", ValueFormat.Opaque) { Required = true };
    private static readonly Parameter s_code = new("code", "What the app shows.", ValueFormat.Said("six digits, or a recovery code")) { Required = true };

    private static readonly Parameter[] s_onward =
    [
        new("oauth_token", "The request token of the app that waits.", ValueFormat.Opaque), new("leg", "Which page asked for it.", ValueFormat.OneOf("authorize", "authenticate")) { Default = "authorize" },
        new("to", "Where the user was going.", ValueFormat.Said("a path such as `/messages`")),
    ];

    private static readonly Parameter s_key = new("key", "What the link ends with.", ValueFormat.Opaque) { Required = true, Example = "q83vEjRWeJq83vEjRWeJq83vEjR" };
    private static readonly Reply s_needsLink = Reply.Page("The first app needs a link, and the user came with a password alone.", 403);
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
            new("password", "The current password.", ValueFormat.Said("as the user chose it")) { Required = true },
            new("new-password", "The new one.", s_password) { Required = true },
        ],
        Replies =
        [
            s_done, Reply.Page("Not ours, or the new password is not taken: the form again, with the reason.", 400), Reply.Page("The current password is wrong, or the account is locked.", 403),
            Reply.Page("Too many attempts from this address.", 429) with { Headers = [("Retry-After", "When to come again, in seconds.")] },
        ],
    };

    public static Operation AskForCode() => new(Topic.SignedIn, "Second factor")
    {
        Does = "Asks for a code of the user's app after the password; or offers to set one up, where senders need one and the user came by a link for a new password.",
        Caller = "a user who has entered the right password",
        Parameters = s_onward,
        Replies =
        [
            Reply.Page("The form."), Reply.To(302, "Nothing is owed, or nobody gave a password.", "Where the user was going, or `/sign-in`."), s_needsLink,
        ],
    };

    public static Operation SendCode() => new(Topic.SignedIn, "Send the code")
    {
        Does = "Takes a code of the app, or a recovery code; each once. Five wrong ones lock the codes, each time for twice as long.",
        Caller = "a user who has entered the right password",
        Parameters = [SignInReference.Form, s_code, .. s_onward],
        Replies = [Reply.To(303, "Signed in.", "Where the user was going."), SignInReference.NotOurs, Reply.Page("Wrong, used before, or locked.", 403), s_tooMany],
    };

    public static Operation SetUpApp() => new(Topic.SignedIn, "Set up an app at sign-in")
    {
        Does = "Adds the first app of a sender who needs one, and shows the recovery codes, once.",
        Caller = "a user who came by a link for a new password",
        Parameters = [SignInReference.Form, s_offer, s_code, .. s_onward],
        Replies = [Reply.Page("The recovery codes."), Reply.To(303, "There is an app already.", "`/sign-in/code`."), Reply.Page("Not ours, or the code does not fit: the form again.", 400), s_needsLink],
    };

    public static Operation OfferApp() => new(Topic.SignedIn, "Offer an app for codes")
    {
        Does = "Shows the QR code of a new secret.",
        Caller = SignInReference.User,
        Replies = [Reply.Page("The form."), Reply.To(302, "Nobody is signed in, or there is an app already.", "`/sign-in` or `/account`.")],
    };

    public static Operation AddApp() => new(Topic.SignedIn, "Add an app for codes")
    {
        Does = "Adds the app, signs all other browsers out, and shows the recovery codes, once.",
        Caller = SignInReference.User,
        Parameters = [SignInReference.Form, s_offer, s_code, s_current],
        Replies = [Reply.Page("The recovery codes."), Reply.Page("Not ours, or the code does not fit: the form again.", 400), Reply.Page("The password is wrong.", 403), s_tooMany],
    };

    public static Operation RemoveApp() => new(Topic.SignedIn, "Remove the app for codes")
    {
        Does = "Removes the app and the recovery codes; not where senders need one.",
        Caller = SignInReference.User,
        Parameters = [SignInReference.Form, s_current],
        Replies = [s_done, Reply.Page("Not ours, or the account needs a second factor.", 400), Reply.Page("The password is wrong.", 403), s_tooMany],
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
        Caller = "anyone with the link",
        Parameters = [s_key],
        Replies = [Reply.Page("The form."), s_gone],
    };

    public static Operation Choose() => new(Topic.SignedIn, "Send the new password")
    {
        Does = "Sets the password, uses the link up and signs the user out everywhere else.",
        Caller = "anyone with the link",
        Parameters = [s_key, SignInReference.Form, new("new-password", "The new password.", s_password) { Required = true }],
        Replies = [Reply.To(303, "Set, and signed in by the link.", "`/account`, or `/sign-in/code` where a second factor is owed."), Reply.Page("Not ours, or the password is not taken: the form again, with the reason.", 400), s_gone, s_tooMany],
    };

    public static Operation EndUserSession() => new(Topic.SignedIn, "Sign another browser out")
    {
        Does = "Ends one visit of the user, at once and on every node.",
        Caller = SignInReference.User,
        Parameters = [SignInReference.Form, new("visit", "The visit, as the page names it.", ValueFormat.Opaque) { Required = true }],
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
