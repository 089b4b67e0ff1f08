using System.Net;

namespace Afterword.Server.SignIn;

/// <summary>
/// Requests for links that wait to be mailed, by the network that they came from. The networks take turns, and each has one under way: whoever
/// sends many, or many for which the mail server is slow, holds up their own and nobody else's.
/// </summary>
internal sealed class ResetQueue<T> : IDisposable
{
    private const int Most = 256;
    private const int MostOfNetwork = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Line> _lines = [];
    private readonly Queue<Line> _ready = [];
    private readonly SemaphoreSlim _turns = new(0);
    private int _count;

    /// <summary>Lets a request wait. In a full queue, a network with many gives a place to one with few.</summary>
    /// <returns>False when there is no room.</returns>
    public bool TryAdd(IPAddress network, T request)
    {
        lock (_lock)
        {
            var waits = _lines.TryGetValue(network, out var line) ? line.Waiting.Count : 0;
            if (waits >= MostOfNetwork || (_count >= Most && !MakeRoomFor(waits))) return false;

            line ??= _lines[network] = new(network);
            line.Waiting.AddLast(request);
            _count++;
            if (waits == 0 && !line.IsBusy) MakeReady(line);
            return true;
        }
    }

    /// <summary>Takes the next request, and holds back the others of its network until it is disposed of.</summary>
    public async Task<ResetSlot> TakeAsync(CancellationToken stop)
    {
        await _turns.WaitAsync(stop);
        lock (_lock)
        {
            var line = _ready.Dequeue();
            var request = line.Waiting.First!.Value;
            line.Waiting.RemoveFirst();
            line.IsBusy = true;
            _count--;
            return new(this, line, request);
        }
    }

    public void Dispose() => _turns.Dispose();

    private void MakeReady(Line line)
    {
        _ready.Enqueue(line);
        _turns.Release();
    }

    private bool MakeRoomFor(int waits)
    {
        var worst = _lines.Values.MaxBy(line => line.Waiting.Count)!;
        if (worst.Waiting.Count <= waits + 1) return false;

        worst.Waiting.RemoveLast();
        _count--;
        return true;
    }

    private void End(Line line)
    {
        lock (_lock)
        {
            line.IsBusy = false;
            if (line.Waiting.Count > 0) MakeReady(line);
            else _lines.Remove(line.Network);
        }
    }

    /// <summary>A request that is under way.</summary>
    internal sealed class ResetSlot(ResetQueue<T> queue, Line line, T request) : IDisposable
    {
        public T Request => request;

        public void Dispose() => queue.End(line);
    }

    /// <summary>What waits of a network.</summary>
    internal sealed class Line(IPAddress network)
    {
        public IPAddress Network => network;

        public LinkedList<T> Waiting { get; } = [];

        public bool IsBusy { get; set; }
    }
}
