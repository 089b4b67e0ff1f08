using System.Collections.Concurrent;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Storage;

namespace Afterword.Server.Connectors;

/// <summary>Names a connector: whose it is, and its id.</summary>
internal readonly record struct ConnectorKey(long SenderId, long Id);

/// <summary>A helpdesk that tells a sender's conversations. Times are Unix milliseconds.</summary>
/// <param name="Name">As rules and people call it.</param>
/// <param name="Prefix">What stands before the numbers of its conversations.</param>
/// <param name="TokenHash">Of the secret in its address.</param>
/// <param name="SealedSecrets">What the other side signs with: the present one, and the one before while it goes on working. Empty while there is none.</param>
/// <param name="Mapping">A definition of its own; null for that of its kind.</param>
/// <param name="CreatesUsers">Whether a customer whom nobody knows becomes a user.</param>
/// <param name="Version">Grows with every change.</param>
/// <param name="Refused">How many requests to it were not signed rightly.</param>
/// <param name="RefusedWhy">What was wrong with the last of them.</param>
internal sealed record Connector(
    ConnectorKey Key, string Kind, string Name, string Prefix, byte[] TokenHash, IReadOnlyList<byte[]> SealedSecrets, string? Mapping, bool CreatesUsers, long Version, long AddedAt,
    long Refused, long? RefusedAt, string? RefusedWhy)
{
    /// <summary>The columns that <see cref="Read"/> wants, in its order, of a table called <c>c</c>.</summary>
    public const string Columns =
        """
        c.sender_id, c.id, c.kind, c.name, c.prefix, c.token_hash, c.secret, case when c.old_secret_until > @now then c.old_secret end, c.mapping, c.create_users, c.version,
        c.added_at, c.refused, c.refused_at, c.refused_why
        """;

    public const int ColumnCount = 15;

    // A version never changes; of so many that are at work just now.
    private const int MostKept = 1_000;
    private static readonly ConcurrentDictionary<(long Id, long Version), Definition> s_kept = new();

    public Preset Preset => Preset.Find(Kind)!;

    /// <summary>A conversation as all of the sender's know it. The mapping of a kind begins each with the kind; of another helpdesk of the same kind, number 81 is another.</summary>
    public string ConversationOf(string told) => Prefix != Kind && told.StartsWith($"{Kind}:", StringComparison.Ordinal) ? Prefix + told[Kind.Length..] : told;

    public bool HasSecret => SealedSecrets.Count > 0;

    /// <summary>Whether nothing is taken that is not signed. A secret alone does not do it: the definition must say how.</summary>
    public bool IsSigned => HasSecret && Definition.TakesSecret;

    /// <summary>How it understands what comes.</summary>
    public Definition Definition
    {
        get
        {
            if (Mapping is null) return Preset.Definition;
            if (s_kept.TryGetValue((Key.Id, Version), out var kept)) return kept;

            if (s_kept.Count >= MostKept) s_kept.Clear();
            return s_kept[(Key.Id, Version)] = DefinitionReader.OfStored(Mapping);
        }
    }

    /// <param name="row">A row that begins with <see cref="Columns"/>.</param>
    public static Connector Read(Row row) => new(
        new(row.GetInt64(0), row.GetInt64(1)), row.GetString(2), row.GetString(3), row.GetString(4), row.GetBytes(5), [.. new[] { row.BytesOrNull(6), row.BytesOrNull(7) }.OfType<byte[]>()],
        row.TextOrNull(8), row.Flag(9), row.GetInt64(10), row.GetInt64(11), row.GetInt64(12), row.LongOrNull(13), row.TextOrNull(14));
}
