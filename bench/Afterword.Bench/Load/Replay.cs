using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Afterword.Bench.Load;

/// <summary>Sends prepared requests over kept connections, one at a time on each, from one thread.</summary>
/// <remarks>
/// Two system calls a request and a share of a third. Of an answer only the status and the length are read: whatever
/// the generator spends, the server on the same cores lacks.
/// </remarks>
internal sealed unsafe class Replay : IDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly RequestFile _requests;
    private readonly Connection[] _connections;
    private readonly byte* _buffers;
    private readonly int _epoll = Libc.EpollCreate(0);
    private readonly Latencies _latencies = new();
    private readonly Dictionary<int, long> _statuses = [];
    private readonly bool _again;
    private long _ends;
    private long _last;
    private long _completed;
    private long _broken;
    private int _next;
    private int _busy;
    private string? _firstRefusal;

    /// <param name="requests">What to send.</param>
    /// <param name="connections">How many connections.</param>
    /// <param name="again">Begins at the top when all were sent; a server that remembers nonces refuses that.</param>
    public Replay(RequestFile requests, int connections, bool again)
    {
        _requests = requests;
        _again = again;
        _connections = new Connection[connections];
        _buffers = (byte*)NativeMemory.AllocZeroed((nuint)connections * BufferSize);
    }

    public Measurement Run(IPEndPoint server, TimeSpan time)
    {
        for (var i = 0; i < _connections.Length; i++) Open(i, server);

        var cpu = Environment.CpuUsage.TotalTime;
        var began = Stopwatch.GetTimestamp();
        _ends = began + (long)(time.TotalSeconds * Stopwatch.Frequency);
        _last = began;
        for (var i = 0; i < _connections.Length; i++) Send(i, began);

        var events = stackalloc byte[_connections.Length * Libc.EventSize];
        while (_busy > 0)
        {
            var ready = Libc.EpollWait(_epoll, events, _connections.Length, 30_000);
            if (ready == 0) throw new TimeoutException($"Nothing came for 30 s: {_busy} requests wait, {_completed} were answered.");

            for (var i = 0; i < ready; i++) Receive((int)Libc.DataOf(events, i));
        }

        return new()
        {
            Completed = _completed,
            Seconds = Stopwatch.GetElapsedTime(began, _last).TotalSeconds,
            Statuses = _statuses,
            Broken = _broken,
            FirstRefusal = _firstRefusal,
            P50 = _latencies.Percentile(0.5),
            P90 = _latencies.Percentile(0.9),
            P99 = _latencies.Percentile(0.99),
            Longest = _latencies.MaxMillis,
            GeneratorCpu = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds,
            RanOut = !_again && _next >= _requests.Count,
        };
    }

    public void Dispose()
    {
        foreach (var connection in _connections) connection.Socket?.Dispose();
        NativeMemory.Free(_buffers);
    }

    private void Open(int index, IPEndPoint server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(server);
        socket.Blocking = false;
        ref var connection = ref _connections[index];
        connection.Socket = socket;
        connection.File = (int)socket.Handle;
        if (!Libc.Watch(_epoll, connection.File, index)) throw new IOException("epoll_ctl failed.");
    }

    private void Send(int index, long now)
    {
        ref var connection = ref _connections[index];
        if (_next >= _requests.Count && _again) _next = 0;
        if (_next >= _requests.Count || now >= _ends) return;

        var request = _requests.At(_next++, out var length);
        connection.SentAt = now;
        connection.Received = 0;
        connection.Missing = -1;
        _busy++;

        // A request fits into an empty send buffer; the answer before it has been read to its end.
        if (Libc.Write(connection.File, request, length) != length) Break(index);
    }

    private void Receive(int index)
    {
        ref var connection = ref _connections[index];
        var buffer = _buffers + ((long)index * BufferSize);
        var inBody = connection.Missing >= 0;
        var at = inBody ? 0 : connection.Received;
        var read = (int)Libc.Read(connection.File, buffer + at, BufferSize - at);
        if (read <= 0)
        {
            if (read < 0 && Marshal.GetLastPInvokeError() == Libc.Again) return;

            Break(index);
            return;
        }

        if (inBody) connection.Missing -= read;
        else if (!ReadHead(ref connection, new ReadOnlySpan<byte>(buffer, at + read)))
        {
            connection.Received = at + read;
            if (connection.Received == BufferSize) Break(index);
            return;
        }

        if (connection.Missing == 0) Complete(index);
        else if (connection.Missing < 0) Break(index);
    }

    private bool ReadHead(ref Connection connection, ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;

        var head = answer[..end];
        connection.Status = ((head[9] - '0') * 100) + ((head[10] - '0') * 10) + (head[11] - '0');
        var name = head.IndexOf("\r\nContent-Length: "u8);
        var length = 0;
        for (var i = name + 18; name > 0 && i < head.Length && head[i] is >= (byte)'0' and <= (byte)'9'; i++) length = (length * 10) + head[i] - '0';

        // Without a length the end could not be told; such an answer counts as broken.
        connection.Missing = name < 0 ? int.MinValue : length - (answer.Length - end - 4);
        if (connection.Status is not (200 or 303)) _firstRefusal ??= Encoding.UTF8.GetString(answer[..Math.Min(answer.Length, 1_000)]);
        return true;
    }

    private void Complete(int index)
    {
        ref var connection = ref _connections[index];
        var now = Stopwatch.GetTimestamp();
        _last = now;
        _latencies.Add(now - connection.SentAt);
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_statuses, connection.Status, out _)++;
        _completed++;
        _busy--;
        Send(index, now);
    }

    private void Break(int index)
    {
        _broken++;
        _busy--;
        _connections[index].Socket!.Dispose();
    }

    private struct Connection
    {
        public Socket? Socket;
        public int File;
        public long SentAt;
        public int Received;
        public int Status;

        // Bytes of the body still to come; -1 while the head is not complete.
        public int Missing;
    }
}
