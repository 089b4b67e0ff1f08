using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using Afterword.Server.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Afterword.Server.Hosting.Transport;

/// <summary>Kestrel's sockets, but a connection that is too many is closed as soon as it is accepted, before it costs anything.</summary>
/// <remarks>
/// Kestrel's own limit counts at each address that is listened on, and after it has begun to serve the connection: a flood would have
/// all descriptors before the first of them were closed. Its sockets end by way of the thread pool: where that is busy and one waits for
/// the other, those that are refused queue up until the kernel drops whoever comes next, and clients try again after 1 and 3 s.
/// </remarks>
internal sealed class BoundedTransport(IOptions<SocketTransportOptions> options, ILoggerFactory loggers, ConnectionLimit limit, Settings settings)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // How many that were refused may be ending meanwhile.
    private const int MostEnding = 256;

    private readonly SocketTransportFactory _sockets = new(options, loggers);
    private readonly ConcurrentBag<IConnectionListener> _listeners = [];

    public bool CanBind(EndPoint endpoint) => _sockets.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = Bound(await _sockets.BindAsync(endpoint, cancellationToken), limit, settings.Http.Headers);
        _listeners.Add(listener);
        return listener;
    }

    /// <summary>Takes no new connections, at no address. Those that are open stay.</summary>
    public async Task UnbindAsync(CancellationToken stop)
    {
        foreach (var listener in _listeners) await listener.UnbindAsync(stop);
    }

    /// <summary>Bounds what a listener accepts.</summary>
    internal static IConnectionListener Bound(IConnectionListener sockets, ConnectionLimit limit, TimeSpan mostSilence) => new Listener(sockets, limit, mostSilence);

    private sealed class Listener(IConnectionListener sockets, ConnectionLimit limit, TimeSpan mostSilence) : IConnectionListener
    {
        private int _refused;

        public EndPoint EndPoint => sockets.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await sockets.AcceptAsync(cancellationToken) is { } connection)
            {
                if (await TakeAsync(connection) is { } taken) return taken;
            }

            return null;
        }

        // Kestrel accepts nothing more on an address after one exception: none gets there.
        private async ValueTask<Connection?> TakeAsync(ConnectionContext connection)
        {
#pragma warning disable CA1031 // what goes wrong with one connection
            try
            {
                var from = connection.RemoteEndPoint;
                if (limit.TryTake(from)) return new Connection(connection, from, limit, mostSilence);
            }
            catch (Exception error)
            {
                limit.TellOf(error);
            }
#pragma warning restore CA1031

            var ended = EndAsync(connection);
            if (++_refused % MostEnding == 0) await ended;
            return null;
        }

        private async Task EndAsync(ConnectionContext connection)
        {
#pragma warning disable CA1031 // what goes wrong with one connection
            try
            {
                // Its descriptor is free at once; what is left of it is memory, of few at a time.
                connection.Features.Get<IConnectionSocketFeature>()?.Socket.Dispose();
                connection.Abort(new ConnectionAbortedException("There are too many connections."));
                await connection.DisposeAsync();
            }
            catch (Exception error)
            {
                limit.TellOf(error);
            }
#pragma warning restore CA1031
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => sockets.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => sockets.DisposeAsync();
    }

    /// <summary>A connection that counts until its descriptor is given back, which may be long after its other end has gone.</summary>
    private sealed class Connection(ConnectionContext inner, EndPoint? from, ConnectionLimit limit, TimeSpan mostSilence) : ConnectionContext
    {
        private readonly IDuplexPipe _socket = inner.Transport;
        private int _isOver;

        public override string ConnectionId { get => inner.ConnectionId; set => inner.ConnectionId = value; }

        public override IFeatureCollection Features => inner.Features;

        public override IDictionary<object, object?> Items { get => inner.Items; set => inner.Items = value; }

        // After its handshake, Kestrel's TLS puts itself here, and the socket again at the end.
        public override IDuplexPipe Transport { get => inner.Transport; set => inner.Transport = value == _socket ? value : new FirstReadTimeout(value, mostSilence); }

        public override CancellationToken ConnectionClosed { get => inner.ConnectionClosed; set => inner.ConnectionClosed = value; }

        public override EndPoint? LocalEndPoint { get => inner.LocalEndPoint; set => inner.LocalEndPoint = value; }

        public override EndPoint? RemoteEndPoint { get => inner.RemoteEndPoint; set => inner.RemoteEndPoint = value; }

        public override void Abort() => inner.Abort();

        public override void Abort(ConnectionAbortedException abortReason) => inner.Abort(abortReason);

        public override async ValueTask DisposeAsync()
        {
            try
            {
                await inner.DisposeAsync();
                await base.DisposeAsync();
            }
            finally
            {
                if (Interlocked.Exchange(ref _isOver, 1) == 0) limit.Release(from);
            }
        }
    }
}

internal static class ConnectionHosting
{
    // Not accepted yet, at each address. The kernel takes as many as net.core.somaxconn at most.
    private const int MostWaiting = 4_096;

    /// <summary>Bounds how many connections there are, how long one may say nothing, and what each may hold in memory.</summary>
    public static void BoundConnections(this WebApplicationBuilder builder, HttpSettings settings)
    {
        builder.Services.AddSingleton<ConnectionLimit>();

        // Kestrel asks the last one first.
        builder.Services.AddSingleton<BoundedTransport>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => services.GetRequiredService<BoundedTransport>());
        builder.Services.AddHostedService<ConnectionDraining>();
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.Backlog = MostWaiting);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.KeepAliveTimeout = settings.KeepAlive;
            kestrel.Limits.RequestHeadersTimeout = settings.Headers;

            // What one connection may send before someone reads it: 1 MiB by default, a whole body and its headers here.
            kestrel.Limits.MaxRequestBufferSize = 128 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 16;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 128 * 1024;
            kestrel.Limits.Http2.InitialStreamWindowSize = 96 * 1024;

            // A body that comes more slowly has no right to the memory that it claims.
            kestrel.Limits.MinRequestBodyDataRate = new(bytesPerSecond: 2_048, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.ConfigureHttpsDefaults(https => https.OnAuthenticate = (_, tls) => OfferOldHttp(tls));
            kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => connection => ServeOnceItSpeaksAsync(connection, next, settings.Headers)));
        });
    }

    // Kestrel speaks HTTP/1.0, but ends the handshake with a client that offers nothing else by ALPN, as curl --http1.0 does.
    private static void OfferOldHttp(SslServerAuthenticationOptions tls)
    {
        if (tls.ApplicationProtocols is { } offered && offered.Contains(SslApplicationProtocol.Http11)) offered.Add(new SslApplicationProtocol("http/1.0"));
    }

    // Kestrel's limit for headers begins with their first byte, and until then it waits as long as between two requests.
    private static async Task ServeOnceItSpeaksAsync(ConnectionContext connection, ConnectionDelegate next, TimeSpan most)
    {
        if (await SpeaksAsync(connection, most)) await next(connection);
    }

    private static async Task<bool> SpeaksAsync(ConnectionContext connection, TimeSpan most)
    {
        // A server that stops waits for no connection that has asked nothing.
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        over.CancelAfter(most);
        try
        {
            var read = await connection.Transport.Input.ReadAsync(over.Token);
            connection.Transport.Input.AdvanceTo(read.Buffer.Start);
            return !read.Buffer.IsEmpty;
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            return false;
        }
    }
}
