using System.Net;
using System.Net.Sockets;

namespace Afterword.Server.Tests.Faults;

/// <summary>Stands between two who talk over TCP, and does with what passes whatever a test is about.</summary>
internal abstract class Relay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> _ends = [];
    private readonly int _to;

    /// <param name="to">The port of the one that listens.</param>
    protected Relay(int to)
    {
        _to = to;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    /// <summary>Where the other one connects.</summary>
    public int Port { get; }

    public void Dispose()
    {
        _listener.Stop();
        lock (_ends) _ends.ForEach(end => end.Dispose());
    }

    /// <summary>Begins to pass on what the two ends of a new connection say.</summary>
    protected abstract void Join(TcpClient near, TcpClient far);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptTcpClientAsync();
                var far = new TcpClient { NoDelay = true };
                near.NoDelay = true;
                lock (_ends) _ends.AddRange([near, far]);
                await far.ConnectAsync(IPAddress.Loopback, _to);
                Join(near, far);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
