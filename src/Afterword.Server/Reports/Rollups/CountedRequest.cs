using Afterword.Server.Channels;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Rollups;

/// <summary>What a prompt's sender alone is told of it.</summary>
/// <param name="Delivered">False while its channel has given it up and nothing shows that it arrived all the same.</param>
/// <param name="Automatic">Whether the rules asked; else someone did, by a call.</param>
internal sealed record RequestMetadata(string? Agent, Tags? Tags, Channel Channel, bool Delivered, bool Automatic)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order, of a table called <c>p</c>.</summary>
    public const string Columns = "p.agent, p.tags, p.channel, p.delivered, p.automatic";

    /// <summary>How many columns there are in <see cref="Columns"/>.</summary>
    public const int ColumnCount = 5;

    /// <param name="row">The row.</param>
    /// <param name="at">Where its columns begin.</param>
    public static RequestMetadata Read(Row row, int at) => new(row.TextOrNull(at), Tags.OfStored(row.TextOrNull(at + 1)), (Channel)row.GetInt32(at + 2), row.Flag(at + 3), row.Flag(at + 4));
}

/// <summary>Of a prompt, what metrics are counted from.</summary>
internal sealed record CountedRequest(
    long SenderId, long Id, PromptType Type, bool Test, int Variant, string Language, RequestMetadata Marks, long CreatedAt,
    bool Dismissed, int? Score, long? ScoreAt, bool Commented)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order, of a table called <c>p</c>.</summary>
    public const string Columns =
        $"""
        p.sender_id, p.id, p.type, p.test, p.question_variant, p.language, p.created_at,
        case when p.dismissed_at is null then 0 else 1 end, p.score, p.score_at, case when p.comment is null then 0 else 1 end,
        {RequestMetadata.Columns}
        """;

    public bool Delivered => Marks.Delivered;

    /// <summary>The values that it is counted under, besides <see cref="Dimension.Cell"/>.</summary>
    public Cell Cell => new(Variant, Language, Marks.Channel);

    public static CountedRequest Of(Prompt prompt, RequestMetadata marks) => new(
        prompt.SenderId, prompt.Id, prompt.Type, prompt.Test, prompt.QuestionVariant, LanguageOf(prompt.Language), marks, prompt.CreatedAt,
        prompt.DismissedAt is not null, prompt.Score, prompt.ScoreAt, prompt.Comment is not null);

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static CountedRequest Read(Row row) => new(
        row.GetInt64(0), row.GetInt64(1), (PromptType)row.GetInt32(2), row.Flag(3), row.GetInt32(4), LanguageOf(row.TextOrNull(5)), RequestMetadata.Read(row, 11), row.GetInt64(6),
        row.Flag(7), row.IsDBNull(8) ? null : row.GetInt32(8), row.LongOrNull(9), row.Flag(10));

    private static string LanguageOf(string? tag) => tag ?? Languages.Language.English.Tag;
}
