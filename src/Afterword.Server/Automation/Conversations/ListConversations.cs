using Afterword.Server.Changes;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>Which conversations a list shows; null is all.</summary>
internal sealed record ConversationsFilter(Decision? Decision, Reason? Reason, string? Agent, string? ExternalId)
{
    public bool IsEmpty => this is { Decision: null, Reason: null, Agent: null };

    public static ConversationsFilter Parse(ParameterReader read)
    {
        var (decision, reason) = ReadDecision(read);
        return new(decision, reason, PromptDraft.ReadLabel(read, "agent", CloseDraft.LabelLength), PromptDraft.ReadShort(read, "external_id", PromptDraft.ExternalIdLength));
    }

    /// <summary>Reads the words of the API for what was decided, and why.</summary>
    public static (Decision? Decision, Reason? Reason) ReadDecision(ParameterReader read) => (
        ReadWord<Decision>(read, "decision", DecisionTexts.Decisions, word => Enum.GetValues<Decision>().First(one => one.Word == word)),
        ReadWord<Reason>(read, "reason", DecisionTexts.Reasons, word => Enum.GetValues<Reason>().First(one => one.Word == word)));

    public bool Shows(Conversation one) =>
        (Decision is not { } decision || one.Decision == decision) && (Reason is not { } reason || one.Reason == reason) && (Agent is null || one.Agent == Agent);

    private static T? ReadWord<T>(ParameterReader read, string name, IReadOnlyList<string> words, Func<string, T> find)
        where T : struct
    {
        if (read.Optional(name) is not { } word) return null;
        if (words.Contains(word)) return find(word);

        read.Errors.Add(ApiError.Invalid(name, $"one of {string.Join(", ", words)}"));
        return null;
    }
}

/// <summary>Closed conversations in the order in which they were heard of, in pages: each once, whatever is closed meanwhile.</summary>
internal sealed class ListConversations(Store store, TimeProvider clock)
{
    public const int MostPerPage = 100;

    // What a page looks at, where a filter passes over most of it: a page may have none, and be followed by one that has some.
    private const long MostLookedAt = 2_000;

    /// <returns>The page, and the last one that was looked at where there may be more behind it.</returns>
    public async Task<(List<Conversation> Page, Conversation? More)> RunAsync(ConversationsRange range, ConversationsFilter filter, int count, CancellationToken stop)
    {
        // As for events: what is closed from now on is later than the range.
        if (range.AfterId == 0) await ChangeLog.SettleAsync(store, range.SenderId, range.To, clock.GetUtcNow(), stop);

        var mostLookedAt = filter.IsEmpty ? count : MostLookedAt;
        var (page, lookedAt, last, isMore) = (new List<Conversation>(), 0L, (Conversation?)null, false);
        await store.Main.ReadAsync(
            session => (filter.ExternalId is { } external ? session.Sql(OfReference).Bind("external", external) : session.Sql($"{First} {Rest}"))
                .Bind("sender", range.SenderId).Bind("at", range.AfterAt).Bind("id", range.AfterId).Bind("to", range.To).Bind("limit", mostLookedAt + 1L)
                .EachAsync(
                    row =>
                    {
                        // What is behind the page only tells that there is more.
                        isMore = page.Count == count || lookedAt == mostLookedAt;
                        if (isMore) return;

                        lookedAt++;
                        last = Conversation.Read(row);
                        if (filter.Shows(last)) page.Add(last);
                    },
                    stop),
            stop);
        return (page, isMore ? last : null);
    }

    public Task<Conversation?> FindAsync(long sender, long id, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql($"select {Conversation.Columns} from conversation c where c.sender_id = @sender and c.id = @id").Bind("sender", sender).Bind("id", id).FirstAsync(Conversation.Read, stop),
        stop);

    private const string First = $"select {Conversation.Columns} from conversation c where c.sender_id = @sender";

    // As a range of the index by reference: asked for the reference by itself, SQLite would sooner walk all conversations in the order of time.
    private const string OfReference =
        $"""
        {First} and (c.external_id, c.created_at, c.id) > (@external, @at, @id) and c.external_id <= @external and +c.created_at <= @to
        order by c.external_id, c.created_at, c.id limit @limit
        """;

    private const string Rest = "and (c.created_at, c.id) > (@at, @id) and c.created_at <= @to order by c.created_at, c.id limit @limit";
}
