using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>A connection that says what a test wants, or nothing.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;

    private RawClient(Socket socket) => _socket = socket;

    /// <summary>Whether the server has closed it.</summary>
    public bool IsClosed => !_socket.Connected || _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0;

    /// <summary>Whether something has come that nobody has read.</summary>
    public bool HasAnswer => _socket.Available > 0;

    public static async Task<RawClient> ConnectAsync(Uri url)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(url.Host), url.Port), TestContext.Current.CancellationToken);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Closed before the test was told that it is open.
        }

        return new(socket);
    }

    public Task SendAsync(string text) => _socket.SendAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken).AsTask();

    /// <summary>Gives what comes next; empty when the server closes the connection.</summary>
    public async Task<string> ReadAsync()
    {
        var bytes = new byte[16 * 1024];
        try
        {
            return Encoding.UTF8.GetString(bytes, 0, await _socket.ReceiveAsync(bytes, TestContext.Current.CancellationToken));
        }
        catch (SocketException)
        {
            return "";
        }
    }

    public void Dispose() => _socket.Dispose();
}
