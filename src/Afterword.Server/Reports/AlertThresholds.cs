using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>What a sender's people look out for. Thresholds are scores, <see cref="None"/> for none.</summary>
/// <param name="FollowCsat">CSAT scores up to this are followed up.</param>
/// <param name="FollowNps">NPS scores up to this are followed up.</param>
/// <param name="AlertCsat">CSAT scores up to this are told at once.</param>
/// <param name="AlertNps">NPS scores up to this are told at once.</param>
/// <param name="FallPoints">A fall of a metric by more points than this is told; <see cref="None"/> for never.</param>
/// <param name="WeeklySince">When the weekly report was switched on, Unix milliseconds; null while it is off.</param>
/// <param name="Version">Grows with every change; 0 while nobody has changed anything.</param>
public sealed record AlertThresholds(int FollowCsat, int FollowNps, int AlertCsat, int AlertNps, int FallPoints, long? WeeklySince, long Version)
{
    /// <summary>Stands for a threshold that no score is at or below.</summary>
    public const int None = -1;

    /// <summary>What a sender has whose people have chosen nothing: a list to work through, and nothing that is sent.</summary>
    public static AlertThresholds Default { get; } = new(2, 6, None, None, None, null, 0);

    /// <summary>The columns that <see cref="Read"/> wants, in its order, of a table called <c>w</c>.</summary>
    internal const string Columns = "w.follow_csat, w.follow_nps, w.alert_csat, w.alert_nps, w.fall_points, w.weekly_since, w.version";

    /// <summary>How many columns there are in <see cref="Columns"/>.</summary>
    internal const int ColumnCount = 7;

    internal bool IsFollowed(Prompt prompt) => !prompt.Test && prompt.Score <= (prompt.Type == PromptType.Csat ? FollowCsat : FollowNps);

    internal bool IsTold(Prompt prompt) => !prompt.Test && prompt.Score <= (prompt.Type == PromptType.Csat ? AlertCsat : AlertNps);

    /// <param name="row">The row.</param>
    /// <param name="at">Where its columns begin.</param>
    internal static AlertThresholds Read(Row row, int at) =>
        new(row.GetInt32(at), row.GetInt32(at + 1), row.GetInt32(at + 2), row.GetInt32(at + 3), row.GetInt32(at + 4), row.LongOrNull(at + 5), row.GetInt64(at + 6));

    internal static async Task<AlertThresholds> OfAsync(Session session, long sender, CancellationToken stop) =>
        await session.Sql($"select {Columns} from watch w where w.sender_id = @sender").Bind("sender", sender).FirstAsync(row => Read(row, 0), stop) ?? Default;

    /// <summary>Stores what a page has changed, unless someone else was faster.</summary>
    /// <returns>False when there is a newer version than the one that was changed.</returns>
    internal async Task<bool> SaveAsync(Session session, long sender, CancellationToken stop) => Version == (await OfAsync(session, sender, stop)).Version && 1 == await session.Sql(
        """
        insert into watch (sender_id, follow_csat, follow_nps, alert_csat, alert_nps, fall_points, weekly_since, version)
        values (@sender, @follow_csat, @follow_nps, @alert_csat, @alert_nps, @fall, @weekly, @version + 1)
        on conflict (sender_id) do update set
            follow_csat = excluded.follow_csat, follow_nps = excluded.follow_nps, alert_csat = excluded.alert_csat, alert_nps = excluded.alert_nps,
            fall_points = excluded.fall_points, weekly_since = excluded.weekly_since, version = excluded.version
        where watch.version = @version
        """)
        .Bind("sender", sender).Bind("follow_csat", (long)FollowCsat).Bind("follow_nps", (long)FollowNps).Bind("alert_csat", (long)AlertCsat)
        .Bind("alert_nps", (long)AlertNps).Bind("fall", (long)FallPoints).Bind("weekly", WeeklySince).Bind("version", Version).RunAsync(stop);
}
