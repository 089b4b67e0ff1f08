using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Answers;

/// <summary>A prompt as it is shown to the one who answers it.</summary>
/// <param name="Prompt">What was asked and answered.</param>
/// <param name="SenderName">The name in the sender's profile.</param>
/// <param name="IsStopped">The recipient wants no more requests from this sender.</param>
/// <param name="Language">The tag of the recipient's language, or null.</param>
internal sealed record Card(Prompt Prompt, string SenderName, bool IsStopped, string? Language)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order, from <see cref="Tables"/>.</summary>
    public const string Columns = $"{Prompt.Columns}, a.name, c.opted_out_at, r.language";

    /// <summary>Where <see cref="Columns"/> are: the prompt as <c>p</c> with what belongs to it.</summary>
    [StringSyntax("sql")]
    public const string Tables = $"prompt p {BesidesPrompt}";

    /// <summary>What <see cref="Tables"/> joins to the prompt.</summary>
    [StringSyntax("sql")]
    public const string BesidesPrompt =
        """
        join account a on a.id = p.sender_id
        join account r on r.id = p.recipient_id
        left join contact c on c.sender_id = p.sender_id and c.user_id = p.recipient_id
        """;

    /// <summary>How many columns there are in <see cref="Columns"/>.</summary>
    public const int ColumnCount = Prompt.ColumnCount + 3;

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static Card Read(Row row) => new(Prompt.Read(row), row.GetString(Prompt.ColumnCount), !row.IsDBNull(Prompt.ColumnCount + 1), row.TextOrNull(Prompt.ColumnCount + 2));

    /// <summary>Finds the card behind a link; null for every token that opens none.</summary>
    public static Task<Card?> FindAsync(Store store, string token, CancellationToken stop) =>
        CardLink.TryParse(token, out var link) ? FindAsync(store, link.Key(), stop) : Task.FromResult<Card?>(null);

    /// <summary>Finds the card that a key opens; null when it opens none.</summary>
    public static async Task<Card?> FindAsync(Store store, CardKey key, CancellationToken stop)
    {
        var (card, hash) = await store.Main.ReadAsync(
            session => session.Sql($"select {Columns}, p.card_hash from {Tables} where p.sender_id = @sender and p.id = @id")
                .Bind("sender", key.SenderId).Bind("id", key.PromptId).FirstAsync(row => (Read(row), row.BytesOrNull(ColumnCount)), stop),
            stop);
        return key.Opens(hash) ? card : null;
    }

    /// <summary>Opens it again; whoever has the card has shown that they may see it.</summary>
    public CardKey Key => new(Prompt.SenderId, Prompt.Id, null);

    /// <summary>What the card asks for now.</summary>
    public CardStep StepAt(DateTimeOffset now, TimeSpan lifetime)
    {
        var isOpen = Prompt.IsOpen(now, lifetime);
        return Prompt switch
        {
            // A score given and the text waved away, or never written, is an answer and is thanked for.
            { Score: not null, Comment: not null } => CardStep.Thanks,
            { Score: not null } => isOpen ? CardStep.Text : CardStep.Thanks,
            _ when isOpen => CardStep.Score,
            { DismissedAt: not null } => CardStep.Dismissed,
            _ => CardStep.Expired,
        };
    }
}
