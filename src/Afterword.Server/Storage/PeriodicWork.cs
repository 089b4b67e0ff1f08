namespace Afterword.Server.Storage;

/// <summary>Work that a service does again and again. What goes wrong in one round is told, and ends neither the service nor the host.</summary>
internal static class PeriodicWork
{
    /// <summary>Runs something every so often, until the server stops.</summary>
    /// <param name="every">The time between two rounds.</param>
    /// <param name="clock">Measures it.</param>
    /// <param name="round">What is done.</param>
    /// <param name="failed">Is told of what went wrong.</param>
    /// <param name="stop">The server stops.</param>
    /// <param name="atOnce">Whether the first round comes at once, and not only after that time.</param>
    public static async Task RepeatAsync(
        TimeSpan every, TimeProvider clock, Func<CancellationToken, Task> round, Action<Exception> failed, CancellationToken stop, bool atOnce = false)
    {
        using var timer = new PeriodicTimer(every, clock);
        if (atOnce) await TryAsync(round, failed, stop);
        try
        {
            while (await timer.WaitForNextTickAsync(stop)) await TryAsync(round, failed, stop);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <summary>Runs something once.</summary>
    /// <inheritdoc cref="RepeatAsync"/>
    public static async Task TryAsync(Func<CancellationToken, Task> round, Action<Exception> failed, CancellationToken stop)
    {
        try
        {
            await round(stop);
        }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (!stop.IsCancellationRequested) failed(error);
        }
    }
}
