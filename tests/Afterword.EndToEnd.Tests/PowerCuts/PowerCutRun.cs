using System.Globalization;
using System.Security.Cryptography;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.EndToEnd.Tests.Webhooks;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>Servers at work on a store, their writes recorded, and the states that power cuts may leave of it.</summary>
internal sealed class PowerCutRun
{
    private const int Connections = 4;

    // Of the syncs of a thread some fail, or all after a while; what they were to keep is lost, unless it is written again.
    private const string SomeSyncsFail = "-e inject=fsync:error=EIO:when=2+5";
    private const string SyncsFailInTheEnd = "-e inject=fsync:error=EIO:when=40+";

    private readonly Recording _recording;
    private readonly Dictionary<string, byte[]> _before;
    private readonly RecordedTraffic? _traffic;

    private PowerCutRun(string folder, RecordedTraffic? traffic)
    {
        Seed = int.TryParse(Environment.GetEnvironmentVariable("AFTERWORD_TEST_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : RandomNumberGenerator.GetInt32(int.MaxValue);
        _recording = new Recording(folder);
        _before = Directory.GetFiles(folder, "*.db*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        _traffic = traffic;
    }

    /// <summary>Decides what is sent, when the power goes, and what is left. AFTERWORD_TEST_SEED sets it.</summary>
    public int Seed { get; }

    public Recording Recording => _recording;

    public RecordedTraffic Traffic => _traffic!;

    /// <summary>A server that begins a store.</summary>
    public static async Task<PowerCutRun> OfStartAsync()
    {
        using var folder = TestFolder.Create("store");
        var run = new PowerCutRun(folder.Path, null);
        await run.RecordAsync(SqliteStore.In(folder), "a first start", "", (_, _) => Task.CompletedTask, server => server.TerminateAsync());
        return run;
    }

    /// <summary>Servers that take requests and deliver events: one that is stopped, two to which the disk fails, and one after these.</summary>
    public static async Task<PowerCutRun> OfLoadAsync(int requests)
    {
        await using var inbox = await WebhookInbox.StartAsync();
        var store = await SqliteStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: 3, members: 40, customers: 20_000);
        await inbox.AddToAsync(store, data.Senders);
        var run = new PowerCutRun(store.Place.Value, new RecordedTraffic(data));
        Task TellAsync(ServerProcess server, Random random) => run.Traffic.TellAsync(server, Connections, requests, random);
        await run.RecordAsync(store, "a server that is stopped", "", TellAsync, server => server.TerminateAsync());
        await run.RecordAsync(store, "a server to which some syncs fail, and which is killed", SomeSyncsFail, TellAsync, server => server.KillAsync());
        await run.RecordAsync(store, "a server to which no sync succeeds in the end, and which is killed", SyncsFailInTheEnd, TellAsync, server => server.KillAsync());
        await run.RecordAsync(store, "a server after these", "", TellAsync, server => server.TerminateAsync());
        return run;
    }

    public override string ToString() =>
        $"seed {Seed}: {_recording.Steps.Count} steps of the disk, {_recording.Steps.OfType<Sync>().Count()} syncs of which {_recording.Steps.OfType<Sync>().Count(sync => sync.Failed)} failed, {_traffic?.Acknowledged ?? 0} requests acknowledged, {_traffic?.Unavailable ?? 0} answered with 503";

    /// <summary>Makes states, opens each, and gives one line for each breach of the law.</summary>
    /// <param name="states">How many.</param>
    /// <param name="liesAboutSyncs">Whether the disk does nothing when it is told to sync: a control.</param>
    public async Task<IReadOnlyList<string>> JudgeAsync(int states, bool liesAboutSyncs = false)
    {
        var random = new Random(Seed);
        var disk = new CutDisk(_before, liesAboutSyncs);
        var broken = new List<string>();
        using var turns = new SemaphoreSlim(2);
        var judged = new List<Task>();
        var next = 0;
        foreach (var moment in Moments(states, random))
        {
            while (next < _recording.Steps.Count && _recording.Steps[next].At < moment) disk.Do(_recording.Steps[next++]);
            var files = disk.Cut(random);
            await turns.WaitAsync();
            judged.Add(Task.Run(async () =>
            {
                try
                {
                    var lines = await CutState.JudgeAsync(files, _traffic?.At(_recording, moment));
                    lock (broken) broken.AddRange(lines.Select(line => $"A power cut at {moment} of {_recording.End}, {PhaseOf(moment)}: {line}"));
                }
                finally
                {
                    turns.Release();
                }
            }));
        }

        await Task.WhenAll(judged);
        return broken;
    }

    /// <summary>The end of it all, with nothing lost, and harm done.</summary>
    public Task<IReadOnlyList<string>> JudgeDamagedAsync(string damage)
    {
        var disk = new CutDisk(_before);
        foreach (var step in _recording.Steps) disk.Do(step);
        return CutState.JudgeAsync(disk.Cut(new Random(Seed)), _traffic!.At(_recording, int.MaxValue), damage);
    }

    private async Task RecordAsync(SqliteStore store, string what, string faults, Func<ServerProcess, Random, Task> work, Func<ServerProcess, Task> end)
    {
        using var trace = TestFolder.Create("trace");
        var file = Path.Combine(trace.Path, "calls");
        await using (var server = await ServerProcess.StartBoundedAsync(store, new(Trace: Recording.Options(file, faults)), WebhookInbox.Settings))
        {
            await work(server, new Random(Seed + _recording.Phases.Count));
            await end(server);
        }

        _recording.Add(file, what);
    }

    /// <summary>Around each sync, at answers, and anywhere.</summary>
    private int[] Moments(int count, Random random)
    {
        var syncs = _recording.Steps.OfType<Sync>().SelectMany(sync => (int[])[sync.Asked, sync.At, sync.At + 1]).ToArray();
        int[] answers = [.. _recording.Answers.Select(at => at + 1)];
        var moments = new int[count];
        for (var i = 0; i < count; i++)
        {
            moments[i] = (i % 5) switch
            {
                0 or 1 => syncs[random.Next(syncs.Length)],
                2 or 3 when answers.Length > 0 => answers[random.Next(answers.Length)],
                _ => random.Next(_recording.End + 2),
            };
        }

        Array.Sort(moments);
        return moments;
    }

    private string PhaseOf(int moment) => _recording.Phases.Last(phase => phase.At <= moment).What;
}
