using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;

namespace Afterword.Bench.Contests;

/// <summary>One side of a comparison: something that can be run for a while and measured.</summary>
internal abstract class Contender
{
    public abstract Task<Measurement> RunAsync(TimeSpan time);
}

/// <summary>The server, which must get each request once.</summary>
/// <param name="bench">Where it runs.</param>
/// <param name="target">The process.</param>
/// <param name="connections">How many connections.</param>
/// <param name="expected">Requests a second in the first run; later ones go by what was seen.</param>
/// <param name="begin">Called before each run; gives what makes the requests of that run.</param>
internal sealed class Once(BenchEnvironment bench, ChildProcess target, int connections, int expected, Func<Func<int, byte[]>> begin) : Contender
{
    private double _expected = expected;

    /// <summary>The requests of the last run.</summary>
    public string Requests { get; } = bench.New("requests");

    public override async Task<Measurement> RunAsync(TimeSpan time)
    {
        // A third more than expected: a run that ends early is no harm, one that lacks requests only ends early.
        RequestFile.Write(Requests, (int)(_expected * time.TotalSeconds * 1.35) + connections, begin());
        var seen = await BenchEnvironment.SendAsync(Requests, target, connections, time, again: false);
        _expected = seen.RanOut ? _expected * 2 : seen.Rate;
        return seen;
    }
}

/// <summary>The bare endpoint, which gets the very requests that the server got last, as often as it can.</summary>
internal sealed class Again(ChildProcess target, int connections, Once same) : Contender
{
    public override Task<Measurement> RunAsync(TimeSpan time) => BenchEnvironment.SendAsync(same.Requests, target, connections, time, again: true);
}

/// <summary>A contender and its baseline, run in turn.</summary>
internal sealed record Duel(IReadOnlyList<Measurement> Real, IReadOnlyList<Measurement> Bare)
{
    /// <summary>The median of the ratios of neighbouring rounds: what disturbs the machine for longer disturbs both.</summary>
    public double Ratio => Median(Ratios);

    public IReadOnlyList<double> Ratios => [.. Real.Zip(Bare, (real, bare) => real.Rate / bare.Rate)];

    public double Rate => Median(Real.Select(run => run.Rate));

    public double BareRate => Median(Bare.Select(run => run.Rate));

    public static async Task<Duel> RunAsync(BenchEnvironment bench, Contender real, Contender bare)
    {
        await real.RunAsync(bench.WarmUp);
        await bare.RunAsync(bench.WarmUp);
        var (reals, bares) = (new List<Measurement>(), new List<Measurement>());
        for (var i = 0; i < BenchEnvironment.Rounds; i++)
        {
            bares.Add(await bare.RunAsync(bench.Round));
            reals.Add(await real.RunAsync(bench.Round));
        }

        return new(reals, bares);
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
