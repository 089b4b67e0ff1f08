using System.Diagnostics;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>How soon the server answers after its start, and how much memory it takes, idle and under load.</summary>
internal static class StartAndMemory
{
    private const double MiB = 1 << 20;

    public static async Task RunAsync(BenchEnvironment bench, Action<Result> tell)
    {
        var server = BenchServer.Sqlite(bench.NewFolder("store"));
        SampleUsers users;
        History history;
        await using (var store = await server.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, senders: 16);
            history = new History(store, users, 100_000, days: 20);
            await history.WriteAsync();
        }

        var empty = new Started("an empty ASP.NET Core app", bench.StartEmpty, writer => writer.Open("/"));
        var built = new Started("start to first answer (signed show), SQLite", () => bench.StartServer(server), writer => Show(writer, history, 0));
        tell(await CompareAsync(bench, built, empty, most: 2.5));

        var program = await bench.PublishAsync();
        tell(await CompareAsync(bench, built with { What = "the same of the single file (eng/publish)", Start = () => bench.StartServer(server, program) }, built with { What = "of the folder of files" }, most: 1.0));
        tell(new() { What = "size of the single file", Value = new FileInfo(program).Length / MiB, Unit = " MiB" });
        await MemoryAsync(bench, server, users, history, tell);
    }

    /// <summary>From the start of the process to the first answer: of one, in turn with another.</summary>
    private static async Task<Result> CompareAsync(BenchEnvironment bench, Started real, Started bare, double most)
    {
        var (reals, bares) = (new List<double>(), new List<double>());
        for (var i = 0; i < (bench.IsQuick ? 7 : 21); i++)
        {
            var (first, second) = (await TimeAsync(bare.Start, bare.Ask), await TimeAsync(real.Start, real.Ask));

            // The first of each finds the programs on the disk, the others in memory.
            if (i == 0) continue;

            bares.Add(first);
            reals.Add(second);
        }

        var ratios = reals.Zip(bares, (real, bare) => real / bare).ToArray();
        return new()
        {
            What = real.What,
            Value = Duel.Median(reals),
            Unit = " ms",
            Against = bare.What,
            Baseline = Duel.Median(bares),
            Ratio = Duel.Median(ratios),
            LowestRatio = ratios.Min(),
            HighestRatio = ratios.Max(),
            Target = FormattableString.Invariant($"<= {most:0.00}"),
            Pass = Duel.Median(ratios) <= most,
        };
    }

    /// <param name="What">What is started, in the table.</param>
    /// <param name="Start">Starts it.</param>
    /// <param name="Ask">Its first request.</param>
    private sealed record Started(string What, Func<ChildProcess> Start, Func<RequestWriter, byte[]> Ask);

    private static async Task<double> TimeAsync(Func<ChildProcess> start, Func<RequestWriter, byte[]> request)
    {
        var began = Stopwatch.GetTimestamp();
        await using var child = start();
        await child.AnswersAsync(request(new RequestWriter(child.Address.ToString())));
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task MemoryAsync(BenchEnvironment bench, BenchServer benchServer, SampleUsers users, History history, Action<Result> tell)
    {
        await using var server = await bench.StartServerAsync(benchServer);
        var writer = new RequestWriter(server.Address.ToString());
        await Exchange.SendAsync(server.Address, Show(writer, history, 0));
        await Task.Delay(bench.Round);
        tell(Memory("resident, idle after start", server.Resident, server.ResidentAnonymous, 120));

        // Four kinds of requests in turn, so that one peak stands for all of them.
        var requests = new CreateRequests(writer, users, together: 8);
        var load = new Once(bench, server, 64, 3_000, () =>
        {
            var create = requests.Begin();
            return i => (i % 4) switch
            {
                0 or 1 => create((i / 4 * 2) + (i % 4)),
                2 => Show(writer, history, i),
                _ => Events(writer, history, i),
            };
        });

        using var watching = new CancellationTokenSource();
        var peak = PeakAsync(server, watching.Token);
        Measurement[] runs = [await load.RunAsync(bench.WarmUp), await load.RunAsync(bench.Round)];
        await watching.CancelAsync();
        var (resident, anonymous) = await peak;
        var result = Memory("resident, most under load (create, show, events; 64 connections)", resident, anonymous, 400);
        tell(runs.All(run => run.IsClean) ? result with { Runs = runs } : result with { Runs = runs, Pass = false, Note = "INVALID: not every answer was 200." });
    }

    private static async Task<(long Resident, long Anonymous)> PeakAsync(ChildProcess server, CancellationToken stop)
    {
        var (resident, anonymous) = (0L, 0L);
        while (!stop.IsCancellationRequested)
        {
            if (server.Resident is var now && now > resident) (resident, anonymous) = (now, server.ResidentAnonymous);
            await Task.Delay(50, CancellationToken.None);
        }

        return (resident, anonymous);
    }

    private static Result Memory(string what, long resident, long anonymous, int most) => new()
    {
        What = what,
        Value = resident / MiB,
        Unit = " MiB",
        Target = FormattableString.Invariant($"<= {most} MB"),
        Pass = resident <= most * 1e6,
        Note = FormattableString.Invariant($"{anonymous / MiB:0.0} MiB of it not backed by files"),
    };

    private static byte[] Show(RequestWriter writer, History history, int i) =>
        writer.Get(history.SenderOf(i).Credentials, FormattableString.Invariant($"/1.1/feedback/show/{history.IdOf(i % 100_000)}.json"));

    private static byte[] Events(RequestWriter writer, History history, int i) => writer.Get(
        history.SenderOf(i).Credentials, "/1.1/feedback/events.json",
        ("from_time", FormattableString.Invariant($"{history.TimeOf(i * 7919L % 90_000)}")),
        ("to_time", FormattableString.Invariant($"{history.To}")));
}
