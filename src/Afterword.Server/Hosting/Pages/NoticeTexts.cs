using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.Hosting.Pages;

/// <summary>The words for what any page may have to say.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NoticeTexts : Texts
{
    internal static readonly Section<NoticeTexts> All = new("notices", NoticeTextsJson.Default.NoticeTexts);

    public required string Busy { get; init; }
    public required string BusyDetail { get; init; }
    public required string UnreachableDetail { get; init; }
    public required string Failed { get; init; }
    public required string FailedDetail { get; init; }
    public required string TooLarge { get; init; }
    public required string TooLargeDetail { get; init; }
    public required string NotUnderstood { get; init; }
    public required string NotUnderstoodDetail { get; init; }
    public required string NotFound { get; init; }
    public required string NotFoundDetail { get; init; }
    public required string ToFront { get; init; }
    public required string TooOld { get; init; }
    public required string TooOldDetail { get; init; }
    public required string OpenAnew { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NoticeTexts))]
internal sealed partial class NoticeTextsJson : JsonSerializerContext;
