using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Rollups;

/// <summary>How many prompts of some kind there are, and what became of them.</summary>
internal sealed class Counts
{
    /// <summary>Scores of both types fit in: 0 to 10.</summary>
    public const int ScoreCount = 11;

    /// <summary>The columns that <see cref="Read"/> wants, in its order.</summary>
    public const string Columns = "sent, delivered, dismissed, commented, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, times";

    public long Sent { get; set; }

    /// <summary>Those that reached their recipient, as far as is known.</summary>
    public long Delivered { get; set; }

    /// <summary>Those that were dismissed without a score.</summary>
    public long Dismissed { get; set; }

    /// <summary>Those with a score and a text.</summary>
    public long Commented { get; set; }

    /// <summary>How many got each score.</summary>
    public long[] Scores { get; } = new long[ScoreCount];

    /// <summary>From the request to the score.</summary>
    public ResponseTimes Times { get; } = new();

    public long Scored => Scores.Sum();

    /// <summary>Whether there is nothing to count, or to change.</summary>
    public bool IsZero => Sent == 0 && Delivered == 0 && Dismissed == 0 && Commented == 0 && Times.IsEmpty && Array.TrueForAll(Scores, count => count == 0);

    /// <param name="row">A row of <c>rollup</c>.</param>
    /// <param name="at">Where its columns begin.</param>
    public static Counts Read(Row row, int at)
    {
        var counts = new Counts();
        counts.Add(row, at);
        return counts;
    }

    /// <summary>Adds a row of <c>rollup</c>.</summary>
    /// <inheritdoc cref="Read"/>
    public void Add(Row row, int at)
    {
        AddNumbers(row, at);
        if (row.BytesOrNull(at + 4 + ScoreCount) is { } times) Times.Add(times);
    }

    /// <summary>Adds a row of <c>rollup</c>, but for its times, which are most of the work.</summary>
    /// <inheritdoc cref="Read"/>
    public void AddNumbers(Row row, int at)
    {
        Sent += row.GetInt64(at);
        Delivered += row.GetInt64(at + 1);
        Dismissed += row.GetInt64(at + 2);
        Commented += row.GetInt64(at + 3);
        for (var score = 0; score < ScoreCount; score++) Scores[score] += row.GetInt64(at + 4 + score);
    }

    public void Add(Counts others) => Add(others, 1);

    /// <param name="others">What is added.</param>
    /// <param name="sign">1 to add them, -1 to take them away.</param>
    public void Add(Counts others, int sign)
    {
        AddNumbers(others, sign);
        Times.Add(others.Times, sign);
    }

    /// <summary>The same without the times.</summary>
    /// <inheritdoc cref="Add(Counts, int)"/>
    public void AddNumbers(Counts others, int sign)
    {
        Sent += sign * others.Sent;
        Delivered += sign * others.Delivered;
        Dismissed += sign * others.Dismissed;
        Commented += sign * others.Commented;
        for (var i = 0; i < Scores.Length; i++) Scores[i] += sign * others.Scores[i];
    }

    /// <param name="prompt">What is counted.</param>
    /// <param name="sign">1 to count it, -1 to take it away.</param>
    public void Add(CountedRequest prompt, int sign)
    {
        Sent += sign;
        if (prompt.Delivered) Delivered += sign;
        if (prompt.Dismissed && prompt.Score is null) Dismissed += sign;
        if (prompt.Score is not { } score) return;

        if (prompt.Commented) Commented += sign;
        Scores[score] += sign;

        // Stamps of a sender only go forward, so no answer is before its request; a bucket below zero could not be kept.
        Times.Add(ResponseTimes.BucketOf(Math.Max(0, prompt.ScoreAt!.Value - prompt.CreatedAt)), sign);
    }
}
