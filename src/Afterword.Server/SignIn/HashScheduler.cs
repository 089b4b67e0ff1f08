using System.Net;

namespace Afterword.Server.SignIn;

/// <summary>Who waits together for a password to be hashed.</summary>
internal enum HashQueue
{
    /// <summary>Users, at a browser in which they signed in before.</summary>
    KnownUsers,

    /// <summary>People of the console, at such a browser.</summary>
    KnownPeople,

    /// <summary>Users, or whoever says so.</summary>
    Users,

    /// <summary>People of the console, or whoever says so.</summary>
    People,

    /// <summary>Those who choose a new password, after a link or the old one.</summary>
    NewPasswords,
}

/// <summary>
/// Lets few passwords be hashed at once, since each takes a tenth of a second of a core by design. The queues take turns, and within
/// a queue the addresses do, those first that guessed wrong least often in the last minute: whoever fills a queue delays the others by
/// a hash each and shuts nobody out of them, and gives way in their own to whoever comes for the first time.
/// </summary>
internal sealed class HashScheduler
{
    private const int MostOfQueue = 64;
    private const int MostOfAddress = 8;

    private readonly Lock _lock = new();
    private readonly HashLine[] _queues = [.. Enum.GetValues<HashQueue>().Select(_ => new HashLine())];
    private int _free;
    private int _last;

    /// <param name="atOnce">How many are hashed at once; half of the processors at most, for the rest goes on serving.</param>
    public HashScheduler(int atOnce) => _free = atOnce;

    /// <param name="queue">With whom to wait.</param>
    /// <param name="address">Who waits.</param>
    /// <param name="failures">How often this address guessed wrong lately.</param>
    /// <param name="stop">Leaves the line.</param>
    /// <returns>The turn, to be disposed after the hash; null when too many wait.</returns>
    public async Task<HashSlot?> TakeAsync(HashQueue queue, IPAddress address, long failures, CancellationToken stop)
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

            waiter = _queues[(int)queue].Add(address, failures);
        }

        if (waiter is null) return null;

        using var leaving = stop.Register(() =>
        {
            lock (_lock) _queues[(int)queue].Remove(waiter);

            // Does nothing to one whose turn has come.
            waiter.Turn.TrySetCanceled(stop);
        });
        return await waiter.Turn.Task ? new(this) : null;
    }

    private void Give()
    {
        lock (_lock)
        {
            for (var step = 1; step <= _queues.Length; step++)
            {
                var queue = (_last + step) % _queues.Length;
                while (_queues[queue].Next() is { } waiter)
                {
                    if (!waiter.Turn.TrySetResult(true)) continue;

                    _last = queue;
                    return;
                }
            }

            _free++;
        }
    }

    /// <summary>Given back when it is disposed.</summary>
    internal sealed class HashSlot(HashScheduler turns) : IDisposable
    {
        private HashScheduler? _turns = turns;

        public void Dispose() => Interlocked.Exchange(ref _turns, null)?.Give();
    }

    private sealed class Waiter(IPAddress address)
    {
        public IPAddress Address => address;

        /// <summary>True when it is this one's turn, false when it has to make room.</summary>
        public TaskCompletionSource<bool> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Those who wait from one address.</summary>
    private sealed class AddressQueue
    {
        public long Failures { get; set; }

        public LinkedList<Waiter> Waiting { get; } = [];
    }

    /// <summary>Those who wait in a queue, by address; the addresses in the order of their turns.</summary>
    private sealed class HashLine
    {
        private readonly LinkedList<AddressQueue> _turns = [];
        private readonly Dictionary<IPAddress, LinkedListNode<AddressQueue>> _byAddress = [];
        private int _count;

        public Waiter? Add(IPAddress address, long failures)
        {
            var waits = _byAddress.TryGetValue(address, out var own) ? own.Value.Waiting.Count : 0;
            if (waits >= MostOfAddress || (_count >= MostOfQueue && !MakeRoomFor(failures, waits))) return null;

            var waiter = new Waiter(address);
            if (!_byAddress.TryGetValue(address, out own)) own = _byAddress[address] = _turns.AddLast(new AddressQueue());
            own.Value.Failures = failures;
            own.Value.Waiting.AddLast(waiter);
            _count++;
            return waiter;
        }

        public Waiter? Next()
        {
            // The first of those with the fewest failures.
            if (_turns.MinBy(one => one.Failures) is not { } queue) return null;

            var waiter = queue.Waiting.First!.Value;
            var own = _byAddress[waiter.Address];
            Remove(waiter);
            if (queue.Waiting.Count > 0)
            {
                _turns.Remove(own);
                _turns.AddLast(own);
            }

            return waiter;
        }

        public void Remove(Waiter waiter)
        {
            if (!_byAddress.TryGetValue(waiter.Address, out var own) || !own.Value.Waiting.Remove(waiter)) return;

            _count--;
            if (own.Value.Waiting.Count > 0) return;

            _turns.Remove(own);
            _byAddress.Remove(waiter.Address);
        }

        // In a full queue whoever failed most, or waits with most, gives a place to one who is better.
        private bool MakeRoomFor(long failures, int waits)
        {
            var worst = _turns.MaxBy(one => (one.Failures, one.Waiting.Count))!;
            if ((worst.Failures, worst.Waiting.Count).CompareTo((failures, waits + 1)) <= 0) return false;

            var last = worst.Waiting.Last!.Value;
            Remove(last);
            last.Turn.TrySetResult(false);
            return true;
        }
    }
}
