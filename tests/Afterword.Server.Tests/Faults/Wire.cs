using System.Net;
using System.Net.Sockets;

namespace Afterword.Server.Tests.Faults;

/// <summary>Stands between two who talk over TCP, and can fall silent as a machine does that lost its power: nobody is told that a connection is over.</summary>
internal sealed class Wire : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> _ends = [];
    private readonly int _to;
    private CancellationTokenSource _silence = new();

    /// <param name="to">The port of the one that listens.</param>
    public Wire(int to)
    {
        _to = to;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    /// <summary>Where the other one connects.</summary>
    public int Port { get; }

    /// <summary>Passes on nothing more of what is connected now; later connections work.</summary>
    public void FallSilent() => Interlocked.Exchange(ref _silence, new()).Cancel();

    public void Dispose()
    {
        _listener.Stop();
        lock (_ends) _ends.ForEach(end => end.Dispose());
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptTcpClientAsync();
                var far = new TcpClient();
                lock (_ends) _ends.AddRange([near, far]);
                await far.ConnectAsync(IPAddress.Loopback, _to);
                _ = PassAsync(near, far, _silence.Token);
                _ = PassAsync(far, near, _silence.Token);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task PassAsync(TcpClient from, TcpClient to, CancellationToken silence)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), silence);
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Broken off.
        }
    }
}
