using System.Threading.Channels;

namespace Afterword.Server.Hosting;

/// <summary>Lets one waiter go on each time that it is set. Set while nobody waits, it lets the next one go on at once; more than once counts as once.</summary>
internal sealed class AsyncAutoResetEvent
{
    private readonly Channel<bool> _set = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _set.Writer.TryWrite(true);

    /// <summary>Waits until it is set, but no longer than <paramref name="most"/>.</summary>
    public async Task WaitAsync(TimeSpan most, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(most);
        try
        {
            await _set.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // It was not set in time.
        }
    }
}
