using System.Globalization;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Console;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Funnels;

/// <summary>A rule beside a conversation.</summary>
/// <param name="Fits">Whether it fits.</param>
/// <param name="Why">What it asks or why it does not fit, as a sentence.</param>
public sealed record RuleComparison(string Name, bool Fits, string Why);

/// <summary>Tells in plain words why a conversation was decided as it was.</summary>
/// <param name="one">The conversation.</param>
/// <param name="rules">The version that decided; null when there was none.</param>
/// <param name="when">Writes times.</param>
internal sealed class ExplainDecision(Conversation one, RuleSet? rules, ConsoleTimes when)
{
    /// <summary>The answer in a sentence or two.</summary>
    public string Answer() => one.Decision switch
    {
        Decision.Asked => $"The customer was asked, by the rule “{one.Rule}”.",
        Decision.Scheduled => $"The customer is asked on {At(one.DueAt!.Value)}, by the rule “{one.Rule}”, unless the conversation continues before then.{Postponed()}",
        _ => $"{Because()}{Waiting()}",
    };

    /// <summary>The rules in their order, up to the one that decided.</summary>
    public IReadOnlyList<RuleComparison> Rules()
    {
        var all = new List<RuleComparison>();
        var facts = one.Conversed(customersLanguage: null);
        foreach (var rule in rules?.Rules ?? [])
        {
            var decided = rule.Name == one.Rule;
            var missing = decided ? null : Missing(rule.When, facts);
            all.Add(new(rule.Name, decided, decided ? Asks(rule) : missing is null ? "It did not decide this conversation." : $"It does not fit: {missing}."));
            if (decided) break;
        }

        return all;
    }

    private string Because() => one.Reason switch
    {
        Reason.NoRule when one.RulesVersion == 0 => "No rules were saved yet, so nobody was asked.",
        Reason.NoRule => "No rule fits this conversation.",
        Reason.RuleSaysNo when rules?.Find(one.Rule)?.Request is not null => $"The rule “{one.Rule}” fits, but automatic requests were turned off.",
        Reason.RuleSaysNo => $"The rule “{one.Rule}” fits, and says that nobody is asked.",
        Reason.Paused => $"The rule “{one.Rule}” fits, but requests were paused.",
        Reason.SampledOut => Sample(),
        Reason.AskedRecently => "The customer had got a request from you recently, and gets one in so many days at most.",
        Reason.DismissedRecently => "The customer had dismissed a card without a score, and is left alone for a while.",
        Reason.AlreadyAsked => "A request had been made about this conversation before, by the rules or by hand.",
        Reason.TooOld => "A rule would fit, but the conversation had been closed for too long when it was heard of.",
        Reason.Budget => $"The rule “{one.Rule}” had made all the requests that it may make in 24 hours.",
        Reason.OptedOut => "The customer has chosen to get no more requests from you.",
        Reason.CannotDm => "The customer takes no messages from you.",
        Reason.RecipientUnknown => "There is no such customer.",
        Reason.RecipientSuspended => "The customer's account is suspended.",
        Reason.Limit => "It was due, but you had reached your daily limit for too long.",
        Reason.TooLate => "It was due, but no server ran then, and it was too late afterwards.",
        Reason.WrittenAgain => "The customer wrote to you again, so the conversation was not over.",
        Reason.Reopened => "The conversation was reopened before the request was due.",
        _ => "It was due, but you may not send requests any more.",
    };

    private string Sample()
    {
        if (one.Rate is not { } rate || one.Draw is not { } draw) return "The conversation is not in the sample.";

        var percent = (rate.Value * 100).ToString("0.####", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"The rule “{one.Rule}” fits, and asks about {percent}% of its conversations: those with a draw below {rate.Value:0.######}. This one drew {draw.Value:0.######}. Nobody can influence the draw.");
    }

    private string Waiting() => one.NextEligibleAt is { } next ? $" A conversation closed after {At(next)} could be asked about." : "";

    private string Postponed() => one.DueAt > one.PlannedAt ? " It was due earlier, and is waiting because you had reached your daily limit." : "";

    private static string Asks(Rule rule) => rule.Request is not { } request
        ? "It fits, and asks nobody."
        : string.Create(
            CultureInfo.InvariantCulture,
            $"It fits. It asks {(request.Rate == SamplingRate.All ? "about every conversation" : $"about {request.Rate.Value * 100:0.####}% of its conversations")}, {Delay(request.Delay)}, with {request.Type.Wire.ToUpperInvariant()} question {request.QuestionVariant}.");

    private static string Delay(TimeSpan delay) => delay == TimeSpan.Zero ? "at once" : $"{DurationTexts.Of(delay)} after the close";

    /// <summary>The first condition that is not met, as a clause; null when all are.</summary>
    private static string? Missing(Condition when, in ConversationFacts one)
    {
        var tags = one.Tags;
        return when switch
        {
            { TagsAny: { } any } when tags is null || !any.Any(tags.Has) => $"it wants one of the tags {List(any)}",
            { TagsNone: { } none } when tags is not null && none.Any(tags.Has) => $"it wants none of the tags {List(none)}",
            { TagsAll: { } all } when tags is null || !all.All(tags.Has) => $"it wants all of the tags {List(all)}",
            { Agents: { } agents } when one.Agent is not { } agent || !agents.Contains(agent) => $"it is for the agents {List(agents)}",
            { Teams: { } teams } when one.Team is not { } team || !teams.Contains(team) => $"it is for the teams {List(teams)}",
            { Connectors: { } connectors } when one.Connector is not { } connector || !connectors.Contains(connector) => $"it is for the connectors {List(connectors)}",
            { Channels: { } channels } when !channels.Contains(one.Channel) => $"it is for customers who are reached by {string.Join(" or ", channels.Select(channel => channel.Name))}",
            { MessagesMin: { } least } when !(one.Messages >= least) => string.Create(CultureInfo.InvariantCulture, $"it wants at least {least} messages"),
            { AgentMessagesMin: { } least } when !(one.AgentMessages >= least) => string.Create(CultureInfo.InvariantCulture, $"it wants at least {least} messages of the agent"),
            { ExternalIdPrefix: { } prefix } when !one.ExternalId.StartsWith(prefix, StringComparison.Ordinal) => $"it is for ticket IDs that begin with “{prefix}”",
            { MaxAge: { } most } when one.Age > most => $"it wants to hear of a close within {DurationTexts.Of(most)}",
            { Languages: { } languages } => $"it is for conversations in {List(languages)}",
            _ => null,
        };
    }

    private static string List(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"“{name}”"));

    private string At(long millis) => when.Minute(millis);
}

/// <summary>Durations as people say them.</summary>
internal static class DurationTexts
{
    public static string Of(TimeSpan time)
    {
        var parts = new List<string>();
        Add(time.Days, "day");
        Add(time.Hours, "hour");
        Add(time.Minutes, "minute");
        Add(time.Seconds, "second");
        return parts.Count == 0 ? "0 minutes" : string.Join(' ', parts);

        void Add(int many, string unit)
        {
            if (many > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{many} {unit}{(many == 1 ? "" : "s")}"));
        }
    }
}
