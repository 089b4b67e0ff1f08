using System.Globalization;
using System.Text.RegularExpressions;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Operators;
using Afterword.Server.Webhooks.Polling;

namespace Afterword.Server.Reference;

/// <summary>A mapped route with its description, and with what follows from how it is mapped.</summary>
/// <remarks>Public because components are, and take it; what is in it is not.</remarks>
public sealed partial class DescribedRoute
{
    private readonly SignatureRequirement? _requirement;

    private DescribedRoute(string method, RouteEndpoint endpoint, RouteDescription description, LimitSettings limits)
    {
        _requirement = endpoint.Metadata.GetMetadata<SignatureRequirement>();
        IsOperator = endpoint.Metadata.GetMetadata<OperatorRoute>() is not null;
        IsReceiver = endpoint.Metadata.GetMetadata<WebhookSecretRoute>() is not null;
        Method = method;
        Pattern = description.StandsFor ?? endpoint.RoutePattern.RawText!;
        Operation = description.Operation();
        Limit = LimitOf(_requirement, limits);
    }

    internal string Method { get; }

    /// <summary>The path as ASP.NET and OpenAPI write it: <c>/f/{token}</c>.</summary>
    internal string Pattern { get; }

    internal Operation Operation { get; }

    /// <summary>The limit in words, as this server has it; null where there is none.</summary>
    internal string? Limit { get; }

    internal bool IsSigned => _requirement is not null;

    /// <summary>Whether it takes an operator key.</summary>
    internal bool IsOperator { get; }

    /// <summary>Whether it takes the secret of a webhook.</summary>
    internal bool IsReceiver { get; }

    /// <summary>The path as it is written for people: <c>/f/:token</c>.</summary>
    internal string Path => Hole.Replace(Pattern, ":${name}");

    /// <summary>The path without what most have in common: <c>feedback/create</c>.</summary>
    internal string ShortPath => Path.Replace("/1.1/", "", StringComparison.Ordinal).Replace(".json", "", StringComparison.Ordinal);

    /// <summary>Names the route in addresses: <c>post-feedback-create</c>.</summary>
    internal string Anchor => string.Join('-', Words);

    /// <summary>Names the route in programs made from the OpenAPI document: <c>postFeedbackCreate</c>.</summary>
    internal string OperationId => string.Concat(Words.Select((word, at) => at == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>Names the object that is sent, in programs made from the OpenAPI document: <c>FeedbackCreateRequest</c>.</summary>
    internal string BodyName => $"{TypeName}Request";

    /// <summary>Names what comes back, where no wire type does: <c>OauthRequestTokenResponse</c>.</summary>
    internal string ReplyName => $"{TypeName}Response";

    internal bool IsApi => Operation.Topic.Audience is Audience.Api or Audience.Operator;

    internal bool HasLimit => _requirement is { CountsPrompts: true } or { CountsMessages: true } or { Limit: not LimitedEndpoint.None };

    internal string Caller => Operation.Caller ?? (_requirement switch
    {
        { SenderAllowed: true } => "an allowed sender",
        { By: SigningSecrets.App } => "an app",
        { By: SigningSecrets.RequestToken } => "an app, with a request token",
        null => "anyone",
        _ => "any user",
    });

    /// <summary>What signs a call; null where nothing does.</summary>
    internal SignedWith? Signature => _requirement is null ? null : SignedWith.Of(_requirement.By);

    /// <summary>What the user's token must allow, as the command line calls it; null where none signs.</summary>
    internal string? Permission => _requirement switch
    {
        null or { By: not SigningSecrets.AccessToken } => null,
        { Permission: OAuth.Permission.Read } => "read",
        { Permission: OAuth.Permission.Write } => "write",
        _ => "dm",
    };

    internal bool TakesJsonAlone => _requirement is { NestedJson: true };

    internal bool AsksForAllowlists => _requirement is { AppAllowed: true } or { SenderAllowed: true };

    internal bool HasBody => Method is not ("GET" or "DELETE");

    /// <summary>Whether the examples make a call. Some forms need what only their page has.</summary>
    internal bool HasExample => Operation.Body is not null || !Operation.Parameters.Any(parameter => parameter is { Required: true, Example: null });

    /// <summary>What a caller may send besides the path.</summary>
    internal IEnumerable<Parameter> Sent => Operation.Parameters.Where(parameter => PlaceOf(parameter) != ParameterLocation.Path);

    /// <summary>Its own errors and those that follow from how it is mapped, in the order of the catalogue.</summary>
    internal IReadOnlyList<DocumentedError> Errors => [.. DocumentedError.All.Where(error => Operation.Errors.Contains(error) || (IsApi && error.FollowsFrom(this)))];

    private IEnumerable<string> Words =>
        [Method.ToLowerInvariant(), .. Word.Matches(Pattern == "/" ? "root" : ShortPath).Select(word => word.Value)];

    private string TypeName => string.Concat(Word.Matches(Variable.Replace(ShortPath, "")).Select(word => char.ToUpperInvariant(word.Value[0]) + word.Value[1..]));

    [GeneratedRegex(@"\{(?<name>\w+)\}", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Hole { get; }

    [GeneratedRegex(@":\w+", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Variable { get; }

    [GeneratedRegex("[a-zA-Z0-9]+", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Word { get; }

    /// <summary>Every described route, in the order of the reference.</summary>
    internal static IReadOnlyList<DescribedRoute> All(EndpointDataSource endpoints, LimitSettings limits) =>
    [
        .. endpoints.Endpoints.OfType<RouteEndpoint>().SelectMany(endpoint => Of(endpoint, limits)).DistinctBy(route => (route.Method, route.Pattern))
            .OrderBy(route => Topic.All.TakeWhile(topic => topic != route.Operation.Topic).Count()),
    ];

    internal ParameterLocation PlaceOf(Parameter parameter) =>
        parameter.IsHeader ? ParameterLocation.Header
        : Pattern.Contains($"{{{parameter.Name}}}", StringComparison.Ordinal) ? ParameterLocation.Path
        : HasBody ? ParameterLocation.Body : ParameterLocation.Query;

    private static string? LimitOf(SignatureRequirement? requirement, LimitSettings limits) => requirement switch
    {
        { CountsPrompts: true } when limits.RecipientInterval == TimeSpan.Zero => Say($"{limits.CreatesPerDay:N0} in 24 hours"),
        { CountsPrompts: true } => Say($"{limits.CreatesPerDay:N0} in 24 hours; one per recipient in {Duration(limits.RecipientInterval)}"),
        { CountsMessages: true } => Say($"{limits.MessagesPerDay:N0} in 24 hours; {limits.AppMessagesPerDay:N0} per app in 24 hours"),
        null or { Limit: LimitedEndpoint.None } => null,
        _ => Say($"{limits.MostFor(requirement.Limit, grant: null):N0} in 15 minutes"),
    };

    private static IEnumerable<DescribedRoute> Of(RouteEndpoint endpoint, LimitSettings limits)
    {
        if (endpoint.Metadata.GetMetadata<RouteDescription>() is not { } description) return [];

        // HEAD gives what GET gives, without the body, and is not told apart.
        var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];
        return methods.Where(method => method != HttpMethods.Head || !methods.Contains(HttpMethods.Get))
            .Select(method => new DescribedRoute(method, endpoint, description, limits));
    }

    private static string Duration(TimeSpan time) => time switch
    {
        { TotalHours: >= 72 } when time.Ticks % TimeSpan.TicksPerDay == 0 => Say($"{time.TotalDays} days"),
        { TotalHours: >= 2 } when time.Ticks % TimeSpan.TicksPerHour == 0 => Say($"{time.TotalHours} hours"),
        { TotalMinutes: >= 2 } when time.Ticks % TimeSpan.TicksPerMinute == 0 => Say($"{time.TotalMinutes} minutes"),
        _ => Say($"{time.TotalSeconds} seconds"),
    };

    private static string Say(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
