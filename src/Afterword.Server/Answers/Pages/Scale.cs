using System.Globalization;

namespace Afterword.Server.Answers.Pages;

/// <summary>The scores a card offers, and how each is said and coloured.</summary>
/// <remarks>Both ends are included.</remarks>
internal sealed record Scale(int From, int To)
{
    private static readonly Scale s_csat = new(1, 5);
    private static readonly Scale s_nps = new(0, 10);

    public static Scale Of(bool isNps) => isNps ? s_nps : s_csat;

    public IEnumerable<int> Scores => Enumerable.Range(From, To - From + 1);

    public bool Contains(int? score) => score >= From && score <= To;

    /// <summary>The class that colours a score: <c>t0</c> is red, <c>t10</c> is green, whichever scale it is on.</summary>
    /// <remarks>Halves go to the even tone: 2 of 5 is nearer to red than to amber, 4 of 5 to green.</remarks>
    public string Tone(int score) => string.Create(
        CultureInfo.InvariantCulture, $"t{Math.Round(10m * (score - From) / (To - From), MidpointRounding.ToEven)}");

    public string Label(int score, CardTexts words) =>
        this == s_nps ? words.NpsChoice(score) : words.CsatChoice(score);
}
