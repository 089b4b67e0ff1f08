using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Afterword.EndToEnd.Tests.Attacks;

/// <summary>One connection that sends bytes as they are and reads whole answers. Opened again when the server has closed it.</summary>
internal sealed class RawConnection(int port) : IDisposable
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private Socket? _socket;

    /// <returns>The status, or 0 when the connection ended without an answer; the head; and the body.</returns>
    public (int Status, string Head, string Body) Send(byte[] request, bool hasNoBody)
    {
        _socket ??= Open();
        try
        {
            _socket.Send(request);
        }
        catch (SocketException)
        {
            // Closed in the middle of a body that was refused; what it said before can still be read.
        }

        var (status, head, body) = Read(hasNoBody);
        if (status == 0 || head.Contains("Connection: close", StringComparison.OrdinalIgnoreCase)) Dispose();
        return (status, head, body);
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private Socket Open()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private (int Status, string Head, string Body) Read(bool hasNoBody)
    {
        var filled = 0;
        try
        {
            while (true)
            {
                var got = _socket!.Receive(_buffer, filled, _buffer.Length - filled, SocketFlags.None);
                if (got == 0) return (0, "", "");

                filled += got;
                var head = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
                if (head < 0) continue;

                var text = Encoding.ASCII.GetString(_buffer, 0, head);
                var status = int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture);
                var length = hasNoBody ? 0 : LengthIn(text);
                if (filled < head + 4 + length) continue;

                return (status, text, Encoding.UTF8.GetString(_buffer, head + 4, length));
            }
        }
        catch (SocketException error) when (error.SocketErrorCode != SocketError.TimedOut)
        {
            return (0, "", "");
        }
    }

    private static int LengthIn(string head)
    {
        const string name = "\r\nContent-Length: ";
        var at = head.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? 0 : int.Parse(head[(at + name.Length)..].Split('\r')[0], CultureInfo.InvariantCulture);
    }
}
