using System.Collections.Concurrent;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Rules;

/// <summary>A version of a sender's rules, ready to decide.</summary>
/// <param name="Version">0 before any was saved.</param>
/// <param name="Key">Draws the sample; null before any was saved.</param>
internal sealed record SenderRules(long Version, RuleSet Rules, byte[]? Key)
{
    public static readonly SenderRules None = new(0, RuleSet.None, null);

    public Draw? DrawOf(string externalId) => Key is null ? null : Draw.Of(Key, externalId);
}

/// <summary>Rules that were read once and are kept. A version never changes.</summary>
internal sealed class KeptRules(Store store)
{
    // In characters of the documents, which take a few times as much when they were read: those of 2,000 senders that write usual ones, or of 60 that write the longest.
    private const long MostKept = 4_000_000;

    private readonly ConcurrentDictionary<(long Sender, long Version), SenderRules> _kept = new();
    private long _length;

    /// <summary>Finds which version of its rules each sender has.</summary>
    public static Lookup Lookup(IEnumerable<long> senders, Dictionary<long, (long Version, byte[] SealedKey)> found) => new(
        "select a.sender_id, a.version, a.sampling_key from {rows} join automation a on a.sender_id = item.sender_id",
        Rows.Of(senders.ToArray()).Long("sender_id", sender => sender),
        row => found[row.GetInt64(0)] = (row.GetInt64(1), row.GetBytes(2)));

    /// <summary>The rules of each sender that <see cref="Lookup"/> found; the others have none.</summary>
    public async Task<Dictionary<long, SenderRules>> ReadAsync(Session session, Dictionary<long, (long Version, byte[] SealedKey)> found)
    {
        var all = new Dictionary<long, SenderRules>(found.Count);
        foreach (var (sender, (version, key)) in found) all[sender] = await ReadAsync(session, sender, version, key);
        return all;
    }

    /// <summary>A version of a sender's rules.</summary>
    public async Task<SenderRules> ReadAsync(Session session, long sender, long version, byte[] sealedKey)
    {
        if (_kept.TryGetValue((sender, version), out var kept)) return kept;

        var text = await session.Sql("select document from automation_rules where sender_id = @sender and version = @version")
            .Bind("sender", sender).Bind("version", version).FirstAsync(row => row.GetString(0), CancellationToken.None);
        var rules = text is null ? SenderRules.None : new SenderRules(version, RulesDocument.OfStored(text), store.Secrets.Unprotect(sealedKey));
        if (Interlocked.Add(ref _length, text?.Length ?? 0) > MostKept)
        {
            _kept.Clear();
            Interlocked.Exchange(ref _length, text?.Length ?? 0);
        }

        return _kept[(sender, version)] = rules;
    }
}
