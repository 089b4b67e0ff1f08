namespace Afterword.Server.Automation.Simulation;

/// <summary>A scheduled conversation: as little as there may be many.</summary>
/// <param name="Number">How many were scheduled before it.</param>
/// <param name="Rule">Its place in the draft.</param>
/// <param name="Because">What spoke against it later, as it did; a <see cref="Reason"/>.</param>
/// <param name="Did">What was decided.</param>
/// <param name="DidBecause">Why.</param>
internal readonly record struct WaitingClose(long Customer, long Ticket, int Number, byte Rule, byte Because, byte Did, byte DidBecause)
{
    public Reason Later => (Reason)Because;
}

/// <summary>Scheduled conversations in the order in which they are due. A queue for each hour: one for all would need twice its memory each time that it grows.</summary>
internal sealed class WaitingCloses
{
    private const long Hour = 3_600_000;

    private readonly SortedDictionary<long, PriorityQueue<WaitingClose, (long Due, int Number)>> _hours = [];

    // Those of hours that are over, for hours to come.
    private readonly Stack<PriorityQueue<WaitingClose, (long Due, int Number)>> _spare = new();

    // The first of them, which is looked at for each close.
    private (long Hour, PriorityQueue<WaitingClose, (long Due, int Number)> Queue)? _first;

    public void Enqueue(in WaitingClose one, long due)
    {
        var hour = due / Hour;
        if (!_hours.TryGetValue(hour, out var queue)) _hours.Add(hour, queue = _spare.TryPop(out var spare) ? spare : new());
        if (_first is not { } first || hour < first.Hour) _first = (hour, queue);
        queue.Enqueue(one, (due, one.Number));
    }

    /// <summary>Takes what is due first, if it is due by then.</summary>
    public bool TryDequeue(long time, out WaitingClose one, out long due)
    {
        (one, due) = (default, 0);
        if (_first is not { } first || !first.Queue.TryPeek(out one, out var place) || place.Due > time) return false;

        due = place.Due;
        first.Queue.Dequeue();
        if (first.Queue.Count == 0)
        {
            _hours.Remove(first.Hour);
            _spare.Push(first.Queue);
            _first = _hours.FirstOrDefault() is { Value: { } queue } next ? (next.Key, queue) : null;
        }

        return true;
    }
}
