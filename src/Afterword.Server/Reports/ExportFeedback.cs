using System.Buffers;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>What is to be exported, and how.</summary>
/// <param name="Filter">Which feedback.</param>
/// <param name="From">The sender's handle.</param>
/// <param name="Sight">How much of it.</param>
/// <param name="After">Only what has a higher id: the last that somebody has already.</param>
/// <param name="Header">Whether the first line names the columns.</param>
/// <param name="ByteOrderMark">Whether the file begins with the mark by which spreadsheets know UTF-8.</param>
/// <param name="Search">Only texts with these words; null for all.</param>
internal sealed record ExportRequest(
    Filter Filter, string From, Sight Sight, long After = 0, bool Header = true, bool ByteOrderMark = false, SearchQuery? Search = null);

/// <summary>How far an export has come.</summary>
/// <param name="Rows">Written so far.</param>
/// <param name="Seen">Looked at so far: up to this id.</param>
internal readonly record struct ExportProgress(long Rows, long Seen);

/// <summary>Writes a sender's feedback as CSV in the order of the ids, as much as there is, in a fixed amount of memory.</summary>
/// <remarks>
/// It reads some hundred rows, lets go of the store, and writes them: a reader that is slow holds neither a connection nor,
/// on SQLite, a snapshot, which would keep the log from being emptied. So the file is no picture of one moment: each line is
/// as it was when it was read, and what is asked meanwhile comes too, if its id is higher than the last.
/// </remarks>
internal sealed class ExportFeedback(Store store, Settings settings, TimeProvider clock)
{
    // A text has at most 10,000 characters: even if every one of these rows has such a one, the piece stays below 20 MB.
    private const long RowsAtOnce = 500;

    /// <summary>Gives the number of rows, without the header.</summary>
    public async Task<long> RunAsync(ExportRequest request, Stream output, Action<ExportProgress>? tell, CancellationToken stop)
    {
        var line = new CsvLine(request.From, request.Sight, (clock.GetUtcNow() - settings.CardLifetime).ToUnixTimeMilliseconds());
        var piece = new ArrayBufferWriter<byte>(256 * 1024);
        if (request.ByteOrderMark) piece.Write("\uFEFF"u8);
        if (request.Header) piece.Write(CsvLine.Header);

        var (rows, seen) = (0L, request.After);
        while (seen < long.MaxValue)
        {
            (var found, seen) = await ReadAsync(request, seen, line, piece, stop);
            await output.WriteAsync(piece.WrittenMemory, stop);
            piece.ResetWrittenCount();
            rows += found;
            tell?.Invoke(new(rows, seen));
        }

        return rows;
    }

    /// <summary>Looks at the next rows, whether they are meant or not, so that a read is short even if few are. Gives how many were meant, and the last id.</summary>
    private Task<(long Rows, long Seen)> ReadAsync(ExportRequest request, long after, CsvLine line, IBufferWriter<byte> piece, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var (filter, rows) = (request.Filter, 0L);
            var last = await session.Sql("select p.id from prompt p where p.sender_id = @sender and p.id > @above and p.id < @below order by p.id limit 1 offset @rows")
                .Bind("sender", filter.SenderId).Bind("above", Math.Max(after, filter.Above)).Bind("below", filter.Below).Bind("rows", RowsAtOnce - 1)
                .FirstAsync(row => row.GetInt64(0), stop);
            var below = last == 0 ? long.MaxValue : last + 1;
            var sql = filter.Sql();
            await filter.Bind(
                session.Sql($"select {CsvLine.Columns} from {sql.From} left join account a on a.id = p.recipient_id where {sql.Where} order by {sql.Id}"), after, below)
                .EachAsync(
                    row =>
                    {
                        if (request.Search is { } search && (row.IsDBNull(CsvLine.TextColumn) || !search.Matches(row.GetString(CsvLine.TextColumn)))) return;

                        line.Write(piece, row);
                        rows++;
                    },
                    stop);
            return (rows, below == long.MaxValue ? below : last);
        },
        stop);
}
