using System.Collections.Concurrent;
using Afterword.Server.Storage;

namespace Afterword.Server.Access.Console;

/// <summary>Finds out whose the names are that failed sign-ins tried, and which accounts were locked by them.</summary>
internal sealed class AuditNames(Store store, TimeProvider clock)
{
    // Looked at twice a minute; a lock that ended since then was one.
    private static readonly TimeSpan s_since = TimeSpan.FromMinutes(1);

    public async Task ResolveAsync(ConcurrentDictionary<AuditTally.Key, AuditTally.Count> counts, CancellationToken stop)
    {
        await ResolveAsync(
            counts, Tallied.SignIn,
            "select item.place, '@' || a.screen_name, a.locked_until from {rows} join account a on a.screen_name_key = item.name", stop);
        await ResolveAsync(
            counts, Tallied.ConsoleSignIn,
            "select item.place, p.mail, p.locked_until from {rows} join person p on p.mail_key = item.name", stop);
    }

    private async Task ResolveAsync(ConcurrentDictionary<AuditTally.Key, AuditTally.Count> counts, Tallied kind, string sql, CancellationToken stop)
    {
        var tried = counts.Keys.Where(key => key.Kind == kind && key.Name is not null).ToArray();
        if (tried.Length == 0) return;

        var known = new (string Who, long? LockedUntil)?[tried.Length];
        await store.Main.ReadAsync(
            async session =>
            {
                await session.EachAsync(sql, Rows.Of(tried).Place().Text("name", key => key.Name), row => known[row.GetInt64(0)] = (row.GetString(1), row.LongOrNull(2)), stop);
                return 0;
            },
            stop);

        var since = (clock.GetUtcNow() - s_since).ToUnixTimeMilliseconds();
        for (var i = 0; i < tried.Length; i++)
        {
            if (known[i] is not { } one) Fold(counts, tried[i]);
            else
            {
                if (counts.TryGetValue(tried[i], out var count)) count.Who = one.Who;
                if (one.LockedUntil > since) Lock(counts, kind, tried[i].Name!, one.Who, one.LockedUntil.Value);
            }
        }
    }

    // Of what nobody is called, only where it came from is kept.
    private static void Fold(ConcurrentDictionary<AuditTally.Key, AuditTally.Count> counts, AuditTally.Key key)
    {
        if (counts.TryRemove(key, out var count)) counts.GetOrAdd(key with { Name = null }, new AuditTally.Count("somebody")).Add(count.New);
    }

    private static void Lock(ConcurrentDictionary<AuditTally.Key, AuditTally.Count> counts, Tallied kind, string name, string who, long until)
    {
        var locks = counts.GetOrAdd(new(kind == Tallied.SignIn ? Tallied.Lock : Tallied.ConsoleLock, Place.Installation, 0, name, null), new AuditTally.Count(who));
        if (locks.LockedUntil == until) return;

        locks.LockedUntil = until;
        locks.Add();
    }
}
