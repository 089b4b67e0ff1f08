using Afterword.Server.Configuration;

namespace Afterword.Server.Webhooks;

/// <summary>One connection to an endpoint, made when it is needed and used for one request after the other. It shares nothing with those of other endpoints.</summary>
internal sealed class EndpointConnection : IDisposable
{
    // The headers of an answer are held in memory, in kilobytes.
    private const int MostHeaders = 32;

    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(1);

    // What DNS says of a destination may change while connections are kept.
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(5);

    private readonly CancellationTokenSource _over = new();
    private readonly CancellationToken _closed;
    private Stream? _stream;

    public EndpointConnection(Uri url, EgressGuard guard, WebhookSettings settings)
    {
        _closed = _over.Token;
        Origin = url.GetLeftPart(UriPartial.Authority);
        Http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,

            // A proxy named in the environment would be connected to in the endpoint's place, past the guard.
            UseProxy = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = 1,
            MaxResponseHeadersLength = MostHeaders,
            PooledConnectionLifetime = s_life,
            PooledConnectionIdleTimeout = s_idle,
            ConnectTimeout = settings.Timeout,
            ConnectCallback = async (context, stop) => await ConnectAsync(guard, context, stop),
        });
    }

    /// <summary>Where it leads.</summary>
    public string Origin { get; }

    public HttpMessageInvoker Http { get; }

    /// <summary>Closes it, also while it is being made: nothing stays open that nobody counts.</summary>
    public void Dispose()
    {
        _over.Cancel();
        Http.Dispose();
        _stream?.Dispose();
        _over.Dispose();
    }

    private async Task<Stream> ConnectAsync(EgressGuard guard, SocketsHttpConnectionContext context, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _closed);
        var stream = await guard.ConnectAsync(context.DnsEndPoint, either.Token);
        _stream = stream;
        if (_closed.IsCancellationRequested) await stream.DisposeAsync();
        return stream;
    }
}
