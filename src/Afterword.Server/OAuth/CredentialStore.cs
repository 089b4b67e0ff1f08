using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.OAuth;

/// <summary>Finds apps and tokens, out of a cache that is at most five seconds old.</summary>
/// <remarks>
/// Only what was found is kept, so a new token works at once; before an allowlist refuses, the caller asks for what is
/// fresh. A revocation on another node holds here within five seconds.
/// </remarks>
internal sealed class CredentialStore(Store store, TimeProvider clock)
{
    private const int MostKept = 100_000;
    private static readonly TimeSpan s_keep = TimeSpan.FromSeconds(5);

    private static readonly KeyValuePair<string, object?> s_kept = new("kept", "true");
    private static readonly KeyValuePair<string, object?> s_loaded = new("kept", "false");

    private readonly Counter<long> _found = store.Problems.Meter.CreateCounter<long>("afterword.credentials", "{lookups}", "Lookups of apps and tokens, by whether they were kept in memory.");
    private readonly ConcurrentDictionary<string, CacheEntry<App>> _apps = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CacheEntry<AccessToken>> _tokens = new(StringComparer.Ordinal);

    /// <param name="consumerKey">The key as the client sent it.</param>
    /// <param name="fresh">Passes the cache by.</param>
    /// <param name="stop">Gives up waiting.</param>
    public ValueTask<App?> AppAsync(string consumerKey, bool fresh, CancellationToken stop) =>
        FindAsync(_apps, consumerKey, fresh, LoadAppAsync, stop);

    /// <inheritdoc cref="AppAsync"/>
    public ValueTask<AccessToken?> TokenAsync(string token, bool fresh, CancellationToken stop) =>
        FindAsync(_tokens, token, fresh, LoadTokenAsync, stop);

    /// <summary>Makes a revocation hold on this node at once.</summary>
    public void Forget(string token) => _tokens.TryRemove(token, out _);

    private async ValueTask<T?> FindAsync<T>(
        ConcurrentDictionary<string, CacheEntry<T>> cache, string key, bool fresh, Func<string, CancellationToken, Task<T?>> load, CancellationToken stop)
        where T : class
    {
        if (!fresh && cache.TryGetValue(key, out var entry) && clock.GetElapsedTime(entry.At) < s_keep)
        {
            _found.Add(1, s_kept);
            return await entry.Loading.WaitAsync(stop);
        }

        _found.Add(1, s_loaded);

        // The first loads, and those that come meanwhile wait for the same answer: nobody's cancellation may end it.
        if (cache.Count >= MostKept) cache.Clear();
        var loading = new CacheEntry<T>(load(key, CancellationToken.None), clock.GetTimestamp());
        cache[key] = loading;
        try
        {
            if (await loading.Loading.WaitAsync(stop) is { } value) return value;
        }
        catch
        {
            cache.TryRemove(new(key, loading));
            throw;
        }

        cache.TryRemove(new(key, loading));
        return null;
    }

    private Task<App?> LoadAppAsync(string consumerKey, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select id, name, consumer_secret, callbacks, allowed, suspended_at, old_secret, old_secret_until from app where consumer_key = @key")
            .Bind("key", consumerKey).FirstAsync(
                row => new App(
                    row.GetInt64(0), consumerKey, row.GetString(1), Text(row.GetBytes(2)), Apps.SplitCallbacks(row.GetString(3)), row.Flag(4), !row.IsDBNull(5),
                    row.BytesOrNull(6) is { } old ? Text(old) : null, row.LongOrNull(7) ?? 0),
                stop),
        stop);

    private Task<AccessToken?> LoadTokenAsync(string token, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select t.app_id, t.user_id, t.secret, t.permission, a.screen_name, a.name, a.suspended_at,
                s.user_id, s.creates_per_day, s.recipient_interval, s.shows, s.events, t.revoked_at
            from access_token t
            join account a on a.id = t.user_id
            left join sender s on s.user_id = t.user_id
            where t.token = @token
            """)
            .Bind("token", token).FirstAsync(
                row => new AccessToken(
                    row.GetInt64(0), row.GetInt64(1), Text(row.GetBytes(2)), (Permission)row.GetInt32(3),
                    row.GetString(4), row.GetString(5), !row.IsDBNull(6),
                    row.IsDBNull(7) ? null : new SenderGrant(row.LongOrNull(8), row.LongOrNull(9), row.LongOrNull(10), row.LongOrNull(11)), !row.IsDBNull(12)),
                stop),
        stop);

    private string Text(byte[] sealedSecret) => Encoding.UTF8.GetString(store.Secrets.Unprotect(sealedSecret));

    private sealed record CacheEntry<T>(Task<T?> Loading, long At);
}

/// <summary>An access token with its user.</summary>
/// <param name="Revoked">It was taken back, and is known only so that its use can be told.</param>
internal sealed record AccessToken(
    long AppId, long UserId, string Secret, Permission Permission, string ScreenName, string Name, bool UserSuspended, SenderGrant? Sender, bool Revoked);
