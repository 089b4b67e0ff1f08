using System.Globalization;

namespace Afterword.Client;

/// <summary>Which conversations to list: all that fits everything that is given.</summary>
public sealed record ConversationFilter
{
    /// <summary>Start of the period, inclusive, to the millisecond, by when the close was received; the first close by default.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>End of the period, inclusive; at most now, which is the default.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary><c>scheduled</c>, <c>asked</c>, <c>skipped</c>, <c>withdrawn</c> or <c>failed</c>; any by default.</summary>
    public string? Decision { get; init; }

    /// <summary>A reason, such as <c>sampled_out</c>; any by default.</summary>
    public string? Reason { get; init; }

    /// <summary>The agent, as it was told at the close, at most 100 characters; any by default.</summary>
    public string? Agent { get; init; }

    /// <summary>The reference, at most 256 characters: every decision about one conversation. Any by default.</summary>
    public string? ExternalId { get; init; }

    internal IEnumerable<KeyValuePair<string, string>> ToQuery()
    {
        if (From is { } from) yield return new("from_time", from.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        if (To is { } to) yield return new("to_time", to.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        if (Decision is not null) yield return new("decision", Decision);
        if (Reason is not null) yield return new("reason", Reason);
        if (Agent is not null) yield return new("agent", Agent);
        if (ExternalId is not null) yield return new("external_id", ExternalId);
    }
}
