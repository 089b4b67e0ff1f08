using Afterword.Server.Webhooks;

namespace Afterword.Server.Hosting.Transport;

/// <summary>Permits for someone who looks again when there is one, instead of standing still until then.</summary>
/// <param name="connections">Who gives them.</param>
/// <param name="to">Where the connections lead.</param>
/// <param name="come">Called when there is one that was waited for.</param>
internal sealed class PermitRequest(OutgoingConnections connections, EndpointKey to, Action come) : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private Task<OutgoingPermit>? _waiting;

    /// <summary>Whether one is waited for, or has come and is not taken.</summary>
    public bool IsWaiting => _waiting is not null;

    /// <summary>Ends when the one that is waited for has come.</summary>
    public Task Come => _waiting ?? Task.CompletedTask;

    /// <summary>Gives a permit; null when there is none, and then begins to wait for the next.</summary>
    public OutgoingPermit? TryTake()
    {
        if (_waiting is null)
        {
            if (connections.TryTake(to) is { } free) return free;

            _waiting = connections.TakeAsync(to, _over.Token);
            _ = _waiting.ContinueWith(_ => come(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            return null;
        }

        if (!_waiting.IsCompletedSuccessfully) return null;

        var permit = _waiting.Result;
        _waiting = null;
        return permit;
    }

    /// <summary>Gives back what has come and is not needed.</summary>
    public void GiveBack()
    {
        if (_waiting is { IsCompletedSuccessfully: true }) TryTake()?.Dispose();
    }

    public void Dispose()
    {
        _over.Cancel();
        _ = _waiting?.ContinueWith(come => come.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        _waiting = null;
        _over.Dispose();
    }
}
