using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Answers;

/// <summary>A prompt as it is shown to the one who answers it.</summary>
/// <param name="Prompt">What was asked and answered.</param>
/// <param name="SenderName">The name in the sender's profile.</param>
/// <param name="IsStopped">The recipient wants no more requests from this sender.</param>
internal sealed record Card(Prompt Prompt, string SenderName, bool IsStopped)
{
    /// <summary>The tag of the language that the recipient reads, or null.</summary>
    public string? Reads { get; init; }

    /// <summary>The columns that <see cref="Read"/> wants, in its order, from <see cref="Tables"/>.</summary>
    public const string Columns = $"{Prompt.Columns}, a.name, c.opted_out_at, r.language";

    /// <summary>Where <see cref="Columns"/> are: the prompt as <c>p</c> with what belongs to it.</summary>
    [StringSyntax("sql")]
    public const string Tables =
        """
        prompt p
        join account a on a.id = p.sender_id
        join account r on r.id = p.recipient_id
        left join contact c on c.sender_id = p.sender_id and c.user_id = p.recipient_id
        """;

    /// <summary>How many columns there are in <see cref="Columns"/>.</summary>
    public const int ColumnCount = Prompt.ColumnCount + 3;

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static Card Read(Row row) =>
        new(Prompt.Read(row), row.GetString(Prompt.ColumnCount), !row.IsDBNull(Prompt.ColumnCount + 1)) { Reads = row.TextOrNull(Prompt.ColumnCount + 2) };

    /// <summary>Finds the card behind a link; null for every token that opens none.</summary>
    public static async Task<Card?> FindAsync(Store store, string token, CancellationToken stop)
    {
        if (!CardLink.TryParse(token, out var link)) return null;

        var (card, hash) = await store.Main.ReadAsync(
            session => session.Sql($"select {Columns}, p.card_hash from {Tables} where p.sender_id = @sender and p.id = @id")
                .Bind("sender", link.SenderId).Bind("id", link.PromptId).FirstAsync(row => (Read(row), row.BytesOrNull(ColumnCount)), stop),
            stop);
        return link.Matches(hash) ? card : null;
    }

    /// <summary>The language to show it in to whoever has its link.</summary>
    /// <remarks>Where neither the recipient nor the browser names a language of ours, that of the question is the best guess.</remarks>
    public Language LanguageFor(HttpContext http) =>
        Language.Find(Reads) ?? Language.Preferred(http.Request.Headers.AcceptLanguage) ?? Language.Find(Prompt.Language) ?? Language.English;

    /// <summary>The card as it stands now.</summary>
    /// <param name="path">Where its forms post to.</param>
    /// <param name="language">The language of its words.</param>
    /// <param name="question">The question for a reader of that language.</param>
    /// <param name="now">Whether it can still be answered.</param>
    /// <param name="lifetime">The setting.</param>
    public CardView View(string path, Language language, Question question, DateTimeOffset now, TimeSpan lifetime)
    {
        var isOpen = Prompt.IsOpen(now, lifetime);
        var step = Prompt switch
        {
            // A score given and the text waved away, or never written, is an answer and is thanked for.
            { Score: not null, Comment: not null } => CardStep.Thanks,
            { Score: not null } => isOpen ? CardStep.Text : CardStep.Thanks,
            _ when isOpen => CardStep.Score,
            { DismissedAt: not null } => CardStep.Dismissed,
            _ => CardStep.Expired,
        };
        return new(step, language, Prompt.Type == PromptType.Nps, question, SenderName, Prompt.PrivacyUrl, path, Prompt.Score, IsStopped);
    }
}
