using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Afterword.Bench.Load;

/// <summary>One request and its whole answer, over a connection of its own.</summary>
internal sealed record Exchange(int Status, string Head, byte[] Body)
{
    /// <summary>Gives the answer, or null when nobody listens.</summary>
    public static async Task<Exchange?> TryAsync(IPEndPoint server, byte[] request)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server);
            await socket.SendAsync(request);
            return await ReadAsync(socket);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>Gives the answer, which must be 200 or 303.</summary>
    /// <exception cref="InvalidOperationException">It is another.</exception>
    public static async Task<Exchange> SendAsync(IPEndPoint server, byte[] request)
    {
        var answer = await TryAsync(server, request) ?? throw new InvalidOperationException($"Nothing listens on {server}.");
        return answer.Status is 200 or 303
            ? answer
            : throw new InvalidOperationException($"{Encoding.UTF8.GetString(request)}\nwas answered\n{answer.Head}\n{Encoding.UTF8.GetString(answer.Body)}");
    }

    private static async Task<Exchange?> ReadAsync(Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer);
            if (read == 0) return null;

            all.Write(buffer, 0, read);
            if (Parse(all.GetBuffer().AsSpan(0, (int)all.Length)) is { } answer) return answer;
        }
    }

    private static Exchange? Parse(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0) return null;

        var head = Encoding.ASCII.GetString(bytes[..end]);
        var name = head.IndexOf("\r\nContent-Length: ", StringComparison.OrdinalIgnoreCase);
        var length = 0;
        for (var i = name + 18; name >= 0 && i < head.Length && char.IsAsciiDigit(head[i]); i++) length = (length * 10) + head[i] - '0';

        var body = bytes[(end + 4)..];
        return body.Length < length ? null : new(int.Parse(head.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture), head, body.ToArray());
    }
}
