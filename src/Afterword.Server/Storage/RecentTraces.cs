using System.Collections.Concurrent;
using System.Diagnostics;

namespace Afterword.Server.Storage;

/// <summary>In which trace a request for feedback was made, of the latest whose traces are collected: its delivery goes on in it.</summary>
/// <remarks>In memory alone. A delivery by another node, after a restart or much later begins a trace of its own.</remarks>
internal sealed class RecentTraces
{
    private const int Most = 1_024;

    private readonly ConcurrentDictionary<long, ActivityContext> _byPrompt = new();
    private readonly ConcurrentQueue<long> _order = new();

    public void Note(long prompt, ActivityContext trace)
    {
        if (!_byPrompt.TryAdd(prompt, trace)) return;

        _order.Enqueue(prompt);
        if (_order.Count > Most && _order.TryDequeue(out var oldest)) _byPrompt.TryRemove(oldest, out _);
    }

    /// <returns>The default when it is not known.</returns>
    public ActivityContext Of(long prompt) => _byPrompt.GetValueOrDefault(prompt);
}
