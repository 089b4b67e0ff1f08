namespace Afterword.Server.Hosting.Transport;

/// <summary>Lets clients go before the server does: what is sent on a connection that was kept is answered, with <c>Connection: close</c>.</summary>
/// <remarks>
/// Kestrel closes every connection without a request as soon as it stops, and cuts what was sent on it just then. First the server
/// goes on as before but keeps no connection, so that balancers find out; then it takes no new ones; then it stops.
/// </remarks>
internal sealed class ConnectionDraining(IHostApplicationLifetime life, BoundedTransport transport, ConnectionLimit connections, TimeProvider clock) : IHostedLifecycleService
{
    /// <summary>How long either part takes at most; both end at once when nobody is connected.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(10);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        life.StopApplication();
        await UntilNobodyIsConnectedAsync(cancellationToken);
        await transport.UnbindAsync(cancellationToken);
        await UntilNobodyIsConnectedAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task UntilNobodyIsConnectedAsync(CancellationToken stop)
    {
        using var grace = new CancellationTokenSource(Grace, clock);
        while (connections.Count > 0 && !grace.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            await Task.Delay(s_look, clock, CancellationToken.None);
        }
    }
}

internal static class ClosingConnections
{
    /// <summary>Keeps no connection once the server is about to stop. HTTP/2 has a farewell of its own, which Kestrel sends.</summary>
    public static void UseFarewell(this WebApplication app)
    {
        var stopping = app.Lifetime.ApplicationStopping;
        app.Use((http, next) =>
        {
            if (stopping.IsCancellationRequested && HttpProtocol.IsHttp11(http.Request.Protocol)) http.Response.Headers.Connection = "close";
            return next(http);
        });
    }
}
