using Afterword.Server.Automation.Rules;
using Afterword.Server.Limits;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation;

/// <summary>What is looked at, in this order: the first that fails is the reason.</summary>
internal enum Check
{
    Recipient,
    OptedOut,
    CanDm,
    RecipientInterval,
    Dismissal,
    Conversation,
    Rule,
    Budget,
    Sample,
}

/// <summary>What is known when it is decided. Times are Unix milliseconds.</summary>
/// <param name="Now">The present.</param>
/// <param name="SenderId">Who would ask.</param>
/// <param name="RecipientId">Who would be asked.</param>
/// <param name="Test">Whether it is a test, for which no interval counts.</param>
/// <param name="ClosedAt">When the conversation was closed.</param>
/// <param name="ConversationFacts">What conditions look at.</param>
/// <param name="Facts">Of the recipient.</param>
/// <param name="AskedAt">When the recipient was last asked, tests aside.</param>
/// <param name="AlreadyAsked">Someone was asked about this conversation.</param>
/// <param name="LeastInterval">How long every request must wait for after the one before, whatever the rules say.</param>
/// <param name="Rules">The sender's.</param>
/// <param name="Draw">The conversation's; null where there is none.</param>
/// <param name="Windows">How often rules with a limit by day have asked.</param>
internal sealed record DecisionInput(
    long Now, long SenderId, long RecipientId, bool Test, long ClosedAt, ConversationFacts ConversationFacts, RecipientFacts Facts, long? AskedAt, bool AlreadyAsked, long LeastInterval,
    RuleSet Rules, Draw? Draw, IReadOnlyDictionary<string, DayWindow> Windows);

/// <summary>What was decided, with what every check says.</summary>
internal sealed class Verdict
{
    private readonly (Reason Reason, long? NextAt)[] _checks = new (Reason, long?)[(int)Check.Sample + 1];

    /// <summary>Of the first check that fails; <see cref="Reason.None"/> when all hold.</summary>
    public Reason Reason { get; private set; }

    /// <summary>The rule that decides; null when none fits.</summary>
    public Rule? Rule { get; set; }

    /// <summary>When it would be asked, quiet hours heeded.</summary>
    public long? DueAt { get; set; }

    public Reason this[Check check] => _checks[(int)check].Reason;

    /// <summary>When all that speaks against it has passed; null when waiting does not help.</summary>
    public long? NextEligibleAt => NextOf(Check.Sample);

    /// <summary>The same of the checks up to this one.</summary>
    public long? NextOf(Check last)
    {
        var latest = (long?)null;
        foreach (var (reason, nextAt) in _checks.AsSpan(0, (int)last + 1))
        {
            if (reason == Reason.None) continue;
            if (nextAt is not { } at) return null;
            latest = Math.Max(latest ?? at, at);
        }

        return latest;
    }

    public void Note(Check check, Reason reason, long? nextAt = null)
    {
        _checks[(int)check] = (reason, nextAt);
        if (Reason == Reason.None) Reason = reason;
    }
}

/// <summary>Decides on a conversation. A close, the dry run and what is due go through here: they cannot differ.</summary>
internal static class Decide
{
    public static Verdict OnClose(DecisionInput input)
    {
        var verdict = new Verdict();
        OnRecipient(verdict, input, input.Rules);
        var rule = verdict.Rule = input.Rules.FirstFor(input.ConversationFacts, out var isTooOld);
        verdict.Note(Check.Conversation, input.Facts.WroteAt > input.ClosedAt ? Reason.WrittenAgain : input.AlreadyAsked && rule?.Request is { Again: false } ? Reason.AlreadyAsked : Reason.None);
        verdict.Note(Check.Rule, rule switch
        {
            null when isTooOld => Reason.TooOld,
            null => Reason.NoRule,
            { Request: null } => Reason.RuleSaysNo,
            _ => input.Rules.Silence,
        });
        if (rule?.Request is not { } request) return verdict;

        var due = verdict.DueAt = DueAt(input, request);
        if (!input.Test && BudgetUntil(input, rule) is { } until && due < until) verdict.Note(Check.Budget, Reason.Budget, until);
        if (input.Draw is { } draw && !draw.IsBelow(request.Rate)) verdict.Note(Check.Sample, Reason.SampledOut);
        return verdict;
    }

    /// <summary>Looks again at what was scheduled. The sample was drawn, and the budget is counted by whoever asks.</summary>
    /// <param name="input">With the rules by which it was scheduled.</param>
    /// <param name="rule">The rule that did it.</param>
    /// <param name="receivedAt">When the close was received.</param>
    /// <param name="silence">Why the rules that hold now ask nobody, if so.</param>
    public static Reason OnDue(DecisionInput input, Rule? rule, long receivedAt, Reason silence)
    {
        var verdict = new Verdict();
        OnRecipient(verdict, input, input.Rules);
        verdict.Note(
            Check.Conversation,
            input.Facts.WroteAt is { } wrote && (wrote > input.ClosedAt || wrote > receivedAt) ? Reason.WrittenAgain : input.AlreadyAsked && rule?.Request is { Again: false } ? Reason.AlreadyAsked : Reason.None);
        verdict.Note(Check.Rule, rule?.Request is null ? Reason.NoRule : silence);
        return verdict.Reason;
    }

    /// <summary>The first moment from <paramref name="at"/> on at which someone may be asked.</summary>
    public static long Opening(RuleSet rules, long at) =>
        rules.QuietHours is { } quiet ? quiet.NextOpening(DateTimeOffset.FromUnixTimeMilliseconds(at)).ToUnixTimeMilliseconds() : at;

    private static void OnRecipient(Verdict verdict, DecisionInput input, RuleSet rules)
    {
        var facts = input.Facts;
        verdict.Note(Check.Recipient, facts.Name is null ? Reason.RecipientUnknown : facts.Suspended ? Reason.RecipientSuspended : Reason.None);
        verdict.Note(Check.OptedOut, facts.OptedOut ? Reason.OptedOut : Reason.None);
        verdict.Note(Check.CanDm, input.RecipientId == input.SenderId || !facts.CanBeMessaged ? Reason.CannotDm : Reason.None);
        if (input.Test || facts.Exempt) return;

        // Stamps may be ahead of the clock by milliseconds: without an interval, what was asked just now is not in the way.
        var interval = Math.Max(input.LeastInterval, (long)rules.RecipientInterval.TotalMilliseconds);
        if (interval > 0 && input.AskedAt is { } asked && input.Now < asked + interval) verdict.Note(Check.RecipientInterval, Reason.AskedRecently, asked + interval);
        if (rules.AfterDismissalDays > 0 && facts.DismissedAt is { } dismissed && dismissed <= input.Now + RateWindows.Ahead && dismissed + (long)rules.AfterDismissal.TotalMilliseconds is var until && input.Now < until)
        {
            verdict.Note(Check.Dismissal, Reason.DismissedRecently, until);
        }
    }

    private static long DueAt(DecisionInput input, RuleRequest request) => Opening(input.Rules, Math.Max(input.Now, input.ClosedAt + (long)request.Delay.TotalMilliseconds));

    /// <summary>Until when the rule has used up its day; null while it has not.</summary>
    private static long? BudgetUntil(DecisionInput input, Rule rule) =>
        rule.Request!.PerDay is { } most && input.Windows.TryGetValue(rule.Name, out var window) && window.Used >= most ? window.StartedAt + DayWindow.Length : null;
}
