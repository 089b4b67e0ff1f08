using System.Globalization;
using Afterword.Client.Wire;
using Afterword.Server.Access;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Changes;

/// <summary>What happened, in order, in pages.</summary>
internal static class EventEndpoints
{
    private const int MostPerPage = 100;

    /// <summary>Changes of a range that ended longer ago than this have long been committed, whatever the nodes' clocks say.</summary>
    private static readonly TimeSpan s_settled = TimeSpan.FromHours(1);

    public static void MapChanges(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/1.1/feedback/events.json", Events)
            .WithMetadata(new Signed(AppAllowed: true, SenderAllowed: true, Limit: LimitedEndpoint.Events));

    private static async Task Events(HttpContext http, SignedCall call, Store store, Settings settings, TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        var read = new Reader(call.Parameters);
        var count = ReadCount(read);
        if (EventsRange.Parse(read, call.Caller.UserId, now - settings.EventsDelay, store.Secrets.Cursors) is not { } range)
        {
            await http.RefuseAsync(read.Errors);
            return;
        }

        if (await http.RefusedByLimitAsync(call, clock)) return;

        if (range.AfterId == 0 && range.To > (now - s_settled).ToUnixTimeMilliseconds())
        {
            await store.Main.WriteAsync(
                async session =>
                {
                    await ChangeLog.SealAsync(session, range.SenderId, range.To, http.RequestAborted);
                    return 0;
                },
                http.RequestAborted);
        }

        var page = await PageAsync(store, range, count, http.RequestAborted);
        await http.AnswerAsync(200, page, WireJson.Default.EventsPageJson);
    }

    private static async Task<EventsPageJson> PageAsync(Store store, EventsRange range, int count, CancellationToken stop)
    {
        // One more than the page holds tells whether there is a next one.
        var found = await store.Main.ReadAsync(
            session => session.Sql(
                $"""
                select {Prompt.Columns}, c.changed_at, c.id, c.kind
                from change c
                join prompt p on p.sender_id = c.sender_id and p.id = c.prompt_id
                where c.sender_id = @sender and (c.changed_at, c.id) > (@at, @id) and c.changed_at <= @to
                order by c.changed_at, c.id
                limit @limit
                """)
                .Bind("sender", range.SenderId).Bind("at", range.AfterAt).Bind("id", range.AfterId).Bind("to", range.To).Bind("limit", (long)count + 1)
                .ListAsync(
                    row => (Prompt: Prompt.Read(row), At: row.GetInt64(Prompt.ColumnCount), Id: row.GetInt64(Prompt.ColumnCount + 1), Kind: (ChangeKind)row.GetInt32(Prompt.ColumnCount + 2)),
                    stop),
            stop);

        var cursor = "";
        if (found.Count > count)
        {
            found.RemoveAt(count);
            var last = found[^1];
            cursor = range.CursorAfter(new(range.SenderId, last.At, last.Id, last.Kind, last.Prompt.Id), store.Secrets.Cursors);
        }

        return new([.. found.Select(e => new FeedbackEventJson(e.Kind.Wire, Prompt.Date(e.At), e.Prompt.ToWire()))], cursor);
    }

    private static int ReadCount(Reader read)
    {
        if (read.Optional("count") is not { } text) return MostPerPage;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= MostPerPage) return count;

        read.Errors.Add(ApiError.Invalid("count", "a whole number from 1 to 100"));
        return MostPerPage;
    }
}
