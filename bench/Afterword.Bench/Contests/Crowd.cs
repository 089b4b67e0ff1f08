using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>A crowd at the door: connections that ask for nothing, others that never finish asking, and ten times the load that the server can serve.</summary>
internal static class Crowd
{
    private const int Idle = 50_000;
    private const int Slow = 1_000;
    private const int Usual = 64;
    private const int Times = 10;
    private const double MiB = 1 << 20;

    // As many at once as this process may have descriptors for, beside the others.
    private const int Kept = 2_500;

    private static readonly byte[] s_ask = "GET /healthz/ready HTTP/1.1\r\nHost: bench\r\n\r\n"u8.ToArray();
    private static readonly byte[] s_begin = "GET /healthz/ready HTTP/1.1\r\nHost: bench\r\nX-Slow: "u8.ToArray();

    public static async Task RunAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var server = await bench.StartServerAsync(BenchServer.Sqlite(bench.NewFolder("store")));
        var before = new CrowdResult();
        await LoadAsync(server, Usual, bench.Round, before);

        var (crowdResult, most) = (new CrowdResult(), 0L);
        using (var over = new CancellationTokenSource())
        {
            var time = TimeSpan.FromSeconds(bench.IsQuick ? 20 : 60);
            var slow = Task.WhenAll(Enumerable.Range(0, Slow).Select(_ => BeSlowAsync(server.Address, over.Token)));
            var load = LoadAsync(server, Usual * Times, time, crowdResult);
            var idle = Task.Run(() => BeIdleAsync(server.Address, crowdResult, over.Token), CancellationToken.None);
            while (!load.IsCompleted)
            {
                most = Math.Max(most, server.Resident);
                await Task.Delay(100, CancellationToken.None);
            }

            await load;
            await over.CancelAsync();
            await Task.WhenAll(slow, idle);
        }

        var left = Stopwatch.GetTimestamp();
        await server.AnswersAsync(s_ask);
        var again = Stopwatch.GetElapsedTime(left).TotalSeconds;

        tell(new()
        {
            What = $"served at {Times} times the load, with {crowdResult.Opened:N0} idle connections tried and {Slow:N0} slow ones", Value = crowdResult.Rate, Unit = "/s",
            Against = $"{Usual} connections alone", Baseline = before.Rate, Pass = crowdResult.Statuses.Keys.All(status => status is 200 or 503),
            Note = FormattableString.Invariant($"p99 {crowdResult.LatencyOf(0.99):0.0} ms, {string.Join(", ", crowdResult.Statuses.Select(pair => $"{pair.Value} of {pair.Key}"))}, {crowdResult.Broken} broken"),
        });
        tell(new()
        {
            What = "refused connections closed, p99", Value = crowdResult.RefusedWithin(0.99), Unit = " ms", Target = "<= 1,000 ms", Pass = crowdResult.RefusedWithin(0.99) <= 1_000,
            Note = FormattableString.Invariant($"{crowdResult.Refused} refused, {crowdResult.Held} held at most"),
        });
        tell(new() { What = "resident, most meanwhile", Value = most / MiB, Unit = " MiB", Target = "<= 400 MB", Pass = most <= 400e6 });
        tell(new() { What = "served again after the crowd has gone", Value = again, Unit = " s", Target = "<= 5 s", Pass = again <= 5 });
    }

    private static async Task LoadAsync(ChildProcess server, int connections, TimeSpan time, CrowdResult crowdResult)
    {
        using var over = new CancellationTokenSource(time);
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => AskAsync(server.Address, crowdResult, over.Token)));
        crowdResult.Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task AskAsync(IPEndPoint address, CrowdResult crowdResult, CancellationToken over)
    {
        var answer = new byte[4_096];
        while (!over.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, over);
                while (true)
                {
                    var began = Stopwatch.GetTimestamp();
                    await socket.SendAsync(s_ask, over);
                    var length = await socket.ReceiveAsync(answer, over);
                    if (length < 12) throw new SocketException((int)SocketError.ConnectionReset);

                    crowdResult.Answered(Encoding.ASCII.GetString(answer, 9, 3), Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                crowdResult.Break();
                await Task.Delay(100, CancellationToken.None);
            }
        }
    }

    private static async Task BeSlowAsync(IPEndPoint address, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(address, over);
                await socket.SendAsync(s_begin, over);
                while (true)
                {
                    await Task.Delay(1_000, over);
                    await socket.SendAsync("x"u8.ToArray(), over);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // The server has had enough of it: the next one.
            }
        }
    }

    /// <summary>Opens them one after the other, as many as this process can hold, and a new one for each that was refused.</summary>
    private static async Task BeIdleAsync(IPEndPoint address, CrowdResult crowdResult, CancellationToken over)
    {
        var (free, open) = (new SemaphoreSlim(OpenFiles() - Kept), new ConcurrentBag<Task>());
        try
        {
            for (var i = 0; i < Idle; i++)
            {
                await free.WaitAsync(over);
                open.Add(HoldAsync(address, crowdResult, free, over));
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }

        await Task.WhenAll(open);
        free.Dispose();
    }

    private static async Task HoldAsync(IPEndPoint address, CrowdResult crowdResult, SemaphoreSlim free, CancellationToken over)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var began = Stopwatch.GetTimestamp();
        crowdResult.Open();
        try
        {
            await socket.ConnectAsync(address, over);
            await socket.ReceiveAsync(new byte[1], over);
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // Refused, or the time is over.
        }

        crowdResult.End();
        if (over.IsCancellationRequested) return;

        // One that was let in is closed when it has said nothing for long; that is no refusal.
        var waited = Stopwatch.GetElapsedTime(began);
        if (waited < TimeSpan.FromSeconds(25)) crowdResult.Refuse(waited.TotalMilliseconds);
        free.Release();
    }

    private static int OpenFiles() => Afterword.Server.Hosting.Transport.OpenFiles.Limit() ?? 10_000;

    private sealed class CrowdResult
    {
        private readonly ConcurrentQueue<double> _latencies = new();
        private readonly ConcurrentQueue<double> _refusals = new();
        private long _broken;
        private long _opened;
        private long _open;
        private long _held;

        public ConcurrentDictionary<int, long> Statuses { get; } = new();

        public double Seconds { get; set; }

        public double Rate => _latencies.Count / Seconds;

        public long Broken => _broken;

        public long Opened => _opened;

        public long Held => _held;

        public int Refused => _refusals.Count;

        public void Answered(string status, double milliseconds)
        {
            Statuses.AddOrUpdate(int.Parse(status, System.Globalization.CultureInfo.InvariantCulture), 1, (_, count) => count + 1);
            _latencies.Enqueue(milliseconds);
        }

        public void Break() => Interlocked.Increment(ref _broken);

        public void Open()
        {
            Interlocked.Increment(ref _opened);
            var open = Interlocked.Increment(ref _open);
            if (open > Volatile.Read(ref _held)) Volatile.Write(ref _held, open);
        }

        public void End() => Interlocked.Decrement(ref _open);

        public void Refuse(double milliseconds) => _refusals.Enqueue(milliseconds);

        public double LatencyOf(double share) => At(_latencies, share);

        public double RefusedWithin(double share) => At(_refusals, share);

        private static double At(ConcurrentQueue<double> values, double share)
        {
            var sorted = values.Order().ToArray();
            return sorted.Length == 0 ? 0 : sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * share)];
        }
    }
}
