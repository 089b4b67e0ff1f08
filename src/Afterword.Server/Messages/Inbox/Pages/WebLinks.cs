using System.Text.RegularExpressions;

namespace Afterword.Server.Messages.Inbox.Pages;

/// <summary>Finds web addresses in what people write.</summary>
internal static partial class WebLinks
{
    // Longer ones lead nowhere in most browsers and servers, and what reads them takes its time.
    private const int LongestAddress = 2_048;

    // A thread of messages full of short addresses would take long to make and to load. Further ones stay text.
    private const int MostAddresses = 50;

    // One pass, however the text is made. Invisible and direction-changing characters end an address: behind them it could
    // look like another one.
    [GeneratedRegex(@"\bhttps?://[^\s\p{C}<>""]+", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)]
    private static partial Regex Address { get; }

    /// <summary>The text in parts, in their order; those that are links have an address.</summary>
    public static IEnumerable<(string Text, string? Address)> In(string text)
    {
        var done = 0;
        foreach (Match match in Address.Matches(text).Take(MostAddresses))
        {
            var found = WithoutEnd(match.Value);

            // An address with a name before its host looks like that of another host.
            if (found.Length > LongestAddress || !Uri.TryCreate(found, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0 || uri.UserInfo.Length > 0) continue;

            if (match.Index > done) yield return (text[done..match.Index], null);
            yield return (found, uri.AbsoluteUri);
            done = match.Index + found.Length;
        }

        if (done < text.Length) yield return (text[done..], null);
    }

    // What ends a sentence, or closes a bracket that was opened before the address, is not part of it.
    private static string WithoutEnd(string found)
    {
        var (end, unopened) = (found.Length, found.AsSpan().Count(')') - found.AsSpan().Count('('));
        for (; end > 0; end--)
        {
            if (found[end - 1] is ')' && unopened > 0) unopened--;
            else if (found[end - 1] is not ('.' or ',' or ';' or ':' or '!' or '?' or '\'' or '…' or '»' or '”')) break;
        }

        return found[..end];
    }
}
