using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Afterword.Bench.Load;

/// <summary>Sends prepared requests at their times over kept connections, whether or not those before were answered.</summary>
/// <remarks>A latency counts from when the request was due: one that had to wait for a connection waited for the server.</remarks>
internal sealed class PacedLoad(IPEndPoint server, int connections)
{
    private const int BufferSize = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly Latencies _latencies = new();
    private readonly Dictionary<int, long> _statuses = [];
    private long _completed;
    private string? _firstRefusal;

    /// <param name="requests">What to send.</param>
    /// <param name="aSecond">How many of them in a second.</param>
    public async Task<Measurement> RunAsync(IReadOnlyList<byte[]> requests, double aSecond)
    {
        var due = Channel.CreateUnbounded<(byte[] Request, long At)>(new() { SingleWriter = true });
        var (began, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var workers = Enumerable.Range(0, connections).Select(_ => Task.Run(() => WorkAsync(due.Reader))).ToArray();
        for (var i = 0; i < requests.Count;)
        {
            for (var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds; i < requests.Count && i / aSecond <= seconds; i++)
            {
                due.Writer.TryWrite((requests[i], began + (long)(i / aSecond * Stopwatch.Frequency)));
            }

            await Task.Delay(1);
        }

        due.Writer.Complete();
        await Task.WhenAll(workers);
        return new()
        {
            Completed = _completed, Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds, Statuses = _statuses, Broken = requests.Count - _completed, FirstRefusal = _firstRefusal,
            P50 = _latencies.Percentile(0.5), P90 = _latencies.Percentile(0.9), P99 = _latencies.Percentile(0.99), Longest = _latencies.MaxMillis,
            GeneratorCpu = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds, RanOut = true,
        };
    }

    private async Task WorkAsync(ChannelReader<(byte[] Request, long At)> due)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var buffer = new byte[BufferSize];
        try
        {
            await socket.ConnectAsync(server);
            await foreach (var (request, at) in due.ReadAllAsync())
            {
                await socket.SendAsync(request);
                var (status, refusal) = await ReadAsync(socket, buffer);
                lock (_lock)
                {
                    _latencies.Add(Stopwatch.GetTimestamp() - at);
                    _statuses[status] = _statuses.GetValueOrDefault(status) + 1;
                    _firstRefusal ??= refusal;
                    _completed++;
                }
            }
        }
        catch (SocketException)
        {
            // The others go on; what nobody answered counts as broken.
        }
    }

    private static async Task<(int Status, string? Refusal)> ReadAsync(Socket socket, byte[] buffer)
    {
        var (read, head) = (0, -1);
        while (head < 0)
        {
            read += await ReceiveAsync(socket, buffer.AsMemory(read));
            head = buffer.AsSpan(0, read).IndexOf("\r\n\r\n"u8);
        }

        var (status, length) = Head(buffer.AsSpan(0, head));
        var refusal = status == 200 ? null : System.Text.Encoding.UTF8.GetString(buffer, 0, Math.Min(read, 500));
        for (var missing = length - (read - head - 4); missing > 0;) missing -= await ReceiveAsync(socket, buffer.AsMemory(0, Math.Min(missing, BufferSize)));
        return (status, refusal);
    }

    private static async ValueTask<int> ReceiveAsync(Socket socket, Memory<byte> into) =>
        await socket.ReceiveAsync(into) is > 0 and var read ? read : throw new SocketException((int)SocketError.ConnectionReset);

    private static (int Status, int Length) Head(ReadOnlySpan<byte> head)
    {
        var (name, length) = (head.IndexOf("\r\nContent-Length: "u8), 0);
        for (var i = name + 18; name > 0 && i < head.Length && head[i] is >= (byte)'0' and <= (byte)'9'; i++) length = (length * 10) + head[i] - '0';
        return (((head[9] - '0') * 100) + ((head[10] - '0') * 10) + (head[11] - '0'), length);
    }
}
