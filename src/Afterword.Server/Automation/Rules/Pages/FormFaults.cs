using System.Globalization;

namespace Afterword.Server.Automation.Rules.Pages;

/// <summary>Says what is wrong with a document in the words and units of the form that wrote it.</summary>
internal static class FormFaults
{
    private static readonly (string Member, string Id, string Label)[] s_ofRule =
    [
        ("name", "name", "Name"),
        .. RuleFields.ListFields.Select(list => ($"when.{list.Member}", list.Member, list.Label)),
        ("when.messages_min", "messages_min", "Messages, at least"), ("when.agent_messages_min", "agent_messages_min", "Messages of the agent, at least"), ("when.max_age", "max_age", "Heard of within"),
        ("when.external_id_prefix", "external_id_prefix", "Ticket ID begins with"), ("when.channels", "channels", "Customers who are reached by"), ("ask.type", "question", "Question"),
        ("ask.question_variant_id", "question", "Question"), ("ask.delay", "delay", "Wait after the close"), ("ask.share", "share", "Share of conversations, in percent"),
        ("ask.per_day", "per_day", "Maximum requests per day"), ("ask.privacy_url", "privacy_url", "Privacy policy"), ("ask.display_name", "display_name", "Name in the question"),
    ];

    private static readonly (string Member, string Id, string Label)[] s_ofGeneral =
    [
        ("recipient_interval_days", "recipient_interval_days", "Days between two requests to a customer"), ("after_dismissal_days", "after_dismissal_days", "Days after a dismissed card"),
        ("quiet_hours.from", "quiet_from", "Quiet from"), ("quiet_hours.to", "quiet_to", "Quiet until"), ("quiet_hours.time_zone", "time_zone", "Time zone"), ("quiet_hours.days", "quiet-days", "Quiet days"),
    ];

    /// <summary>As the form of one rule has it.</summary>
    /// <param name="problem">What is wrong with the document.</param>
    /// <param name="at">The place of the rule.</param>
    /// <param name="fields">What was typed.</param>
    public static RuleProblem OfRule(RuleProblem problem, int at, RuleFields fields)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"rules[{at}].");
        if (!problem.Place.StartsWith(path, StringComparison.Ordinal)) return OfGeneral(problem);

        var member = problem.Place[path.Length..];
        return problem with { Field = Find(s_ofRule, member) ?? OfMessage(member, fields), What = InUnits(member) ?? problem.What };
    }

    /// <summary>As the form of what holds for all rules has it.</summary>
    public static RuleProblem OfGeneral(RuleProblem problem) => problem with { Field = Find(s_ofGeneral, problem.Place) };

    // A place in a list is its field's.
    private static FormField? Find((string Member, string Id, string Label)[] fields, string member)
    {
        var found = Array.Find(fields, field => member == field.Member || member.StartsWith($"{field.Member}[", StringComparison.Ordinal));
        return found.Id is null ? null : new(found.Id, found.Label);
    }

    private static FormField? OfMessage(string member, RuleFields fields)
    {
        const string Messages = "ask.message";
        if (!member.StartsWith(Messages, StringComparison.Ordinal)) return null;

        var tag = member.Length > Messages.Length ? member[(Messages.Length + 1)..] : "";
        var shown = fields.Messages.Where(message => message.Tag.Length + message.Text.Length > 0).ToList();
        var place = Math.Max(0, shown.FindIndex(message => message.Tag.Equals(tag, StringComparison.OrdinalIgnoreCase)));
        return new(string.Create(CultureInfo.InvariantCulture, $"message-{place}"), tag.Length is 0 or > 35 ? "Message" : $"Message ({tag})");
    }

    private static string? InUnits(string member) => member switch
    {
        "ask.share" => "A number from 0 to 100 with at most four decimals.",
        "ask.delay" => "A whole number of minutes, hours or days, 14 days at most.",
        "when.max_age" => "A whole number of minutes, hours or days, from 1 minute to 7 days.",
        _ => null,
    };
}
