using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Reports.Alerts;

/// <summary>How an alert reaches someone. The numbers are stored.</summary>
internal enum AlertChannel
{
    /// <summary>To a person of the sender's console.</summary>
    Mail = 1,

    /// <summary>To one of the sender's webhooks.</summary>
    Webhook = 2,
}

/// <summary>Whose turn it is: what goes to the mail server, or to one webhook. None waits for another.</summary>
/// <param name="Endpoint">The webhook; none for the mail server, which all senders share.</param>
internal readonly record struct AlertQueue(AlertChannel Channel, EndpointKey Endpoint)
{
    public static AlertQueue Email { get; } = new(AlertChannel.Mail, default);
}

/// <summary>An alert that is due, with all that is needed to tell it.</summary>
/// <param name="ReaderId">The person, or the webhook.</param>
/// <param name="Email">The person's address, if they may still see metrics and still want to; null otherwise.</param>
/// <param name="Wants">Whether the webhook is still there, and still gets alerts.</param>
/// <param name="Type">Of the prompt that got a low score; null where the alert is about none.</param>
internal sealed record AlertDelivery(
    long SenderId, long Id, AlertChannel Channel, long ReaderId, AlertKind Kind, long Subject, long Attempts, long Failures, long Fence,
    long At, string? Facts, string Handle, string SenderName, string? Email, bool Wants, PromptType? Type, int? Score)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order, with <see cref="Joins"/>.</summary>
    public const string Columns =
        """
        d.sender_id, d.id, d.channel, d.reader_id, d.kind, d.subject, d.attempts, d.failures, d.fence, a.at, a.facts, s.screen_name, s.name, m.mail,
        case when w.id is null then 0 else 1 end, p.type, p.score
        """;

    /// <summary>What goes behind the table <c>alert_dispatch d</c>. Owners, supervisors and analysts, 1 to 3, may see metrics, the first two what the rules do; what someone was when the alert was written counts for nothing.</summary>
    public const string Joins =
        """
        join alert a on a.sender_id = d.sender_id and a.kind = d.kind and a.subject = d.subject
        join account s on s.id = d.sender_id
        left join alert_reader ar on d.channel = 1 and ar.sender_id = d.sender_id and ar.person_id = d.reader_id
        left join person_role r on r.sender_id = ar.sender_id and r.person_id = ar.person_id and (r.role in (1, 2) or (r.role = 3 and d.kind < 4))
        left join person m on m.id = r.person_id
        left join webhook w on d.channel = 2 and w.sender_id = d.sender_id and w.id = d.reader_id and w.removed_at is null and w.approved_at is not null and w.alerts = 1
        left join prompt p on d.kind = 1 and p.sender_id = d.sender_id and p.id = d.subject
        """;

    public static AlertDelivery Read(Row row) => new(
        row.GetInt64(0), row.GetInt64(1), (AlertChannel)row.GetInt32(2), row.GetInt64(3), (AlertKind)row.GetInt32(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7),
        row.GetInt64(8), row.GetInt64(9), row.TextOrNull(10), row.GetString(11), row.GetString(12), row.TextOrNull(13), row.Flag(14),
        row.IsDBNull(15) ? null : (PromptType)row.GetInt32(15), row.IsDBNull(16) ? null : row.GetInt32(16));

    /// <summary>Why there is nobody to tell any more; null when there is.</summary>
    public string? CalledOffBecause => Channel switch
    {
        AlertChannel.Mail when Email is null => "The person may not see metrics here any more, or wants no alerts.",
        AlertChannel.Webhook when !Wants => "The webhook is gone, or gets no alerts any more.",
        _ when Kind == AlertKind.LowScore && Score is null => "The feedback is gone.",
        _ => null,
    };
}
