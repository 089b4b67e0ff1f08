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
    /// <summary>The part of the card that tells whether its sender may ask again.</summary>
    public const string AskingId = "card-asking";

    private readonly ConcurrentDictionary<Language, LanguagePages> _languages = new();

    /// <summary>The whole page.</summary>
    public void Write(IBufferWriter<byte> output, CardView view) => Pages(view.Language).Card(view, isPanel: false).Write(output, view);

    /// <summary>The card without the page around it, for a page that has one: the same steps, words and forms.</summary>
    public void WritePanel(IBufferWriter<byte> output, CardView view) => Pages(view.Language).Card(view, isPanel: true).Write(output, view);

    /// <summary>The page for a link that was never given out: the same for every token.</summary>
    public void WriteNotFound(IBufferWriter<byte> output, Language language) => Pages(language).NotFound.Write(output, view: null);

    /// <summary>The same as a panel.</summary>
    public void WriteNotFoundPanel(IBufferWriter<byte> output, Language language) => Pages(language).NotFoundPanel.Write(output, view: null);

    /// <summary>The page for a card that cannot be read just now.</summary>
    /// <param name="path">Where to try again.</param>
    /// <param name="typed">The text that was sent, which the customer must not lose; null for none.</param>
    public void WriteProblem(IBufferWriter<byte> output, Language language, string path, string? typed) => Pages(language).Trouble(typed is not null).Write(
        output, new(CardStep.Text, language, false, new("", language), "", "", path, false) { Typed = typed });

    private LanguagePages Pages(Language language) => _languages.GetOrAdd(language, static language => new(CardTexts.All.In(language)));

    /// <summary>Everything that makes one card's markup differ from another's, apart from the values in its slots.</summary>
    private readonly record struct Look(CardStep Step, bool IsNps, int? Score, bool IsStopped, CardProblem? Problem, bool IsPanel);

    private sealed class LanguagePages(CardTexts words)
    {
        private readonly ConcurrentDictionary<Look, HtmlTemplate> _cards = new();
        private readonly Lazy<HtmlTemplate> _notFound = new(() => RenderPage<UnknownCard>(new(words), words.NotFoundTitle, []));

        private readonly Lazy<HtmlTemplate> _notFoundPanel = new(() => Render<UnknownCard>(new(words) { IsPanel = true }, words.NotFoundTitle, []));
        private readonly Lazy<HtmlTemplate> _problem = new(() => RenderProblem(words, isTyped: false));
        private readonly Lazy<HtmlTemplate> _problemTyped = new(() => RenderProblem(words, isTyped: true));

        public HtmlTemplate NotFound => _notFound.Value;

        public HtmlTemplate NotFoundPanel => _notFoundPanel.Value;

        public HtmlTemplate Trouble(bool isTyped) => (isTyped ? _problemTyped : _problem).Value;

        public HtmlTemplate Card(CardView view, bool isPanel)
        {
            // Only what makes a look of its own is part of it, so that the number of looks is bounded.
            var score = view.Step switch { CardStep.Text => view.Score, CardStep.Score => view.Chosen, _ => null };
            if (!Scale.Of(view.IsNps).Contains(score)) score = null;
            return _cards.GetOrAdd(
                new(view.Step, view.IsOpen && view.IsNps, score, view.IsStopped, view.Problem, isPanel), static (look, words) => Render(look, words), words);
        }

        private static HtmlTemplate Render(Look look, CardTexts words)
        {
            var frame = new CardFrame(words)
            {
                HasSender = true, IsPanel = look.IsPanel, IsStopped = look.IsStopped, IsOpen = look.Step is CardStep.Score or CardStep.Text,
                Problem = look.Problem is { } problem ? words.For(problem) : null,
            };
            return look.Step switch
            {
                CardStep.Score => Render<ScoreStep>(frame, words.ScoreTitle, new() { ["IsNps"] = look.IsNps, ["Chosen"] = look.Score }),
                CardStep.Text => Render<CommentStep>(
                    frame, words.TextTitle,
                    new() { ["IsNps"] = look.IsNps, ["Score"] = look.Score, ["IsTextWrong"] = look.Problem is CardProblem.TextBlank or CardProblem.TextTooLong }),
                CardStep.Thanks => Render<ThanksStep>(frame, words.ThanksTitle, []),
                CardStep.Dismissed => Render<ClosedStep>(frame, words.ClosedTitle, []),
                CardStep.Expired => Render<ClosedStep>(frame, words.ExpiredTitle, new() { ["IsExpired"] = true }),
                _ => throw new System.Diagnostics.UnreachableException(look.Step.ToString()),
            };
        }

        private static HtmlTemplate RenderProblem(CardTexts words, bool isTyped) => RenderPage<CardErrorPage>(new(words), words.Trouble, new() { ["IsTyped"] = isTyped });

        private static HtmlTemplate Render<TStep>(CardFrame frame, string title, Dictionary<string, object?> parameters)
            where TStep : IComponent
        {
            if (!frame.IsPanel) return RenderPage<TStep>(frame, title, parameters);

            parameters["Frame"] = frame;
            return Markup<TStep>(parameters);
        }

        private static HtmlTemplate RenderPage<TStep>(CardFrame frame, string title, Dictionary<string, object?> parameters)
            where TStep : IComponent
        {
            parameters["Frame"] = frame;
            return Markup<CardDocument>(new() { ["Frame"] = frame, ["Title"] = title, ["Step"] = typeof(TStep), ["Parameters"] = parameters });
        }

        // Nothing in these components awaits, so the task is complete when it is returned.
        private static HtmlTemplate Markup<TComponent>(Dictionary<string, object?> parameters)
            where TComponent : IComponent => HtmlTemplate.Parse(PageResponses.MarkupAsync<TComponent>(parameters).GetAwaiter().GetResult());
    }
}
