using System.Buffers;
using System.Text;
using Afterword.Client.Wire;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Changes;

/// <summary>What happened, in order, in pages.</summary>
internal static class EventEndpoints
{
    public const int MostPerPage = 100;

    public static void MapChanges(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/1.1/feedback/events.json", Events)
            .WithMetadata(new SignatureRequirement(AppAllowed: true, SenderAllowed: true, Limit: LimitedEndpoint.Events)).Describe(EventReference.Events);

    private static async Task Events(HttpContext http, SignedCall call, Store store, AuditCounter tally, Settings settings, TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        var read = new ParameterReader(call.Parameters);
        var count = read.Whole("count", 1, MostPerPage, MostPerPage);
        if (EventsRange.Parse(read, call.Caller.UserId, now - settings.EventsDelay, store.Secrets.Cursors) is not { } range)
        {
            await http.RefuseAsync(read.Errors);
            return;
        }

        if (await http.RefusedByLimitAsync(call, clock)) return;

        if (range.AfterId == 0) await ChangeLog.SettleAsync(store, range.SenderId, range.To, now, http.RequestAborted);

        tally.Read(CountedAction.Events, call.Caller);
        var page = Buffers.Rent();
        await WriteAsync(page, store, range, count, http.RequestAborted);
        await http.AnswerJsonAsync(page.WrittenSpan);
        Buffers.Return(page);
    }

    private static async Task WriteAsync(ArrayBufferWriter<byte> page, Store store, EventsRange range, int count, CancellationToken stop)
    {
        page.Write("{\"events\":["u8);
        var last = default(Change);
        var found = 0;

        // One more than the page holds tells whether there is a next one.
        await store.Main.ReadAsync(
            session => session.Sql(
                $"""
                select {Prompt.Columns}, c.changed_at, c.id, c.kind
                from change c
                join prompt p on p.sender_id = c.sender_id and p.id = c.prompt_id
                where c.sender_id = @sender and (c.changed_at, c.id) > (@at, @id) and c.changed_at <= @to
                order by c.changed_at, c.id
                limit @limit
                """)
                .Bind("sender", range.SenderId).Bind("at", range.AfterAt).Bind("id", range.AfterId).Bind("to", range.To).Bind("limit", count + 1L)
                .EachAsync(
                    row =>
                    {
                        if (found++ == count) return;

                        last = new(range.SenderId, row.GetInt64(Prompt.ColumnCount), row.GetInt64(Prompt.ColumnCount + 1), (ChangeKind)row.GetInt32(Prompt.ColumnCount + 2), row.GetInt64(1));
                        if (found > 1) page.Write(","u8);
                        Write(page, last, row);
                    },
                    stop),
            stop);

        page.Write("],\"next_cursor\":\""u8);
        if (found > count) page.Write(Encoding.ASCII.GetBytes(range.CursorAfter(last, store.Secrets.Cursors)));
        page.Write("\"}"u8);
    }

    private static void Write(ArrayBufferWriter<byte> page, Change change, Row row)
    {
        page.Write(change.Kind switch
        {
            ChangeKind.Created => "{\"event_type\":\"feedback.created\",\"created_at\":\""u8,
            ChangeKind.Updated => "{\"event_type\":\"feedback.updated\",\"created_at\":\""u8,
            _ => "{\"event_type\":\"feedback.erased\",\"created_at\":\""u8,
        });
        TwitterDate.TryFormat(DateTimeOffset.FromUnixTimeMilliseconds(change.At), page.GetSpan(TwitterDate.Length), out var length);
        page.Advance(length);
        page.Write("\",\"feedback\":"u8);
        FeedbackLine.Write(page, row);
        page.Write("}"u8);
    }
}
