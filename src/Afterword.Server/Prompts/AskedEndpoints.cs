using Afterword.Server.Access.Console;
using Afterword.Server.Errors;
using Afterword.Server.People;
using Afterword.Server.Prompts.Pages;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>That a customer was asked, and when. Nothing of it depends on whether, when or what the customer answered.</summary>
public sealed record AskedOnce(long Id, DateTimeOffset At, string Handle, string Name, string? ExternalId, bool IsNps, bool IsTest);

/// <summary>Whether and when a customer was asked: what an agent may know.</summary>
internal static class AskedEndpoints
{
    private const int PageLength = 50;

    // The order is that of asking, which never changes. No column that an answer moves, such as updated_at, may stand here.
    private const string Columns = "select p.id, p.created_at, a.screen_name, a.name, p.external_id, p.type, p.test from";

    private const string Order = " order by p.id desc limit @most";
    private const string OfSender = Columns + " prompt p join account a on a.id = p.recipient_id where p.sender_id = @sender and p.id < @before";
    private const string Newest = OfSender + Order;
    private const string OfConversation = OfSender + " and p.external_id = @text" + Order;

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

    public static void MapAsked(this IEndpointRouteBuilder routes) =>
        routes.MapConsole().MapGet("/@{handle}/asked", Show).For(Role.Owner, Role.Supervisor, Role.Agent);

    private static async Task Show(HttpContext http, Seat seat, Store store)
    {
        var query = http.Request.Query;
        var search = query["q"].ToString().Trim();
        var before = WholeNumber.TryRead(query["before"].ToString(), out var id) ? id : long.MaxValue;
        var asked = await FindAsync(store, seat.SenderId, search, before, http.RequestAborted);
        await http.ShowConsoleAsync<AskedPage>(seat, 200, new()
        {
            [nameof(AskedPage.Asked)] = asked.Take(PageLength).ToList(),
            [nameof(AskedPage.Search)] = search,
            [nameof(AskedPage.IsNewest)] = before == long.MaxValue,
            [nameof(AskedPage.Before)] = asked.Count > PageLength ? asked[PageLength - 1].Id : null,
        });
    }

    private static Task<List<AskedOnce>> FindAsync(Store store, long senderId, string search, long before, CancellationToken stop)
    {
        if (NormalForm.IsLongerThan(search, PromptDraft.ExternalIdLength) || TextRules.HasForbidden(search)) return Task.FromResult<List<AskedOnce>>([]);

        return store.Main.ReadAsync(
            session =>
            {
                var statement = search switch
                {
                    "" => session.Sql(Newest),
                    ['@', ..] => session.Sql(OfCustomer).Bind("text", Accounts.Key(Accounts.Bare(search))),

                    // As it was stored.
                    _ => session.Sql(OfConversation).Bind("text", TextRules.Normalise(search, PromptDraft.ExternalIdLength)),
                };
                return statement.Bind("sender", senderId).Bind("before", before).Bind("most", PageLength + 1L).ListAsync(Read, stop);
            },
            stop);
    }

    private static AskedOnce Read(Row row) => new(
        row.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.GetString(2), row.GetString(3), row.TextOrNull(4), row.GetInt32(5) == (int)PromptType.Nps, row.Flag(6));
}
