using System.Globalization;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>A column of a person's data: its name in the file, and how it is read. What is null is left out.</summary>
internal sealed record DataColumn(string Name, Func<Row, int, object?> Read)
{
    public static DataColumn Id(string name) => new(name, (row, place) => row.LongOrNull(place)?.ToString(CultureInfo.InvariantCulture));

    public static DataColumn Text(string name) => new(name, (row, place) => row.TextOrNull(place));

    public static DataColumn Number(string name) => new(name, (row, place) => row.LongOrNull(place));

    public static DataColumn Flag(string name) => new(name, (row, place) => row.Flag(place));

    public static DataColumn Time(string name) => new(
        name, (row, place) => row.LongOrNull(place) is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : null);
}

/// <param name="Name">The list in the file.</param>
/// <param name="What">What the page for people says of it.</param>
/// <param name="Sql">Takes <c>@user</c>.</param>
/// <param name="Columns">In the order of the statement.</param>
internal sealed record DataQuery(string Name, string What, string Sql, IReadOnlyList<DataColumn> Columns);

/// <summary>Where a person stands in the store.</summary>
internal static class PersonDataQueries
{
    private const string Requests = "message m join prompt p on p.sender_id = m.sender_id and p.id = m.prompt_id left join account s on s.id = p.sender_id";

    // As FoundPerson has it: from sender to sender.
    private const string Known =
        """
        with recursive known (sender_id) as (
            select (select c.sender_id from contact c order by c.sender_id limit 1)
            union all
            select (select c.sender_id from contact c where c.sender_id > known.sender_id order by c.sender_id limit 1) from known where known.sender_id is not null)
        """;

    public static IReadOnlyList<DataQuery> All { get; } =
    [
        new(
            "account", "the account",
            """
            select a.id, a.screen_name, a.name, a.mail, a.language, a.accepts, a.channel, a.created_at, a.suspended_at, a.followers_count, a.friends_count, a.failed_sign_ins, a.x_user_id,
                case when a.password_hash is null then 0 else 1 end, case when f.user_id is null then 0 else 1 end
            from account a left join user_factor f on f.user_id = a.id where a.id = @user
            """,
            [
                DataColumn.Id("id"), DataColumn.Text("handle"), DataColumn.Text("name"), DataColumn.Text("email"), DataColumn.Text("language"), DataColumn.Text("accepts_messages_from"),
                DataColumn.Number("channel"), DataColumn.Time("created_at"), DataColumn.Time("suspended_at"), DataColumn.Number("followers"), DataColumn.Number("follows"),
                DataColumn.Number("failed_sign_ins"), DataColumn.Id("x_user_id"), DataColumn.Flag("has_password"), DataColumn.Flag("has_app_for_codes"),
            ]),
        new(
            "feedback", "requests for feedback, and what was answered",
            $"""
            select p.id, p.sender_id, s.screen_name, s.name, p.type, p.test, p.question, p.language, p.privacy_url, p.external_id, p.display_name, p.agent, p.tags, p.channel, p.automatic,
                p.created_at, p.score, p.score_at, p.comment, p.comment_at, p.dismissed_at
            from {Requests} where m.recipient_id = @user and m.prompt_id is not null order by p.id
            """,
            [
                DataColumn.Id("id"), DataColumn.Id("sender_id"), DataColumn.Text("sender"), DataColumn.Text("sender_name"), DataColumn.Number("type"), DataColumn.Flag("test"),
                DataColumn.Text("question"), DataColumn.Text("language"), DataColumn.Text("privacy_url"), DataColumn.Text("external_id"), DataColumn.Text("display_name"), DataColumn.Text("agent"),
                DataColumn.Text("tags"), DataColumn.Number("channel"), DataColumn.Flag("automatic"), DataColumn.Time("asked_at"), DataColumn.Number("score"), DataColumn.Time("scored_at"),
                DataColumn.Text("comment"), DataColumn.Time("commented_at"), DataColumn.Time("dismissed_at"),
            ]),
        new(
            "messages", "messages to and from the person",
            """
            select m.id, m.sender_id, s.screen_name, m.recipient_id, r.screen_name, m.created_at, m.body, m.prompt_id
            from (
                select * from message where recipient_id = @user
                union all select * from message where sender_id = @user) as m
            left join account s on s.id = m.sender_id left join account r on r.id = m.recipient_id
            order by m.id
            """,
            [
                DataColumn.Id("id"), DataColumn.Id("from_id"), DataColumn.Text("from"), DataColumn.Id("to_id"), DataColumn.Text("to"), DataColumn.Time("sent_at"), DataColumn.Text("text"),
                DataColumn.Id("feedback_id"),
            ]),
        new(
            "conversations", "conversations that a business reported as closed, and whether the person was asked about them",
            """
            select c.id, c.sender_id, s.screen_name, c.external_id, c.display_name, c.privacy_url, c.agent, c.team, c.tags, c.language, c.messages, c.agent_messages, c.connector,
                c.closed_at, c.decision, c.reason, c.prompt_id
            from (
                select k.sender_id, k.id from conversation k where k.recipient_id = @user and k.decision <> 0
                union all
                select k.sender_id, k.id from automation r cross join conversation k where k.sender_id = r.sender_id and k.recipient_id = @user and k.decision = 0) as k
            join conversation c on c.sender_id = k.sender_id and c.id = k.id left join account s on s.id = c.sender_id order by c.sender_id, c.id
            """,
            [
                DataColumn.Id("id"), DataColumn.Id("sender_id"), DataColumn.Text("sender"), DataColumn.Text("external_id"), DataColumn.Text("display_name"), DataColumn.Text("privacy_url"),
                DataColumn.Text("agent"), DataColumn.Text("team"), DataColumn.Text("tags"), DataColumn.Text("language"), DataColumn.Number("messages"), DataColumn.Number("agent_messages"),
                DataColumn.Text("connector"), DataColumn.Time("closed_at"), DataColumn.Number("decision"), DataColumn.Number("reason"), DataColumn.Id("feedback_id"),
            ]),
        new(
            "relations", "what the person is to others, and others to the person",
            $"""
            {Known}
            select c.sender_id, s.screen_name, c.user_id, u.screen_name, c.follows, c.blocks, c.wrote_at, c.opted_out_at, c.prompted_at, c.dismissed_at
            from (
                select c.* from known cross join contact c where c.sender_id = known.sender_id and c.user_id = @user
                union all select c.* from contact c where c.sender_id = @user) as c
            left join account s on s.id = c.sender_id left join account u on u.id = c.user_id
            """,
            [
                DataColumn.Id("to_id"), DataColumn.Text("to"), DataColumn.Id("of_id"), DataColumn.Text("of"), DataColumn.Flag("follows"), DataColumn.Flag("blocks"), DataColumn.Time("wrote_at"),
                DataColumn.Time("opted_out_at"), DataColumn.Time("asked_at"), DataColumn.Time("dismissed_at"),
            ]),
        new(
            "names", "numbers and addresses under which businesses know the person",
            "select r.sender_id, s.screen_name, r.ref from customer_ref r left join account s on s.id = r.sender_id where r.user_id = @user order by r.sender_id, r.ref",
            [DataColumn.Id("sender_id"), DataColumn.Text("sender"), DataColumn.Text("name")]),
        new(
            "notes", "notes that a business made about the person's scores",
            $"""
            select n.prompt_id, n.sender_id, n.at, n.person, n.body from {Requests} join follow_up_note n on n.sender_id = p.sender_id and n.prompt_id = p.id
            where m.recipient_id = @user and m.prompt_id is not null order by n.id
            """,
            [DataColumn.Id("feedback_id"), DataColumn.Id("sender_id"), DataColumn.Time("at"), DataColumn.Text("by"), DataColumn.Text("text")]),
        new(
            "deliveries", "requests that were brought by email or by the business itself",
            $"""
            select d.prompt_id, d.sender_id, d.channel, d.state, d.attempts, d.settled_at, d.reason from {Requests} join dispatch d on d.sender_id = p.sender_id and d.prompt_id = p.id
            where m.recipient_id = @user and m.prompt_id is not null order by d.prompt_id
            """,
            [
                DataColumn.Id("feedback_id"), DataColumn.Id("sender_id"), DataColumn.Number("channel"), DataColumn.Number("state"), DataColumn.Number("attempts"), DataColumn.Time("settled_at"),
                DataColumn.Text("reason"),
            ]),
        new(
            "attempts", "how those were brought",
            $"""
            select t.prompt_id, t.number, t.started_at, t.outcome, t.error from {Requests} join dispatch_attempt t on t.sender_id = p.sender_id and t.prompt_id = p.id
            where m.recipient_id = @user and m.prompt_id is not null order by t.prompt_id, t.number
            """,
            [DataColumn.Id("feedback_id"), DataColumn.Number("number"), DataColumn.Time("started_at"), DataColumn.Number("outcome"), DataColumn.Text("error")]),
        new(
            "browsers", "where the person is signed in", "select browser, created_at, seen_at from visit where user_id = @user order by created_at",
            [DataColumn.Text("browser"), DataColumn.Time("signed_in_at"), DataColumn.Time("seen_at")]),
        new(
            "known_browsers", "where the person signed in before", "select seen_at from known_browser where kind = @kind and owner_id = @user order by seen_at",
            [DataColumn.Time("seen_at")]),
        new(
            "apps", "apps that may act for the person",
            "select p.name, t.permission, t.created_at, t.revoked_at from access_token t join app p on p.id = t.app_id where t.user_id = @user order by t.created_at",
            [DataColumn.Text("app"), DataColumn.Number("permission"), DataColumn.Time("since"), DataColumn.Time("revoked_at")]),
        new(
            "reading", "up to which message the person has read", "select peer_id, read_up_to from reading where user_id = @user order by peer_id",
            [DataColumn.Id("peer_id"), DataColumn.Id("read_up_to")]),
        new("exempt", "that the person may be asked at any time", "select created_at from exempt where user_id = @user", [DataColumn.Time("since")]),
        new(
            "log", "what operators did with the account", "select at, person, deed, what from audit where sender_id = @user order by id",
            [DataColumn.Time("at"), DataColumn.Text("by"), DataColumn.Number("deed"), DataColumn.Text("what")]),
    ];
}
