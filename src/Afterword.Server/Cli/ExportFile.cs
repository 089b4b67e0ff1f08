using System.Buffers;
using Afterword.Server.Reports.Exports;
using Afterword.Server.Storage;

namespace Afterword.Server.Cli;

/// <summary>A file that an export is written to: under another name until it is complete, so that nobody takes a part for the whole.</summary>
internal sealed class ExportFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _part;

    private ExportFile(string path, FileStream part, CsvEnd begun) => (_path, _part, Begun) = (path, part, begun);

    /// <summary>What was there already.</summary>
    public CsvEnd Begun { get; }

    public Stream Stream => _part;

    /// <param name="path">What the file is to be called.</param>
    /// <param name="resume">Goes on behind the last complete line of what is there.</param>
    /// <exception cref="CommandException">What is there is no export.</exception>
    public static ExportFile Open(string path, bool resume)
    {
        var part = path + ".part";
        if (!resume) return new(path, PrivateFile.Open(part, FileMode.Create, FileShare.Read), default);

        // A file that was fetched by other means, or one that is complete and is to be brought up to date, does too.
        var begun = File.Exists(part) || !File.Exists(path) ? part : path;
        CsvEnd end;
        using (var found = PrivateFile.Open(begun, FileMode.OpenOrCreate, FileShare.Read))
        {
            end = CsvEnd.Find(found) ?? throw new CommandException(
                ExitCode.WrongUse, $"{begun} is not an export of this version, so it cannot be resumed. Leave out --resume to begin anew.");
        }

        if (begun == path) File.Move(path, part);
        var stream = PrivateFile.Open(part, FileMode.Open, FileShare.Read);
        stream.SetLength(end.Length);
        stream.Position = end.Length;
        return new(path, stream, end);
    }

    /// <summary>Gives the file its name, once everything is on the disk.</summary>
    public void Complete()
    {
        _part.Flush(flushToDisk: true);
        _part.Dispose();
        File.Move(_path + ".part", _path, overwrite: true);
    }

    public void Dispose() => _part.Dispose();
}

/// <summary>Where the complete lines of a CSV file end.</summary>
/// <param name="Length">In bytes.</param>
/// <param name="Rows">How many there are, without the header.</param>
/// <param name="LastId">The id of the last; 0 when there is none.</param>
internal readonly record struct CsvEnd(long Length, long Rows, long LastId)
{
    /// <summary>Reads a file from its beginning; null when it does not begin as an export does.</summary>
    public static CsvEnd? Find(Stream file)
    {
        var mark = "\uFEFF"u8;
        Span<byte> first = stackalloc byte[mark.Length];
        first = first[..file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false)];
        if (first.Length < mark.Length && mark.StartsWith(first)) return default(CsvEnd);

        file.Position = first.SequenceEqual(mark) ? mark.Length : 0;
        var header = new byte[CsvLine.Header.Length];
        var read = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (!CsvLine.Header.StartsWith(header.AsSpan(0, read))) return null;
        return read < header.Length ? default(CsvEnd) : Walk(file);
    }

    private static CsvEnd Walk(Stream file)
    {
        var end = new CsvEnd(file.Position, 0, 0);
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        var (position, id, inId, quoted, last) = (file.Position, 0L, true, false, (byte)0);
        for (var read = file.Read(buffer); read > 0; read = file.Read(buffer))
        {
            foreach (var unit in buffer.AsSpan(0, read))
            {
                position++;
                if (unit == '"') quoted = !quoted;
                else if (!quoted && unit == '\n' && last == '\r')
                {
                    // A quote inside a quoted cell is doubled, so an even number of quotes means that the line is over.
                    end = new(position, end.Rows + 1, id);
                    (id, inId) = (0, true);
                }
                else if (unit == ',') inId = false;
                else if (inId) id = (id * 10) + (unit - '0');
                last = unit;
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return end;
    }
}
