using Afterword.Bench.Load;
using Afterword.Bench.Contests;

namespace Afterword.Bench.Report;

/// <summary>One line of the table.</summary>
internal sealed record Result
{
    /// <summary>The row of the command line that it belongs to.</summary>
    public string Row { get; init; } = "";

    public required string What { get; init; }

    public required double Value { get; init; }

    public required string Unit { get; init; }

    /// <summary>What it is compared with, and its value.</summary>
    public string? Against { get; init; }

    public double? Baseline { get; init; }

    public double? Ratio { get; init; }

    public double? LowestRatio { get; init; }

    public double? HighestRatio { get; init; }

    public string? Target { get; init; }

    /// <summary>Null where there is no target.</summary>
    public bool? Pass { get; init; }

    public string? Note { get; init; }

    /// <summary>Every run behind the metric.</summary>
    public IReadOnlyList<Measurement>? Runs { get; init; }

    public IReadOnlyList<Measurement>? BaselineRuns { get; init; }

    /// <summary>The rate of a duel against its baseline.</summary>
    public static Result Of(string what, Duel duel, string against, double? least, string unit = "/s")
    {
        var dirty = duel.Real.Concat(duel.Bare).FirstOrDefault(run => !run.IsClean);
        return new()
        {
            What = what,
            Value = duel.Rate,
            Unit = unit,
            Against = against,
            Baseline = duel.BareRate,
            Ratio = duel.Ratio,
            LowestRatio = duel.Ratios.Min(),
            HighestRatio = duel.Ratios.Max(),
            Target = least is { } ratio ? FormattableString.Invariant($">= {ratio:0.00}") : null,
            Pass = dirty is not null ? false : least is null ? null : duel.Ratio >= least,
            Note = dirty is null ? Costs(duel) : $"INVALID: {Describe(dirty)}",
            Runs = duel.Real,
            BaselineRuns = duel.Bare,
        };
    }

    private static string Costs(Duel duel)
    {
        static double Micros(IEnumerable<Measurement> runs) => Duel.Median(runs.Select(run => run.ServerCpu * 1e6 / run.Completed));
        var real = Micros(duel.Real);
        var note = FormattableString.Invariant($"p50 {Duel.Median(duel.Real.Select(run => run.P50)):0.0} ms, p99 {Duel.Median(duel.Real.Select(run => run.P99)):0.0} ms");
        var bare = Micros(duel.Bare);
        note += FormattableString.Invariant($"; CPU {real:0.0} µs a request");

        // Of pgbench it is not known: PostgreSQL does the work.
        return bare <= 0 ? note : note + FormattableString.Invariant($", baseline {bare:0.0}");
    }

    private static string Describe(Measurement run) =>
        $"{run.Broken} broken, {string.Join(", ", run.Statuses.Select(pair => FormattableString.Invariant($"{pair.Value} of {pair.Key}")))}. {run.FirstRefusal?.ReplaceLineEndings(" ")}";
}
