namespace Afterword.Server.Storage;

/// <summary>Keeps writes that run by themselves from taking all connections, of which reads need some, when their commits hang.</summary>
/// <param name="most">How many run at once.</param>
/// <param name="patience">How long one waits for its turn.</param>
/// <param name="clock">Measures that.</param>
internal sealed class SingleWrites(int most, TimeSpan patience, TimeProvider clock) : IAsyncDisposable
{
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim _turns = new(most);
    private volatile bool _isStalled;

    /// <summary>Whether nobody got a turn for so long that who comes now is refused at once.</summary>
    public bool IsStalled => _isStalled;

    /// <exception cref="StoreUnavailableException">None of those that run has ended for a while.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> write, CancellationToken stop)
    {
        await EnterAsync(stop);
        try
        {
            return await write();
        }
        finally
        {
            _isStalled = false;
            _turns.Release();
        }
    }

    /// <summary>Waits a moment for those that run.</summary>
    public async ValueTask DisposeAsync()
    {
        using var enough = new CancellationTokenSource(s_farewell, clock);
        try
        {
            for (var turn = 0; turn < most; turn++) await _turns.WaitAsync(enough.Token);
            _turns.Dispose();
        }
        catch (OperationCanceledException)
        {
            // Whoever is left gives a turn back that nobody takes.
        }
    }

    private async Task EnterAsync(CancellationToken stop)
    {
        if (await _turns.WaitAsync(TimeSpan.Zero, stop)) return;
        if (_isStalled) throw Stalled();

        using var enough = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, stop);
        try
        {
            await _turns.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            _isStalled = true;
            throw Stalled();
        }
    }

    private static StoreUnavailableException Stalled() => new("Writes wait for the database, and none of them ends.", cause: ProblemCause.CommitsHang);
}
