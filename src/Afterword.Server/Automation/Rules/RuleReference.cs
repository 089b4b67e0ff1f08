using Afterword.Client.Wire;
using Afterword.Server.Reference;

namespace Afterword.Server.Automation.Rules;

/// <summary>What the reference says of the routes of <see cref="RuleEndpoints"/>.</summary>
internal static class RuleReference
{
    private static readonly RulesJson s_rules = new(
        null, null, null, 7, 30, Paused: false, Enabled: null, new("21:00", "08:00", ["sat", "sun"], "Europe/Berlin"), new(NobodyAskedDays: 3, UnfairAgents: true),
        [
            new("never internal", new(TagsAny: ["internal", "spam"]), null),
            new(
                "everybody else", null,
                new("csat", "21", "PT10M", 0.5, null, null, "https://furni.example/privacy", null, new Dictionary<string, string> { ["en"] = "Hi {first_name}, how did we do?", ["de"] = "Hallo {first_name}, wie war es?" })),
        ]);

    private static readonly RulesJson s_saved = s_rules with { Version = 7, ChangedAt = "Fri Nov 20 22:32:25 +0000 2026", ChangedBy = "@furni" };

    /// <summary>Rules as they are sent.</summary>
    public static Sample Draft => Sample.Of(WireJson.Default.RulesJson, s_rules);

    public static Operation Read() => new(Topic.Feedback, "Read the rules")
    {
        Does = "Gives the rules that hold for the calling sender, as they were sent, with their version. Before the first were saved, it is version 0 and asks nobody.",
        Replies = [Reply.Of("The rules.", WireJson.Default.RulesJson, s_saved) with { Headers = [("ETag", "The version, in quotes.")] }],
    };

    public static Operation Change() => new(Topic.Feedback, "Change the rules")
    {
        Does =
            """
            Puts these rules in the place of those that hold. Every close from then on is decided by them; what is scheduled is asked by the version that scheduled it. Every version is kept.

            `If-Match`, or `version` in the document, is the version that you have read. All that is wrong is told in one answer, with its place: `rules[1].ask.message.de`.
            """,
        Parameters =
        [
            new("If-Match", "The version that you have read, with or without quotes; 0 for the first. May be left out if the document has it.", ValueFormat.Whole(0, long.MaxValue)) { IsHeader = true, Example = "7" },
            new("rules", "At most 50. The first whose `when` fits decides; `ask` says what, and `null` says no.", ValueFormat.Said("a list of objects")) { Required = true },
            new("recipient_interval_days", "A customer is asked once in so many days at most, by the rules or by hand; 0 is no limit.", ValueFormat.Whole(0, 365)) { Default = "7" },
            new("after_dismissal_days", "Who dismissed a card is left alone for so many days.", ValueFormat.Whole(0, 365)) { Default = "30" },
            new("paused", "Asks nobody, and keeps decisions with the reason `paused`.", ValueFormat.Truth) { Default = "false" },
            new("enabled", "Whether the rules hold at all: where they do not, each says no. The switch in the console. Left out, it stays as it is.", ValueFormat.Truth) { Default = "as it is, and true at first" },
            new("alerts", "What owners and supervisors who get alerts are told by email: `nobody_asked_days`, 1 to 90, that the rules have asked nobody for so long; `unfair_agents`, that the requests of agents go beyond what chance makes of the rules.", ValueFormat.Said("an object")) { Default = "none" },
            new("quiet_hours", "When nobody is asked: `from` and `to`, `days`, or both, by the clocks of `time_zone`.", ValueFormat.Said("an object")) { Default = "none" },
        ],
        Body = Draft,
        Replies = [Reply.Of("The rules with their new version.", WireJson.Default.RulesJson, s_saved with { Version = 8 }) with { Headers = [("ETag", "The version, in quotes.")] }],
        Errors = [DocumentedError.RulesMovedOn],
    };
}
