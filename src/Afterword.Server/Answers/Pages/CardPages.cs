using System.Buffers;
using System.Collections.Concurrent;
using Afterword.Server.Answers.Pages;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Microsoft.AspNetCore.Components;

namespace Afterword.Server.Answers;

/// <summary>Writes the card's pages as UTF-8 HTML. One instance serves all requests.</summary>
/// <remarks>
/// Rendering components on every request would cost more than everything else the card does. So each look of the card
/// (step, scale, score, problem, language) is rendered once, when it is first needed, and from then on only copied.
/// </remarks>
internal sealed class CardPages
{
    private readonly ConcurrentDictionary<Language, LanguagePages> _languages = new();

    public void Write(IBufferWriter<byte> output, CardView view) =>
        Pages(view.Language).Card(view).Write(output, view);

    /// <summary>The page for a link that was never given out: the same for every token.</summary>
    public void WriteNotFound(IBufferWriter<byte> output, Language language) =>
        Pages(language).NotFound.Write(output, view: null);

    private LanguagePages Pages(Language language) => _languages.GetOrAdd(language, static language => new(CardWords.All.In(language)));

    /// <summary>Everything that makes one card's markup differ from another's, apart from the values in its slots.</summary>
    private readonly record struct Look(CardStep Step, bool IsNps, int? Score, CardProblem? Problem);

    private sealed class LanguagePages(CardWords words)
    {
        private readonly ConcurrentDictionary<Look, HtmlTemplate> _cards = new();
        private readonly Lazy<HtmlTemplate> _notFound = new(() => Render<UnknownCard>(new() { ["Words"] = words }));

        public HtmlTemplate NotFound => _notFound.Value;

        public HtmlTemplate Card(CardView view)
        {
            // Only a score of the scale makes a look of its own, so the number of looks is bounded.
            var score = view.Step is CardStep.Text && Scale.Of(view.IsNps).Contains(view.Score) ? view.Score : null;
            return _cards.GetOrAdd(new(view.Step, view.IsNps, score, view.Problem), static (look, words) => Render(look, words), words);
        }

        private static HtmlTemplate Render(Look look, CardWords words)
        {
            var problem = look.Problem is { } p ? words.For(p) : null;
            var parameters = new Dictionary<string, object?> { ["Words"] = words, ["Problem"] = problem };
            switch (look.Step)
            {
                case CardStep.Score:
                    parameters["IsNps"] = look.IsNps;
                    return Render<ScoreStep>(parameters);
                case CardStep.Text:
                    parameters["IsNps"] = look.IsNps;
                    parameters["Score"] = look.Score;
                    parameters["IsTextWrong"] = look.Problem is CardProblem.TextBlank or CardProblem.TextTooLong;
                    return Render<TextStep>(parameters);
                case CardStep.Thanks:
                    return Render<ThanksStep>(parameters);
                case CardStep.Closed:
                    return Render<ClosedStep>(parameters);
                default:
                    throw new System.Diagnostics.UnreachableException(look.Step.ToString());
            }
        }

        private static HtmlTemplate Render<TPage>(Dictionary<string, object?> parameters) where TPage : IComponent
        {
            // Nothing in these components awaits, so the task is complete when it is returned.
            return HtmlTemplate.Parse(PageAnswers.MarkupAsync<TPage>(parameters).GetAwaiter().GetResult());
        }
    }
}
