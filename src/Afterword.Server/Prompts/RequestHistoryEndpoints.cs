using Afterword.Server.Automation;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts.Pages;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Prompts;

/// <summary>That a customer was asked, and when. Nothing of it depends on whether, when or what the customer answered.</summary>
public sealed record SentRequest(long Id, DateTimeOffset At, string Handle, string Name, string? ExternalId, bool IsNps, bool IsTest);

/// <summary>That a conversation was closed, and whether its customer is asked. It does not say why: a reason can follow from what a customer answered.</summary>
/// <param name="DueAt">When the customer is asked; null when nobody is waiting to be.</param>
public sealed record ClosedConversation(DateTimeOffset At, string? Handle, string? Name, string ExternalId, string State, DateTimeOffset? DueAt, bool IsTest);

/// <summary>Whether and when a customer was asked: what an agent may know.</summary>
internal static class RequestHistoryEndpoints
{
    private const int PageLength = 50;
    private const long MostClosed = 20;

    // The order is that of asking, which never changes. No column that an answer moves, such as updated_at, may stand here.
    private const string Columns = "select p.id, p.created_at, a.screen_name, a.name, p.external_id, p.type, p.test from";

    private const string Order = " order by p.id desc limit @most";
    private const string OfSender = Columns + " prompt p join account a on a.id = p.recipient_id where p.sender_id = @sender and p.id < @before";
    private const string Newest = OfSender + Order;

    // The index by reference gives the ids alone: asked for more, SQLite would look through all of the sender's requests.
    private const string OfConversation =
        Columns +
        """
         (select x.id from prompt x where x.sender_id = @sender and x.external_id = @text and x.id < @before order by x.id desc limit @most) as k
        cross join prompt p join account a on a.id = p.recipient_id where p.sender_id = @sender and p.id = k.id
        """ + Order;

    // First the customer's messages, whose order is that of the requests: a request's message has the id that follows its own. Left to
    // itself, SQLite began with the requests, and looked through all of the sender's messages for each. Who was never asked has no messages to look through.
    private const string OfCustomer =
        Columns +
        """
         (
            select m.prompt_id as id from message m
            where m.recipient_id = (
                    select u.id from account u cross join contact c
                    where u.screen_name_key = @text and c.sender_id = @sender and c.user_id = u.id and c.prompted_at is not null)
                and +m.sender_id = @sender and m.id <= @before and m.prompt_id < @before
            order by m.id desc limit @most) as k
        cross join prompt p join account a on a.id = p.recipient_id
        where p.sender_id = @sender and p.id = k.id
        """ + Order;

    private const string ClosedColumns =
        $"""
        select c.closed_at, (select a.screen_name from account a where a.id = c.recipient_id), (select a.name from account a where a.id = c.recipient_id), c.external_id, c.decision, c.due_at, c.test,
            {RequestsByHand.OfConversation}
        from conversation c where c.sender_id = @sender
        """;

    private const string ClosedOrder = " order by c.created_at desc, c.id desc limit @most";
    private const string NewestClosed = ClosedColumns + ClosedOrder;
    private const string ClosedOfConversation = ClosedColumns + " and c.external_id = @text" + ClosedOrder;

    // As a range of the index by customer, by ids: these are made in the order of closing.
    private const string ClosedOfCustomer =
        ClosedColumns +
        """
         and (c.recipient_id, c.id) < ((select u.id from account u where u.screen_name_key = @text), @before)
            and c.recipient_id >= (select u.id from account u where u.screen_name_key = @text)
        order by c.recipient_id desc, c.id desc limit @most
        """;

    public static void MapAsked(this IEndpointRouteBuilder routes) =>
        routes.MapConsole().MapGet("/@{handle}/asked", Show).For(Role.Owner, Role.Supervisor, Role.Agent);

    private static async Task Show(HttpContext http, Membership membership, Store store)
    {
        var query = http.Request.Query;
        var search = query["q"].ToString().Trim();
        var before = WholeNumber.TryRead(query["before"].ToString(), out var id) ? id : long.MaxValue;
        var asked = await FindAsync(store, membership.SenderId, search, before, http.RequestAborted);
        var closed = before == long.MaxValue ? await FindClosedAsync(store, membership.SenderId, search, http.RequestAborted) : [];
        await http.ShowConsoleAsync<RequestHistoryPage>(membership, 200, new()
        {
            [nameof(RequestHistoryPage.Asked)] = asked.Take(PageLength).ToList(),
            [nameof(RequestHistoryPage.Closed)] = closed,
            [nameof(RequestHistoryPage.Search)] = search,
            [nameof(RequestHistoryPage.IsNewest)] = before == long.MaxValue,
            [nameof(RequestHistoryPage.Before)] = asked.Count > PageLength ? asked[PageLength - 1].Id : null,
        });
    }

    private static Task<List<SentRequest>> FindAsync(Store store, long senderId, string search, long before, CancellationToken stop)
    {
        if (NormalForm.IsLongerThan(search, PromptDraft.ExternalIdLength) || TextRules.HasForbidden(search)) return Task.FromResult<List<SentRequest>>([]);

        return store.Main.ReadAsync(
            session =>
            {
                var statement = search switch
                {
                    "" => session.Sql(Newest),
                    ['@', ..] => session.Sql(OfCustomer).Bind("text", UserAccounts.Key(UserAccounts.Bare(search))),

                    // As it was stored.
                    _ => session.Sql(OfConversation).Bind("text", TextRules.Normalise(search, PromptDraft.ExternalIdLength)),
                };
                return statement.Bind("sender", senderId).Bind("before", before).Bind("most", PageLength + 1L).ListAsync(Read, stop);
            },
            stop);
    }

    private static Task<List<ClosedConversation>> FindClosedAsync(Store store, long senderId, string search, CancellationToken stop)
    {
        if (NormalForm.IsLongerThan(search, PromptDraft.ExternalIdLength) || TextRules.HasForbidden(search)) return Task.FromResult<List<ClosedConversation>>([]);

        return store.Main.ReadAsync(
            session =>
            {
                var statement = search switch
                {
                    "" => session.Sql(NewestClosed),
                    ['@', ..] => session.Sql(ClosedOfCustomer).Bind("text", UserAccounts.Key(UserAccounts.Bare(search))).Bind("before", long.MaxValue),
                    _ => session.Sql(ClosedOfConversation).Bind("text", TextRules.Normalise(search, PromptDraft.ExternalIdLength)),
                };
                return statement.Bind("sender", senderId).Bind("most", MostClosed).ListAsync(ReadClosed, stop);
            },
            stop);
    }

    private static ClosedConversation ReadClosed(Row row) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), row.TextOrNull(1), row.TextOrNull(2), row.GetString(3),
        (Decision)row.GetInt32(4) switch
        {
            Decision.Scheduled => "scheduled",
            Decision.Asked => "asked",
            _ when row.Flag(7) => "asked by hand",
            _ => "not asked",
        },
        (Decision)row.GetInt32(4) == Decision.Scheduled && row.LongOrNull(5) is { } due ? DateTimeOffset.FromUnixTimeMilliseconds(due) : null, row.Flag(6));

    private static SentRequest Read(Row row) => new(
        row.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.GetString(2), row.GetString(3), row.TextOrNull(4), row.GetInt32(5) == (int)PromptType.Nps, row.Flag(6));
}
