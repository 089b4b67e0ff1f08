using System.Collections.Concurrent;
using Afterword.Server.Hosting;

namespace Afterword.Server.Webhooks;

/// <summary>Connections to endpoints, a pool for each, so that none shares its sockets with another; idle ones are dropped.</summary>
internal sealed class Destinations(EgressGuard guard, WebhookSettings settings, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(2);

    // What DNS says of a destination may change while connections are kept.
    private static readonly TimeSpan s_connectionLife = TimeSpan.FromMinutes(5);

    // The headers of an answer are held in memory, in kilobytes.
    private const int MostHeaders = 32;

    private readonly ConcurrentDictionary<EndpointKey, Destination> _all = new();

    public int Count => _all.Count;

    /// <summary>Gives the connections of an endpoint to one request; <see cref="Return"/> ends that.</summary>
    public Destination Rent(EndpointKey endpoint)
    {
        while (true)
        {
            var destination = _all.GetOrAdd(endpoint, _ => new Destination(NewHandler()));
            if (destination.TryRent()) return destination;
        }
    }

    public void Return(Destination destination) => destination.Return(clock.GetTimestamp());

    /// <summary>Closes those that were not used for two minutes.</summary>
    public void DropIdle()
    {
        foreach (var (endpoint, destination) in _all)
        {
            if (!destination.TryRetire(last => clock.GetElapsedTime(last) >= s_idle)) continue;

            _all.TryRemove(new(endpoint, destination));
            destination.Http.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var destination in _all.Values) destination.Http.Dispose();
    }

    private HttpMessageInvoker NewHandler() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,

        // A proxy named in the environment would be connected to in the endpoint's place, past the guard.
        UseProxy = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        MaxConnectionsPerServer = settings.Concurrency,
        MaxResponseHeadersLength = MostHeaders,
        PooledConnectionLifetime = s_connectionLife,
        PooledConnectionIdleTimeout = s_idle / 2,
        ConnectTimeout = settings.Timeout,
        ConnectCallback = (context, stop) => guard.ConnectAsync(context.DnsEndPoint, stop),
    });
}

/// <summary>The connections of one endpoint.</summary>
internal sealed class Destination(HttpMessageInvoker http)
{
    private readonly Lock _lock = new();
    private int _users;
    private bool _retired;
    private long _last;

    public HttpMessageInvoker Http => http;

    public bool TryRent()
    {
        lock (_lock)
        {
            if (_retired) return false;

            _users++;
            return true;
        }
    }

    public void Return(long now)
    {
        lock (_lock)
        {
            _users--;
            _last = now;
        }
    }

    /// <summary>Takes it out of use when nobody uses it and <paramref name="isIdle"/> says so of its last use.</summary>
    public bool TryRetire(Func<long, bool> isIdle)
    {
        lock (_lock) return _retired = _retired || (_users == 0 && isIdle(_last));
    }
}
