using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Allowlists;

/// <summary>A handle on the list of senders, with the limits that were raised for it.</summary>
internal sealed record AllowedSender(long UserId, string ScreenName, SenderGrant Limits);

/// <summary>Which handles may ask for feedback, and which recipients may be asked at any time.</summary>
internal sealed class Allowlist(Store store, AuditLog audit, TimeProvider clock)
{
    // What an entry of the audit log has room for.
    private const int MostNamed = 4;

    /// <summary>Puts a sender on the list as the command line does it, or changes its limits. A limit that is null goes back to the setting.</summary>
    public Task AllowSenderAsync(long userId, SenderGrant limits, CancellationToken stop) =>
        store.Main.WriteAsync(session => AllowSenderAsync(session, Member.CommandLine, userId, limits, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<int> AllowSenderAsync(Session session, Member by, long userId, SenderGrant limits, CancellationToken stop)
    {
        // Held before the tokens are looked at: one that is given meanwhile is either among them, or given to a sender.
        await HoldTokensAsync(session, userId, stop);
        var isNew = 1 == await session.Sql("insert into sender (user_id, allowed_at) values (@user, @now) on conflict (user_id) do nothing").Bind("user", userId).Bind("now", Now).RunAsync(stop);
        await session.Sql("update sender set creates_per_day = @creates, recipient_interval = @interval, shows = @shows, events = @events where user_id = @user")
            .Bind("user", userId).Bind("creates", limits.CreatesPerDay).Bind("interval", limits.RecipientIntervalMillis).Bind("shows", limits.Shows).Bind("events", limits.Events).RunAsync(stop);
        if (!isNew) return 0;

        await EndLinksAsync(session, by, userId, stop);
        return await NoteTokensAsync(session, by, userId, stop);
    }

    // An operator of the console makes no link for the password of an account that asks, so one that was made before lets in nobody. Who has a shell may.
    private async Task EndLinksAsync(Session session, Member by, long userId, CancellationToken stop)
    {
        if (by == Member.CommandLine) return;

        await ResetLinks.ForgetAsync(session, AccountKind.User, userId, stop);
        if (await session.Sql("select 1 from account where id = @user and (password_hash is not null or mail is not null)").Bind("user", userId).FirstAsync(_ => true, stop))
        {
            await audit.WriteAsync(session, userId, by, AuditAction.Changed, "became a sender; whoever set its password or address before can let apps in: make a new password under Apps", stop);
        }
    }

    /// <summary>Makes whoever gives a token of a user, and whoever makes the user a sender, wait for each other.</summary>
    public static Task<int> HoldTokensAsync(Session session, long userId, CancellationToken stop) =>
        AccountLock.HoldAsync(session, AccountKind.User, userId, stop);

    // Tokens that the user gave before read all feedback from now on.
    private async Task<int> NoteTokensAsync(Session session, Member by, long userId, CancellationToken stop)
    {
        var apps = await session.Sql("select distinct a.id, a.name from access_token t join app a on a.id = t.app_id where t.user_id = @user and t.revoked_at is null order by a.name, a.id")
            .Bind("user", userId).ListAsync(row => row.GetString(1), stop);
        foreach (var some in apps.Chunk(MostNamed))
        {
            await audit.WriteAsync(session, userId, by, AuditAction.Changed, $"became a sender; apps with tokens from before, which read all feedback: {string.Join(", ", some)}", stop);
        }

        return apps.Count;
    }

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

    public Task ExemptAsync(long userId, CancellationToken stop) => store.Main.WriteAsync(session => ExemptAsync(session, userId, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public Task<int> ExemptAsync(Session session, long userId, CancellationToken stop) =>
        session.Sql("insert into exempt (user_id, created_at) values (@user, @now) on conflict (user_id) do nothing").Bind("user", userId).Bind("now", Now).RunAsync(stop);

    /// <returns>False when it was not on the list.</returns>
    public async Task<bool> EndExemptionAsync(long userId, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => EndExemptionAsync(session, userId, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public static Task<int> EndExemptionAsync(Session session, long userId, CancellationToken stop) =>
        session.Sql("delete from exempt where user_id = @user").Bind("user", userId).RunAsync(stop);

    /// <summary>The handles of exempt recipients.</summary>
    public Task<List<string>> ExemptAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select a.screen_name from exempt e join account a on a.id = e.user_id order by a.screen_name_key")
            .ListAsync(row => row.GetString(0), stop),
        stop);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
