using Afterword.Server.Answers;
using Afterword.Server.Storage;

namespace Afterword.Bench.Fixtures;

/// <summary>Feedbacks that are in the store before a run, put there by plain SQL: the same on both engines.</summary>
/// <remarks>
/// Feedback i belongs to sender i modulo their number. They lie evenly between some days ago and two hours ago, so their ids
/// and times follow from i. Every fourth, unless told otherwise, is answered with score and text. All rows of a real one are there.
/// </remarks>
internal sealed class History(Store store, SampleUsers users, long count, int days, int answered = 4)
{
    private const long Chunk = 50_000;

    private readonly long _end = TimeProvider.System.GetUtcNow().AddHours(-2).ToUnixTimeMilliseconds();

    /// <summary>The first millisecond.</summary>
    public long From => _end - (count * Step);

    /// <summary>The last millisecond; a range that ends here was settled long ago.</summary>
    public long To => _end;

    /// <summary>One event for each feedback and one for every answered one.</summary>
    public long Events => count + ((count + answered - 1) / answered);

    private long Step => Math.Max(1, days * 86_400_000L / count);

    public long TimeOf(long feedback) => From + (feedback * Step);

    public long IdOf(long feedback) => ((TimeOf(feedback) - Snowflakes.Epoch) << 22) | (1_000 << 12);

    public SampleSender SenderOf(long feedback) => users.Senders[(int)(feedback % users.Senders.Count)];

    public async Task WriteAsync()
    {
        for (long first = 0; first < count; first += Chunk)
        {
            var (at, last) = (first, Math.Min(first + Chunk, count) - 1);
            await store.Main.WriteAsync(
                async session =>
                {
                    foreach (var sql in s_statements) await Bind(session.Sql(sql), at, last).RunAsync(CancellationToken.None);
                    return 0;
                },
                CancellationToken.None);
        }
    }

    /// <summary>Gives links to the cards of the last feedbacks; their hashes are stored, their scores taken away.</summary>
    public async Task<string[]> OpenCardsAsync(int cards)
    {
        var links = new CardLink[cards];
        for (var i = 0; i < cards; i++) links[i] = CardLink.New(SenderOf(count - cards + i).Id, IdOf(count - cards + i));

        foreach (var chunk in links.Chunk((int)Chunk))
        {
            await store.Main.WriteAsync(
                session =>
                {
                    session.Then(
                        """
                        update prompt set card_hash = item.card_hash, score = null, score_at = null, comment = null, comment_at = null
                        from {rows} where prompt.sender_id = item.sender_id and prompt.id = item.id
                        """,
                        Rows.Of(chunk).Long("sender_id", l => l.SenderId).Long("id", l => l.PromptId).Bytes("card_hash", l => l.Hash()));
                    return Task.FromResult(0);
                },
                CancellationToken.None);
        }

        return [.. links.Select(link => CardLink.PathPrefix + link)];
    }

    private Statement Bind(Statement sql, long first, long last) => sql.Bind("first", first).Bind("last", last).Bind("senders", (long)users.Senders.Count)
        .Bind("from", From).Bind("step", Step).Bind("recipients", SampleUsers.RecipientAt(0)).Bind("half", (long)SampleUsers.Recipients / 2).Bind("answered", (long)answered);

    // f has one row per feedback. 7919 is prime to the number of recipients, so that they come in a scattered order.
    private const string Feedbacks =
        """
        with recursive n(i) as (select @first union all select i + 1 from n where i < @last),
        s(k, sender) as (select row_number() over (order by user_id) - 1, user_id from sender),
        f(i, sender, recipient, at, id, answered) as (
            select n.i, s.sender, @recipients + 2 * ((n.i / @senders * 7919 + n.i % @senders) % @half), @from + n.i * @step,
                ((@from + n.i * @step - 1288834974657) << 22) + 4096000, n.i % @answered = 0
            from n join s on s.k = n.i % @senders)

        """;

    private static readonly string[] s_statements =
    [
        Feedbacks +
        """
        insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question, privacy_url, external_id,
            created_at, updated_at, score, score_at, comment, comment_at)
        select sender, id, recipient, id + 1, 2, 0, 0, 'How likely are you to recommend Sender ' || sender || ' to a friend?',
            'https://shop.example/privacy', 'ticket_' || i, at,
            case when answered then at + 60000 else at end,
            case when answered then i % 11 end, case when answered then at + 60000 end,
            case when answered then 'They answered within the hour and the refund came the next day. Number ' || i end, case when answered then at + 60000 end
        from f
        """,
        Feedbacks +
        """
        insert into message (sender_id, id, recipient_id, prompt_id, body, created_at)
        select sender, id + 1, recipient, id, 'Thank you for talking to us today about your order ' || i || '. Would you tell us how we did? It takes a minute and helps a lot.', at
        from f
        """,
        Feedbacks + "insert into change (sender_id, changed_at, id, kind, prompt_id) select sender, at, id + 2, 1, id from f",
        Feedbacks + "insert into change (sender_id, changed_at, id, kind, prompt_id) select sender, at + 60000, id + 3, 2, id from f where answered",
        Feedbacks +
        """
        insert into contact (sender_id, user_id, prompted_at) select sender, recipient, at from f where true
        on conflict (sender_id, user_id) do update set prompted_at = excluded.prompted_at
        """,
    ];
}
