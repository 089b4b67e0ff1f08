using System.Globalization;
using System.Text.RegularExpressions;

namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>Something that happened to the store's folder.</summary>
/// <param name="At">When it may have reached the disk first; for a sync, when it was done.</param>
/// <param name="File">The name within the folder; empty for the folder itself.</param>
internal abstract record DiskStep(int At, string File);

/// <summary>The file is there from then on, empty.</summary>
internal sealed record Create(int At, string File) : DiskStep(At, File);

/// <summary>The name is gone.</summary>
internal sealed record Remove(int At, string File) : DiskStep(At, File);

internal sealed record Write(int At, string File, long Offset, byte[] Data) : DiskStep(At, File);

internal sealed record Resize(int At, string File, long Length) : DiskStep(At, File);

/// <summary>The server asked for everything to be on the disk, and was told that it is, or that this failed.</summary>
internal sealed record Sync(int At, string File, int Asked, bool Failed) : DiskStep(At, File);

/// <summary>All that servers did to a store, one after the other, and when they answered which request.</summary>
internal sealed partial class Recording(string folder)
{
    // What changes a file or its place, and what else could: those that are not known below end the recording with an exception.
    private const string Calls = "openat,open,creat,pwrite64,pwritev,pwritev2,write,writev,ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range,unlink,unlinkat,rename,renameat,renameat2,link,linkat,"
        + "copy_file_range,sendfile,splice,io_uring_setup,mmap,sendto,sendmsg,recvfrom,recvmsg";

    private readonly List<DiskStep> _steps = [];
    private readonly Dictionary<int, int> _begun = [];
    private readonly Dictionary<int, int> _answered = [];
    private readonly HashSet<string> _there = [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!)];

    /// <summary>What is done, in order.</summary>
    public IReadOnlyList<DiskStep> Steps => _steps;

    /// <summary>When the last of it was over.</summary>
    public int End { get; private set; }

    /// <summary>When each server began and how it was started.</summary>
    public List<(int At, string What)> Phases { get; } = [];

    /// <summary>How strace is started. The recording is of one folder.</summary>
    /// <param name="file">Where it writes.</param>
    /// <param name="faults">Further options.</param>
    public static string Options(string file, string faults) => $"{SystemCall.Options} {faults} -e trace={Calls} -o {file}";

    /// <summary>When a request reached the server; null for one that did not.</summary>
    public int? Begun(int mark) => _begun.TryGetValue(mark, out var at) ? at : null;

    /// <summary>When the server began to send its answer: from then on the client may know.</summary>
    public int? Answered(int mark) => _answered.TryGetValue(mark, out var at) ? at : null;

    public IEnumerable<int> Answers => _answered.Values;

    /// <summary>Goes on with what strace wrote of a further server on the same folder.</summary>
    public void Add(string file, string what)
    {
        var start = End;
        var asks = new Dictionary<int, int>();
        Phases.Add((start, what));
        foreach (var call in SystemCall.Read(file, folder, "HTTP/1.1").OrderBy(call => call.Name is "fsync" or "fdatasync" ? call.End : call.Begin))
        {
            End = Math.Max(End, start + call.End);
            if (call.Name is "sendto" or "sendmsg" or "recvfrom" or "recvmsg") Note(call, start, asks);
            else if (!call.Failed || call.Name is "fsync" or "fdatasync") _steps.AddRange(StepsOf(call, start));
        }
    }

    private void Note(SystemCall call, int start, Dictionary<int, int> asks)
    {
        if (call.Name.StartsWith("recv", StringComparison.Ordinal))
        {
            if (Mark.Match(call.Arguments) is not { Success: true } found) return;

            var mark = int.Parse(found.Groups["mark"].Value, CultureInfo.InvariantCulture);
            _begun[mark] = start + call.End;
            asks[call.Descriptor] = mark;
        }
        else if (asks.Remove(call.Descriptor, out var mark))
        {
            _answered[mark] = start + call.Begin;
        }
    }

    private IEnumerable<DiskStep> StepsOf(SystemCall call, int start)
    {
        var at = start + call.Begin;
        switch (call.Name)
        {
            case "openat":
                var (name, flags) = (NameOf(call.Text()), call.Arguments[(call.Arguments.LastIndexOf('"') + 1)..]);
                if (name is not null && flags.Contains("O_CREAT", StringComparison.Ordinal) && _there.Add(name)) yield return new Create(at, name);
                else if (name is not null && flags.Contains("O_TRUNC", StringComparison.Ordinal)) yield return new Resize(at, name, 0);
                break;
            case "unlink" when NameOf(call.Text()) is { } gone:
                _there.Remove(gone);
                yield return new Remove(at, gone);
                break;
            case "pwrite64" when NameOf(call.Path) is { } file:
                yield return new Write(at, file, call.Numbers[^1], call.Bytes()[..(int)call.Number]);
                break;
            case "ftruncate" when NameOf(call.Path) is { } file:
                yield return new Resize(at, file, call.Numbers[^1]);
                break;
            case "fsync" or "fdatasync" when NameOf(call.Path) is { } file:
                yield return new Sync(start + call.End, file, at, call.Failed);
                break;
            case "mmap" when call.Arguments.Contains("MAP_SHARED", StringComparison.Ordinal) && call.Arguments.Contains("PROT_WRITE", StringComparison.Ordinal) && !call.Arguments.Contains("-shm>", StringComparison.Ordinal):
            case "write" or "writev" or "pwritev" or "pwritev2" or "fallocate" or "sync_file_range" when NameOf(call.Path) is not null:
            case "open" or "creat" or "truncate" or "unlinkat" or "rename" or "renameat" or "renameat2" or "link" or "linkat" or "copy_file_range" or "sendfile" or "splice":
                throw new InvalidOperationException($"The recording does not know what this does to the disk: {call.Name}({call.Arguments[..Math.Min(300, call.Arguments.Length)]}");
        }
    }

    // What is mapped, the index of the log, is made anew from the log by whoever opens the store first.
    private string? NameOf(string? path) => path == folder ? "" : path?.StartsWith(folder + "/", StringComparison.Ordinal) == true && !path.EndsWith("-shm", StringComparison.Ordinal) ? path[(folder.Length + 1)..] : null;

    [GeneratedRegex(@"X-Mark: (?<mark>\d+)\\r", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Mark { get; }
}
