using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Afterword.Server.Tests.Faults;

/// <summary>Stands between a server and PostgreSQL, knows where a commit begins and ends, and cuts the connection at a byte of it or of its answer.</summary>
/// <remarks>https://www.postgresql.org/docs/current/protocol-message-formats.html</remarks>
/// <param name="to">The port of PostgreSQL.</param>
internal sealed class CommitWire(int to) : Relay(to)
{
    private const int Header = 5;
    private const int AskForTls = 80877103;
    private const int AskForGss = 80877104;

    private Cut? _armed;

    /// <summary>Has the next commit of a transaction broken off.</summary>
    /// <param name="of">Part of a statement that it holds.</param>
    /// <param name="after">How many bytes of the commit, and then of the answer to it, still pass.</param>
    public Cut CutNext(string of, int after) => _armed = new(of, after);

    protected override void Join(TcpClient near, TcpClient far)
    {
        var line = new Line(this, near, far);
        _ = line.AskAsync();
        _ = line.AnswerAsync();
    }

    /// <summary>An order to cut, and what came of it.</summary>
    internal sealed class Cut(string of, int after)
    {
        private readonly TaskCompletionSource _met = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Of => of;

        public int Left { get; set; } = after;

        /// <summary>Whether the connection was cut; false when all of the commit and of its answer passed.</summary>
        public bool IsCut { get; set; }

        /// <summary>Whether the commit had passed, but perhaps for what only asks for the answer: then it is done.</summary>
        public bool WasAsked { get; set; }

        /// <summary>Ends when the commit has come by, and what PostgreSQL makes of it is done.</summary>
        public Task Met => _met.Task;

        public void End() => _met.TrySetResult();
    }

    /// <summary>One connection.</summary>
    private sealed class Line(CommitWire wire, TcpClient near, TcpClient far)
    {
        private readonly Dictionary<string, string> _prepared = [];
        private readonly StringBuilder _transaction = new();
        private readonly Lock _lock = new();

        // While the answer to a commit is awaited that is to be cut.
        private Cut? _answer;

        // The one that broke the connection before there was an answer.
        private volatile Cut? _broken;

        public async Task AskAsync()
        {
            try
            {
                var stream = near.GetStream();

                // The first messages have no type: requests for encryption, which are declined, and what opens the session.
                while (await PassFirstAsync(stream) is AskForTls or AskForGss)
                {
                }

                Cut? cut = null;
                while (true)
                {
                    var message = await ReadAsync(stream);
                    if (Sql(message) is { } sql)
                    {
                        if (sql.StartsWith("begin", StringComparison.OrdinalIgnoreCase)) _transaction.Clear();
                        if (sql == "commit" && wire._armed is { } armed && _transaction.ToString().Contains(armed.Of, StringComparison.Ordinal)) (cut, wire._armed) = (armed, null);
                        _transaction.Append(sql);
                    }

                    if (cut is not null && message.Length > cut.Left)
                    {
                        // PostgreSQL does what it has heard in full, and ends: its answer goes nowhere.
                        _broken = cut;
                        await far.GetStream().WriteAsync(message.AsMemory(0, cut.Left));
                        Break(cut);
                        return;
                    }

                    if (cut is not null) cut.Left -= message.Length;
                    if (cut is not null && message[0] == 'E') cut.WasAsked = true;
                    if (cut is not null && message[0] == 'S')
                    {
                        // Sync: the answer comes after it.
                        lock (_lock) _answer = cut;
                        cut = null;
                    }

                    await far.GetStream().WriteAsync(message);
                }
            }
            catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                near.Close();
                far.Close();
            }
        }

        public async Task AnswerAsync()
        {
            var part = new byte[65_536];
            try
            {
                while (await far.GetStream().ReadAsync(part) is > 0 and var read)
                {
                    Cut? cut;
                    lock (_lock) cut = _answer;
                    if (_broken is not null) continue;
                    if (cut is not null && read > cut.Left)
                    {
                        await near.GetStream().WriteAsync(part.AsMemory(0, cut.Left));
                        Break(cut);
                        cut.End();
                        return;
                    }

                    if (cut is not null) cut.Left -= read;
                    await near.GetStream().WriteAsync(part.AsMemory(0, read));

                    // ReadyForQuery, outside of a transaction, ends the answer.
                    if (cut is null || !part.AsSpan(0, read).EndsWith("Z\0\0\0\u0005I"u8)) continue;

                    lock (_lock) _answer = null;
                    cut.End();
                }
            }
            catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // Broken off.
            }

            near.Close();
            far.Close();
            _broken?.End();
        }

        private void Break(Cut cut)
        {
            cut.IsCut = true;
            try
            {
                // What has passed arrives.
                far.Client.Shutdown(SocketShutdown.Send);
                near.Client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The other side was faster.
            }

            near.Close();
        }

        private async Task<int> PassFirstAsync(NetworkStream stream)
        {
            var first = new byte[8];
            await stream.ReadExactlyAsync(first);
            var rest = new byte[BinaryPrimitives.ReadInt32BigEndian(first) - first.Length];
            await stream.ReadExactlyAsync(rest);
            await far.GetStream().WriteAsync((byte[])[.. first, .. rest]);
            return BinaryPrimitives.ReadInt32BigEndian(first.AsSpan(4));
        }

        private static async Task<byte[]> ReadAsync(NetworkStream stream)
        {
            var header = new byte[Header];
            await stream.ReadExactlyAsync(header);
            var message = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) + 1];
            header.CopyTo(message, 0);
            await stream.ReadExactlyAsync(message.AsMemory(Header));
            return message;
        }

        /// <summary>The statement that a message parses or, prepared before, binds; null for other messages.</summary>
        private string? Sql(byte[] message)
        {
            var texts = message.AsSpan(Header);
            switch ((char)message[0])
            {
                case 'Q':
                    return Text(ref texts).ToLowerInvariant();
                case 'P':
                    var name = Text(ref texts);
                    return _prepared[name] = Text(ref texts);
                case 'B':
                    Text(ref texts);
                    var bound = Text(ref texts);
                    return bound.Length > 0 ? _prepared.GetValueOrDefault(bound) : null;
                default:
                    return null;
            }
        }

        private static string Text(ref Span<byte> texts)
        {
            var end = texts.IndexOf((byte)0);
            var text = Encoding.UTF8.GetString(texts[..end]);
            texts = texts[(end + 1)..];
            return text;
        }
    }
}
