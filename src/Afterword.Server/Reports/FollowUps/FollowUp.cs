using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.FollowUps;

/// <summary>How far a low score is seen to. The numbers are stored.</summary>
public enum FollowUpState
{
    Open = 0,
    Assigned = 1,
    Done = 2,
}

/// <summary>How many low scores there are in each state; <see cref="Most"/> stands for more, too.</summary>
/// <remarks>Nobody deletes what is done: counted to the end, a page would cost more from year to year.</remarks>
public readonly record struct FollowUpCounts(long Open, long Assigned, long Done)
{
    public const long Most = 1_000;
}

/// <summary>A low score that someone should see to.</summary>
/// <param name="ScoredAt">Unix milliseconds.</param>
/// <param name="AssigneeId">Who sees to it; null for nobody.</param>
/// <param name="Assignee">Their name; null for nobody, and for one who has no such role here any more.</param>
/// <param name="Version">Grows with every change of state or assignee.</param>
/// <param name="Notes">How many notes there are.</param>
public sealed record FollowUp(
    long PromptId, FollowUpState State, long ScoredAt, long? AssigneeId, string? Assignee, long Version,
    bool IsCsat, int Score, string? Text, string Question, string Customer, string CustomerName, string? ExternalId, string? Agent, long Notes)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order, with <see cref="Joins"/>.</summary>
    internal const string Columns =
        """
        f.prompt_id, f.state, f.scored_at, f.assignee_id, s.name, f.version, p.type, p.score, p.comment, p.question, a.screen_name, a.name, p.external_id, p.agent,
        (select count(*) from follow_up_note n where n.sender_id = f.sender_id and n.prompt_id = f.prompt_id)
        """;

    /// <summary>What goes behind the table <c>follow_up f</c>. Only owners and supervisors see to anything: 1 and 2.</summary>
    internal const string Joins =
        """
        join prompt p on p.sender_id = f.sender_id and p.id = f.prompt_id
        join account a on a.id = p.recipient_id
        left join person_role r on r.sender_id = f.sender_id and r.person_id = f.assignee_id and r.role in (1, 2)
        left join person s on s.id = r.person_id
        """;

    /// <summary>Leads by the key to the item of <c>@sender</c> and <c>@prompt</c> in the table <c>follow_up f</c>.</summary>
    internal const string IsOfPrompt =
        """
        f.sender_id = @sender and f.state in (0, 1, 2) and f.prompt_id = @prompt
            and f.scored_at = (select scored.score_at from prompt scored where scored.sender_id = @sender and scored.id = @prompt)
        """;

    internal static FollowUp Read(Row row) => new(
        row.GetInt64(0), (FollowUpState)row.GetInt32(1), row.GetInt64(2), row.LongOrNull(3), row.TextOrNull(4), row.GetInt64(5),
        (PromptType)row.GetInt32(6) == PromptType.Csat, row.GetInt32(7), row.TextOrNull(8), row.GetString(9), row.GetString(10), row.GetString(11), row.TextOrNull(12),
        row.TextOrNull(13), row.GetInt64(14));
}

/// <summary>What someone noted about a low score.</summary>
/// <param name="At">Unix milliseconds.</param>
/// <param name="Author">The email address of who wrote it, as it was then.</param>
public sealed record FollowUpNote(long At, string Author, string Body);

/// <summary>Someone who can see to a low score.</summary>
public sealed record Assignee(long Id, string Name, string Email);

/// <summary>One item with all that belongs to it.</summary>
public sealed record FollowUpDetail(FollowUp Item, IReadOnlyList<FollowUpNote> Notes, IReadOnlyList<Assignee> People);

/// <summary>What became of a change.</summary>
internal enum FollowUpOutcome
{
    Done,

    /// <summary>Someone else has changed it since it was looked at; nothing was done.</summary>
    Stale,

    /// <summary>There is no such item, or nobody of that name to see to it.</summary>
    Unknown,
}
