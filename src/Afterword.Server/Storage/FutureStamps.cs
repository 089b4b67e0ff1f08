using System.Globalization;

namespace Afterword.Server.Storage;

/// <summary>Times of the store that lie in the future, where only a wrong clock can have put them.</summary>
/// <param name="What">What has such a time, in the plural.</param>
/// <param name="Count">Counts them.</param>
/// <param name="Mend">Takes them back, where one statement can; the stamps of a sender take <see cref="SenderStamps"/>.</param>
internal sealed record FutureStamps(string What, string Count, string? Mend)
{
    // A day and more: what may rightly be due, or held, later than now.
    private static readonly TimeSpan s_laterToday = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_dueAtMost = TimeSpan.FromDays(10);

    // The longest delay of a rule, the longest quiet, and as long as it may wait for a limit.
    private static readonly TimeSpan s_askedAtMost = TimeSpan.FromDays(40);

    private static readonly FutureStamps[] s_all =
    [
        new("senders whose events would be stamped in the future", "select count(*) from sender_state where changed_at > @soon", null),
        Of("senders whose window begins in the future", "sender_state", "window_started_at > @soon", "window_started_at = 0, window_used = 0"),
        Of("direct messages of the future", "message", "prompt_id is null and created_at > @soon", "created_at = @now"),
        Of("notes of who wrote to whom in the future", "contact", "wrote_at > @soon", "wrote_at = @now"),
        Of("people who opted out in the future", "contact", "opted_out_at > @soon", "opted_out_at = @now"),
        Of("conversations that were closed in the future", "conversation", "created_at > @soon or updated_at > @soon", "created_at = case when created_at > @soon then @now else created_at end, updated_at = @now"),
        Of("conversations that would wait too long", "conversation", "decision = 0 and due_at > @month", "due_at = @now, planned_at = @now"),
        Of("windows of rules that begin in the future", "rule_window", "started_at > @soon", "started_at = 0, used = 0"),
        Of("rules leased until a time to come", "automation", "lease_until > @day", "lease_until = 0"),
        Of("windows of messages that begin in the future", "message_window", "started_at > @soon", "started_at = 0, used = 0"),
        Of("windows of an app's messages that begin in the future", "app_message_window", "started_at > @soon", "started_at = 0, used = 0"),
        Of("idempotency keys of the future", "idempotency", "created_at > @soon", "created_at = @now"),
        Of("webhooks leased until a time to come", "webhook", "lease_until > @day", "lease_until = 0"),
        Of("deliveries that would wait too long", "delivery", "state = 0 and due_at > @due", "due_at = @now"),
        Of("requests through a channel that would wait too long", "dispatch", "state < 2 and due_at > @due", "due_at = @now"),
        Of("helpdesks held until a time to come", "helpdesk", "held_until > @day", "held_until = 0"),
        Of("users of X held until a time to come", "x_account", "held_until > @day", "held_until = 0"),
        Of("old secrets of connectors that would work too long", "connector", "old_secret_until > @month", "old_secret_until = @now"),

        // Their ids are of that time too: they would be kept until it is over, and hold what comes now to be out of order.
        new("events of connectors of the future", "select count(*) from connector_event where received_at > @soon", "delete from connector_event where received_at > @soon"),
        Of("alerts that would wait too long", "alert_dispatch", "state < 2 and due_at > @due", "due_at = @now"),
        Of("users locked out too long", "account", "locked_until > @day", "locked_until = null"),
        Of("people locked out of the console too long", "person", "locked_until > @day", "locked_until = null"),
        Of("browsers locked out too long", "known_browser", "locked_until > @day", "locked_until = null"),

        // Ids were made of that time: the number rests until it is over, and five minutes for those made after the last word on it.
        Of("worker numbers leased until a time to come", "worker_lease", "held_until > @day", "held_until = 0, high = case when high > @soon then high + 300000 else high end"),
        Of("readings of the clock in the future", "clock_reading", "seen_at > @soon", "seen_at = @now"),
    ];

    /// <summary>What is wrong, one line each.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(Database db, DateTimeOffset now, CancellationToken stop)
    {
        var found = new List<string>();
        foreach (var one in s_all)
        {
            var count = await db.ReadAsync(session => Bound(session.Sql(one.Count), one.Count, now).FirstAsync(row => row.GetInt64(0), stop), stop);
            if (count > 0) found.Add(string.Create(CultureInfo.InvariantCulture, $"{count:N0} {one.What}; mend it with: afterword doctor --repair"));
        }

        return found;
    }

    /// <summary>Takes back what lies in the future, while nobody serves the store.</summary>
    /// <returns>What was mended, one line each.</returns>
    public static async Task<IReadOnlyList<string>> MendAsync(Store store, DateTimeOffset now, CancellationToken stop)
    {
        var mended = new List<string>();
        var senders = await SenderStamps.MendAsync(store.Main, now, stop);
        if (senders > 0) mended.Add(string.Create(CultureInfo.InvariantCulture, $"{senders:N0} {s_all[0].What}"));
        foreach (var one in s_all.Where(one => one.Mend is not null))
        {
            var count = await store.Main.WriteAsync(session => Bound(session.Sql(one.Mend!), one.Mend!, now).RunAsync(stop), stop);
            if (count > 0) mended.Add(string.Create(CultureInfo.InvariantCulture, $"{count:N0} {one.What}"));
        }

        var windows = await store.Nonces.WriteAsync(
            session => session.Sql("delete from call_window where started_at > @soon").Bind("soon", Soon(now)).RunAsync(stop), stop);
        if (windows > 0) mended.Add(string.Create(CultureInfo.InvariantCulture, $"{windows:N0} windows of calls that begin in the future"));
        return mended;
    }

    /// <summary>What is later than this, in Unix milliseconds, is of a clock that was wrong.</summary>
    public static long Soon(DateTimeOffset now) => (now + SteadyClock.Tolerance).ToUnixTimeMilliseconds();

    private static FutureStamps Of(string what, string table, string condition, string mend) =>
        new(what, $"select count(*) from {table} where {condition}", $"update {table} set {mend} where {condition}");

    private static Statement Bound(Statement statement, string sql, DateTimeOffset now)
    {
        foreach (var (name, value) in new[]
        {
            ("now", now.ToUnixTimeMilliseconds()), ("soon", Soon(now)),
            ("day", (now + s_laterToday).ToUnixTimeMilliseconds()), ("due", (now + s_dueAtMost).ToUnixTimeMilliseconds()),
            ("month", (now + s_askedAtMost).ToUnixTimeMilliseconds()),
        })
        {
            if (sql.Contains($"@{name}", StringComparison.Ordinal)) statement.Bind(name, value);
        }

        return statement;
    }
}
