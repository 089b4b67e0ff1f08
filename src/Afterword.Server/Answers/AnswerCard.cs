using Afterword.Server.Configuration;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Answers;

/// <summary>What became of a form of the card.</summary>
internal abstract record CardReply
{
    private CardReply()
    {
    }

    /// <summary>Taken, or there already: the card, read again, shows what is next.</summary>
    /// <param name="IsAboutAsking">It was not about this request but about being asked at all, which the foot of the card tells.</param>
    /// <param name="Scored">The card with the score that this form gave. The answer to the form shows it, and nothing later: the link may be in other hands too.</param>
    internal sealed record Taken(bool IsAboutAsking, CardView? Scored = null) : CardReply;

    /// <summary>Not taken: the card is shown again with what is wrong.</summary>
    internal sealed record Refused(int Status, CardView View) : CardReply;

    /// <summary>The key opens no card.</summary>
    internal sealed record Unknown : CardReply;
}

/// <summary>Where a card is shown.</summary>
/// <param name="Path">Where its forms post to.</param>
/// <param name="LanguageOf">The language of its words for the one who looks at it.</param>
internal readonly record struct CardLocation(string Path, Func<Card, Language> LanguageOf);

/// <summary>Takes what a form of the card sends, whoever showed the card: its own page, the inbox, an embed.</summary>
internal sealed class AnswerCard(AnswerPrompt answers, OptOut optOut, Questions questions, Store store, Settings settings, TimeProvider clock)
{
    /// <summary>The card as it stands now, without the score that was given.</summary>
    /// <param name="card">The caller has shown that it may be seen.</param>
    /// <param name="place">Where it is shown.</param>
    /// <param name="language">The language of its words; null is that of the place.</param>
    public CardView View(Card card, CardLocation place, Language? language = null)
    {
        var prompt = card.Prompt;
        language ??= place.LanguageOf(card);
        return new(
            card.StepAt(clock.GetUtcNow(), settings.CardLifetime), language, prompt.Type == PromptType.Nps, questions.For(prompt, language), card.SenderName, prompt.PrivacyUrl, place.Path, card.IsStopped);
    }

    /// <summary>Does what the form asks for.</summary>
    /// <param name="key">The card.</param>
    /// <param name="place">Where it is shown.</param>
    /// <param name="form">As <see cref="CardForm.ReadAsync"/> gave it.</param>
    /// <param name="stop">Gives up.</param>
    /// <remarks>
    /// A score goes into its batch unread: the batch finds the prompt, whose key and scale are judged there. In between the
    /// commits of others a read of its own would find no page in its cache, and was a fifth of what taking a score cost.
    /// A text waits until its card is found: looking at it costs more than that.
    /// </remarks>
    public async Task<CardReply> RunAsync(CardKey key, CardLocation place, IFormCollection? form, CancellationToken stop)
    {
        var read = CardForm.Parse(form, key);
        var language = Language.Find(form?["language"].ToString());
        try
        {
            if (read is CardForm.Comment comment)
            {
                // Whoever has shown that they may answer has a key without a hash.
                if (key.LinkHash is not null && await Card.FindAsync(store, key, stop) is null) return new CardReply.Unknown();

                read = comment.Read(key);
            }

            return read switch
            {
                CardForm.Answer(var request) => await AnswerAsync(request),
                CardForm.OptOut => await ChangeAskingAsync(optOut.RunAsync),
                CardForm.OptIn => await ChangeAskingAsync(optOut.UndoAsync),
                CardForm.Invalid(var problem, var typed) => await ShowAgainAsync(
                    400, view => view.IsOpen ? view with { Problem = problem ?? MissingAt(view.Step), Typed = typed } : view),
                _ => throw new System.Diagnostics.UnreachableException(read.ToString()),
            };
        }
        catch (Exception error) when (store.Faults.Tell(error))
        {
            return await ShowAgainAsync(503, view => view with { Problem = CardProblem.NotSaved, Typed = TypedIn(read) });
        }

        async Task<CardReply> AnswerAsync(AnswerRequest request)
        {
            if (request.Score is not null) language ??= await Card.FindAsync(store, key, stop) is { } asked ? place.LanguageOf(asked) : null;
            return await answers.RunAsync(request with { SeenIn = language }) switch
            {
                AnswerOutcome.NotFound => new CardReply.Unknown(),
                AnswerOutcome.OutOfRange => await ShowAgainAsync(400, view => view.IsOpen ? view with { Problem = MissingAt(view.Step) } : view),

                // A text that was written for nothing is told, and whether it is like the first one is not.
                AnswerOutcome.Recorded(_, _, TextRefused: true) => await ShowAgainAsync(409, view => view with { Problem = CardProblem.AlreadyAnswered }),
                AnswerOutcome.Recorded(var card, ScoreRefused: false, _) when request.Score is { } score =>
                    new CardReply.Taken(IsAboutAsking: false, View(card, place, language) with { Score = score }),

                // A second tap is no mistake. Which score counts is not shown to it: whoever has the link could tap.

                // What came too late shows on the card itself: it is closed.
                _ => new CardReply.Taken(IsAboutAsking: false),
            };
        }

        async Task<CardReply> ChangeAskingAsync(Func<long, long, CancellationToken, Task> change)
        {
            if (await Card.FindAsync(store, key, stop) is not { } card) return new CardReply.Unknown();

            await change(card.Prompt.SenderId, card.Prompt.RecipientId, stop);
            return new CardReply.Taken(IsAboutAsking: true);
        }

        async Task<CardReply> ShowAgainAsync(int status, Func<CardView, CardView> tell) =>
            await Card.FindAsync(store, key, stop) is { } card ? new CardReply.Refused(status, tell(View(card, place, language))) : new CardReply.Unknown();
    }

    private static string? TypedIn(CardForm form) => form switch
    {
        CardForm.Answer(var request) => request.Text,
        CardForm.Comment(var text) => text,
        _ => null,
    };

    private static CardProblem MissingAt(CardStep step) => step == CardStep.Score ? CardProblem.ScoreMissing : CardProblem.TextBlank;
}
