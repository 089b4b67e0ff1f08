using Afterword.Server.Storage;

namespace Afterword.Server.Access;

/// <summary>A handle on the list of senders, with the limits that were raised for it.</summary>
internal sealed record AllowedSender(long UserId, string ScreenName, SenderGrant Limits);

/// <summary>Which handles may ask for feedback, and which recipients may be asked at any time.</summary>
internal sealed class Allowlists(Store store, TimeProvider clock)
{
    /// <summary>Puts a sender on the list, or changes its limits. A limit that is null goes back to the setting.</summary>
    public Task AllowSenderAsync(long userId, SenderGrant limits, CancellationToken stop) => store.Main.WriteAsync(session => AllowSenderAsync(session, userId, limits, stop), stop);

    /// <inheritdoc cref="AllowSenderAsync(long, SenderGrant, CancellationToken)"/>
    public Task<int> AllowSenderAsync(Session session, long userId, SenderGrant limits, CancellationToken stop) => session.Sql(
        """
        insert into sender (user_id, creates_per_day, recipient_interval, shows, events, allowed_at)
        values (@user, @creates, @interval, @shows, @events, @now)
        on conflict (user_id) do update set creates_per_day = excluded.creates_per_day,
            recipient_interval = excluded.recipient_interval, shows = excluded.shows, events = excluded.events
        """)
        .Bind("user", userId).Bind("creates", limits.CreatesPerDay).Bind("interval", limits.RecipientIntervalMillis)
        .Bind("shows", limits.Shows).Bind("events", limits.Events).Bind("now", Now).RunAsync(stop);

    /// <returns>False when it was not on the list.</returns>
    public async Task<bool> DenySenderAsync(long userId, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => DenySenderAsync(session, userId, stop), stop);

    /// <returns>1, or 0 when it was not on the list.</returns>
    public static Task<int> DenySenderAsync(Session session, long userId, CancellationToken stop) =>
        session.Sql("delete from sender where user_id = @user").Bind("user", userId).RunAsync(stop);

    public Task<List<AllowedSender>> SendersAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select s.user_id, a.screen_name, s.creates_per_day, s.recipient_interval, s.shows, s.events
            from sender s join account a on a.id = s.user_id order by a.screen_name_key
            """).ListAsync(
                row => new AllowedSender(
                    row.GetInt64(0), row.GetString(1), new(row.LongOrNull(2), row.LongOrNull(3), row.LongOrNull(4), row.LongOrNull(5))),
                stop),
        stop);

    public Task ExemptAsync(long userId, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("insert into exempt (user_id, created_at) values (@user, @now) on conflict (user_id) do nothing")
            .Bind("user", userId).Bind("now", Now).RunAsync(stop),
        stop);

    /// <returns>False when it was not on the list.</returns>
    public async Task<bool> EndExemptionAsync(long userId, CancellationToken stop) => 1 == await store.Main.WriteAsync(
        session => session.Sql("delete from exempt where user_id = @user").Bind("user", userId).RunAsync(stop), stop);

    /// <summary>The handles of exempt recipients.</summary>
    public Task<List<string>> ExemptAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select a.screen_name from exempt e join account a on a.id = e.user_id order by a.screen_name_key")
            .ListAsync(row => row.GetString(0), stop),
        stop);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
