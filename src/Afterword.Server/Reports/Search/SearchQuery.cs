using System.Text;
using Afterword.Server.Parsing;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Search;

/// <summary>What someone looks for in the texts: every word must be there, and the last may be the beginning of one.</summary>
internal sealed class SearchQuery
{
    public const int Length = 200;
    private const int MostWords = 12;

    // Of scripts without spaces a query has up to 200 words.
    private const int MostCounted = 12;

    private readonly string[] _words;
    private readonly string[] _beginnings;

    private SearchQuery(string text, string[] words, string[] beginnings) => (Text, _words, _beginnings) = (text, words, beginnings);

    /// <summary>As it was typed.</summary>
    public string Text { get; }

    /// <summary>Gives the query, or null when there is no letter or digit in the text.</summary>
    public static SearchQuery? Of(string? text)
    {
        if (text is null) return null;

        var runs = SearchTerms.RunsOf(TextRules.Cut(text, Length)).Take(MostWords).ToArray();
        var (words, beginnings) = (new List<string>(), new List<string>());
        for (var i = 0; i < runs.Length; i++)
        {
            var pairs = runs[i].IsUnspaced ? SearchTerms.PairsOf(runs[i].Text).ToArray() : [];
            if (pairs.Length > 0) words.AddRange(pairs);
            else if (runs[i].IsUnspaced || i == runs.Length - 1) beginnings.Add(runs[i].Text);
            else words.Add(runs[i].Text);
        }

        return runs.Length == 0 ? null : new(text, [.. words.Distinct()], [.. beginnings.Distinct()]);
    }

    /// <summary>Whether a text is meant.</summary>
    public bool Matches(string text) => Matches(text, out _);

    /// <inheritdoc cref="Matches(string)"/>
    /// <param name="text">The text.</param>
    /// <param name="letters">How many letters were looked at.</param>
    public bool Matches(string text, out int letters)
    {
        var words = SearchTerms.Of(text, out letters, out _);
        return Array.TrueForAll(_words, words.Contains)
            && Array.TrueForAll(_beginnings, beginning => words.Contains(beginning) || words.Any(word => word.StartsWith(beginning, StringComparison.Ordinal)));
    }

    /// <summary>The stretches of the index, in each of which every text that is meant has a word: from the first, inclusive, to the second.</summary>
    public IEnumerable<(byte[] First, byte[] End)> Periods =>
        _words.Select(word => (Encoding.UTF8.GetBytes(word), (byte[])[.. Encoding.UTF8.GetBytes(word), 0]))
            .Concat(_beginnings.Select(beginning => (Encoding.UTF8.GetBytes(beginning), (byte[])[.. Encoding.UTF8.GetBytes(beginning), 0xFF])));

    /// <summary>Finds the range with the fewest texts, counting no further than <paramref name="most"/>.</summary>
    public async Task<(byte[] First, byte[] End, long Texts)> RarestAsync(Session session, long sender, long below, long most, CancellationToken stop)
    {
        var rarest = (First: Array.Empty<byte>(), End: Array.Empty<byte>(), Texts: long.MaxValue);
        foreach (var (first, end) in Periods.Take(MostCounted))
        {
            var texts = await session.Sql(
                """
                select count(*) from (
                    select 1 from text_word where sender_id = @sender and word >= @first and word < @end and prompt_id < @below limit @most) as counted
                """)
                .Bind("sender", sender).Bind("first", first).Bind("end", end).Bind("below", below).Bind("most", Math.Min(most, rarest.Texts))
                .FirstAsync(row => row.GetInt64(0), stop);
            if (texts < rarest.Texts) rarest = (first, end, texts);
        }

        return rarest;
    }
}
