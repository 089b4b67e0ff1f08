using Afterword.EndToEnd.Tests.Kills;
using Afterword.Server.Errors;
using Afterword.Server.Prompts;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Abuse;

/// <summary>The texts that are sent through every field, as they are stored.</summary>
internal static class Hostile
{
    /// <summary>All that a message may hold.</summary>
    public static readonly string[] All = [.. Payloads.All.Concat(Lists.NaughtyStrings).Select(Stored).OfType<string>().Distinct()];

    /// <summary>For pages that show one text at a time: all in the long form, and in the short one some of each class.</summary>
    public static string[] Some(int every) => KillRun.IsLong ? All : [.. All.Where((_, i) => i % every == 0).Union(s_always)];

    // What has to be among the few: each breaks out of another place, or looks like a mark of our own.
    private static readonly string[] s_always =
    [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onfocus=alert(1) autofocus='", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
        "</template><script>alert(1)</script>", "__slot_Question__", "{sender}", "{platform} {app} {name} {text} {title} {link}", "] before [", "\u202Egnp.exe\u202C",
    ];

    /// <summary>The text as it is stored; null when it is refused.</summary>
    private static string? Stored(string text)
    {
        var errors = new ApiErrors();
        var stored = TextRules.ReadMessage("text", text, errors);
        return errors.Any ? null : stored;
    }
}
