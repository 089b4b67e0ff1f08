using System.Diagnostics;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Bench.Stage;

namespace Afterword.Bench.Contests;

/// <summary>How soon the server answers after its start, and how much memory it takes, idle and under load.</summary>
internal static class StartAndMemory
{
    private const double MiB = 1 << 20;

    public static async Task RunAsync(Ground ground, Action<Figure> tell)
    {
        var site = Site.Sqlite(ground.NewFolder("store"));
        Cast cast;
        History history;
        await using (var store = await site.OpenAsync())
        {
            cast = await Cast.CreateAsync(store, senders: 16);
            history = new History(store, cast, 100_000, days: 20);
            await history.WriteAsync();
        }

        var empty = new Started("an empty ASP.NET Core app", ground.StartEmpty, writer => writer.Open("/"));
        var built = new Started("start to first answer (signed show), SQLite", () => ground.StartServer(site), writer => Show(writer, history, 0));
        tell(await CompareAsync(ground, built, empty, most: 2.5));

        var program = await ground.PublishAsync();
        tell(await CompareAsync(ground, built with { What = "the same of the single file (eng/publish)", Start = () => ground.StartServer(site, program) }, built with { What = "of the folder of files" }, most: 1.0));
        tell(new() { What = "size of the single file", Value = new FileInfo(program).Length / MiB, Unit = " MiB" });
        await MemoryAsync(ground, site, cast, history, tell);
    }

    /// <summary>From the start of the process to the first answer: of one, in turn with another.</summary>
    private static async Task<Figure> CompareAsync(Ground ground, Started real, Started bare, double most)
    {
        var (reals, bares) = (new List<double>(), new List<double>());
        for (var i = 0; i < (ground.IsQuick ? 7 : 21); i++)
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
    private sealed record Started(string What, Func<Child> Start, Func<RequestWriter, byte[]> Ask);

    private static async Task<double> TimeAsync(Func<Child> start, Func<RequestWriter, byte[]> request)
    {
        var began = Stopwatch.GetTimestamp();
        await using var child = start();
        await child.AnswersAsync(request(new RequestWriter(child.Address.ToString())));
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task MemoryAsync(Ground ground, Site site, Cast cast, History history, Action<Figure> tell)
    {
        await using var server = await ground.StartServerAsync(site);
        var writer = new RequestWriter(server.Address.ToString());
        await Exchange.SendAsync(server.Address, Show(writer, history, 0));
        await Task.Delay(ground.Round);
        tell(Memory("resident, idle after start", server.Resident, server.ResidentAnonymous, 120));

        // Four kinds of requests in turn, so that one peak stands for all of them.
        var requests = new CreateRequests(writer, cast, together: 8);
        var load = new Once(ground, server, 64, 3_000, () =>
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
        Measurement[] runs = [await load.RunAsync(ground.WarmUp), await load.RunAsync(ground.Round)];
        await watching.CancelAsync();
        var (resident, anonymous) = await peak;
        var figure = Memory("resident, most under load (create, show, events; 64 connections)", resident, anonymous, 400);
        tell(runs.All(run => run.IsClean) ? figure with { Runs = runs } : figure with { Runs = runs, Pass = false, Note = "INVALID: not every answer was 200." });
    }

    private static async Task<(long Resident, long Anonymous)> PeakAsync(Child server, CancellationToken stop)
    {
        var (resident, anonymous) = (0L, 0L);
        while (!stop.IsCancellationRequested)
        {
            if (server.Resident is var now && now > resident) (resident, anonymous) = (now, server.ResidentAnonymous);
            await Task.Delay(50, CancellationToken.None);
        }

        return (resident, anonymous);
    }

    private static Figure Memory(string what, long resident, long anonymous, int most) => new()
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
