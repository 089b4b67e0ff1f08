using System.Globalization;

namespace Afterword.Server.Errors;

/// <summary>Every error the API can answer with. A code is never reused and never renumbered.</summary>
internal sealed record ApiError(int Status, int Code, string Message)
{
    public static readonly ApiError NoCredentials = new(400, 215, "Bad authentication data.");
    public static readonly ApiError BadCredentials = new(401, 32, "Could not authenticate you.");
    public static readonly ApiError BadTimestamp = new(401, 135, "Timestamp out of bounds.");
    public static readonly ApiError BadToken = new(401, 89, "Invalid or expired token.");
    public static readonly ApiError CallbackNotApproved = new(403, 415, "Callback URL not approved for this client application. Approved callback URLs can be adjusted in your application settings");
    public static readonly ApiError AppSuspended = new(401, 416, "Invalid / suspended application");
    public static readonly ApiError CallerSuspended = new(403, 64, "Your account is suspended and is not permitted to access this feature.");
    public static readonly ApiError NoDirectMessages = new(403, 93, "This application is not allowed to access or delete your direct messages.");
    public static readonly ApiError ReadOnly = new(403, 261, "Application cannot perform write actions.");
    public static readonly ApiError NotAllowlisted = new(403, 87, "Client is not permitted to perform this action.");
    public static readonly ApiError MessageTooLong = new(403, 354, "The text of your direct message is over the max character limit.");
    public static readonly ApiError RecipientUnknown = new(404, 50, "User not found.");
    public static readonly ApiError RecipientSuspended = new(403, 63, "User has been suspended.");
    public static readonly ApiError CannotMessage = new(403, 349, "You cannot send messages to this user.");
    public static readonly ApiError NoUserMatches = new(404, 17, "No user matches for specified terms.");
    public static readonly ApiError TooManyTerms = new(403, 18, "Too many terms specified in query.");
    public static readonly ApiError CannotFollowSelf = new(403, 158, "You can't follow yourself.");
    public static readonly ApiError BlockedFromFollowing = new(403, 162, "You have been blocked from following this account at their request by the user.");
    public static readonly ApiError NotFound = new(404, 34, "Sorry, that page does not exist.");
    public static readonly ApiError LimitReached = new(429, 88, "Rate limit exceeded.");
    public static readonly ApiError KeyReused = new(409, 355, "Idempotency-Key has already been used with other parameters.");
    public static readonly ApiError RulesMovedOn = new(409, 355, "The rules have been changed since you have read them.");
    public static readonly ApiError Closed = new(410, 356, "This feedback request is closed.");
    public static readonly ApiError BodyTooLarge = new(413, 44, "The body is invalid: at most 64 KiB.");
    public static readonly ApiError TooManyParameters = new(413, 44, "The request is invalid: at most 1,000 parameters.");
    public static readonly ApiError BadJson = new(400, 44, "The body is invalid: not a JSON object.");
    public static readonly ApiError BadForm = new(400, 44, "The body is invalid: it could not be read.");
    public static readonly ApiError WrongContentType = new(415, 44, "The content type is invalid: send application/x-www-form-urlencoded or application/json, in UTF-8.");
    public static readonly ApiError NotJson = new(415, 44, "The content type is invalid: send application/json, in UTF-8.");
    public static readonly ApiError Overloaded = new(503, 130, "Over capacity.");
    public static readonly ApiError StoreUnavailable = new(503, 130, "The store cannot be reached.");
    public static readonly ApiError Internal = new(500, 131, "Internal error.");

    public static ApiError Missing(string parameter) => new(400, 38, $"{parameter} parameter is missing.");

    /// <param name="parameter">The parameter's name on the wire.</param>
    /// <param name="reason">What it must be, as a clause: <c>at most 256 characters</c>.</param>
    public static ApiError Invalid(string parameter, string reason) => new(400, 44, $"{parameter} parameter is invalid: {reason}.");

    public static ApiError AlreadySubmitted(string part) => new(409, 355, $"{part} has already been submitted.");

    /// <summary>The error for a status that the framework set without writing a body.</summary>
    public static ApiError For(int status) => status switch
    {
        401 => BadCredentials,
        404 or 405 => NotFound,
        413 => BodyTooLarge,
        415 => WrongContentType,
        429 => LimitReached,
        503 => Overloaded,
        < 500 => new(status, 44, string.Create(CultureInfo.InvariantCulture, $"The request is invalid: status {status}.")),
        _ => Internal,
    };
}
