using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Search;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>A feedback in the list, as far as whoever looks may see it.</summary>
/// <param name="To">The customer's handle; null where names are not seen.</param>
/// <param name="ToName">The customer's profile name; null where names are not seen.</param>
/// <param name="ExternalId">Null where names are not seen.</param>
public sealed record ListedAnswer(
    long Id, bool IsCsat, bool Test, long CreatedAt, string? To, string? ToName, string? ExternalId, string Question,
    int? Score, long? ScoreAt, string? Text, long? TextAt, string State, string? Agent, IReadOnlyList<string> Tags, string Language, string Channel)
{
    public int HighestScore => IsCsat ? 5 : 10;

    /// <summary>The colour of the score, as stylesheets call it; satisfied and promoters are good. Null without a score.</summary>
    public string? Mood => Score is not { } score ? null
        : IsCsat ? score >= 4 ? "good" : score == 3 ? "warn" : "bad"
        : score >= 9 ? "good" : score >= 7 ? "warn" : "bad";
}

/// <summary>A page of the list, newest first.</summary>
/// <param name="Answers">What was found.</param>
/// <param name="Next">Where the next page begins: below this id; null at the end.</param>
/// <param name="LookedBackTo">Where the search rests for now because so much was looked at: asked at this time, Unix milliseconds; null when the page is full or nothing is left.</param>
public sealed record AnswersFound(IReadOnlyList<ListedAnswer> Answers, long? Next, long? LookedBackTo);

/// <summary>Finds a sender's feedback, newest first, in pages. A page costs the same wherever it lies, however little there is to find.</summary>
/// <remarks>
/// An index leads to what has a tag, an agent, a reference, a customer or a rare word. Everything else is looked through in the
/// order of the ids, and when a page has looked at <see cref="MostLooked"/> requests it rests, says how far it has come, and
/// leaves it to the reader to go on: so no filter needs an index that every request would have to pay for.
/// </remarks>
internal sealed class ListAnswers(Store store, Settings settings, TimeProvider clock)
{
    public const int PageSize = 50;

    // On SQLite 12 ms of processor time where nothing is meant.
    private const long MostLooked = 100_000;

    // Each of these is looked up by itself.
    private const long MostLedTo = 20_000;

    // A word in more texts than this is found fast by looking at the texts themselves.
    private const long RareWord = 20_000;
    private const long MostTextsRead = 5_000;

    // Cutting a letter into words takes up to 200 ns, and what was found is written out too.
    private const long MostLettersRead = 200_000;

    // As many texts are fetched at first; then as many as their length allows.
    private const int FirstTexts = 8;

    private const string Columns =
        """
        p.id, p.type, p.test, p.created_at, a.screen_name, a.name, p.external_id, p.question, p.score, p.score_at, p.comment, p.comment_at,
        p.dismissed_at, p.agent, p.tags, p.language, p.channel, p.display_name
        """;

    private const string TextsWithWord =
        "select distinct w.prompt_id as id from text_word w where w.sender_id = @sender and w.word >= @first and w.word < @end and w.prompt_id > @above and w.prompt_id < @below";

    private static string Select(FilterSql sql) => $"select {Columns} from {sql.From} left join account a on a.id = p.recipient_id where {sql.Where} order by {sql.Id} desc";

    /// <param name="filter">Which feedback.</param>
    /// <param name="search">Words of the text, or null.</param>
    /// <param name="visibility">What may be seen.</param>
    /// <param name="below">Only lower ids; <see cref="long.MaxValue"/> for the newest.</param>
    /// <param name="stop">Gives up.</param>
    public Task<AnswersFound> RunAsync(Filter filter, SearchQuery? search, Visibility visibility, long below, CancellationToken stop) => store.Main.ReadAsync(
        session => search is null
            ? filter.Ids is { } ids ? BySelectionAsync(session, filter, ids, visibility, below, stop) : ByLookingAsync(session, filter, null, visibility, below, stop)
            : SearchAsync(session, filter, search, visibility, below, stop),
        stop);

    /// <summary>One of them; null when the sender has none of this id.</summary>
    public Task<ListedAnswer?> OneAsync(Session session, long sender, long id, Visibility visibility, CancellationToken stop) => session.Sql(
        $"select {Columns} from prompt p left join account a on a.id = p.recipient_id where p.sender_id = @sender and p.id = @id")
        .Bind("sender", sender).Bind("id", id).FirstAsync(row => Read(row, visibility), stop);

    /// <summary>An index leads to the rows in their order. Of what it leads to, a page looks at so many, in case that another part of the filter means few of them.</summary>
    private async Task<AnswersFound> BySelectionAsync(Session session, Filter filter, IdSource ids, Visibility visibility, long below, CancellationToken stop)
    {
        var edge = await session.Sql($"select k.id from ({ids.Sql}) as k order by {ids.Order} desc limit 1 offset @most")
            .Bind("sender", filter.SenderId).Bind("above", filter.Above).Bind("below", Math.Min(below, filter.Below)).Bind(ids.Name, ids.Value).Bind("most", MostLedTo - 1)
            .FirstAsync(row => row.GetInt64(0), stop);
        var found = await filter.Bind(session.Sql($"{Select(filter.Sql())} limit @limit"), Math.Max(edge - 1, 0), below)
            .Bind("limit", PageSize + 1L).ListAsync(row => Read(row, visibility), stop);
        if (found.Count > PageSize) return new(found[..PageSize], found[PageSize - 1].Id, null);
        return edge == 0 ? new(found, null, null) : new(found, edge, await TimeOfAsync(session, filter.SenderId, edge, stop));
    }

    private static Task<long> TimeOfAsync(Session session, long sender, long id, CancellationToken stop) =>
        session.Sql("select created_at from prompt where sender_id = @sender and id = @id").Bind("sender", sender).Bind("id", id).FirstAsync(row => row.GetInt64(0), stop);

    /// <summary>Looks through the requests, range by range, until the page is full or enough is looked at.</summary>
    private async Task<AnswersFound> ByLookingAsync(Session session, Filter filter, SearchQuery? search, Visibility visibility, long below, CancellationToken stop)
    {
        var found = new List<ListedAnswer>();
        var reading = new Reading(search);
        var sql = (search is null ? filter : filter with { HasText = filter.HasText ?? true }).Sql();
        var (at, looked, period) = (Math.Min(below, filter.Below), 0L, search is null ? 1_000L : FirstTexts);
        while (true)
        {
            var edge = await session.Sql("select p.id, p.created_at from prompt p where p.sender_id = @sender and p.id < @below and p.id > @above order by p.id desc limit 1 offset @stretch")
                .Bind("sender", filter.SenderId).Bind("below", at).Bind("above", filter.Above).Bind("stretch", period - 1)
                .FirstAsync(row => (Id: row.GetInt64(0), At: row.GetInt64(1)), stop);
            await filter.Bind(session.Sql($"{Select(sql)} limit @limit"), Math.Max(edge.Id - 1, 0), at)
                .Bind("limit", search is null ? PageSize + 1L - found.Count : long.MaxValue)
                .EachAsync(
                    row =>
                    {
                        if (found.Count > PageSize || !reading.Matches(row)) return;

                        found.Add(Read(row, visibility));
                    },
                    stop);
            if (found.Count > PageSize) return new(found[..PageSize], found[PageSize - 1].Id, null);
            if (reading.StoppedAt is { } stopped) return new(found, stopped.Id, stopped.At);
            if (edge.Id == 0) return new(found, null, null);

            (at, looked) = (edge.Id, looked + period);
            if (looked >= MostLooked || reading.IsEnough) return new(found, edge.Id, edge.At);

            period = search is null ? Math.Min(period * 4, 32_000) : Math.Min(period * 4, reading.NextTexts);
        }
    }

    /// <summary>Looks for words in texts, and counts how much was looked at.</summary>
    private sealed class Reading(SearchQuery? search)
    {
        private long _texts;
        private long _letters;
        private (long Id, long At) _last;
        private bool _hasStopped;

        public bool IsEnough => _texts >= MostTextsRead || _letters >= MostLettersRead;

        /// <summary>The last that was read, if others were passed over because enough was read: texts may be long behind short ones.</summary>
        public (long Id, long At)? StoppedAt => _hasStopped ? _last : null;

        /// <summary>How many texts there is time for, if they go on as they have begun.</summary>
        public int NextTexts => _texts == 0 ? 4_000 : (int)Math.Clamp((MostLettersRead - _letters) * _texts / Math.Max(_letters, 1), 1, 4_000);

        public bool Matches(Row row)
        {
            if (search is null) return true;
            if (_hasStopped |= IsEnough) return false;

            _last = (row.GetInt64(0), row.GetInt64(3));
            if (row.TextOrNull(10) is not { } text) return false;

            var isMeant = search.Matches(text, out var letters);
            (_texts, _letters) = (_texts + 1, _letters + letters);
            return isMeant;
        }
    }

    /// <summary>The rarest word leads to its texts; the others are looked for in them.</summary>
    private async Task<AnswersFound> SearchAsync(Session session, Filter filter, SearchQuery search, Visibility visibility, long below, CancellationToken stop)
    {
        var from = Math.Min(below, filter.Below);
        var (first, end, many) = await search.RarestAsync(session, filter.SenderId, from, RareWord, stop);
        if (many >= RareWord) return await ByLookingAsync(session, filter, search, visibility, below, stop);

        var ids = await session.Sql($"{TextsWithWord} order by id desc")
            .Bind("sender", filter.SenderId).Bind("first", first).Bind("end", end).Bind("below", from).Bind("above", filter.Above)
            .ListAsync(row => row.GetInt64(0), stop);
        var found = new List<ListedAnswer>();
        var reading = new Reading(search);
        for (var (done, next) = (0, FirstTexts); done < ids.Count; next = Math.Min(next * 4, reading.NextTexts))
        {
            var chunk = ids.GetRange(done, Math.Min(next, ids.Count - done));
            done += chunk.Count;
            var rows = new List<ListedAnswer>();
            await filter.Bind(session.Sql(Select(filter.Sql(TextsWithWord))), chunk[^1] - 1, chunk[0] + 1)
                .Bind("first", first).Bind("end", end)
                .EachAsync(
                    row =>
                    {
                        if (reading.Matches(row)) rows.Add(Read(row, visibility));
                    },
                    stop);
            found.AddRange(rows);
            if (found.Count > PageSize) return new(found[..PageSize], found[PageSize - 1].Id, null);
            if (reading.StoppedAt is { } stopped) return new(found, stopped.Id, stopped.At);
            if (reading.IsEnough && done < ids.Count)
            {
                return new(found, chunk[^1], await TimeOfAsync(session, filter.SenderId, chunk[^1], stop));
            }
        }

        return new(found, null, null);
    }

    private ListedAnswer Read(Row row, Visibility visibility)
    {
        var (created, score, textAt) = (row.GetInt64(3), row.LongOrNull(8), row.LongOrNull(11));
        var oldestOpen = (clock.GetUtcNow() - settings.CardLifetime).ToUnixTimeMilliseconds();
        return new(
            row.GetInt64(0), (PromptType)row.GetInt64(1) == PromptType.Csat, row.Flag(2), created, visibility.Names ? row.TextOrNull(4) : null, visibility.Names ? row.TextOrNull(5) : null,
            visibility.Names ? row.TextOrNull(6) : null, visibility.QuestionOf(row.GetString(7), row.TextOrNull(17)), (int?)score, row.LongOrNull(9), row.TextOrNull(10), textAt,
            RequestStates.Of(score is not null, textAt is not null, !row.IsDBNull(12), created, oldestOpen).Name,
            row.TextOrNull(13), Tags.OfStored(row.TextOrNull(14))?.All ?? [], row.TextOrNull(15) ?? "en", ((Channel)row.GetInt32(16)).Name);
    }
}
