namespace Afterword.Server.Storage;

/// <summary>The store cannot be reached, read or written just now. The caller is told to come again.</summary>
internal class StoreUnavailableException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>More work waits than can be done soon. The caller is told to come again; nothing was stored.</summary>
internal sealed class OverloadedException(string message, Exception? cause = null) : StoreUnavailableException(message, cause)
{
    public OverloadedException() : this("The write queue is full.")
    {
    }
}

/// <summary>A commit was sent, and nobody knows what became of it: what it wrote may be stored for good, may get lost, or may be lost already.</summary>
internal sealed class OutcomeUnknownException(string message, Exception? cause = null) : StoreUnavailableException(message, cause);

/// <summary>There is no store where one was to be.</summary>
internal sealed class NoStoreException() : Exception("There is no store.");

/// <summary>Nothing is written just now, though the store could be: the message says why, and what ends it.</summary>
internal sealed class HeldException(string message) : StoreUnavailableException(message);
