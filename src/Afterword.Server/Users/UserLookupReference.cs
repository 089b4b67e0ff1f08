using System.Globalization;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.SignIn;

namespace Afterword.Server.Users;

/// <summary>What the reference says of the routes of <see cref="UserLookupEndpoints"/> and <see cref="FriendshipEndpoints"/>.</summary>
internal static class UserLookupReference
{
    private static readonly string s_furni = PromptReference.Asked.FromUserId;
    private static readonly string s_maja = PromptReference.Asked.ToUserId;

    private static readonly Parameter[] s_key =
    [
        new("user_id", "The user's id. This or `screen_name` is needed; of both this counts.", ValueFormat.Id) { Example = s_furni },
        new("screen_name", "The user's handle.", SignInReference.Handle),
    ];

    private static readonly UserJson s_user = new()
    {
        Id = Number(s_furni), IdStr = s_furni, Name = "Furni", ScreenName = "furni", FollowersCount = 3, FriendsCount = 1, CreatedAt = PromptReference.Asked.CreatedAt, Lang = "en",
        ProfileImageUrl = $"{ExampleCall.AnyServer}/default_profile.png", Following = true, Blocking = false, BlockedBy = false, CanDm = true,
    };

    public static Operation VerifyCredentials() => new(Topic.People, "Who am I?")
    {
        Does = "Gives the calling user. The usual first call: it shows that keys and signature are right. Parameters are ignored.",
        Replies = [One("The caller.")],
    };

    public static Operation Show() => new(Topic.People, "Look at one user")
    {
        Does = "Gives one user, with what the caller and the user are to each other.",
        Parameters = s_key,
        Replies = [One("The user.")],
        Errors = [DocumentedError.Missing, DocumentedError.RecipientUnknown, DocumentedError.RecipientSuspended],
    };

    public static Operation LookUp() => new(Topic.People, "Look at many users")
    {
        Does =
            """
            Gives up to 100 users, in the order of the ids, then of the handles, each once. Who is not there or is suspended is left out.

            A long list goes into the body of a `POST`.
            """,
        Parameters =
        [
            new("user_id", "Ids. This or `screen_name` is needed, both may be sent.", ValueFormat.Said("ids, separated by commas")) { Example = $"{s_furni},{s_maja}" },
            new("screen_name", "Handles.", ValueFormat.Said("handles, separated by commas")),
        ],
        Replies = [Reply.Of<IReadOnlyList<UserJson>>("Those who are there.", UserContext.Default.IReadOnlyListUserJson, [s_user])],
        Errors = [DocumentedError.Missing, DocumentedError.NoUserMatches, DocumentedError.TooManyTerms],
    };

    public static Operation Friendship() => new(Topic.People, "What two users are to each other")
    {
        Does = "Who follows whom is public. Whom someone blocks, or can write to, is told to nobody else: that is null unless the caller is the source.",
        Parameters =
        [
            new("source_id", "One user, by id.", ValueFormat.Id) { Default = "the caller" },
            new("source_screen_name", "The same by handle.", SignInReference.Handle),
            new("target_id", "The other, by id. This or `target_screen_name` is needed.", ValueFormat.Id) { Example = s_maja },
            new("target_screen_name", "The same by handle.", SignInReference.Handle),
        ],
        Replies =
        [
            Reply.Of(
                "The relationship.", UserContext.Default.FriendshipJson,
                new(new(
                    new(
                        Number(s_furni), s_furni, "furni", Following: false, FollowedBy: true, FollowingReceived: false, FollowingRequested: false, LiveFollowing: false,
                        NotificationsEnabled: false, CanDm: true, Blocking: false, BlockedBy: false, Muting: false, WantRetweets: false, AllReplies: false, MarkedSpam: false),
                    new(Number(s_maja), s_maja, "maja", Following: true, FollowedBy: false, FollowingReceived: false, FollowingRequested: false)))),
        ],
        Errors = [DocumentedError.Missing, DocumentedError.RecipientUnknown, DocumentedError.RecipientSuspended],
    };

    public static Operation Follow() => Change("Follow", "The caller follows the user. Somebody whom the caller blocks cannot be followed: end the block first.") with
    {
        Errors =
        [
            DocumentedError.Missing, DocumentedError.RecipientUnknown, DocumentedError.RecipientSuspended, DocumentedError.CannotFollowSelf, DocumentedError.BlockedFromFollowing,
        ],
    };

    public static Operation Unfollow() => Change("Stop following", "The caller no longer follows the user.");

    public static Operation Block() => Change(
        "Block", "Ends following in both directions. From then on the user can neither follow the caller, nor write to it, nor ask it for feedback.");

    public static Operation Unblock() => Change("End a block", "Does not bring back who followed whom.");

    private static Operation Change(string summary, string does) => new(Topic.People, summary)
    {
        Does = $"{does} A call that changes nothing is no error.",
        Parameters = s_key,
        Replies = [One("The user as it is then.")],
        Errors = [DocumentedError.Missing, DocumentedError.RecipientUnknown],
    };

    private static Reply One(string what) => Reply.Of(what, UserContext.Default.UserJson, s_user);

    private static long Number(string id) => long.Parse(id, CultureInfo.InvariantCulture);
}
