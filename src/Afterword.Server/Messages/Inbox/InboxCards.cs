using System.Text;
using Afterword.Server.Answers;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Languages;
using Afterword.Server.Messages.Inbox.Pages;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Messages.Inbox;

/// <summary>The card that a page is asked to show: one that the visitor chose, or as it is after an attempt to answer it.</summary>
/// <param name="View">What was wrong with the attempt is on it; null to show the card as it stands.</param>
internal sealed record RequestedCard(long Id, int Status = 200, CardView? View = null);

/// <summary>The card above the composer.</summary>
/// <param name="Markup">Null when there is none.</param>
/// <param name="IsDone">There is nothing left to answer on it.</param>
/// <param name="Others">Requests that wait behind it.</param>
internal sealed record ShownCard(string? Markup, bool IsDone, IReadOnlyList<CardLine> Others);

/// <summary>The card within a conversation. It belongs to whoever was asked: there is no link in between.</summary>
internal sealed class InboxCards(Store store, CardPages pages, AnswerCard answer)
{
    /// <param name="sender">Who asked.</param>
    /// <param name="id">The request.</param>
    /// <param name="user">Who is looking.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Null for a request that does not exist and for one that someone else was asked.</returns>
    public Task<Card?> FindAsync(long sender, long id, long user, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql($"select {Card.Columns} from {Card.Tables} where p.sender_id = @sender and p.id = @id and p.recipient_id = @user")
            .Bind("sender", sender).Bind("id", id).Bind("user", user).FirstAsync(Card.Read, stop),
        stop);

    /// <summary>Takes what a form of the card sends.</summary>
    public Task<CardReply> AnswerAsync(HttpContext http, SignedInUser user, UserProfile peer, Card card, IFormCollection form) =>
        answer.RunAsync(card.Key, PlaceOf(peer, card.Prompt.Id, http.LanguageFor(user.Language)), form, http.RequestAborted);

    /// <summary>Draws the card that was asked for, else the newest that waits.</summary>
    /// <param name="http">The request.</param>
    /// <param name="user">Who is looking.</param>
    /// <param name="peer">Who asked.</param>
    /// <param name="thread">The conversation with the requests that wait.</param>
    /// <param name="asked">Null without a wish.</param>
    /// <param name="token">Shows the card's forms to be ours.</param>
    public async Task<ShownCard> ShowAsync(HttpContext http, SignedInUser user, UserProfile peer, ThreadMessages thread, RequestedCard? asked, FormToken token)
    {
        var language = http.LanguageFor(user.Language);
        var chosen = asked is null ? null : asked.View ?? await ViewAsync(user, peer, asked.Id, language, http.RequestAborted);
        var newest = thread.Cards is [var first, ..] ? View(first, peer, language) : null;
        if ((chosen ?? newest) is not { } view) return new(null, IsDone: false, []);

        var shown = chosen is null ? thread.Cards[0].Prompt.Id : asked!.Id;
        return new(
            Draw(view with { Hidden = token }), !view.IsOpen,
            [.. thread.Cards.Select(card => card.Prompt).Where(prompt => prompt.Id != shown).Select(prompt => new CardLine(InboxAddress.OfCard(peer.ScreenName, prompt.Id), prompt.Question))]);
    }

    private async Task<CardView?> ViewAsync(SignedInUser user, UserProfile peer, long id, Language language, CancellationToken stop)
    {
        if (await FindAsync(peer.Id, id, user.UserId, stop) is not { } card) return null;

        // What was waved away is gone, unless it was with the word never to be asked again: that one can be taken back here.
        var view = View(card, peer, language);
        return view.Step is CardStep.Dismissed && !view.IsStopped ? null : view;
    }

    /// <summary>With the score: whoever was asked has signed in, and no link opens this.</summary>
    private CardView View(Card card, UserProfile peer, Language language) => answer.View(card, PlaceOf(peer, card.Prompt.Id, language)) with { Score = card.Prompt.Score };

    private string Draw(CardView view)
    {
        var buffer = Buffers.Rent();
        pages.WritePanel(buffer, view);
        var markup = Encoding.UTF8.GetString(buffer.WrittenSpan);
        Buffers.Return(buffer);
        return markup;
    }

    private static CardLocation PlaceOf(UserProfile peer, long prompt, Language language) =>
        new(FormattableString.Invariant($"{InboxAddress.Of(peer.ScreenName)}/card/{prompt}"), _ => language);
}
