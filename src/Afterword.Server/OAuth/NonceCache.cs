using Afterword.Server.Limits;

namespace Afterword.Server.OAuth;

/// <summary>Nonces and calls of requests that only read, while the store cannot take them: a full disk must not stop what changes nothing.</summary>
/// <remarks>They are lost with the process, and other nodes do not know them (docs/decisions/0026).</remarks>
internal sealed class NonceCache
{
    /// <summary>How many are kept at most: about 25 MB.</summary>
    public const int Most = 250_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(long Stamp, long Hash), NonceEntry> _nonces = [];
    private readonly Dictionary<(long User, long App, LimitedEndpoint Endpoint), (long StartedAt, long Used)> _windows = [];
    private long _purgedTo;
    private volatile bool _any;

    /// <summary>Whether there is anything, so that a look is worth its lock.</summary>
    public bool Any => _any;

    /// <summary>How many nonces there are.</summary>
    public int Nonces
    {
        get
        {
            lock (_lock) return _nonces.Count;
        }
    }

    public bool Contains(NonceEntry request)
    {
        if (!_any) return false;

        lock (_lock) return _nonces.ContainsKey((request.Stamp, request.Hash));
    }

    /// <summary>Keeps a nonce; false when it is kept already, null when there is no room.</summary>
    /// <param name="request">The request.</param>
    /// <param name="before">What is older, in seconds, would be refused anyway: it makes room.</param>
    public bool? TryAdd(NonceEntry request, long before)
    {
        lock (_lock)
        {
            // Looking through all of them is worth it once a second.
            if (_nonces.Count >= Most && before > _purgedTo) Purge(before);
            if (_nonces.Count >= Most) return null;

            _any = true;
            return _nonces.TryAdd((request.Stamp, request.Hash), request);
        }
    }

    /// <summary>Counts a call.</summary>
    /// <param name="request">The call.</param>
    /// <param name="stored">The window that the store knows of its user, app and endpoint; zeros for none.</param>
    /// <param name="now">Unix milliseconds.</param>
    public NonceResult Count(NonceEntry request, (long StartedAt, long Used) stored, long now)
    {
        if (request.Endpoint == LimitedEndpoint.None) return new(true, 0, 0);

        var key = (request.UserId, request.AppId, request.Endpoint);
        lock (_lock)
        {
            var (startedAt, used) = _windows.TryGetValue(key, out var known) ? known : stored;
            if (now >= startedAt + RateWindows.Length || startedAt > now + RateWindows.Ahead) (startedAt, used) = (now, 0);
            _windows[key] = (startedAt, used + 1);
            return new(true, used + 1, startedAt);
        }
    }

    /// <summary>Some of what is kept, to be written now that the store takes it.</summary>
    /// <param name="most">How many at most.</param>
    public List<NonceEntry> Kept(int most)
    {
        lock (_lock) return [.. _nonces.Values.Take(most)];
    }

    /// <summary>Forgets what has been written.</summary>
    public void Forget(IReadOnlyList<NonceEntry> written)
    {
        lock (_lock)
        {
            foreach (var one in written) _nonces.Remove((one.Stamp, one.Hash));
            if (_nonces.Count > 0) return;

            _windows.Clear();
            _any = false;
        }
    }

    /// <summary>Forgets those whose timestamps are no longer accepted.</summary>
    /// <param name="before">Seconds.</param>
    public void Purge(long before)
    {
        if (!_any) return;

        lock (_lock)
        {
            _purgedTo = before;
            foreach (var (key, window) in _windows.ToArray())
            {
                if (window.StartedAt + RateWindows.Length < before * 1_000) _windows.Remove(key);
            }

            Forget([.. _nonces.Values.Where(one => one.Stamp < before)]);
        }
    }
}
