using Afterword.Server.Hosting;
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
    internal sealed record Taken(bool IsAboutAsking) : CardReply;

    /// <summary>Not taken: the card is shown again with what is wrong.</summary>
    internal sealed record Refused(int Status, CardView View) : CardReply;
}

/// <summary>Takes what a form of the card sends, whoever showed the card: its own page, the inbox, an embed.</summary>
internal sealed class AnswerCard(AnswerPrompt answers, StopAsking stopAsking, Questions questions, Store store, Settings settings, TimeProvider clock)
{
    /// <summary>The card as it stands now.</summary>
    /// <param name="card">The caller has shown that it may be seen.</param>
    /// <param name="path">Where its forms post to.</param>
    /// <param name="language">The language of its words.</param>
    public CardView View(Card card, string path, Language language)
    {
        var prompt = card.Prompt;
        return new(
            card.StepAt(clock.GetUtcNow(), settings.CardLifetime), language, prompt.Type == PromptType.Nps, questions.For(prompt, language), card.SenderName, prompt.PrivacyUrl, path,
            prompt.Score, card.IsStopped);
    }

    /// <inheritdoc cref="View" path="/param"/>
    /// <param name="form">As <see cref="CardForm.ReadAsync"/> gave it.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<CardReply> RunAsync(Card card, string path, Language language, IFormCollection? form, CancellationToken stop)
    {
        var view = View(card, path, Language.Find(form?["language"].ToString()) ?? language);
        var read = CardForm.Parse(form, card.Prompt, view.Question);
        try
        {
            switch (read)
            {
                case CardForm.Answer(var request):
                    return Reply(await answers.RunAsync(request), request);
                case CardForm.StopAsking:
                    await stopAsking.RunAsync(card.Prompt.SenderId, card.Prompt.RecipientId, stop);
                    return new CardReply.Taken(IsAboutAsking: true);
                case CardForm.AskAgain:
                    await stopAsking.UndoAsync(card.Prompt.SenderId, card.Prompt.RecipientId, stop);
                    return new CardReply.Taken(IsAboutAsking: true);
                case CardForm.Wrong(var problem, var typed):
                    return new CardReply.Refused(400, view.IsOpen ? view with { Problem = problem, Typed = typed } : view);
                default:
                    throw new System.Diagnostics.UnreachableException(read.ToString());
            }
        }
        catch (Exception error) when (error is OverloadedException || store.Main.IsUnavailable(error))
        {
            return new CardReply.Refused(503, view with { Problem = CardProblem.NotSaved, Typed = (read as CardForm.Answer)?.Request.Text });
        }

        CardReply Reply(AnswerOutcome outcome, AnswerRequest request) => outcome switch
        {
            // A second tap is no mistake, and the next step shows which score counts. A text that was written for nothing is told.
            AnswerOutcome.Recorded(var prompt, _, TextRefused: true) when prompt.Comment != request.Text =>
                new CardReply.Refused(409, View(card with { Prompt = prompt }, path, view.Language) with { Problem = CardProblem.AlreadyAnswered }),

            // What came too late shows on the card itself: it is closed.
            _ => new CardReply.Taken(IsAboutAsking: false),
        };
    }
}
