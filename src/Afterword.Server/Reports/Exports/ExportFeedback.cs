using System.Buffers;
using Afterword.Server.Configuration;
using Afterword.Server.Reports.Search;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Exports;

/// <summary>What is to be exported, and how.</summary>
/// <param name="Filter">Which feedback.</param>
/// <param name="From">The sender's handle.</param>
/// <param name="Visibility">How much of it.</param>
/// <param name="After">Only what has a higher id: the last that someone has already.</param>
/// <param name="Header">Whether the first line names the columns.</param>
/// <param name="ByteOrderMark">Whether the file begins with the mark by which spreadsheets know UTF-8.</param>
/// <param name="Search">Only texts with these words; null for all.</param>
internal sealed record ExportRequest(
    Filter Filter, string From, Visibility Visibility, long After = 0, bool Header = true, bool ByteOrderMark = false, SearchQuery? Search = null);

/// <summary>How far an export has come.</summary>
/// <param name="Rows">Written so far.</param>
/// <param name="Seen">Looked at so far: up to this id.</param>
internal readonly record struct ExportProgress(long Rows, long Seen);

/// <summary>Writes a sender's feedback as CSV in the order of the ids, as much as there is, in a fixed amount of memory.</summary>
/// <remarks>
/// It reads a piece, lets go of the store, and writes it, while it reads the next one and no other: a reader that is slow holds
/// neither a connection nor, on SQLite, a snapshot, which would keep the log from being emptied. So the file is no picture of one
/// moment: each line is as it was when it was read, and what is asked meanwhile comes too, if its id is higher than the last.
/// </remarks>
internal sealed class ExportFeedback(Store store, Settings settings, TimeProvider clock)
{
    // The first piece is there soon; in long files, what a piece costs besides its rows no longer counts.
    private const long FirstRows = 500;
    private const long MostRows = 4_000;

    // Where a piece ends before it has all its rows: a text alone has up to 10,000 characters.
    private const int MostBytes = 4_000_000;

    /// <summary>Gives the number of rows, without the header.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="output">Takes the file.</param>
    /// <param name="tell">Told after each piece, and waited for; what it throws ends the export.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<long> RunAsync(ExportRequest request, Stream output, Func<ExportProgress, Task>? tell, CancellationToken stop)
    {
        var line = new CsvLine(request.From, request.Visibility, (clock.GetUtcNow() - settings.CardLifetime).ToUnixTimeMilliseconds());
        var (piece, next) = (new ArrayBufferWriter<byte>(256 * 1024), new ArrayBufferWriter<byte>(256 * 1024));
        if (request.ByteOrderMark) piece.Write("\uFEFF"u8);
        if (request.Header) piece.Write(CsvLine.Header);

        var (rows, seen, most) = (0L, request.After, FirstRows);
        var writing = Task.CompletedTask;
        try
        {
            while (seen < long.MaxValue)
            {
                var scanned = await ReadAsync(request, seen, most, line, piece, stop);
                await writing;
                writing = output.WriteAsync(piece.WrittenMemory, stop).AsTask();
                (piece, next) = (next, piece);
                piece.ResetWrittenCount();
                (rows, seen) = (rows + scanned.Rows, scanned.Seen);
                most = scanned.IsFull ? scanned.Rows : Math.Min(2 * most, MostRows);
                if (tell is not null) await tell(new(rows, seen));
            }

            await writing;
            return rows;
        }
        finally
        {
            // What the output is still being given must not outlive this.
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks at the next rows, whether they are meant or not, so that a read is short even if few are.</summary>
    private Task<ScannedRows> ReadAsync(ExportRequest request, long after, long most, CsvLine line, ArrayBufferWriter<byte> piece, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var (filter, scanned) = (request.Filter, new ScannedRows(0, long.MaxValue, IsFull: false));
            var last = await session.Sql("select p.id from prompt p where p.sender_id = @sender and p.id > @above and p.id < @below order by p.id limit 1 offset @rows")
                .Bind("sender", filter.SenderId).Bind("above", Math.Max(after, filter.Above)).Bind("below", filter.Below).Bind("rows", most - 1)
                .FirstAsync(row => row.GetInt64(0), stop);
            if (last > 0) scanned = scanned with { Seen = last };
            var sql = filter.Sql();
            await filter.Bind(
                session.Sql($"select {CsvLine.Columns} from {sql.From} left join account a on a.id = p.recipient_id where {sql.Where} order by {sql.Id}"),
                after, last > 0 ? last + 1 : long.MaxValue)
                .EachAsync(
                    row =>
                    {
                        if (scanned.IsFull) return;
                        if (request.Search is { } search && (row.IsDBNull(CsvLine.TextColumn) || !search.Matches(row.GetString(CsvLine.TextColumn)))) return;

                        line.Write(piece, row);
                        scanned = scanned with { Rows = scanned.Rows + 1 };
                        if (piece.WrittenCount >= MostBytes) scanned = scanned with { Seen = row.GetInt64(0), IsFull = true };
                    },
                    stop);
            return scanned;
        },
        stop);

    /// <param name="Rows">How many were meant.</param>
    /// <param name="Seen">The id of the last; <see cref="long.MaxValue"/> when there is none behind it.</param>
    /// <param name="IsFull">Whether they were as many bytes as a piece may have.</param>
    private readonly record struct ScannedRows(long Rows, long Seen, bool IsFull);
}
