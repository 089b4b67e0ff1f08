namespace Afterword.Server.Automation.Funnels;

/// <summary>How far a closed conversation has come. Whatever reached a step reached all before it.</summary>
public enum FunnelStep
{
    Closed,

    /// <summary>A rule fits and the customer could be asked: it came to the sample.</summary>
    Eligible,

    Scheduled,

    Asked,

    Delivered,

    Scored,

    /// <summary>With a score and a comment.</summary>
    Commented,
}

/// <summary>Where a conversation has come to, and why no further.</summary>
/// <param name="Reached">The last step.</param>
/// <param name="Reason">Why there was no request; <see cref="Reason.None"/> while it waits, and behind the request.</param>
/// <param name="Dismissed">Whether the card was dismissed without a score.</param>
internal readonly record struct FunnelEnd(FunnelStep Reached, Reason Reason = Reason.None, bool Dismissed = false)
{
    private const int Delivered = 1;
    private const int Scored = 2;
    private const int Commented = 4;
    private const int WasDismissed = 8;

    /// <summary>What became of the request of a conversation <c>c</c>, as <see cref="Of"/> takes it. A select of its own: a join would let PostgreSQL begin with all requests of the sender.</summary>
    public const string RequestSql =
        """
        (select p.delivered + case when p.score is null then 0 else 2 end + case when p.score is null or p.comment is null then 0 else 4 end + case when p.dismissed_at is null then 0 else 8 end
            from prompt p where p.sender_id = c.sender_id and p.id = c.prompt_id)
        """;

    /// <param name="decision">What was decided.</param>
    /// <param name="reason">Why.</param>
    /// <param name="wasScheduled">Whether a request was ever scheduled.</param>
    /// <param name="request">What <see cref="RequestSql"/> gave; null where there is no request, or where it was erased.</param>
    public static FunnelEnd Of(Decision decision, Reason reason, bool wasScheduled, int? request) => decision switch
    {
        Decision.Asked => OfRequest(request ?? 0),
        _ when wasScheduled => new(FunnelStep.Scheduled, reason),
        _ when reason == Reason.SampledOut => new(FunnelStep.Eligible, reason),
        _ => new(FunnelStep.Closed, reason),
    };

    private static FunnelEnd OfRequest(int request) =>
        (request & Commented) != 0 ? new(FunnelStep.Commented)
        : (request & Scored) != 0 ? new(FunnelStep.Scored)
        : (request & Delivered) != 0 ? new(FunnelStep.Delivered, Dismissed: (request & WasDismissed) != 0)
        : new(FunnelStep.Asked);
}

/// <summary>How many conversations reached each step.</summary>
internal sealed class FunnelCounts
{
    private readonly long[] _reached = new long[(int)FunnelStep.Commented + 1];

    public long this[FunnelStep step] => _reached[(int)step];

    public void Add(FunnelStep reached)
    {
        for (var step = FunnelStep.Closed; step <= reached; step++) _reached[(int)step]++;
    }
}
