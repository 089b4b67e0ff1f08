using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Configuration;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Hosting.Transport;

/// <summary>Bounds the connections that this node has open to webhooks, senders' own means and the mail server, all together, and shares them out.</summary>
/// <remarks>
/// A permit is for one connection in use. Where there is none, those who want one wait. First comes whose sender has fewest in use, then whose endpoint has,
/// then who waited longest; and one sender has half of them at most. So what hangs at one sender holds nobody else up, and what hangs at many does so
/// for no longer than an attempt takes. Connections that are kept for the next request count too, and give way when a permit needs their room.
/// </remarks>
internal sealed partial class OutgoingConnections : IDisposable
{
    private const int MostByDefault = 512;

    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(2);

    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, int> _ofSender = [];
    private readonly Dictionary<EndpointKey, int> _ofEndpoint = [];
    private readonly List<Waiter> _waiting = [];
    private readonly LinkedList<Kept> _kept = [];

    public OutgoingConnections(Settings settings, TimeProvider clock, ILogger<OutgoingConnections> log)
        : this(settings, OpenFiles.Limit(), clock, log)
    {
    }

    internal OutgoingConnections(Settings settings, int? openFiles, TimeProvider clock, ILogger<OutgoingConnections> log)
    {
        _clock = clock;
        var room = openFiles is { } files ? OpenFiles.RoomForOutgoing(files) : int.MaxValue;
        Most = Math.Min(settings.Http.MaxOutgoingConnections ?? MostByDefault, room);
        MostOfSender = Math.Max(1, Most / 2);
        if (settings.Http.MaxOutgoingConnections > Most) FewerThanSet(log, settings.Http.MaxOutgoingConnections.Value, openFiles, Most);
    }

    /// <summary>Open at once.</summary>
    public int Most { get; }

    /// <summary>In use at once for one sender.</summary>
    public int MostOfSender { get; }

    /// <summary>How many are in use.</summary>
    public int InUse { get; private set; }

    /// <summary>Gives a permit, if there is one.</summary>
    /// <param name="to">Where the connection leads; what all senders share has the sender 0.</param>
    public OutgoingPermit? TryTake(EndpointKey to)
    {
        lock (_lock) return HasRoomFor(to.SenderId) ? Grant(to) : null;
    }

    /// <summary>Waits for a permit.</summary>
    /// <param name="to">Where the connection leads.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<OutgoingPermit> TakeAsync(EndpointKey to, CancellationToken stop)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (HasRoomFor(to.SenderId)) return Grant(to);

            waiter = new(to);
            _waiting.Add(waiter);
        }

        await using var _ = stop.Register(() => GiveUp(waiter, stop));
        return await waiter.Granted.Task;
    }

    /// <summary>Closes connections that nobody has used for two minutes.</summary>
    public void DropIdle()
    {
        lock (_lock)
        {
            while (_kept.First is { } oldest && _clock.GetElapsedTime(oldest.Value.Since) >= s_idle) Close(oldest);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            while (_kept.First is { } oldest) Close(oldest);
        }
    }

    internal void Release(OutgoingPermit permit)
    {
        lock (_lock)
        {
            InUse--;
            if (--_ofSender[permit.To.SenderId] == 0) _ofSender.Remove(permit.To.SenderId);
            if (--_ofEndpoint[permit.To] == 0) _ofEndpoint.Remove(permit.To);
            if (permit.Connection is { } connection) _kept.AddLast(new Kept(permit.To, connection, _clock.GetTimestamp()));
            while (TryTakeNext(out var next)) next.Granted.SetResult(Grant(next.To));
        }
    }

    private bool HasRoomFor(long sender) => InUse < Most && _ofSender.GetValueOrDefault(sender) < MostOfSender;

    private OutgoingPermit Grant(EndpointKey to)
    {
        InUse++;
        _ofSender[to.SenderId] = _ofSender.GetValueOrDefault(to.SenderId) + 1;
        _ofEndpoint[to] = _ofEndpoint.GetValueOrDefault(to) + 1;
        for (var kept = _kept.Last; kept is not null; kept = kept.Previous)
        {
            if (kept.Value.To != to) continue;

            _kept.Remove(kept);
            return new(this, to) { Connection = kept.Value.Connection };
        }

        if (InUse + _kept.Count > Most) Close(_kept.First!);
        return new(this, to);
    }

    private bool TryTakeNext([NotNullWhen(true)] out Waiter? next)
    {
        next = _waiting.Where(waiter => HasRoomFor(waiter.To.SenderId))
            .MinBy(waiter => (_ofSender.GetValueOrDefault(waiter.To.SenderId), _ofEndpoint.GetValueOrDefault(waiter.To)));
        return next is not null && _waiting.Remove(next);
    }

    private void GiveUp(Waiter waiter, CancellationToken stop)
    {
        lock (_lock)
        {
            if (_waiting.Remove(waiter)) waiter.Granted.SetCanceled(stop);
        }
    }

    private void Close(LinkedListNode<Kept> kept)
    {
        _kept.Remove(kept);
        kept.Value.Connection.Dispose();
    }

    private sealed record Kept(EndpointKey To, IDisposable Connection, long Since);

    private sealed class Waiter(EndpointKey to)
    {
        public EndpointKey To => to;

        public TaskCompletionSource<OutgoingPermit> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(EventId = 1113, Level = LogLevel.Warning, Message = "Http:MaxOutgoingConnections is {Wanted}, but this process may open only {Files} files, so {Most} connections go out at once. Raise the limit with ulimit -n, or LimitNOFILE= in a systemd unit.")]
    private static partial void FewerThanSet(ILogger log, int wanted, int? files, int most);
}

/// <summary>The right to have one connection open, until it is disposed of.</summary>
internal sealed class OutgoingPermit(OutgoingConnections connections, EndpointKey to) : IDisposable
{
    private int _isOver;

    public EndpointKey To => to;

    /// <summary>A connection that was kept from an earlier request, or is to be kept for the next one; null for none.</summary>
    public IDisposable? Connection { get; set; }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0) connections.Release(this);
    }
}
