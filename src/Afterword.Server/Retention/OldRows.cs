using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Finds what a sender has of one kind that is too old, some rows at a time and each row once: to count it, or to remove it.</summary>
/// <remarks>
/// Both take the same way, so that what a dry run counts is what then goes. Rows are read outside the transaction that removes them: a step
/// holds up writers by its own writes alone.
/// </remarks>
internal abstract class OldRows
{
    /// <summary>Whether they are only counted: then nobody waits for a step, and it may be longer.</summary>
    public bool AreCounted { get; init; }

    /// <summary>How many rows a step looks at.</summary>
    protected long StepLength => AreCounted ? 1_000 : 100;

    /// <summary>How many rows were looked at.</summary>
    public long Looked { get; protected set; }

    /// <summary>Looks at the next rows; null when there are no more.</summary>
    public abstract Task<OldStep?> NextAsync(CancellationToken stop);
}

/// <summary>Some rows that are too old.</summary>
/// <param name="Found">How many, by kind; <see cref="RemovedCounts.Nothing"/> when all that was looked at stays.</param>
/// <param name="RemoveAsync">Removes them and notes how far that is done; gives what it removed, which is less where someone came back meanwhile.</param>
internal sealed record OldStep(RemovedCounts Found, Func<Session, CancellationToken, Task<RemovedCounts>> RemoveAsync);
