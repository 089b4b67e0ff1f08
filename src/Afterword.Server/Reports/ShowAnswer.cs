using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>A line of a conversation.</summary>
public sealed record ConversationLine(long Id, bool FromCustomer, string Body, long At, bool IsRequest);

/// <summary>Something that happened to a request.</summary>
/// <param name="At">When, Unix milliseconds.</param>
/// <param name="What">In words.</param>
/// <param name="EventId">The event that told it to others; null where there is none.</param>
public sealed record TimelineEntry(long At, string What, long? EventId);

/// <summary>One feedback with all that belongs to it.</summary>
/// <param name="Answer">The feedback.</param>
/// <param name="DisplayName">The name in the question, where one was given and names are seen.</param>
/// <param name="Messages">What was said around the request, oldest first; empty where names are not seen.</param>
/// <param name="History">What happened, oldest first.</param>
public sealed record AnswerDetail(ListedAnswer Answer, int Variant, string? DisplayName, IReadOnlyList<ConversationLine> Messages, IReadOnlyList<TimelineEntry> History);

/// <summary>Looks at one feedback of a sender.</summary>
internal sealed class ShowAnswer(Store store, ListAnswers list, Settings settings, TimeProvider clock)
{
    private const long Before = 10;
    private const long Behind = 10;

    // The index by recipient is the short way: a customer has few messages, a sender has millions.
    private const string Received = "m.recipient_id = @customer and +m.sender_id = @sender";
    private const string Sent = "m.sender_id = @customer and +m.recipient_id = @sender";

    /// <summary>Gives the feedback, or null when the sender has none of this id.</summary>
    public Task<AnswerDetail?> RunAsync(long sender, long id, Visibility visibility, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var prompt = await session.Sql($"select {Prompt.Columns} from prompt p where p.sender_id = @sender and p.id = @id").Bind("sender", sender).Bind("id", id)
                .FirstAsync(Prompt.Read, stop);
            if (prompt is null || await list.OneAsync(session, sender, id, visibility, stop) is not { } answer) return null;

            return new AnswerDetail(
                answer, prompt.QuestionVariant, visibility.Names ? prompt.DisplayName : null,
                visibility.Names ? await MessagesAsync(session, prompt, stop) : [], await HistoryAsync(session, prompt, answer.Channel, stop));
        },
        stop);

    private static async Task<IReadOnlyList<ConversationLine>> MessagesAsync(Session session, Prompt prompt, CancellationToken stop)
    {
        var all = new List<ConversationLine>();
        foreach (var (comparison, order, limit) in new[] { ("<=", "desc", Before), (">", "asc", Behind) })
        {
            foreach (var direction in (string[])[Received, Sent])
            {
                await session.Sql($"select m.id, m.sender_id, m.body, m.created_at from message m where {direction} and m.id {comparison} @id order by m.id {order} limit @limit")
                    .Bind("customer", prompt.RecipientId).Bind("sender", prompt.SenderId).Bind("id", prompt.MessageId).Bind("limit", limit)
                    .EachAsync(row => all.Add(new(row.GetInt64(0), row.GetInt64(1) != prompt.SenderId, row.GetString(2), row.GetInt64(3), row.GetInt64(0) == prompt.MessageId)), stop);
            }
        }

        all.Sort((one, other) => one.Id.CompareTo(other.Id));
        return all;
    }

    private async Task<IReadOnlyList<TimelineEntry>> HistoryAsync(Session session, Prompt prompt, string channel, CancellationToken stop)
    {
        var events = await session.Sql(
            "select changed_at, id from change where sender_id = @sender and changed_at in (@created, @score, @comment) and prompt_id = @id order by changed_at, id")
            .Bind("sender", prompt.SenderId).Bind("created", prompt.CreatedAt).Bind("score", prompt.ScoreAt ?? prompt.CreatedAt).Bind("comment", prompt.CommentAt ?? prompt.CreatedAt)
            .Bind("id", prompt.Id).ListAsync(row => (At: row.GetInt64(0), Id: row.GetInt64(1)), stop);
        var history = new List<TimelineEntry>();
        Add(prompt.CreatedAt, "Asked");
        await AddDeliveryAsync(session, prompt, channel, history, stop);
        if (prompt.ScoreAt is { } scored) Add(scored, "Scored");
        if (prompt.CommentAt is { } commented) Add(commented, "Wrote a text");
        if (prompt.DismissedAt is { } dismissed) history.Add(new(dismissed, "Put the card away", null));
        var expires = prompt.CreatedAt + (long)settings.CardLifetime.TotalMilliseconds;
        if (prompt is { DismissedAt: null } and not { Score: not null, Comment: not null } && expires < clock.GetUtcNow().ToUnixTimeMilliseconds()) history.Add(new(expires, "The card expired", null));
        return [.. history.OrderBy(one => one.At)];

        void Add(long at, string what)
        {
            var own = events.FindIndex(one => one.At == at);
            history.Add(new(at, what, own < 0 ? null : events[own].Id));
            if (own >= 0) events.RemoveAt(own);
        }
    }

    private static async Task AddDeliveryAsync(Session session, Prompt prompt, string channel, List<TimelineEntry> history, CancellationToken stop)
    {
        if (channel == Channel.BuiltIn.Name) return;

        await session.Sql("select state, settled_at from dispatch where sender_id = @sender and prompt_id = @id and settled_at is not null")
            .Bind("sender", prompt.SenderId).Bind("id", prompt.Id)
            .EachAsync(row => history.Add(new(row.GetInt64(1), row.GetInt64(0) switch { 2 => $"Sent by {channel}", 3 => $"Given up by {channel}", _ => $"Called off by {channel}" }, null)), stop);
    }
}
