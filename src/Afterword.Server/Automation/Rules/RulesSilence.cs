namespace Afterword.Server.Automation.Rules;

/// <summary>That nobody is asked, whatever a helpdesk tells, and where that is changed. Said where a connector is set up, which looks well all the same.</summary>
/// <param name="Text">A whole sentence.</param>
/// <param name="Page">The page of the console that changes it.</param>
/// <param name="Does">What the link there says.</param>
/// <param name="Command">The command that changes or shows it, up to the sender.</param>
public sealed record RulesSilence(string Text, string Page, string Does, string Command)
{
    private static readonly RulesSilence s_none = new("There are no rules yet, so nobody is asked.", "rules?edit=new", "Add a rule", "rules set");

    /// <summary>What is said of rules that are switched off or paused, without a full stop; null of those that are neither.</summary>
    internal static string? TextOf(RuleSet rules) => rules.Silence switch
    {
        Reason.None => null,
        Reason.Paused => "Automatic requests are paused",
        _ => "Automatic requests are off",
    };

    /// <param name="saved">The rules that hold; null when none were ever saved.</param>
    /// <returns>Null where the rules ask.</returns>
    internal static RulesSilence? Of(RulesVersion? saved)
    {
        if (saved is null) return s_none;

        var rules = RulesDocument.OfStored(saved.Document);
        return rules.Silence switch
        {
            Reason.None when rules.Rules.Any(rule => rule.Request is not null) => null,
            Reason.None => new("No rule asks anybody yet.", "rules?edit=new", "Add a rule", "rules set"),
            Reason.Paused => new($"{TextOf(rules)}, so nobody is asked.", "automation", "See Automation", "rules show"),
            _ => new($"{TextOf(rules)}, so nobody is asked.", "automation", "Turn them on", "rules show"),
        };
    }

    /// <summary>The same on the command line.</summary>
    internal string ToldOf(string screenName) => $"@{screenName}: {Text} See: afterword {Command} @{screenName}{(Command == "rules set" ? " FILE" : "")}";
}
