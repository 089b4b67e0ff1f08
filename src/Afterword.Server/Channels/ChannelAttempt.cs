namespace Afterword.Server.Channels;

/// <summary>What one attempt to send came to. The numbers are stored.</summary>
internal enum AttemptOutcome
{
    /// <summary>The other side took it over.</summary>
    Sent = 1,

    /// <summary>It did not work this time.</summary>
    Failed = 2,

    /// <summary>The other side will never take it.</summary>
    Refused = 3,

    /// <summary>It broke off at a point where the other side may have taken it already. It comes again, under the same id.</summary>
    Uncertain = 4,
}

/// <summary>One attempt that has ended.</summary>
/// <param name="Took">Milliseconds.</param>
/// <param name="Status">What the other side answered: a status of HTTP or a reply of SMTP; null when it did not.</param>
/// <param name="Error">What went wrong, or null.</param>
/// <param name="RetryAfter">How long the other side asked to be left alone.</param>
/// <param name="Hold">For how long the other side takes nothing more of this sender, by its limits; null when it takes more.</param>
internal sealed record ChannelAttempt(AttemptOutcome Outcome, long Took, int? Status, string? Error, TimeSpan? RetryAfter = null, TimeSpan? Hold = null)
{
    /// <summary>It came too early, by the other side's limits. That says nothing about the request, and does not bring it closer to being dead.</summary>
    public bool IsEarly => Outcome == AttemptOutcome.Failed && Hold is not null;

    /// <summary>The other side has the message, or may have it.</summary>
    public bool MayHaveArrived => Outcome is AttemptOutcome.Sent or AttemptOutcome.Uncertain;

    /// <summary>It is not made again by itself, though it may not have arrived: the other side would have the message twice, and nothing could show whether it has.</summary>
    public bool IsLast { get; init; }
}
