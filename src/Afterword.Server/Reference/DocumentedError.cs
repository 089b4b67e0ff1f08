using System.Reflection;
using System.Runtime.CompilerServices;
using Afterword.Server.Errors;

namespace Afterword.Server.Reference;

/// <summary>An error of the catalogue with the case it stands for. There is one for each member of <see cref="ApiError"/>, of the same name.</summary>
/// <param name="Error">The error; where it names something, that stands in angle brackets.</param>
/// <param name="When">When it is given, as a clause.</param>
/// <param name="Name">The name of the field.</param>
internal sealed record DocumentedError(ApiError Error, string When, [CallerMemberName] string Name = "")
{
    public static readonly DocumentedError NoCredentials = new(ApiError.NoCredentials, "credentials are missing, incomplete, repeated, in two places, or of another scheme or method") { FollowsFrom = Signature };
    public static readonly DocumentedError BadCredentials = new(ApiError.BadCredentials, "unknown consumer, wrong signature, a nonce that was used, a wrong verifier, no operator key, or no secret of a polled webhook") { FollowsFrom = route => route.IsSigned || route.IsOperator || route.IsReceiver };
    public static readonly DocumentedError BadToken = new(ApiError.BadToken, "unknown or revoked token, or another app's; a request token that is used, expired or not approved") { FollowsFrom = Token };
    public static readonly DocumentedError BadTimestamp = new(ApiError.BadTimestamp, "more than 300 s away from the server's clock") { FollowsFrom = Signature };
    public static readonly DocumentedError CallbackNotApproved = new(ApiError.CallbackNotApproved, "`oauth_callback` is none of the app's");
    public static readonly DocumentedError AppSuspended = new(ApiError.AppSuspended, "the app is suspended") { FollowsFrom = Signature };
    public static readonly DocumentedError CallerSuspended = new(ApiError.CallerSuspended, "the calling user is suspended") { FollowsFrom = route => route.Permission is not null };
    public static readonly DocumentedError NotAllowlisted = new(ApiError.NotAllowlisted, "the app, or on sender routes the user, is not allowed") { FollowsFrom = route => route.AsksForAllowlists };
    public static readonly DocumentedError NoDirectMessages = new(ApiError.NoDirectMessages, "the token lacks permission `dm`") { FollowsFrom = route => route.Permission == "dm" };
    public static readonly DocumentedError ReadOnly = new(ApiError.ReadOnly, "the token may only read") { FollowsFrom = route => route.Permission == "write" };
    public static readonly DocumentedError Missing = new(ApiError.Missing("<name>"), "a required parameter is not given, or empty") { FollowsFrom = route => route.Sent.Any(parameter => parameter.Required) };
    public static readonly DocumentedError Invalid = new(ApiError.Invalid("<name>", "<what it must be>"), "range, length, form, encoding, or given more than once; the header `Idempotency-Key` too") { FollowsFrom = route => route.Sent.Any() };
    public static readonly DocumentedError MessageTooLong = new(ApiError.MessageTooLong, "`message` or `text` is too long; beside other errors the status is 400");
    public static readonly DocumentedError BadJson = new(ApiError.BadJson, "announced as JSON, and is none or no object") { FollowsFrom = Body };
    public static readonly DocumentedError BadForm = new(ApiError.BadForm, "it broke off");
    public static readonly DocumentedError BodyTooLarge = new(ApiError.BodyTooLarge, "longer than that") { FollowsFrom = Body };
    public static readonly DocumentedError TooManyParameters = new(ApiError.TooManyParameters, "header, query and body together have more") { FollowsFrom = Signature };
    public static readonly DocumentedError WrongContentType = new(ApiError.WrongContentType, "any other media type, or another charset") { FollowsFrom = route => Body(route) && !route.TakesJsonAlone };
    public static readonly DocumentedError NotJson = new(ApiError.NotJson, "the route takes nothing else") { FollowsFrom = route => route.TakesJsonAlone };
    public static readonly DocumentedError For = new(new(400, 44, "The request is invalid: status <status>."), "broken HTTP that has no entry of its own; the status is any from 400 to 499");
    public static readonly DocumentedError NotFound = new(ApiError.NotFound, "unknown route or wrong method; unknown feedback or message, or another's");
    public static readonly DocumentedError NoUserMatches = new(ApiError.NoUserMatches, "nobody is left of a lookup");
    public static readonly DocumentedError TooManyTerms = new(ApiError.TooManyTerms, "a lookup of more than 100");
    public static readonly DocumentedError RecipientUnknown = new(ApiError.RecipientUnknown, "no such user");
    public static readonly DocumentedError RecipientSuspended = new(ApiError.RecipientSuspended, "the user who is asked, written to or looked for is suspended");
    public static readonly DocumentedError CannotFollowSelf = new(ApiError.CannotFollowSelf, "the user is the caller");
    public static readonly DocumentedError BlockedFromFollowing = new(ApiError.BlockedFromFollowing, "the user blocks the caller");
    public static readonly DocumentedError CannotMessage = new(ApiError.CannotMessage, "the recipient takes no message from this sender, or is the sender");
    public static readonly DocumentedError AlreadySubmitted = new(ApiError.AlreadySubmitted("<score or text>"), "that part was answered before");
    public static readonly DocumentedError KeyReused = new(ApiError.KeyReused, "within 24 hours, by the same sender");
    public static readonly DocumentedError RulesMovedOn = new(ApiError.RulesMovedOn, "they are at another version than `If-Match` says");
    public static readonly DocumentedError Closed = new(ApiError.Closed, "dismissed or expired");
    public static readonly DocumentedError LimitReached = new(ApiError.LimitReached, "`Retry-After` says when to come again") { FollowsFrom = route => route.HasLimit };
    public static readonly DocumentedError Internal = new(ApiError.Internal, "our fault; the header `x-transaction-id` stands in the log too") { FollowsFrom = Anything };
    public static readonly DocumentedError Overloaded = new(ApiError.Overloaded, "there is more to do than can be done; with `Retry-After`") { FollowsFrom = Anything };
    public static readonly DocumentedError StoreUnavailable = new(ApiError.StoreUnavailable, "the store cannot be read or written just now, or nobody knows whether it took the write; with `Retry-After`") { FollowsFrom = Anything };

    /// <summary>All of them, in the order above.</summary>
    public static IReadOnlyList<DocumentedError> All { get; } =
        [.. typeof(DocumentedError).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (DocumentedError)field.GetValue(null)!)];

    /// <summary>Whether a route of the API gives it because of how it is mapped, without its description saying so.</summary>
    public Func<DescribedRoute, bool> FollowsFrom { get; init; } = _ => false;

    public string Anchor => $"error-{Name.ToLowerInvariant()}";

    private static bool Anything(DescribedRoute route) => true;

    private static bool Signature(DescribedRoute route) => route.IsSigned;

    private static bool Token(DescribedRoute route) => route.Signature?.Token is not null;

    private static bool Body(DescribedRoute route) => route is { IsSigned: true, HasBody: true } || (route is { IsOperator: true, HasBody: true } && route.Sent.Any());
}
