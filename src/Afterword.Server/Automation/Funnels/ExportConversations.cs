using System.Buffers;
using System.Globalization;
using System.Text;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Reports.Exports;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Funnels;

/// <summary>Writes closed conversations as CSV in the order in which they were heard of, as many as there are, in a fixed amount of memory.</summary>
internal sealed class ExportConversations(Store store)
{
    public const string Header =
        "id,external_id,to,agent,team,tags,language,channel,connector,test,closed_at,created_at,decision,reason,rule,rules_version,share,draw,due_at,feedback_id,step\r\n";

    // A connection is held for so many rows, and no longer.
    private const long Piece = 2_000;

    private const string Columns =
        $"""
        c.decision, c.reason, case when c.planned_at is null then 0 else 1 end, {FunnelEnd.RequestSql}, c.created_at, c.id, c.external_id,
        (select a.screen_name from account a where a.id = c.recipient_id), c.agent, c.team, c.tags, c.language, c.channel, c.connector, c.test, c.closed_at,
        c.rule, c.rules_version, c.share, c.draw, c.due_at, c.prompt_id
        """;

    /// <param name="filter">Which conversations.</param>
    /// <param name="output">Takes the file.</param>
    /// <param name="tell">Called after each piece; what it throws ends the export.</param>
    /// <param name="stop">Gives up.</param>
    public async Task RunAsync(ConversationFilter filter, Stream output, Func<Task> tell, CancellationToken stop)
    {
        var (text, place) = (new StringBuilder("\uFEFF").Append(Header), (At: filter.HeardFrom - 1, Id: long.MaxValue));
        while (true)
        {
            var end = await store.Main.ReadAsync(session => ReadAsync(session, filter, place, text, stop), stop);
            await output.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), stop);
            text.Clear();
            if (end is not { } next) return;

            place = next;
            await tell();
        }
    }

    /// <summary>Looks at the next rows, whether they are meant or not, so that a read is short even if few are.</summary>
    /// <returns>The last that was looked at; null when there is none behind it.</returns>
    private static async Task<(long At, long Id)?> ReadAsync(Session session, ConversationFilter filter, (long At, long Id) place, StringBuilder text, CancellationToken stop)
    {
        var edge = await session.Sql(
            "select c.created_at, c.id from conversation c where c.sender_id = @sender and (c.created_at, c.id) > (@at, @id) and c.created_at <= @last order by c.created_at, c.id limit 1 offset @rows")
            .Bind("sender", filter.SenderId).Bind("at", place.At).Bind("id", place.Id).Bind("last", filter.HeardLate).Bind("rows", Piece - 1)
            .FirstAsync(row => ((long At, long Id)?)(row.GetInt64(0), row.GetInt64(1)), stop);
        await filter.Bind(session.Sql(
            $"""
            select {Columns} from conversation c
            where c.sender_id = @sender and (c.created_at, c.id) > (@at, @id) and c.created_at <= @edge and (c.created_at < @edge or c.id <= @edge_id){filter.Sql()} order by c.created_at, c.id
            """))
            .Bind("at", place.At).Bind("id", place.Id).Bind("edge", edge?.At ?? filter.HeardLate).Bind("edge_id", edge?.Id ?? long.MaxValue)
            .EachAsync(row => Write(text, row), stop);
        return edge;
    }

    private static void Write(StringBuilder text, Row row)
    {
        var (decision, reason) = ((Decision)row.GetInt32(0), (Reason)row.GetInt32(1));
        string?[] cells =
        [
            Say(row.GetInt64(5)), row.GetString(6), row.TextOrNull(7), row.TextOrNull(8), row.TextOrNull(9), row.TextOrNull(10), row.TextOrNull(11), ((Channel)row.GetInt32(12)).Name, row.TextOrNull(13),
            row.Flag(14) ? "true" : "false", Time(row.GetInt64(15)), Time(row.GetInt64(4)), decision.Word, reason == Reason.None ? null : reason.Word, row.TextOrNull(16), Say(row.GetInt64(17)),
            row.LongOrNull(18) is { } share ? new SamplingRate((int)share).Value.ToString("0.######", CultureInfo.InvariantCulture) : null,
            row.LongOrNull(19) is { } draw ? new Draw(draw).Value.ToString("R", CultureInfo.InvariantCulture) : null,
            row.LongOrNull(20) is { } due ? Time(due) : null, row.LongOrNull(21) is { } id ? Say(id) : null, ReadFunnel.EndOf(row).Reached.ToString().ToLowerInvariant(),
        ];
        for (var i = 0; i < cells.Length; i++)
        {
            if (i > 0) text.Append(',');
            if (cells[i] is { Length: > 0 } cell) Append(text, cell);
        }

        text.Append("\r\n");
    }

    private static void Append(StringBuilder text, string cell)
    {
        var utf8 = Encoding.UTF8.GetBytes(cell);
        var room = ArrayPool<byte>.Shared.Rent(CsvCell.MostOf(utf8.Length));
        text.Append(Encoding.UTF8.GetString(room, 0, CsvCell.Write(utf8, room)));
        ArrayPool<byte>.Shared.Return(room);
    }

    private static string Time(long millis) => DateTimeOffset.FromUnixTimeMilliseconds(millis).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Say(long number) => number.ToString(CultureInfo.InvariantCulture);
}
