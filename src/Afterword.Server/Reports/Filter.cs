using System.Text;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>Whether feedback that was marked as a test is meant.</summary>
internal enum TestFeedback
{
    /// <summary>Without it, as in every metric.</summary>
    Without,

    /// <summary>It alone.</summary>
    Alone,

    /// <summary>With it.</summary>
    With,
}

/// <summary>Which of a sender's feedback is meant. Export, lists and metrics all ask by it: here alone does a filter become SQL.</summary>
/// <param name="SenderId">Whose feedback.</param>
/// <param name="From">First millisecond in which it was asked, inclusive.</param>
/// <param name="To">Last millisecond in which it was asked, inclusive.</param>
/// <param name="Type">Of one type alone.</param>
/// <param name="MinScore">With this score or a higher one.</param>
/// <param name="MaxScore">With this score or a lower one.</param>
/// <param name="HasText">With a text, or without.</param>
/// <param name="Test">Whether tests are meant.</param>
/// <param name="Tag">With this tag among its own.</param>
/// <param name="Agent">Of this agent.</param>
/// <param name="ExternalId">With the sender's own reference.</param>
/// <param name="Answered">With a score or a text, or with neither.</param>
/// <param name="RecipientId">Asked of one customer alone.</param>
/// <param name="Automatic">Asked by the rules, or by hand.</param>
internal sealed record Filter(
    long SenderId, long? From = null, long? To = null, PromptType? Type = null, int? MinScore = null, int? MaxScore = null,
    bool? HasText = null, TestFeedback Test = TestFeedback.Without, string? Tag = null, string? Agent = null, string? ExternalId = null,
    bool? Answered = null, long? RecipientId = null, bool? Automatic = null)
{
    public const int HighestScore = 10;
    public const int TextLength = 256;

    // Rows lie in the order of their ids, which begin with the time; created_at is that of the sender's lock. How far the two
    // may be apart is how far the clocks of two nodes may be, and the doctor looks for more.
    private const long Apart = 86_400_000;

    /// <summary>What is wrong with a lowest score above the highest one.</summary>
    public const string AboveMost = "not above max_score";

    /// <summary>Every feedback of the range has a higher id.</summary>
    public long Above => From is { } from ? Snowflakes.FirstOf(from - Apart) - 1 : 0;

    /// <summary>Every feedback of the range has a lower id.</summary>
    public long Below => To is { } to ? Snowflakes.FirstOf(Math.Min(to, long.MaxValue - Apart) + Apart) : long.MaxValue;

    /// <summary>Reads a filter; what is wrong is in the reader's errors, and then the filter is of no use.</summary>
    public static Filter Parse(ParameterReader read, long sender)
    {
        var (from, to) = (read.Millis("from_time"), read.Millis("to_time"));
        var type = PromptTypes.Read(read, read.Optional("type"));
        var (least, most) = (read.OptionalWhole("min_score", 0, HighestScore), read.OptionalWhole("max_score", 0, HighestScore));
        var filter = new Filter(
            sender, from, to, type, least, most, read.OptionalTruth("has_text"), ReadTest(read), ReadText(read, "tag"), ReadText(read, "agent"), ReadText(read, "external_id"),
            read.OptionalTruth("answered"));
        if (from > to) read.Errors.Add(ApiError.Invalid("from_time", "not after to_time"));
        if (least > most) read.Errors.Add(ApiError.Invalid("min_score", AboveMost));
        return filter;
    }

    /// <summary>What leads to what is meant, where an index does: then few rows have to be looked at even where few are meant.</summary>
    public IdSource? Ids =>
        ExternalId is not null ? new("select x.id from prompt x where x.sender_id = @sender and x.external_id = @external_id and x.id > @above and x.id < @below", "external_id", ExternalId)
        : RecipientId is { } recipient ? new(
            // A request's message has the id that follows its own, so that the messages lie in the order of the requests.
            """
            select m.prompt_id as id, m.id as place from message m
            where m.recipient_id = @recipient and +m.sender_id = @sender and m.id > @above and m.id <= @below and m.prompt_id > @above and m.prompt_id < @below
            """,
            "recipient", recipient, "k.place")
        : Tag is not null ? new("select t.prompt_id as id from prompt_tag t where t.sender_id = @sender and t.tag = @tag and t.prompt_id > @above and t.prompt_id < @below", "tag", Tag)
        : Agent is not null ? new("select x.id from prompt x where x.sender_id = @sender and x.agent = @agent and x.id > @above and x.id < @below", "agent", Agent)
        : null;

    /// <summary>The filter, for a prompt called <c>p</c>; <see cref="Bind"/> brings its values.</summary>
    /// <param name="ids">What leads to the rows: a select of their <c>id</c> between <c>@above</c> and <c>@below</c>; null for what is best.</param>
    public FilterSql Sql(string? ids = null)
    {
        // Asked for both at once, SQLite would rather walk the table, which lies in the order that is wanted: so the index is read first, by itself.
        var order = ids is null ? Ids?.Order : null;
        ids ??= Ids?.Sql;
        return ids is null
            ? new("prompt p", $"p.sender_id = @sender and p.id > @above and p.id < @below{Conditions()}", "p.id")
            : new($"({ids}) as k cross join prompt p", $"p.sender_id = @sender and p.id = k.id{Conditions()}", order ?? "k.id");
    }

    private string Conditions()
    {
        var sql = new StringBuilder();
        if (From is not null) sql.Append(" and p.created_at >= @from");
        if (To is not null) sql.Append(" and p.created_at <= @to");
        if (Type is not null) sql.Append(" and p.type = @type");
        if (MinScore is not null) sql.Append(" and p.score >= @min_score");
        if (MaxScore is not null) sql.Append(" and p.score <= @max_score");
        if (HasText is { } text) sql.Append(text ? " and p.comment_at is not null" : " and p.comment_at is null");
        if (Answered is { } answered) sql.Append(answered ? " and (p.score is not null or p.comment_at is not null)" : " and p.score is null and p.comment_at is null");
        if (Test != TestFeedback.With) sql.Append(Test == TestFeedback.Alone ? " and p.test = 1" : " and p.test = 0");
        if (Agent is not null) sql.Append(" and p.agent = @agent");
        if (Tag is not null) sql.Append(" and exists (select 1 from prompt_tag o where o.sender_id = p.sender_id and o.tag = @tag and o.prompt_id = p.id)");
        if (ExternalId is not null) sql.Append(" and p.external_id = @external_id");
        if (RecipientId is not null) sql.Append(" and p.recipient_id = @recipient");
        if (Automatic is { } automatic) sql.Append(automatic ? " and p.automatic = 1" : " and p.automatic = 0");
        return sql.ToString();
    }

    /// <param name="statement">With <see cref="Sql"/> in it.</param>
    /// <param name="above">Only what has a higher id than this.</param>
    /// <param name="below">Only what has a lower id than this.</param>
    public Statement Bind(Statement statement, long above = 0, long below = long.MaxValue)
    {
        // One range of ids: were there two, the engine would be free to walk the longer one.
        statement.Bind("sender", SenderId).Bind("above", Math.Max(above, Above)).Bind("below", Math.Min(below, Below));
        if (From is { } from) statement.Bind("from", from);
        if (To is { } to) statement.Bind("to", to);
        if (Type is { } type) statement.Bind("type", (long)type);
        if (MinScore is { } least) statement.Bind("min_score", (long)least);
        if (MaxScore is { } most) statement.Bind("max_score", (long)most);
        if (Agent is not null) statement.Bind("agent", Agent);
        if (Tag is not null) statement.Bind("tag", Tag);
        if (ExternalId is not null) statement.Bind("external_id", ExternalId);
        if (RecipientId is { } recipient) statement.Bind("recipient", recipient);
        return statement;
    }

    private static TestFeedback ReadTest(ParameterReader read)
    {
        switch (read.Optional("test"))
        {
            case null or "false" or "0" or "f": return TestFeedback.Without;
            case "true" or "1" or "t": return TestFeedback.Alone;
            case "all": return TestFeedback.With;
            default:
                read.Errors.Add(ApiError.Invalid("test", "false, true or all"));
                return TestFeedback.Without;
        }
    }

    private static string? ReadText(ParameterReader read, string name)
    {
        if (read.Optional(name) is not { } text) return null;

        // As it was stored.
        text = TextRules.Normalise(text, TextLength);
        if (TextRules.HasForbidden(text)) read.Errors.Add(ApiError.Invalid(name, "no control characters but newline and tab"));
        else if (TextRules.LengthOf(text) > TextLength) read.Errors.Add(ApiError.Invalid(name, "at most 256 characters"));
        else return text;
        return null;
    }
}

/// <summary>A filter as parts of a select.</summary>
/// <param name="From">What stands behind <c>from</c>.</param>
/// <param name="Where">What stands behind <c>where</c>.</param>
/// <param name="Id">The id to order by, in the order of which the rows are found.</param>
internal sealed record FilterSql(string From, string Where, string Id);

/// <summary>A select of the <c>id</c> of requests between <c>@above</c> and <c>@below</c>, of the sender <c>@sender</c>.</summary>
/// <param name="Sql">The select.</param>
/// <param name="Name">Its own parameter.</param>
/// <param name="Value">The value of that.</param>
/// <param name="Order">What the select, called <c>k</c>, has in the order of the ids and of the index that leads to them.</param>
internal sealed record IdSource(string Sql, string Name, object Value, string Order = "k.id");
