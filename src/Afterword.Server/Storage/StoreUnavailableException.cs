namespace Afterword.Server.Storage;

/// <summary>The store cannot be reached, read or written just now. The caller is told to come again.</summary>
internal class StoreUnavailableException(string message, Exception? inner = null, ProblemCause cause = ProblemCause.Unreachable) : Exception(message, inner)
{
    public ProblemCause Cause => cause;
}

/// <summary>More work waits than can be done soon. The caller is told to come again; nothing was stored.</summary>
internal sealed class OverloadedException(string message, Exception? inner = null) : StoreUnavailableException(message, inner, ProblemCause.OverCapacity)
{
    public OverloadedException() : this("The write queue is full.")
    {
    }
}

/// <summary>A commit was sent, and nobody knows what became of it: what it wrote may be stored for good, may get lost, or may be lost already.</summary>
internal sealed class OutcomeUnknownException(string message, Exception? inner = null) : StoreUnavailableException(message, inner, ProblemCause.OutcomeUnknown);

/// <summary>There is no store where one was to be.</summary>
internal sealed class NoStoreException() : Exception("There is no store.");

/// <summary>A server runs on the folder already.</summary>
internal sealed class StoreInUseException(string folder, Exception inner) : InvalidOperationException(
    $"Another server already runs on the store in {folder}. Stop that one, name another folder with --data, or use PostgreSQL (--database), on which several servers can run.", inner);

/// <summary>Nothing is written just now, though the store could be: the message says why, and what ends it.</summary>
internal sealed class HeldException(string message, ProblemCause cause = ProblemCause.ClockRefused) : StoreUnavailableException(message, null, cause);

/// <summary>A reason to write nothing.</summary>
/// <param name="Cause">Which.</param>
/// <param name="Because">The same in a sentence, with what ends it.</param>
internal sealed record Hold(ProblemCause Cause, string Because);
