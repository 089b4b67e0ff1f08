using System.Collections.Concurrent;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Audit;

/// <summary>Finds out whose the names are that failed sign-ins tried, and which accounts were locked by them.</summary>
internal sealed class AuditNames(Store store, TimeProvider clock)
{
    // Looked at twice a minute; a lock that ended since then was one.
    private static readonly TimeSpan s_since = TimeSpan.FromMinutes(1);

    /// <param name="counts">What was counted.</param>
    /// <param name="fold">Takes what nobody is called.</param>
    /// <param name="stop">Gives up.</param>
    public async Task ResolveAsync(ConcurrentDictionary<AuditCounter.Key, AuditCounter.Count> counts, Action<AuditCounter.Key> fold, CancellationToken stop)
    {
        await ResolveAsync(
            counts, fold, CountedAction.SignIn,
            """
            select item.place, '@' || a.screen_name, a.locked_until, f.codes_locked_until from {rows}
            join account a on a.screen_name_key = item.name left join user_factor f on f.user_id = a.id
            """,
            stop);
        await ResolveAsync(
            counts, fold, CountedAction.ConsoleSignIn,
            "select item.place, p.mail, p.locked_until, p.codes_locked_until from {rows} join person p on p.mail_key = item.name", stop);
    }

    private async Task ResolveAsync(
        ConcurrentDictionary<AuditCounter.Key, AuditCounter.Count> counts, Action<AuditCounter.Key> fold, CountedAction kind, string sql, CancellationToken stop)
    {
        var (locked, codesLocked) = kind == CountedAction.SignIn ? (CountedAction.Lock, CountedAction.CodeLock) : (CountedAction.ConsoleLock, CountedAction.ConsoleCodeLock);
        var tried = counts.Keys.Where(key => key.Kind == kind && key.Name is not null).ToArray();
        if (tried.Length == 0) return;

        var known = new (string Who, long? LockedUntil, long? CodesLockedUntil)?[tried.Length];
        await store.Main.ReadAsync(
            async session =>
            {
                await session.EachAsync(sql, Rows.Of(tried).Place().Text("name", key => key.Name), row => known[row.GetInt64(0)] = (row.GetString(1), row.LongOrNull(2), row.LongOrNull(3)), stop);
                return 0;
            },
            stop);

        var since = (clock.GetUtcNow() - s_since).ToUnixTimeMilliseconds();
        for (var i = 0; i < tried.Length; i++)
        {
            if (known[i] is not { } one) fold(tried[i]);
            else
            {
                if (counts.TryGetValue(tried[i], out var count)) count.Who = one.Who;
                if (one.LockedUntil > since) Lock(counts, locked, tried[i].Name!, one.Who, one.LockedUntil.Value);
                if (one.CodesLockedUntil > since) Lock(counts, codesLocked, tried[i].Name!, one.Who, one.CodesLockedUntil.Value);
            }
        }
    }

    private static void Lock(ConcurrentDictionary<AuditCounter.Key, AuditCounter.Count> counts, CountedAction kind, string name, string who, long until)
    {
        var locks = counts.GetOrAdd(new(kind, Workspace.Installation, 0, name, null), new AuditCounter.Count(who));
        if (locks.LockedUntil == until) return;

        locks.LockedUntil = until;
        locks.TryAdd(1);
    }
}
