namespace Afterword.Server.Automation.Funnels;

/// <summary>Decisions in words that people read.</summary>
internal static class DecisionText
{
    /// <summary>The ticket of a conversation; its id may have been removed.</summary>
    public static string TicketOf(string externalId) => externalId.Length == 0 ? "(removed)" : externalId;

    /// <summary>The name of a step.</summary>
    public static string Of(FunnelStep step) => step switch
    {
        FunnelStep.Closed => "Closed",
        FunnelStep.Eligible => "Eligible",
        FunnelStep.Scheduled => "Scheduled",
        FunnelStep.Asked => "Asked",
        FunnelStep.Delivered => "Delivered",
        FunnelStep.Scored => "Scored",
        _ => "Commented",
    };

    /// <summary>What a step means, in one line.</summary>
    public static string MeaningOf(FunnelStep step) => step switch
    {
        FunnelStep.Closed => "conversations that ended",
        FunnelStep.Eligible => "a rule fits, and the customer could be asked",
        FunnelStep.Scheduled => "in the sample",
        FunnelStep.Asked => "the request was made",
        FunnelStep.Delivered => "it reached the customer",
        FunnelStep.Scored => "the customer gave a score",
        _ => "and wrote a comment",
    };

    /// <summary>Why a conversation went no further, in a few words.</summary>
    public static string Of(FunnelEnd end) => end switch
    {
        { Reached: FunnelStep.Commented } => "Scored, with a comment",
        { Reached: FunnelStep.Scored } => "No comment",
        { Reached: FunnelStep.Delivered, Dismissed: true } => "Dismissed without a score",
        { Reached: FunnelStep.Delivered } => "No response yet",
        { Reached: FunnelStep.Asked } => "Could not be delivered",
        { Reason: Reason.None } => "Waiting until it is due",
        { Reason: var reason } => Of(reason),
    };

    public static string Of(Reason reason) => reason switch
    {
        Reason.NoRule => "No rule fits",
        Reason.RuleSaysNo => "A rule says no, or requests were off",
        Reason.Paused => "Requests were paused",
        Reason.SampledOut => "Not in the sample",
        Reason.AskedRecently => "Customer got a request recently",
        Reason.DismissedRecently => "Customer dismissed a card recently",
        Reason.AlreadyAsked => "A request was made about it before",
        Reason.TooOld => "Reported too long after it was closed",
        Reason.Budget => "The rule had reached its daily limit",
        Reason.OptedOut => "Customer wants no requests",
        Reason.CannotDm => "Customer does not accept messages from you",
        Reason.RecipientUnknown => "Customer is unknown",
        Reason.RecipientSuspended => "Customer is suspended",
        Reason.Limit => "Your daily limit was reached",
        Reason.TooLate => "No server ran when it was due",
        Reason.WrittenAgain => "Customer wrote again",
        Reason.Reopened => "Conversation was reopened",
        Reason.SenderNotAllowed => "You may not send requests any more",
        _ => "–",
    };

    /// <summary>What became of it, for the badge in the list.</summary>
    public static string Of(Decision decision) => decision switch
    {
        Decision.Scheduled => "Scheduled",
        Decision.Asked => "Asked",
        Decision.Skipped => "Not asked",
        Decision.Withdrawn => "Withdrawn",
        _ => "Failed",
    };

    public static string ToneOf(Decision decision) => decision switch
    {
        Decision.Scheduled => "main",
        Decision.Asked => "good",
        Decision.Failed => "bad",
        Decision.Withdrawn => "warn",
        _ => "",
    };
}
