using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Abuse;

/// <summary>The texts that are sent through every field, as they are stored.</summary>
internal static class Hostile
{
    /// <summary>All that a message may hold.</summary>
    public static readonly string[] All = [.. Payloads.All.Concat(Lists.NaughtyStrings).Select(Stored).OfType<string>().Distinct()];

    // So many in one text; the longest that comes of it is still a message.
    private const int Joined = 100;

    /// <summary>
    /// For pages that show one text at a time: in the long form all of them, one by one, and in the short one the same, joined into
    /// a few long texts.
    /// </summary>
    public static string[] Few { get; } = LongForm.IsOn ? All : [.. All.Chunk(Joined).Select(some => Stored(string.Join(' ', some))!)];

    /// <summary>The text as it is stored; null when it is refused.</summary>
    private static string? Stored(string text)
    {
        var errors = new ApiErrors();
        var stored = TextRules.ReadMessage("text", text, errors);
        return errors.Any ? null : stored;
    }
}
