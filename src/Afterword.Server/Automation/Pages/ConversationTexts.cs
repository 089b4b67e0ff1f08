using Afterword.Server.Automation.Funnels;
using Afterword.Server.Channels;

namespace Afterword.Server.Automation.Pages;

/// <summary>What the fields of a filter offer: the word of the API, and what people read.</summary>
internal static class ConversationTexts
{
    public static IReadOnlyList<string> Channels { get; } = ChannelNames.All;

    public static IReadOnlyList<(string Word, string Text)> Decisions { get; } = [.. Enum.GetValues<Decision>().Select(decision => (decision.Word, DecisionText.Of(decision)))];

    public static IReadOnlyList<(string Word, string Text)> Reasons { get; } =
        [.. Enum.GetValues<Reason>().Where(reason => reason != Reason.None).Select(reason => (reason.Word, DecisionText.Of(reason))).OrderBy(reason => reason.Item2, StringComparer.Ordinal)];
}
