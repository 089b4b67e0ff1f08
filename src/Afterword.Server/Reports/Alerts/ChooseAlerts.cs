using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Reports.Alerts;

/// <summary>Someone who may get alerts by email, and whether they do.</summary>
public sealed record AlertRecipient(long Id, string Name, string Email, string Role, bool Gets);

/// <summary>What became of one of the latest alerts, by whom it was to be told.</summary>
/// <param name="Kind">What it was about.</param>
/// <param name="At">When it was found out, Unix milliseconds.</param>
/// <param name="To">An email address, or the address of a webhook; null for one that is gone.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Reason">What went wrong last, or why there was no need any more.</param>
public sealed record SentAlert(string Kind, long At, string? To, string State, string? Reason);

/// <summary>What a sender's people want to be told, and whom.</summary>
internal sealed class ChooseAlerts(Store store, AuditLog audit)
{
    private const long Shown = 20;

    /// <summary>All that the page shows.</summary>
    public Task<(AlertThresholds Watch, List<AlertRecipient> Readers, List<SentAlert> Told)> ReadAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        async session => (await AlertThresholds.OfAsync(session, sender, stop), await ReadersAsync(session, sender, stop), await SentAsync(session, sender, stop)), stop);

    /// <summary>Stores a choice, unless someone else was faster.</summary>
    /// <param name="membership">Who chooses.</param>
    /// <param name="choice">What is told; the scores that are followed up stay as they are.</param>
    /// <param name="readers">Who has it by mail. Those who may not see metrics here are passed over.</param>
    /// <param name="stop">Gives up.</param>
    public Task<bool> SaveAsync(Membership membership, AlertThresholds choice, IReadOnlyList<long> readers, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var now = await AlertThresholds.OfAsync(session, membership.SenderId, stop);
            var alertThresholds = choice with { FollowCsat = now.FollowCsat, FollowNps = now.FollowNps, WeeklySince = choice.WeeklySince is null ? null : now.WeeklySince ?? choice.WeeklySince };
            if (!await alertThresholds.SaveAsync(session, membership.SenderId, stop)) return false;

            await session.Sql("delete from alert_reader where sender_id = @sender").Bind("sender", membership.SenderId).RunAsync(stop);
            session.Then(
                """
                insert into alert_reader (sender_id, person_id)
                select r.sender_id, r.person_id from {rows} join person_role r on r.sender_id = item.sender_id and r.person_id = item.person_id and r.role in (1, 2, 3)
                """,
                Rows.Of(readers.Distinct().ToArray()).Long("sender_id", _ => membership.SenderId).Long("person_id", id => id));
            await audit.WriteAsync(session, membership, AuditAction.Changed, "alerts", stop);
            return true;
        },
        stop);

    private static Task<List<AlertRecipient>> ReadersAsync(Session session, long sender, CancellationToken stop) => session.Sql(
        """
        select p.id, p.name, p.mail, r.role, case when a.person_id is null then 0 else 1 end
        from person_role r join person p on p.id = r.person_id left join alert_reader a on a.sender_id = r.sender_id and a.person_id = r.person_id
        where r.sender_id = @sender and r.role in (1, 2, 3) order by r.role, p.mail_key
        """)
        .Bind("sender", sender).ListAsync(row => new AlertRecipient(row.GetInt64(0), row.GetString(1), row.GetString(2), ((Role)row.GetInt32(3)).Word, row.Flag(4)), stop);

    // The latest first, in the order of the key and by that alone: a planner that knows nothing of these tables joins all that the sender has before it sorts.
    private static Task<List<SentAlert>> SentAsync(Session session, long sender, CancellationToken stop) => session.Sql(
        """
        with latest as materialized (
            select sender_id, id, channel, reader_id, kind, subject, state, reason from alert_dispatch
            where sender_id = @sender order by id desc, channel desc, reader_id desc limit @most)
        select d.kind, (select a.at from alert a where a.sender_id = d.sender_id and a.kind = d.kind and a.subject = d.subject),
            case d.channel when 1 then (select p.mail from person p where p.id = d.reader_id)
                else (select w.url from webhook w where w.sender_id = d.sender_id and w.id = d.reader_id) end,
            d.state, d.reason, case d.channel when 2 then (select w.format from webhook w where w.sender_id = d.sender_id and w.id = d.reader_id) end
        from latest d order by d.id desc, d.channel desc, d.reader_id desc
        """)
        .Bind("sender", sender).Bind("most", Shown)
        .ListAsync(row => new SentAlert(KindOf((AlertKind)row.GetInt32(0)), row.GetInt64(1), ReaderOf(row), StateOf((Channels.ChannelDeliveryState)row.GetInt32(3)), row.TextOrNull(4)), stop);

    // A removed webhook has no address any more.
    private static string? ReaderOf(Row row) => row.TextOrNull(2) is { } reader && row.LongOrNull(5) is { } format ? ShownUrl.Of(reader, (WebhookFormat)format) : row.TextOrNull(2);

    private static string KindOf(AlertKind kind) => kind switch
    {
        AlertKind.LowScore => "low score",
        AlertKind.FigureFell => "a metric dropped",
        AlertKind.NobodyAsked => "nobody asked",
        AlertKind.UnfairAgents => "requests beyond chance",
        _ => "weekly report",
    };

    private static string StateOf(Channels.ChannelDeliveryState state) => state switch
    {
        Channels.ChannelDeliveryState.Sent => "sent",
        Channels.ChannelDeliveryState.Dead => "failed",
        Channels.ChannelDeliveryState.CalledOff => "cancelled",
        _ => "waiting",
    };
}
