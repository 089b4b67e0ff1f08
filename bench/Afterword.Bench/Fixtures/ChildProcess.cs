using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Afterword.Bench.Load;

namespace Afterword.Bench.Fixtures;

/// <summary>A process under test: started, watched from outside, told to end.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _drained;

    private ChildProcess(Process process, IPEndPoint address, Task drained) => (_process, Address, _drained) = (process, address, drained);

    public IPEndPoint Address { get; }

    public int Id => _process.Id;

    /// <summary>CPU time of the process so far, in seconds.</summary>
    public double Cpu => CpuOf(Id);

    /// <summary>Resident memory in bytes.</summary>
    public long Resident => Status("VmRSS:");

    /// <summary>The part of <see cref="Resident"/> that is not pages of a file, such as those of a mapped database.</summary>
    public long ResidentAnonymous => Status("RssAnon:");

    /// <summary>Starts a program; it is expected to listen on the address it is given.</summary>
    /// <param name="program">The file to run.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="address">Where it will listen.</param>
    /// <param name="environment">Variables added to this process's own.</param>
    /// <param name="log">Where its output goes.</param>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, IPEndPoint address, IReadOnlyDictionary<string, string> environment, string log)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var (name, value) in environment) start.Environment[name] = value;

        var process = Process.Start(start)!;
        var file = new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        var drained = Task.WhenAll(process.StandardOutput.BaseStream.CopyToAsync(file), process.StandardError.BaseStream.CopyToAsync(file))
            .ContinueWith(_ => file.DisposeAsync().AsTask(), TaskScheduler.Default).Unwrap();
        return new(process, address, drained);
    }

    /// <summary>A loopback address that nothing listens on.</summary>
    public static IPEndPoint FreeAddress()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>Sends a request as soon as someone listens, and waits for a 200.</summary>
    /// <exception cref="InvalidOperationException">The process ended, or did not answer within 30 s.</exception>
    public async Task AnswersAsync(byte[] request)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(30))
        {
            if (_process.HasExited) break;
            if (await Exchange.TryAsync(Address, request) is { Status: 200 }) return;

            await Task.Delay(1);
        }

        throw new InvalidOperationException($"{_process.StartInfo.FileName} did not answer on {Address}; see its log.");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Libc.Kill(Id, Libc.Terminate);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }

        await _drained;
        _process.Dispose();
    }

    private static double CpuOf(int process)
    {
        // proc(5): the name is in parentheses and may hold anything; utime and stime are fields 14 and 15, in 1/100 s.
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    private long Status(string name)
    {
        var line = File.ReadLines($"/proc/{Id}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
