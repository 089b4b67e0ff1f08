using Afterword.Server.Errors;
using Afterword.Server.Parsing;

namespace Afterword.Server.Users;

/// <summary>How a client names a user: by id or by handle.</summary>
/// <param name="Id">Null when it is by handle.</param>
/// <param name="ScreenName">Without @, in any letter case, and not checked: it may be no handle at all.</param>
internal readonly record struct UserKey(long? Id, string? ScreenName)
{
    private const string ById = "user_id";
    private const string ByHandle = "screen_name";
    private const int MostListed = 100;

    public static UserKey Of(long id) => new(id, null);

    /// <summary>Reads the one parameter or the other; of both the id counts.</summary>
    /// <returns>The key, or null when neither was given, or after noting what is wrong.</returns>
    public static UserKey? Optional(ParameterReader read, string id = ById, string screenName = ByHandle)
    {
        var number = read.OptionalId(id);
        var handle = read.Optional(screenName);
        if (number is { } known) return Of(known);
        return handle is null ? null : new(null, UserAccounts.Bare(handle));
    }

    /// <summary>As <see cref="Optional"/>, and notes when neither was given.</summary>
    public static UserKey? Required(ParameterReader read, string id = ById, string screenName = ByHandle)
    {
        var wrongBefore = read.Errors.All.Count;
        var key = Optional(read, id, screenName);
        if (key is null && read.Errors.All.Count == wrongBefore) read.Errors.Add(ApiError.Missing(id));
        return key;
    }

    /// <summary>Reads up to 100 ids and handles, each list separated by commas, and notes what is wrong.</summary>
    /// <returns>The ids in their order, then the handles in theirs.</returns>
    public static IReadOnlyList<UserKey> List(ParameterReader read)
    {
        var (ids, handles) = (Terms(read.Optional(ById)), Terms(read.Optional(ByHandle)));
        if (ids.Length + handles.Length == 0 && !read.Errors.Any) read.Errors.Add(ApiError.Missing(ById));
        if (ids.Length + handles.Length > MostListed) read.Errors.Add(ApiError.TooManyTerms);

        var keys = new List<UserKey>();
        foreach (var text in ids)
        {
            if (WholeNumber.TryRead(text, out var id)) keys.Add(Of(id));
        }

        if (keys.Count < ids.Length) read.Errors.Add(ApiError.Invalid(ById, "decimal ids, separated by commas"));
        return [.. keys, .. handles.Select(handle => new UserKey(null, UserAccounts.Bare(handle)))];
    }

    private static string[] Terms(string? list) => list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
