using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Limits;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>What decisions are made by, as it was found for each conversation of a batch.</summary>
/// <param name="now">Unix milliseconds.</param>
internal sealed class DecisionFacts(long now)
{
    private static readonly Dictionary<string, DayWindow> s_noWindows = [];

    private readonly Dictionary<int, RecipientFacts> _recipients = [];
    private readonly HashSet<int> _asked = [];
    private readonly HashSet<int> _inPlace = [];
    private readonly Dictionary<long, Dictionary<string, DayWindow>> _windows = [];

    /// <summary>Which version of its rules each sender has, for those that have any.</summary>
    public Dictionary<long, (long Version, byte[] SealedKey)> Versions { get; } = [];

    /// <summary>The same, read.</summary>
    public Dictionary<long, SenderRules> Rules { get; set; } = [];

    public SenderRules RulesOf(long sender) => Rules.GetValueOrDefault(sender, SenderRules.None);

    /// <summary>
    /// The customer. One who wrote at a helpdesk to which the sender has access is asked there, however requests reach them otherwise: if the helpdesk's own contact
    /// says who it is. Whoever typed someone's address would else be shown that person's name and card.
    /// </summary>
    public RecipientFacts RecipientOf(int place) => _inPlace.Contains(place) ? _recipients[place] with { Channel = Channel.Conversation } : _recipients[place];

    /// <summary>Whether someone was asked about the conversation, by the rules or by hand.</summary>
    public bool WasAsked(int place) => _asked.Contains(place);

    /// <summary>How often the sender's rules with a limit by day have asked.</summary>
    public Dictionary<string, DayWindow> WindowsOf(long sender) => _windows.GetValueOrDefault(sender, s_noWindows);

    /// <param name="items">The conversations.</param>
    /// <param name="sender">Whose each is.</param>
    /// <param name="draft">What is known of each.</param>
    /// <param name="inPlace">The conversation at a helpdesk into which a request about it may be posted; null where it may not.</param>
    public IReadOnlyList<Lookup> Lookups<T>(IReadOnlyList<T> items, Func<T, long> sender, Func<T, CloseDraft> draft, Func<T, string?> inPlace)
    {
        var senders = items.Select(sender).Distinct().ToArray();
        return
        [
            KeptRules.Lookup(senders, Versions),
            RecipientFacts.Lookup(items, sender, item => draft(item).RecipientId, (place, facts) => _recipients[place] = facts),

            // Someone may give all requests one reference: the latest of them will do. Their ids come from the index alone: asked for more, SQLite would look through all of the sender's.
            new(
                """
                select item.place from {rows}
                where exists (
                    select 1 from (
                        select x.id from prompt x where x.sender_id = item.sender_id and x.external_id = item.external_id order by x.id desc limit 100) as latest
                    cross join prompt p
                    where p.sender_id = item.sender_id and p.id = latest.id and p.test = item.test)
                """,
                Rows.Of(items).Place().Long("sender_id", sender).Text("external_id", item => draft(item).ExternalId).Long("test", item => draft(item).Test ? 1 : 0),
                row => _asked.Add((int)row.GetInt64(0))),
            new(
                "select w.sender_id, w.rule, w.started_at, w.used from {rows} join rule_window w on w.sender_id = item.sender_id",
                Rows.Of(senders).Long("sender_id", one => one),
                row =>
                {
                    if (!_windows.TryGetValue(row.GetInt64(0), out var windows)) _windows[row.GetInt64(0)] = windows = new(StringComparer.Ordinal);
                    windows[row.GetString(1)] = DayWindow.At(now, row.GetInt64(2), row.GetInt64(3));
                }),

            .. items.Any(item => inPlace(item) is not null)
                ? [SenderHelpdesks.Lookup(items, sender, inPlace, place => _inPlace.Add(place))]
                : Array.Empty<Lookup>(),
        ];
    }

    /// <summary>Puts together what is known of a conversation that is closed now.</summary>
    /// <param name="leastInterval">How long every request must wait for after the one before, milliseconds.</param>
    public DecisionInput Of(int place, long sender, CloseDraft draft, long at, long leastInterval)
    {
        var (facts, rules) = (RecipientOf(place), RulesOf(sender));
        return new(
            at, sender, draft.RecipientId, draft.Test, draft.ClosedAt ?? at, draft.Conversed(facts, at), facts, facts.AskedAt is { } asked && asked <= at + RateWindows.Ahead ? asked : null, WasAsked(place),
            leastInterval, rules.Rules, draft.ExternalId.Length == 0 ? null : rules.DrawOf(draft.ExternalId), WindowsOf(sender));
    }
}
