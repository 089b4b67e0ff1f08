namespace Afterword.Server.Reports;

/// <summary>A metric with the range in which the true one lies, in 95 of 100 cases.</summary>
internal readonly record struct Estimate(double Value, double Low, double High);

/// <summary>95 % intervals of metrics, as <c>docs/metrics.md</c> states them. Pure arithmetic.</summary>
internal static class Intervals
{
    /// <summary>The 97.5 % point of the normal distribution.</summary>
    public const double Z = 1.959963984540054;

    // The 97.5 % points of Student's t for 1 to 30 degrees of freedom.
    private static readonly double[] s_t =
    [
        12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
        2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
        2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272,
    ];

    /// <summary>A share: Wilson's score interval, which stays within 0 and 1 and is honest about small numbers.</summary>
    /// <returns>Null when there is nothing to have a share of.</returns>
    public static Estimate? Share(long hits, long all)
    {
        if (all <= 0) return null;

        var (n, p) = ((double)all, (double)hits / all);
        var centre = (p + (Z * Z / (2 * n))) / (1 + (Z * Z / n));
        var half = Z / (1 + (Z * Z / n)) * Math.Sqrt((p * (1 - p) / n) + (Z * Z / (4 * n * n)));

        // At 0 and 1 the arithmetic ends a hair beside the bound that it meets.
        return new(p, hits == 0 ? 0 : centre - half, hits == all ? 1 : centre + half);
    }

    /// <summary>The net promoter score, -1 to 1: adjusted Wald, three answers added, of which three quarters each to promoters and detractors.</summary>
    public static Estimate? NetPromoters(long promoters, long detractors, long all)
    {
        if (all <= 0) return null;

        var value = (double)(promoters - detractors) / all;
        var (centre, variance) = Adjusted(promoters, detractors, all);
        var half = Z * Math.Sqrt(variance);

        // One single answer is so far from the adjusted centre that the interval would miss it.
        return new(value, Math.Max(-1, Math.Min(value, centre - half)), Math.Min(1, Math.Max(value, centre + half)));
    }

    /// <summary>The adjusted net promoter score and its variance.</summary>
    public static (double Centre, double Variance) Adjusted(long promoters, long detractors, long all)
    {
        var n = all + 3.0;
        var (p, d) = ((promoters + 0.75) / n, (detractors + 0.75) / n);
        return (p - d, (p + d - ((p - d) * (p - d))) / n);
    }

    /// <summary>An average of scores: Student's t, cut at the ends of the scale.</summary>
    /// <param name="counts">How many got each score, from 0.</param>
    /// <param name="least">The lowest score of the scale.</param>
    /// <param name="most">The highest score of the scale.</param>
    /// <returns>Null without a score; one score alone has the whole scale for its interval.</returns>
    public static Estimate? Average(IReadOnlyList<long> counts, int least, int most)
    {
        var (n, mean, variance) = Moments(counts);
        if (n == 0) return null;
        if (n == 1) return new(mean, least, most);

        var half = T(n - 1) * Math.Sqrt(variance / n);
        return new(mean, Math.Max(least, mean - half), Math.Min(most, mean + half));
    }

    /// <summary>Number, mean and sample variance of scores.</summary>
    public static (long Count, double Mean, double Variance) Moments(IReadOnlyList<long> counts)
    {
        var (n, sum) = (0L, 0.0);
        for (var score = 0; score < counts.Count; score++) (n, sum) = (n + counts[score], sum + (score * (double)counts[score]));
        if (n == 0) return (0, 0, 0);

        var mean = sum / n;
        var squares = 0.0;
        for (var score = 0; score < counts.Count; score++) squares += counts[score] * (score - mean) * (score - mean);
        return (n, mean, n == 1 ? 0 : squares / (n - 1));
    }

    /// <summary>Between which ranks the median lies, by the binomial distribution alone, whatever the times are like.</summary>
    /// <returns>Ranks from 1; null below six values, whose smallest and largest are too close together for 95 %.</returns>
    public static (long Low, long High)? MedianRanks(long count)
    {
        if (count < 6) return null;

        // P(X <= rank - 1) of as many coins must stay within 2.5 %.
        var rank = count <= 1_000 ? ExactRank(count) : (long)Math.Floor((count / 2.0) - (Z * Math.Sqrt(count) / 2));
        return (rank, count + 1 - rank);
    }

    /// <summary>The 97.5 % point of Student's t.</summary>
    /// <param name="freedom">Degrees of freedom, 1 or more.</param>
    public static double T(double freedom)
    {
        if (freedom <= s_t.Length) return s_t[Math.Max(0, (int)freedom - 1)];

        // The expansion of Cornish and Fisher, Abramowitz and Stegun 26.7.5; right to five digits from here on.
        var (z, z3, z5, z7) = (Z, Math.Pow(Z, 3), Math.Pow(Z, 5), Math.Pow(Z, 7));
        return z + ((z3 + z) / (4 * freedom)) + (((5 * z5) + (16 * z3) + (3 * z)) / (96 * freedom * freedom))
            + (((3 * z7) + (19 * z5) + (17 * z3) - (15 * z)) / (384 * freedom * freedom * freedom));
    }

    private static long ExactRank(long count)
    {
        var (term, sum) = (-count * Math.Log(2), 0.0);
        for (long below = 0; ; below++)
        {
            sum += Math.Exp(term);
            if (sum > 0.025) return below;
            term += Math.Log((double)(count - below) / (below + 1));
        }
    }
}
