using Afterword.Server.Prompts;

namespace Afterword.Server.Reports.Pages;

/// <summary>The six figures of a period beside those of the period before.</summary>
/// <param name="points">The period in steps, for the small lines.</param>
internal sealed class FigureCards(Stretch period, Stretch periodBefore, IReadOnlyList<Stretch> points)
{
    public IReadOnlyList<FigureView> All()
    {
        var (now, before) = (period.Figures, periodBefore.Figures);
        var answers = FigureWords.Answers(now.Counts.Scored);
        var nps = now.Type == PromptType.Nps;
        return
        [
            nps
                ? Card("nps", "NPS", now.Headline, FigureWords.Points, FigureWords.Points, answers, FigureChange.OfHeadline(now, before), by => $"{FigureWords.Signed(by * 100, "0")} points", figures => figures.Headline)
                : Card("csat", "CSAT", now.Headline, FigureWords.Percent, FigureWords.Percents, answers, FigureChange.OfHeadline(now, before), Shares, figures => figures.Headline),
            Card("average", "Average score", now.Average, FigureWords.Average, FigureWords.Averages, answers, FigureChange.OfAverage(now, before), by => FigureWords.Signed(by, "0.00"), figures => figures.Average),
            new(
                "sent", "Requests sent", FigureWords.Number(now.Counts.Sent), null, $"{FigureWords.Number(now.Counts.Delivered)} delivered, {FigureWords.Number(now.Counts.Dismissed)} dismissed", null,
                before.Counts.Sent == 0 && now.Counts.Sent > 0 ? new("", "", "new", "") : ViewOf(FigureChange.OfSent(now, before), FigureWords.Growth), [.. points.Select(point => (double?)point.Figures.Counts.Sent)]),
            Card(
                "response-rate", "Response rate", now.ResponseRate, FigureWords.Percent, FigureWords.Percents, $"{FigureWords.Number(now.Counts.Delivered)} delivered",
                FigureChange.OfResponse(now, before), Shares, figures => figures.ResponseRate),
            Card("comment-rate", "Comment rate", now.CommentRate, FigureWords.Percent, FigureWords.Percents, answers, FigureChange.OfComments(now, before), Shares, figures => figures.CommentRate),
            Card(
                "median-time", "Median time to answer", now.MedianTime, FigureWords.Time, FigureWords.Times, answers, FigureChange.OfMedianTime(now, before),
                by => $"{FigureWords.Growth(by).TrimStart('+', '−')} {(by > 0 ? "slower" : "faster")}", figures => figures.MedianTime),
        ];
    }

    private FigureView Card(
        string id, string name, Estimate? figure, Func<double, string> text, Func<Estimate, string> interval, string basis, FigureChange change,
        Func<double, string> by, Func<Figures, Estimate?> trend)
    {
        var showsScores = id != "response-rate";
        if (period.IsHidden && showsScores) return new(id, name, FigureWords.None, null, basis, $"Not shown: fewer than {Figures.Enough} answers", null, []);

        if (showsScores) change = periodBefore.Shown(change);
        var few = showsScores ? period.Figures.IsTooFew : period.Figures.Counts.Delivered < Figures.Enough;
        return new(
            id, name, figure is { } value ? text(value.Value) : FigureWords.None, figure is { Low: var low } known && !double.IsNaN(low) ? interval(known) : null, basis,
            figure is not null && few ? "Too few to go by" : null, ViewOf(change, by), [.. points.Select(point => point.IsHidden && showsScores ? null : trend(point.Figures)?.Value)]);
    }

    private static string Shares(double by) => $"{FigureWords.Signed(by * 100, "0.0")} points";

    private static ChangeView? ViewOf(FigureChange change, Func<double, string> by) => change switch
    {
        { Movement: Movement.Unknown } => null,
        { Movement: Movement.TooFew } => new("", "", "", "Too few answers to compare"),
        { Movement: Movement.WithinChance, Tested: true } => new("", "≈", by(change.By), "within chance"),
        { Movement: Movement.WithinChance } => new("", "=", "as before", ""),
        // What no test stands behind is neither praised nor blamed.
        { Movement: var movement, Tested: var tested } => new(
            !tested ? "" : movement == Movement.Up ? "good" : "bad", movement == Movement.Up ? "↑" : "↓", by(change.By), tested ? "more than chance" : ""),
    };
}
