using System.Net;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;

namespace Afterword.Server.Hosting.Transport;

/// <summary>Counts the open connections of all addresses that are listened on, and says when there are too many.</summary>
/// <remarks>
/// A process without a descriptor left can neither load code nor read how much memory there is: .NET ends it with "Out of memory."
/// So connections never get the last ones.
/// </remarks>
internal sealed partial class ConnectionLimit
{
    // More need more memory than a small machine has: about 8 KiB each without a byte sent.
    private const int MostByDefault = 12_288;
    private const int LeastOfAddress = 16;

    private static readonly TimeSpan s_tellEvery = TimeSpan.FromMinutes(1);

    private readonly Settings _settings;
    private readonly TimeProvider _clock;
    private readonly ILogger<ConnectionLimit> _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _ofAddress = [];
    private readonly Refusals _ofAll = new();
    private readonly Refusals _ofOne = new();
    private readonly Refusals _broken = new();

    public ConnectionLimit(Settings settings, TimeProvider clock, ILogger<ConnectionLimit> log)
        : this(settings, OpenFiles.Limit(), clock, log)
    {
    }

    internal ConnectionLimit(Settings settings, int? openFiles, TimeProvider clock, ILogger<ConnectionLimit> log)
    {
        (_settings, _clock, _log) = (settings, clock, log);
        var room = openFiles is { } files ? OpenFiles.RoomForConnections(files) : int.MaxValue;
        Most = Math.Min(settings.Http.MaxConnections ?? MostByDefault, room);
        MostOfAddress = settings.Http.ConnectionsPerAddress switch { null => Math.Max(LeastOfAddress, Most / 4), 0 => int.MaxValue, { } most => most };
        if (settings.Http.MaxConnections > Most) FewerThanSet(log, settings.Http.MaxConnections.Value, openFiles, Most);
        else if (openFiles < OpenFiles.Little) LittleRoom(log, openFiles.Value, Most);
    }

    /// <summary>Open at once.</summary>
    public int Most { get; }

    /// <summary>Open at once from one address.</summary>
    public int MostOfAddress { get; }

    /// <summary>How many are open.</summary>
    public int Count { get; private set; }

    /// <summary>Counts a connection, which is released when it ends; false when there are too many.</summary>
    /// <param name="from">Its other end.</param>
    public bool TryTake(EndPoint? from)
    {
        var address = CountedAs(from);
        lock (_lock)
        {
            if (Count >= Most) return Refuse(_ofAll, from: null);

            var open = address is null ? 0 : _ofAddress.GetValueOrDefault(address);
            if (open >= MostOfAddress) return Refuse(_ofOne, address);

            Count++;
            if (address is not null) _ofAddress[address] = open + 1;
            return true;
        }
    }

    /// <param name="from">As it was taken.</param>
    public void Release(EndPoint? from)
    {
        var address = CountedAs(from);
        lock (_lock)
        {
            Count--;
            if (address is not null && --_ofAddress[address] == 0) _ofAddress.Remove(address);
        }
    }

    /// <summary>Says, at most once a minute, that a connection could not be taken or closed.</summary>
    /// <param name="error">Why.</param>
    public void TellOf(Exception error)
    {
        lock (_lock)
        {
            if (_broken.Count(_clock.GetUtcNow()) is { } count) Broken(_log, error, count);
        }
    }

    private IPAddress? CountedAs(EndPoint? from) => Networks.CountedAs((from as IPEndPoint)?.Address, _settings.Proxies);

    // Whoever opens too many opens thousands: a line for each would fill the disk.
    private bool Refuse(Refusals refusals, IPAddress? from)
    {
        if (refusals.Count(_clock.GetUtcNow()) is { } count)
        {
            if (from is null) Full(_log, count, Most);
            else TooManyOfAddress(_log, count, from, MostOfAddress);
        }

        return false;
    }

    [LoggerMessage(EventId = 1103, Level = LogLevel.Warning, Message = "New connections are refused: all {Most} are open ({Count} refused since the last such line). The limit is Http:MaxConnections, but never more than the process's limit of open files leaves room for.")]
    private static partial void Full(ILogger log, long count, int most);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Warning, Message = "New connections from {Address} are refused: it has {Most} open ({Count} refused since the last such line, from this or other addresses). The limit is Http:ConnectionsPerAddress. If a proxy has this address, name it in Proxies.")]
    private static partial void TooManyOfAddress(ILogger log, long count, IPAddress address, int most);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Warning, Message = "Http:MaxConnections is {Wanted}, but this process may open only {Files} files, so {Most} connections are taken at once. Raise the limit with ulimit -n, or LimitNOFILE= in a systemd unit.")]
    private static partial void FewerThanSet(ILogger log, int wanted, int? files, int most);

    [LoggerMessage(EventId = 1106, Level = LogLevel.Warning, Message = "This process may open only {Files} files, so {Most} connections are taken at once. Raise the limit with ulimit -n, or LimitNOFILE= in a systemd unit.")]
    private static partial void LittleRoom(ILogger log, int files, int most);

    [LoggerMessage(EventId = 1107, Level = LogLevel.Error, Message = "A new connection could not be taken or closed ({Count} since the last such line). The server goes on.")]
    private static partial void Broken(ILogger log, Exception error, long count);

    private sealed class Refusals
    {
        private DateTimeOffset _toldAt = DateTimeOffset.MinValue;
        private long _untold;

        /// <summary>Counts one more.</summary>
        /// <returns>How many there were since this last gave a number; null when that was less than a minute ago.</returns>
        public long? Count(DateTimeOffset now)
        {
            var untold = ++_untold;
            if (now - _toldAt < s_tellEvery) return null;

            (_toldAt, _untold) = (now, 0);
            return untold;
        }
    }
}
