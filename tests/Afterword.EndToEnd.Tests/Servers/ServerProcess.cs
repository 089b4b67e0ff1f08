using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>The built server, running as a process of its own on a store.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>What a shell says of a process that SIGKILL ended: 128 + 9.</summary>
    public const int KilledCode = 137;

    // Twenty milliseconds each: far more than any start takes, and an end for one that hangs.
    private const int MostPolls = 3_000;

    private const string Plain = "http://127.0.0.1:0";
    private const string ListeningOn = "Listening on http:";

    private readonly Process _process;
    private readonly TestFolder _folder = TestFolder.Create("server");
    private readonly ConcurrentQueue<string> _said = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(TestStore store, string urls, string[] settings, ProcessBounds? bounds = null, string? program = null)
    {
        string[] arguments = ["serve", "--urls", urls, $"--{store.Place.Key.ToLowerInvariant()}", store.Place.Value,
            .. settings.SelectMany(setting => (string[])["--set", setting])];
        program ??= Path.Combine(AppContext.BaseDirectory, "afterword");
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(bounds is null ? program : "bash", bounds is null ? arguments : ["-c", $"{bounds.Commands} exec \"$0\" \"$@\"", program, .. arguments])
            {
                RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.Path,
            },
        };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text) _said.Enqueue(text);
            if (line.Data?.StartsWith(ListeningOn, StringComparison.Ordinal) == true) _port.TrySetResult(new Uri($"http:{line.Data[ListeningOn.Length..]}").Port);
            if (line.Data is null) _port.TrySetException(new InvalidOperationException("The server ended before it listened."));
        };
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text) _errors.Enqueue(text);
        };
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Connections to this process, whatever host name a request is sent to.</summary>
    public SocketsHttpHandler Transport { get; private set; } = null!;

    /// <summary>The number of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Where it listens, once it does.</summary>
    public Uri Url => new($"http://127.0.0.1:{_port.Task.Result}");

    /// <summary>How often it was asked until it said that it is ready.</summary>
    public int Polls { get; private set; }

    /// <summary>Everything it wrote to stdout, as far as to where it listens.</summary>
    public IReadOnlyCollection<string> Said => _said;

    /// <summary>Everything it wrote to stderr.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>Starts the server and waits until it says that it is ready.</summary>
    public static Task<ServerProcess> StartAsync(TestStore store, params string[] settings) => StartAsync(new ServerProcess(store, Plain, settings));

    /// <summary>The same with another program, such as one of before.</summary>
    public static Task<ServerProcess> StartProgramAsync(string program, TestStore store, params string[] settings) =>
        StartAsync(new ServerProcess(store, Plain, settings, program: program));

    /// <summary>The same, listening on an address of the test's choice as well.</summary>
    public static Task<ServerProcess> StartAtAsync(TestStore store, string url, params string[] settings) =>
        StartAsync(new ServerProcess(store, $"{Plain};{url}", settings));

    /// <summary>The same, with less than the machine has.</summary>
    public static Task<ServerProcess> StartBoundedAsync(TestStore store, ProcessBounds bounds, params string[] settings) =>
        StartAsync(new ServerProcess(store, Plain, settings, bounds));

    private static async Task<ServerProcess> StartAsync(ServerProcess server)
    {
        try
        {
            var port = await server._port.Task;
            server.Transport = new SocketsHttpHandler
            {
                UseProxy = false, UseCookies = false, AllowAutoRedirect = false,
                ConnectCallback = async (_, stop) =>
                {
                    var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
                    try
                    {
                        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), stop);
                        return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                    }
                    catch
                    {
                        socket.Dispose();
                        throw;
                    }
                },
            };
            await server.ReadyAsync();
            return server;
        }
        catch (Exception error)
        {
            // It has ended by itself; what it said last may not be read yet.
            if (server._port.Task.IsFaulted) await server._process.WaitForExitAsync();
            await server.DisposeAsync();
            throw new InvalidOperationException($"The server did not start: {string.Join('\n', server.Errors)}", error);
        }
    }

    /// <summary>Sends SIGKILL, waits for the end and gives the exit code.</summary>
    public Task<int> KillAsync()
    {
        _process.Kill();
        return EndAsync();
    }

    /// <summary>Sends SIGTERM, waits for the end and gives the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("bash", ["-c", $"kill -TERM {_process.Id}"]);
        await kill.WaitForExitAsync();
        return await EndAsync();
    }

    /// <summary>Stops the process as it stands, or lets it go on: SIGSTOP and SIGCONT.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("bash", ["-c", $"kill -{signal} {_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Transport?.Dispose();
        _process.Dispose();
        _folder.Dispose();
    }

    private async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    private async Task ReadyAsync()
    {
        using var http = new HttpMessageInvoker(Transport, disposeHandler: false);
        while (Polls++ < MostPolls)
        {
            using var ask = new HttpRequestMessage(HttpMethod.Get, "http://feedback.test/healthz/ready");
            using var answer = await http.SendAsync(ask, CancellationToken.None);
            if (answer.StatusCode == HttpStatusCode.OK) return;
            await Task.Delay(20);
        }

        throw new InvalidOperationException($"It was not ready after {MostPolls} polls.");
    }

    private void OnExit(object? sender, EventArgs e) => _process.Kill();
}

/// <summary>What a process may have.</summary>
/// <param name="OpenFiles">Descriptors; null for as many as the tests may have.</param>
/// <param name="HeapBytes">Managed memory; null for as much as there is.</param>
/// <param name="Disk">A folder that lies on a disk of a few megabytes, with what is in it; null for none.</param>
/// <param name="Trace">Options of strace, which runs beside the process from its start to its end; null for none.</param>
internal sealed record ProcessBounds(int? OpenFiles = null, long? HeapBytes = null, string? Disk = null, string? Trace = null)
{
    /// <summary>What a shell does before it starts the process.</summary>
    public string Commands => $"{(OpenFiles is { } files ? $"ulimit -n {files};" : "")} {(HeapBytes is { } bytes ? $"export DOTNET_GCHeapHardLimit=0x{bytes:x};" : "")} {(Disk is { } folder ? OnSmallDisk(folder) : "")} {(Trace is { } options ? $"exec strace -D {options} \"$0\" \"$@\";" : "")}";

    // The mount is seen by this process alone, and gone with it.
    private static string OnSmallDisk(string folder) =>
        $"exec unshare --user --map-root-user --mount bash -c 'cp -a {folder} {folder}.before && mount -t tmpfs -o size=8m none {folder} && cp -a {folder}.before/. {folder} && exec \"$0\" \"$@\"' \"$0\" \"$@\";";
}
