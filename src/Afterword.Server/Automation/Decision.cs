using System.Collections.Frozen;
using System.Text.Json;

namespace Afterword.Server.Automation;

/// <summary>What became of a conversation that was closed. The numbers are stored.</summary>
internal enum Decision
{
    /// <summary>Its customer is asked when it is due.</summary>
    Scheduled = 0,

    Asked = 1,

    /// <summary>Nobody is asked: the rules, or what is known of the customer, say no.</summary>
    Skipped = 2,

    /// <summary>It went on before it was due.</summary>
    Withdrawn = 3,

    /// <summary>It was due, and the sender may not ask any more.</summary>
    Failed = 4,
}

/// <summary>Why a decision is what it is. The numbers are stored.</summary>
internal enum Reason
{
    None = 0,
    NoRule = 1,
    RuleSaysNo = 2,
    Paused = 3,
    SampledOut = 4,
    AskedRecently = 5,
    DismissedRecently = 6,
    AlreadyAsked = 7,
    TooOld = 8,
    Budget = 9,
    OptedOut = 10,
    CannotDm = 11,
    RecipientUnknown = 12,
    RecipientSuspended = 13,
    Limit = 14,
    TooLate = 15,
    WrittenAgain = 16,
    Reopened = 17,
    SenderNotAllowed = 18,
}

internal static class DecisionTexts
{
    private static readonly FrozenDictionary<Decision, string> s_decisions = Enum.GetValues<Decision>().ToFrozenDictionary(one => one, one => Word(one.ToString()));
    private static readonly FrozenDictionary<Reason, string> s_reasons = Enum.GetValues<Reason>().ToFrozenDictionary(one => one, one => Word(one.ToString()));

    public static IReadOnlyList<string> Decisions { get; } = [.. Enum.GetValues<Decision>().Select(one => one.Word)];

    public static IReadOnlyList<string> Reasons { get; } = [.. Enum.GetValues<Reason>().Where(one => one != Reason.None).Select(one => one.Word)];

    extension(Decision decision)
    {
        public string Word => s_decisions[decision];
    }

    extension(Reason reason)
    {
        public string Word => s_reasons[reason];

        /// <summary>What a close that this speaks against becomes.</summary>
        public Decision Outcome => reason switch
        {
            Reason.None => Decision.Scheduled,
            Reason.WrittenAgain or Reason.Reopened => Decision.Withdrawn,
            Reason.SenderNotAllowed => Decision.Failed,
            _ => Decision.Skipped,
        };
    }

    extension(Check check)
    {
        public string Word => Word(check.ToString());
    }

    private static string Word(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
}
