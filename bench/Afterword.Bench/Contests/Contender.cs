using Afterword.Bench.Load;
using Afterword.Bench.Stage;

namespace Afterword.Bench.Contests;

/// <summary>One side of a comparison: something that can be run for a while and measured.</summary>
internal abstract class Contender
{
    public abstract Task<Measurement> RunAsync(TimeSpan time);
}

/// <summary>The server, which must get each request once.</summary>
/// <param name="ground">Where it runs.</param>
/// <param name="target">The process.</param>
/// <param name="connections">How many connections.</param>
/// <param name="expected">Requests a second in the first run; later ones go by what was seen.</param>
/// <param name="begin">Called before each run; gives what makes the requests of that run.</param>
internal sealed class Once(Ground ground, Child target, int connections, int expected, Func<Func<int, byte[]>> begin) : Contender
{
    private double _expected = expected;

    /// <summary>The requests of the last run.</summary>
    public string Requests { get; } = ground.New("requests");

    public override async Task<Measurement> RunAsync(TimeSpan time)
    {
        // A third more than expected: a run that ends early is no harm, one that lacks requests only ends early.
        RequestFile.Write(Requests, (int)(_expected * time.TotalSeconds * 1.35) + connections, begin());
        var seen = await Ground.SendAsync(Requests, target, connections, time, again: false);
        _expected = seen.RanOut ? _expected * 2 : seen.Rate;
        return seen;
    }
}

/// <summary>The bare endpoint, which gets the very requests that the server got last, as often as it can.</summary>
internal sealed class Again(Child target, int connections, Once same) : Contender
{
    public override Task<Measurement> RunAsync(TimeSpan time) => Ground.SendAsync(same.Requests, target, connections, time, again: true);
}

/// <summary>A contender and its baseline, run in turn.</summary>
internal sealed record Duel(IReadOnlyList<Measurement> Real, IReadOnlyList<Measurement> Bare)
{
    /// <summary>The median of the ratios of neighbouring rounds: what disturbs the machine for longer disturbs both.</summary>
    public double Ratio => Median(Ratios);

    public IReadOnlyList<double> Ratios => [.. Real.Zip(Bare, (real, bare) => real.Rate / bare.Rate)];

    public double Rate => Median(Real.Select(run => run.Rate));

    public double BareRate => Median(Bare.Select(run => run.Rate));

    public static async Task<Duel> RunAsync(Ground ground, Contender real, Contender bare)
    {
        await real.RunAsync(ground.WarmUp);
        await bare.RunAsync(ground.WarmUp);
        var (reals, bares) = (new List<Measurement>(), new List<Measurement>());
        for (var i = 0; i < Ground.Rounds; i++)
        {
            bares.Add(await bare.RunAsync(ground.Round));
            reals.Add(await real.RunAsync(ground.Round));
        }

        return new(reals, bares);
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
