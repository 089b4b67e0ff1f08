using System.Globalization;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>What a request costs the generator, compared with wrk replaying the same requests by a script. Not part of a run.</summary>
internal static class Generators
{
    private const int Connections = 64;
    private const string Wrk = "/usr/bin/wrk";

    public static async Task RunAsync(BenchEnvironment bench, Action<Result> tell)
    {
        if (!File.Exists(Wrk)) throw new InvalidOperationException("wrk is not installed.");

        var server = BenchServer.Sqlite(bench.NewFolder("store"));
        SampleUsers users;
        await using (var store = await server.OpenAsync()) users = await SampleUsers.CreateAsync(store, senders: 2);

        await using var bare = await bench.StartBareAsync(("create.json", new byte[420]));
        var file = bench.New("requests");
        RequestFile.Write(file, 100_000, new CreateRequests(new(bare.Address.ToString()), users, together: 1).Begin());
        var script = bench.New("replay.lua");
        await using (var from = typeof(Generators).Assembly.GetManifestResourceStream("replay.lua")!)
        await using (var to = File.Create(script))
        {
            await from.CopyToAsync(to);
        }

        await BenchEnvironment.SendAsync(file, bare, Connections, bench.WarmUp, again: true);
        var (own, wrk) = (new List<double>(), new List<double>());
        for (var i = 0; i < BenchEnvironment.Rounds; i++)
        {
            var seen = await BenchEnvironment.SendAsync(file, bare, Connections, bench.Round, again: true);
            own.Add(seen.GeneratorCpu * 1e6 / seen.Completed);
            wrk.Add(await WrkAsync(script, file, bare, bench.Round));
        }

        var ratios = own.Zip(wrk, (mine, theirs) => mine / theirs).ToArray();
        tell(new()
        {
            What = "CPU of the generator for a create call, against the bare endpoint",
            Value = Duel.Median(own),
            Unit = " µs",
            Against = "wrk with replay.lua",
            Baseline = Duel.Median(wrk),
            Ratio = Duel.Median(ratios),
            LowestRatio = ratios.Min(),
            HighestRatio = ratios.Max(),
        });
    }

    private static async Task<double> WrkAsync(string script, string requests, ChildProcess bare, TimeSpan time)
    {
        // Only the shell tells wrk's CPU time. Reading the requests is in it; the difference of two runs leaves it out.
        async Task<(double Cpu, double Completed)> OnceAsync(double seconds)
        {
            var output = await PostgresCluster.RunAsync(
                "/bin/bash", "-c",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"export REQUESTS={requests}; TIMEFORMAT='cpu %U %S'; {{ time {Wrk} -t1 -c{Connections} -d{seconds}s -s {script} http://{bare.Address}; }} 2>&1"));
            var words = output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            double After(string word, int places) => double.Parse(words[Array.LastIndexOf(words, word) + places], CultureInfo.InvariantCulture);
            return (After("cpu", 1) + After("cpu", 2), After("completed", 1));
        }

        var whole = await OnceAsync(time.TotalSeconds);
        var least = await OnceAsync(1);
        return (whole.Cpu - least.Cpu) * 1e6 / (whole.Completed - least.Completed);
    }
}
