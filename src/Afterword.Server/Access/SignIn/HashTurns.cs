using System.Net;

namespace Afterword.Server.Access.SignIn;

/// <summary>Who waits together for a password to be hashed.</summary>
internal enum Lane
{
    /// <summary>Users, at a browser in which they signed in before.</summary>
    KnownUsers,

    /// <summary>People of the console, at such a browser.</summary>
    KnownPeople,

    /// <summary>Users, or whoever says so.</summary>
    Users,

    /// <summary>People of the console, or whoever says so.</summary>
    People,
}

/// <summary>
/// Lets few passwords be hashed at once, since each takes a tenth of a second of a core by design. The lanes take turns, and within
/// a lane the addresses do: whoever fills a lane delays the others by a hash each, and shuts nobody out of them.
/// </summary>
internal sealed class HashTurns
{
    private const int MostOfLane = 64;
    private const int MostOfAddress = 8;

    private readonly Lock _lock = new();
    private readonly Line[] _lanes = [.. Enum.GetValues<Lane>().Select(_ => new Line())];
    private int _free;
    private int _last;

    /// <param name="atOnce">How many are hashed at once.</param>
    public HashTurns(int atOnce) => _free = atOnce;

    /// <returns>The turn, to be disposed after the hash; null when too many wait.</returns>
    public async Task<Turn?> TakeAsync(Lane lane, IPAddress address, CancellationToken stop)
    {
        Waiter? waiter;
        lock (_lock)
        {
            // Nobody waits while one is free.
            if (_free > 0)
            {
                _free--;
                return new(this);
            }

            waiter = _lanes[(int)lane].Add(address);
        }

        if (waiter is null) return null;

        using var leaving = stop.Register(() =>
        {
            lock (_lock) _lanes[(int)lane].Remove(waiter);

            // Does nothing to one whose turn has come.
            waiter.Turn.TrySetCanceled(stop);
        });
        return await waiter.Turn.Task ? new(this) : null;
    }

    private void Give()
    {
        lock (_lock)
        {
            for (var step = 1; step <= _lanes.Length; step++)
            {
                var lane = (_last + step) % _lanes.Length;
                while (_lanes[lane].Next() is { } waiter)
                {
                    if (!waiter.Turn.TrySetResult(true)) continue;

                    _last = lane;
                    return;
                }
            }

            _free++;
        }
    }

    /// <summary>Given back when it is disposed.</summary>
    internal sealed class Turn(HashTurns turns) : IDisposable
    {
        private HashTurns? _turns = turns;

        public void Dispose() => Interlocked.Exchange(ref _turns, null)?.Give();
    }

    private sealed class Waiter(IPAddress address)
    {
        public IPAddress Address => address;

        /// <summary>True when it is this one's turn, false when it has to make room.</summary>
        public TaskCompletionSource<bool> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Those who wait in a lane, by address; the addresses in the order of their turns.</summary>
    private sealed class Line
    {
        private readonly LinkedList<LinkedList<Waiter>> _turns = [];
        private readonly Dictionary<IPAddress, LinkedListNode<LinkedList<Waiter>>> _byAddress = [];
        private int _count;

        public Waiter? Add(IPAddress address)
        {
            var waits = _byAddress.TryGetValue(address, out var own) ? own.Value.Count : 0;
            if (waits >= MostOfAddress || (_count >= MostOfLane && !MakeRoomFor(waits))) return null;

            var waiter = new Waiter(address);
            if (!_byAddress.TryGetValue(address, out own)) own = _byAddress[address] = _turns.AddLast(new LinkedList<Waiter>());
            own.Value.AddLast(waiter);
            _count++;
            return waiter;
        }

        public Waiter? Next()
        {
            if (_turns.First is not { } first) return null;

            var waiter = first.Value.First!.Value;
            Remove(waiter);
            if (first.Value.Count > 0)
            {
                _turns.Remove(first);
                _turns.AddLast(first);
            }

            return waiter;
        }

        public void Remove(Waiter waiter)
        {
            if (!_byAddress.TryGetValue(waiter.Address, out var own) || !own.Value.Remove(waiter)) return;

            _count--;
            if (own.Value.Count > 0) return;

            _turns.Remove(own);
            _byAddress.Remove(waiter.Address);
        }

        // In a full lane the address with the most gives a place to one that has fewer.
        private bool MakeRoomFor(int waits)
        {
            if (_turns.MaxBy(line => line.Count) is not { } longest || longest.Count <= waits + 1) return false;

            var last = longest.Last!.Value;
            Remove(last);
            last.Turn.TrySetResult(false);
            return true;
        }
    }
}
