using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.OAuth.Grants.Pages;

/// <summary>
/// The words of the pages on which users let apps in. A word may hold <c>{app}</c>, <c>{host}</c> or <c>{date}</c>, and square
/// brackets around the link to the user's apps.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record GrantTexts : Texts
{
    internal static readonly Section<GrantTexts> All = new("grants", GrantTextsJson.Default.GrantTexts);

    public required string Question { get; init; }
    public required string NotYou { get; init; }
    public required string Can { get; init; }
    public required string Cannot { get; init; }

    public required string Look { get; init; }
    public required string Act { get; init; }
    public required string Write { get; init; }
    public required string Ask { get; init; }
    public required string ChangePassword { get; init; }

    public required string Allow { get; init; }
    public required string Cancel { get; init; }
    public required string LeadsToPin { get; init; }
    public required string LeadsToHost { get; init; }

    public required string PinTitle { get; init; }
    public required string PinHeading { get; init; }
    public required string PinDetail { get; init; }
    public required string TakeBack { get; init; }

    public required string AppsTitle { get; init; }
    public required string AppsHeading { get; init; }
    public required string SignOut { get; init; }
    public required string Ended { get; init; }
    public required string None { get; init; }
    public required string MayRead { get; init; }
    public required string MayAct { get; init; }
    public required string MayWrite { get; init; }
    public required string Revoke { get; init; }
    public required string RevokeApp { get; init; }

    public required string Denied { get; init; }
    public required string DeniedDetail { get; init; }
    public required string Gone { get; init; }
    public required string GoneDetail { get; init; }

    /// <summary>What an app with a permission can do, in the words of the one who gives it.</summary>
    internal string[] CanOf(Permission permission) => permission switch
    {
        Permission.Read => [Look],
        Permission.Write => [Look, Act],
        _ => [Look, Act, Write, Ask],
    };

    internal string[] CannotOf(Permission permission) => permission switch
    {
        Permission.Read => [Act, Write, ChangePassword],
        Permission.Write => [Write, ChangePassword],
        _ => [ChangePassword],
    };

    /// <summary>The same in few words, for a list.</summary>
    /// <param name="date">Since when.</param>
    internal string InShort(Permission permission, string date)
    {
        var may = permission switch
        {
            Permission.Read => MayRead,
            Permission.Write => MayAct,
            _ => MayWrite,
        };
        return may.Replace("{date}", date, StringComparison.Ordinal);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GrantTexts))]
internal sealed partial class GrantTextsJson : JsonSerializerContext;
