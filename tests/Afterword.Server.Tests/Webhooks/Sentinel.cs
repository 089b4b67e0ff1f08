using System.Net;
using System.Net.Sockets;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Listens where nobody must connect to, on every address of this machine, and counts those who do.</summary>
internal sealed class Sentinel : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
    private int _connections;

    public Sentinel()
    {
        _socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        _socket.Listen(512);
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public int Connections => _connections;

    public void Dispose() => _socket.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _socket.AcceptAsync();
                Interlocked.Increment(ref _connections);
                await connection.SendAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray());
                connection.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
