using System.Globalization;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Channels;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Rules.Pages;

/// <summary>Rules as sentences.</summary>
internal static class RuleTexts
{
    public static RuleLine Of(Rule rule, RuleSet rules) => new(
        rule.Name, When(rule.When), rule.Request is { } request ? Ask(request) : "Nobody is asked.", rule.Request is not null, rules.Unreached.Contains(rule) ? rules.WhyUnreached(rule) : null);

    private static string When(Condition when)
    {
        var parts = new List<string>();
        Add(when.TagsAny, "with any of the tags");
        Add(when.TagsAll, "with all of the tags");
        Add(when.TagsNone, "without the tags");
        Add(when.Agents, "of");
        Add(when.Teams, "of the teams");
        Add(when.Languages, "in");
        Add(when.Channels?.Select(channel => channel.Name), "whose customer is reached by");
        Add(when.Connectors, "told by");
        if (when.MessagesMin is { } least) parts.Add(Say($"with at least {least} messages"));
        if (when.AgentMessagesMin is { } own) parts.Add(Say($"with at least {own} messages of the agent"));
        if (when.MaxAge is { } age) parts.Add($"heard of within {DurationTexts.Of(age)}");
        if (when.ExternalIdPrefix is { } prefix) parts.Add($"whose ticket ID begins with “{prefix}”");
        return parts.Count == 0 ? "Every conversation." : $"Conversations {string.Join(", ", parts)}.";

        void Add(IEnumerable<string>? values, string words)
        {
            if (values is not null) parts.Add($"{words} {string.Join(", ", values)}");
        }
    }

    private static string Ask(RuleRequest request)
    {
        var who = request.Rate == SamplingRate.All ? "Every customer" : Say($"{request.Rate.Value * 100:0.####}% of the customers");
        var when = request.Delay == TimeSpan.Zero ? "at once" : $"{DurationTexts.Of(request.Delay)} after the close";
        var most = request.PerDay is { } perDay ? Say($", at most {perDay:N0} a day") : "";
        return Say($"{who}, {when}{most}: {request.Type.Wire.ToUpperInvariant()} question {request.QuestionVariant}{(request.Again ? ", and again when it is closed again" : "")}.");
    }

    private static string Say(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
