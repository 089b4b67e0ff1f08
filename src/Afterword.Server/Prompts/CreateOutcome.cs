using Afterword.Client.Wire;
using Afterword.Server.Limits;

namespace Afterword.Server.Prompts;

/// <summary>What became of a create call. A refusal is an ordinary outcome, not an exception.</summary>
internal abstract record CreateOutcome
{
    private CreateOutcome()
    {
    }

    /// <param name="Feedback">The answer, as on the wire.</param>
    /// <param name="Replayed">It was given before, to the same Idempotency-Key.</param>
    internal sealed record Created(FeedbackJson Feedback, bool Replayed) : CreateOutcome;

    internal sealed record KeyReused : CreateOutcome;

    internal sealed record RecipientUnknown : CreateOutcome;

    internal sealed record RecipientSuspended : CreateOutcome;

    internal sealed record CannotMessage : CreateOutcome;

    /// <param name="Until">When this recipient can be asked again, Unix milliseconds.</param>
    internal sealed record RecipientCapReached(long Until) : CreateOutcome;

    internal sealed record SenderCapReached : CreateOutcome;
}

/// <summary>An outcome with the state of the sender's window after it.</summary>
internal sealed record CreateAnswer(CreateOutcome Outcome, LimitState Window);
