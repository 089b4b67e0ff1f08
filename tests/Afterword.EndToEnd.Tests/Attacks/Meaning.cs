using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Afterword.EndToEnd.Tests.Attacks;

/// <summary>What a signature says about a request (RFC 5849, section 3.4.1), read by none of the product's code.</summary>
/// <remarks>A change that leaves the meaning as it was (<c>%2b</c> for <c>%2B</c>, a space more) rightly leaves the request valid.</remarks>
internal static partial class Meaning
{
    /// <returns>Equal texts for requests that say the same; null for one whose header cannot be read.</returns>
    public static string? Of(WireRequest request)
    {
        if (Header().Match(request.Authorization) is not { Success: true } header) return null;

        var pairs = new List<string>();
        foreach (Match pair in Pair().Matches(header.Groups["pairs"].Value))
        {
            var name = pair.Groups["name"].Value;
            if (!name.Equals("realm", StringComparison.OrdinalIgnoreCase)) pairs.Add($"{Decode(name, plus: false)}={Decode(pair.Groups["value"].Value, plus: false)}");
        }

        var query = request.Target.IndexOf('?', StringComparison.Ordinal);
        if (query >= 0) AddForm(pairs, request.Target[(query + 1)..]);
        if (request.ContentType is { } type && type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)) AddForm(pairs, request.Body);
        pairs.Sort(StringComparer.Ordinal);

        var path = query >= 0 ? request.Target[..query] : request.Target;
        var host = request.Host.EndsWith(":80", StringComparison.Ordinal) ? request.Host[..^3] : request.Host;
        return $"{request.Method.ToUpperInvariant()} {host.ToLowerInvariant()}{path}\n{string.Join('\n', pairs)}";
    }

    private static void AddForm(List<string> pairs, string form)
    {
        foreach (var pair in form.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            pairs.Add(equals < 0 ? $"{Decode(pair, plus: true)}=" : $"{Decode(pair[..equals], plus: true)}={Decode(pair[(equals + 1)..], plus: true)}");
        }
    }

    private static string Decode(string text, bool plus)
    {
        var decoded = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                decoded.Append((char)value);
                i += 2;
            }
            else
            {
                decoded.Append(plus && text[i] == '+' ? ' ' : text[i]);
            }
        }

        // Apart from the separators that the pairs are written with.
        return Convert.ToHexString(Encoding.Latin1.GetBytes(decoded.ToString()));
    }

    [GeneratedRegex(@"^\s*OAuth[\s,]+(?<pairs>.+)$", RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Header();

    [GeneratedRegex(@"(?<name>[^=,\s""]+)\s*=\s*(""(?<value>[^""]*)""|(?<value>[^\s,""]*))", RegexOptions.ExplicitCapture)]
    private static partial Regex Pair();
}
