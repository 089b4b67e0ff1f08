namespace Afterword.Server.Automation.Fairness;

/// <summary>How likely chance alone goes so far: exact tails of distributions of counts. Pure arithmetic.</summary>
internal static class TailProbabilities
{
    // Below this a term adds nothing to a sum that decides at 0.05 by some thousands of tests.
    private const double Negligible = 1e-18;
    private const int TableSize = 128;

    private static readonly double[] s_logFactorials = Table();

    /// <summary>The probability of <paramref name="hits"/> or more of <paramref name="all"/> independent trials.</summary>
    /// <param name="hits">From 0 to <paramref name="all"/>.</param>
    /// <param name="all">How many trials.</param>
    /// <param name="chance">Of each, 0 to 1.</param>
    public static double AtLeast(long hits, long all, double chance)
    {
        if (hits <= 0) return 1;
        if (hits > all || chance <= 0) return 0;
        if (chance >= 1) return 1;
        if (hits <= all * chance) return 1 - SumDown(hits - 1, all, chance);

        var term = Math.Exp(LogBinomial(hits, all, chance));
        var (sum, odds) = (term, chance / (1 - chance));
        for (var i = hits; i < all && term > Negligible * sum; i++)
        {
            term *= (all - i) / (i + 1.0) * odds;
            sum += term;
        }

        return Math.Min(sum, 1);
    }

    /// <summary>The probability of <paramref name="hits"/> or fewer.</summary>
    /// <inheritdoc cref="AtLeast"/>
    public static double AtMost(long hits, long all, double chance) => AtLeast(all - hits, all, 1 - chance);

    /// <summary>The probability that, of some marked ones among all, so many or more are among those that one has: each is as likely as any other.</summary>
    /// <param name="hits">The marked ones that one has.</param>
    /// <param name="own">All that one has.</param>
    /// <param name="marked">The marked ones.</param>
    /// <param name="all">All.</param>
    public static double AtLeastAmong(long hits, long own, long marked, long all)
    {
        var (least, most) = (Math.Max(0, own + marked - all), Math.Min(own, marked));
        if (hits <= least) return 1;
        if (hits > most) return 0;

        var sum = 0.0;
        for (var i = hits; i <= most; i++)
        {
            var term = Math.Exp(LogChoose(marked, i) + LogChoose(all - marked, own - i) - LogChoose(all, own));
            sum += term;

            // Behind the middle, terms only become smaller.
            if (term < Negligible && i > (double)own * marked / all) break;
        }

        return Math.Min(sum, 1);
    }

    // From the top down, for hits below the middle.
    private static double SumDown(long hits, long all, double chance)
    {
        if (hits < 0) return 0;

        var term = Math.Exp(LogBinomial(hits, all, chance));
        var (sum, odds) = (term, (1 - chance) / chance);
        for (var i = hits; i > 0 && term > Negligible * sum; i--)
        {
            term *= i / (all - i + 1.0) * odds;
            sum += term;
        }

        return Math.Min(sum, 1);
    }

    private static double LogBinomial(long hits, long all, double chance) => LogChoose(all, hits) + (hits * Math.Log(chance)) + ((all - hits) * Math.Log(1 - chance));

    private static double LogChoose(long all, long some) => LogFactorial(all) - LogFactorial(some) - LogFactorial(all - some);

    // Stirling's series; from 128 on right to more digits than a double has.
    private static double LogFactorial(long number)
    {
        if (number < TableSize) return s_logFactorials[number];

        var n = (double)number;
        return (n * Math.Log(n)) - n + (0.5 * Math.Log(2 * Math.PI * n)) + (1 / (12 * n)) - (1 / (360 * n * n * n));
    }

    private static double[] Table()
    {
        var table = new double[TableSize];
        for (var i = 1; i < TableSize; i++) table[i] = table[i - 1] + Math.Log(i);
        return table;
    }
}
