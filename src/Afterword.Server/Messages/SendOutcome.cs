using Afterword.Server.Limits;

namespace Afterword.Server.Messages;

/// <summary>A direct message on its way into a batch.</summary>
/// <param name="SenderId">Who writes.</param>
/// <param name="AppId">The app whose limit counts it, too; null for the platform's own Messages, whose users together have no limit.</param>
/// <param name="Draft">What to whom, checked.</param>
internal sealed record SendRequest(long SenderId, long? AppId, MessageDraft Draft);

/// <summary>What became of a direct message. A refusal is an ordinary outcome, not an exception.</summary>
internal abstract record SendOutcome
{
    private SendOutcome()
    {
    }

    internal sealed record Sent(Message Message) : SendOutcome;

    internal sealed record RecipientUnknown : SendOutcome;

    internal sealed record RecipientSuspended : SendOutcome;

    internal sealed record CannotMessage : SendOutcome;

    /// <param name="Reached">The limit that is used up, the user's or the app's; of both, the one that opens later.</param>
    internal sealed record LimitReached(LimitState Reached) : SendOutcome;
}

/// <summary>An outcome with the state of the user's window after it.</summary>
internal sealed record SendAnswer(SendOutcome Outcome, LimitState Window);
