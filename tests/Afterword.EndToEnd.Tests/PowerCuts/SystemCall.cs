using System.Globalization;
using System.Text;

namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>A system call as strace wrote it down (https://man7.org/linux/man-pages/man1/strace.1.html).</summary>
/// <param name="Name">Such as <c>pwrite64</c>.</param>
/// <param name="Arguments">What it was given, between the brackets.</param>
/// <param name="Result">What it answered, and what strace says of that.</param>
/// <param name="Begin">The line at which it began.</param>
/// <param name="End">The line at which it had ended.</param>
internal sealed record SystemCall(string Name, string Arguments, string Result, int Begin, int End)
{
    /// <summary>What strace is told: whole buffers, the paths of descriptors, calls that others break into put together by their process.</summary>
    public const string Options = "-f --seccomp-bpf -q -y -s 16777216 -e signal=none";

    private const string Resumed = "<... ";
    private const string Unfinished = " <unfinished ...>";

    public long Number => long.Parse(Result.AsSpan(0, 1 + Result.AsSpan(1).IndexOfAnyExceptInRange('0', '9') is var length and > 0 ? length : Result.Length), CultureInfo.InvariantCulture);

    public bool Failed => Number < 0;

    /// <summary>The path of the descriptor that comes first; null when it is none, or its file has no name any more.</summary>
    public string? Path
    {
        get
        {
            var (open, close) = (Arguments.IndexOf('<', StringComparison.Ordinal), Arguments.IndexOf('>', StringComparison.Ordinal));
            return open > 0 && Arguments.AsSpan(0, open).ContainsAnyExceptInRange('0', '9') is false && !Arguments.AsSpan(close + 1).StartsWith("(deleted)", StringComparison.Ordinal) ? Arguments[(open + 1)..close] : null;
        }
    }

    public int Descriptor => int.Parse(Arguments.AsSpan(0, Arguments.IndexOf('<', StringComparison.Ordinal)), CultureInfo.InvariantCulture);

    /// <summary>The numbers behind the last quoted argument, or behind the first argument where none is quoted.</summary>
    public long[] Numbers => [.. Arguments[(Arguments.Contains('"', StringComparison.Ordinal) ? Arguments.LastIndexOf('"') + 1 : Arguments.IndexOf('>', StringComparison.Ordinal) + 1)..]
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(number => long.TryParse(number, CultureInfo.InvariantCulture, out var n) ? n : -1)];

    /// <summary>Reads what strace wrote, in the order in which the calls ended. Those that never did are left out.</summary>
    /// <param name="file">The file.</param>
    /// <param name="words">Calls that name none of these are left out.</param>
    public static IEnumerable<SystemCall> Read(string file, params string[] words)
    {
        var begun = new Dictionary<string, (string Text, int Line)>();
        var line = 0;
        foreach (var text in File.ReadLines(file, Encoding.Latin1))
        {
            line++;
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            var (process, whole, begin) = (text[..space], text[space..].TrimStart(), line);
            if (whole.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                begun[process] = (whole[..^Unfinished.Length], line);
                continue;
            }

            if (whole.StartsWith(Resumed, StringComparison.Ordinal))
            {
                var (first, at) = begun[process];
                (whole, begin) = (first + whole[(whole.IndexOf("resumed>", StringComparison.Ordinal) + "resumed>".Length)..], at);
            }

            if (Array.Exists(words, word => whole.Contains(word, StringComparison.Ordinal)) && Parse(whole, begin, line) is { } parsed) yield return parsed;
        }
    }

    /// <summary>The bytes of the quoted argument.</summary>
    /// <param name="nth">Which one, from 0.</param>
    public byte[] Bytes(int nth = 0)
    {
        var at = Arguments.IndexOf('"', StringComparison.Ordinal);
        for (; nth > 0; nth--) at = Arguments.IndexOf('"', Arguments.IndexOf('"', at + 1) + 1);

        var bytes = new List<byte>(Arguments.Length - at);
        for (at++; Arguments[at] != '"'; at++) bytes.Add(Arguments[at] == '\\' ? Escape(ref at) : (byte)Arguments[at]);
        if (Arguments.AsSpan(at + 1).StartsWith("...", StringComparison.Ordinal)) throw new InvalidOperationException($"strace left bytes of a {Name} out.");
        return [.. bytes];
    }

    public string Text(int nth = 0) => Encoding.UTF8.GetString(Bytes(nth));

    private byte Escape(ref int at)
    {
        var letter = Arguments[++at];
        if (letter is < '0' or > '7') return (byte)(letter switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'v' => '\v', 'f' => '\f', _ => letter });

        // Up to three octal digits.
        var value = letter - '0';
        for (var digits = 1; digits < 3 && Arguments[at + 1] is >= '0' and <= '7'; digits++) value = (value * 8) + (Arguments[++at] - '0');
        return (byte)value;
    }

    private static SystemCall? Parse(string text, int begin, int end)
    {
        // Ends of processes, and calls that were under way when theirs ended.
        var (open, close) = (text.IndexOf('(', StringComparison.Ordinal), text.LastIndexOf(" = ", StringComparison.Ordinal));
        if (open < 0 || close < 0 || text[close + 3] == '?') return null;

        return new(text[..open], text[(open + 1)..close].TrimEnd().TrimEnd(')'), text[(close + 3)..], begin, end);
    }
}
