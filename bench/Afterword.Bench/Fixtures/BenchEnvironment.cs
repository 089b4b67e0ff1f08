using System.Globalization;
using System.Net;
using System.Text.Json;
using Afterword.Bench.Load;

namespace Afterword.Bench.Fixtures;

/// <summary>Where a run takes place: a folder on the disk, the programs under test, and how long things take.</summary>
internal sealed class BenchEnvironment : IAsyncDisposable
{
    private readonly string _folder;
    private int _names;

    public BenchEnvironment(bool quick)
    {
        IsQuick = quick;

        // Not on tmpfs: there a sync costs nothing.
        var temporary = new DriveInfo(Path.GetTempPath()).DriveFormat is "tmpfs" or "ramfs" ? "/var/tmp" : Path.GetTempPath();
        _folder = Directory.CreateDirectory(Path.Combine(temporary, $"afterword-bench-{Environment.ProcessId}")).FullName;
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
    }

    public bool IsQuick { get; }

    public static int Rounds => 3;

    public TimeSpan Round => TimeSpan.FromSeconds(IsQuick ? 3 : 10);

    public TimeSpan WarmUp => TimeSpan.FromSeconds(IsQuick ? 4 : 12);

    /// <summary>The program that is measured.</summary>
    public static string Server => Find("Afterword.Server", "afterword");

    private static string Self => Environment.ProcessPath!;

    /// <summary>A path that nothing has yet.</summary>
    public string New(string name) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{++_names}-{name}"));

    public string NewFolder(string name) => Directory.CreateDirectory(New(name)).FullName;

    /// <summary>Starts the server on a store and waits until it is ready.</summary>
    /// <param name="server">The store.</param>
    /// <param name="program">Another build than the one that is measured; null for that.</param>
    public async Task<ChildProcess> StartServerAsync(BenchServer server, string? program = null)
    {
        var child = StartServer(server, program);
        await child.AnswersAsync(new RequestWriter(child.Address.ToString()).Open("/healthz/ready"));
        return child;
    }

    /// <summary>Starts the server on a store and does not wait.</summary>
    public ChildProcess StartServer(BenchServer server, string? program = null)
    {
        var address = ChildProcess.FreeAddress();
        return ChildProcess.Start(program ?? Server, ["serve", "--urls", $"http://{address}"], address, server.Environment, Path.Combine(_folder, "server.log"));
    }

    /// <summary>Makes the single file of this tree, and says where it is.</summary>
    public async Task<string> PublishAsync()
    {
        // bench/run goes to the root of the tree first.
        var folder = NewFolder("published");
        var platform = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier;
        await PostgresCluster.RunAsync(Path.GetFullPath("eng/publish"), "-o", folder, platform);
        return Path.Combine(folder, platform, "afterword");
    }

    /// <summary>Starts the bare endpoint with the answers that it shall give and waits until it is ready.</summary>
    public async Task<ChildProcess> StartBareAsync(params (string Name, byte[] Body)[] answers)
    {
        var folder = NewFolder("answers");
        foreach (var (name, body) in answers) await File.WriteAllBytesAsync(Path.Combine(folder, name), body);

        var child = StartSelf("bare", folder);
        await child.AnswersAsync(new RequestWriter(child.Address.ToString()).Open("/healthz/ready"));
        return child;
    }

    /// <summary>Starts a receiver of webhooks and waits until it is ready.</summary>
    public async Task<ChildProcess> StartReceiverAsync()
    {
        var child = StartSelf("receive");
        await child.AnswersAsync(new RequestWriter(child.Address.ToString()).Open("/healthz/ready"));
        return child;
    }

    /// <summary>Runs the bare loop of a client, a process of its own, against a receiver.</summary>
    public static async Task PostAsync(ChildProcess receiver, int count, int concurrency, byte[] body)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, body);
        await PostgresCluster.RunAsync(
            Self, "post", $"http://{receiver.Address}/", count.ToString(CultureInfo.InvariantCulture), concurrency.ToString(CultureInfo.InvariantCulture), file);
        File.Delete(file);
    }

    /// <summary>Starts the empty application and does not wait.</summary>
    public ChildProcess StartEmpty() => StartSelf("empty");

    /// <summary>Runs the generator, a process of its own, against a process under test.</summary>
    /// <param name="requests">A file of <see cref="RequestFile"/>.</param>
    /// <param name="target">Who is asked.</param>
    /// <param name="connections">How many connections.</param>
    /// <param name="time">For how long.</param>
    /// <param name="again">Whether requests may be sent more than once.</param>
    public static async Task<Measurement> SendAsync(string requests, ChildProcess target, int connections, TimeSpan time, bool again)
    {
        var cpu = target.Cpu;
        var output = await PostgresCluster.RunAsync(
            Self, "send", requests, target.Address.ToString(), connections.ToString(CultureInfo.InvariantCulture),
            time.TotalSeconds.ToString(CultureInfo.InvariantCulture), again ? "again" : "once");
        return JsonSerializer.Deserialize<Measurement>(output)! with { ServerCpu = target.Cpu - cpu };
    }

    /// <summary>The generator's own process.</summary>
    public static void Send(string requests, string server, string connections, string seconds, bool again)
    {
        using var file = RequestFile.Load(requests);
        using var replay = new Replay(file, int.Parse(connections, CultureInfo.InvariantCulture), again);
        Console.WriteLine(JsonSerializer.Serialize(
            replay.Run(IPEndPoint.Parse(server), TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)))));
    }

    public ValueTask DisposeAsync()
    {
        if (Environment.GetEnvironmentVariable("BENCH_KEEP") is null) Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private ChildProcess StartSelf(string verb, params string[] arguments)
    {
        var address = ChildProcess.FreeAddress();
        return ChildProcess.Start(Self, [verb, $"http://{address}", .. arguments], address, s_likeTheServer.Value, Path.Combine(_folder, "bare.log"));
    }

    // A baseline with another garbage collector would compare collectors.
    private static readonly Lazy<Dictionary<string, string>> s_likeTheServer = new(() =>
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Server + ".runtimeconfig.json"));
        var properties = settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties");
        return new() { ["DOTNET_gcServer"] = properties.TryGetProperty("System.GC.Server", out var server) && server.GetBoolean() ? "1" : "0" };
    });

    // Beside this program's own folder: artifacts/bin/<project>/<configuration>/.
    private static string Find(string project, string program)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        var file = Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, program);
        return File.Exists(file) ? file : throw new FileNotFoundException($"{file} is missing; bench/run builds it.");
    }
}
