using System.Globalization;
using Afterword.Client.Wire;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>A request for feedback with what was answered to it, as it is stored.</summary>
/// <param name="Question">As it was asked; from the first score on as the one who gave it saw it.</param>
/// <param name="Comment">Empty when it was removed.</param>
/// <param name="Language">The tag of the language that the question is in; null is English, from before there were others.</param>
internal sealed record Prompt(
    long SenderId, long Id, long RecipientId, long MessageId, PromptType Type, bool Test, int QuestionVariant, string Question,
    string PrivacyUrl, string? ExternalId, string? DisplayName, long CreatedAt, long UpdatedAt, long? DismissedAt,
    int? Score, long? ScoreAt, string? Comment, long? CommentAt, string? Language = null)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order, of a table called <c>p</c>.</summary>
    public const string Columns =
        """
        p.sender_id, p.id, p.recipient_id, p.message_id, p.type, p.test, p.question_variant, p.question,
        p.privacy_url, p.external_id, p.display_name, p.created_at, p.updated_at, p.dismissed_at,
        p.score, p.score_at, p.comment, p.comment_at, p.language
        """;

    /// <summary>How many columns there are in <see cref="Columns"/>.</summary>
    public const int ColumnCount = 19;

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static Prompt Read(Row row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), (PromptType)row.GetInt32(4), row.Flag(5), row.GetInt32(6), row.GetString(7),
        row.GetString(8), row.TextOrNull(9), row.TextOrNull(10), row.GetInt64(11), row.GetInt64(12), row.LongOrNull(13),
        row.IsDBNull(14) ? null : row.GetInt32(14), row.LongOrNull(15), row.TextOrNull(16), row.LongOrNull(17), row.TextOrNull(18));

    /// <summary>Whether the person who was asked has been erased: the question named them or their conversation, and no other is empty.</summary>
    public bool IsErased => Question.Length == 0;

    /// <summary>Whether it can still be answered.</summary>
    public bool IsOpen(DateTimeOffset now, TimeSpan lifetime) =>
        !IsErased && DismissedAt is null && now.ToUnixTimeMilliseconds() - CreatedAt <= lifetime.TotalMilliseconds;

    public FeedbackJson ToWire() => new(
        Date(CreatedAt), Date(UpdatedAt), Decimal(Id), Type.Wire, Test, Decimal(MessageId), Decimal(SenderId), Decimal(RecipientId),
        PrivacyUrl, ExternalId, Decimal(QuestionVariant), DisplayName, Response());

    private FeedbackResponseJson? Response() => Score is null && string.IsNullOrEmpty(Comment) ? null : new(
        Score is { } score ? new ScoreJson(Date(ScoreAt!.Value), score) : null,
        Comment is { Length: > 0 } comment ? new TextJson(Date(CommentAt!.Value), comment) : null);

    public static string Date(long millis) => TwitterDate.Format(DateTimeOffset.FromUnixTimeMilliseconds(millis));

    private static string Decimal(long number) => number.ToString(CultureInfo.InvariantCulture);
}
