namespace Afterword.Server.Tests.Reports;

/// <summary>Takes nothing until it is left.</summary>
internal sealed class Slow : MemoryStream
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _reached.TrySetResult();
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}

/// <summary>Takes a file, and knows its largest piece.</summary>
internal sealed class Measured : MemoryStream
{
    public int Largest { get; private set; }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Largest = Math.Max(Largest, buffer.Length);
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Takes a file, and has something happen before each piece.</summary>
internal sealed class Interrupted(Func<int, Task> happens) : MemoryStream
{
    private int _pieces;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_pieces < 2) await happens(_pieces++);
        Write(buffer.Span);
    }
}
