using System.Text;

namespace Afterword.Client.OAuth;

/// <summary>Reads and writes the value of an Authorization header of the <c>OAuth</c> scheme (RFC 5849, section 3.5.1).</summary>
public static class AuthorizationHeader
{
    private const string Scheme = "OAuth";

    /// <summary>Reads a header value into <paramref name="into"/>, without its <c>realm</c>, which is never signed.</summary>
    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, ParameterList, out string)"/>
    public static bool TryParse(ReadOnlySpan<char> header, ParameterList into) => TryParse(header, into, keepRealm: false, out _);

    /// <summary>Reads a header value into <paramref name="into"/>, and its <c>realm</c> apart.</summary>
    /// <param name="header">
    /// The whole value, scheme included, in any letter case and any spacing. Parameters may be separated by commas,
    /// white space or both; values may be quoted or bare.
    /// </param>
    /// <param name="into">Receives decoded names and values behind those it holds; unchanged if the header is malformed.</param>
    /// <param name="realm">The realm, or <see langword="null"/> if the header names none.</param>
    /// <returns><see langword="false"/> for another scheme, a malformed header, or one without parameters. Never throws.</returns>
    public static bool TryParse(ReadOnlySpan<char> header, ParameterList into, out string? realm) =>
        TryParse(header, into, keepRealm: true, out realm);

    /// <summary>Writes a header value: <c>OAuth realm="…", name="value", …</c>.</summary>
    /// <param name="parameters">Decoded names and values, written in this order.</param>
    /// <param name="realm">Written first if given. Must not have control characters.</param>
    /// <exception cref="ArgumentException">The realm has a control character.</exception>
    public static string Write(IEnumerable<KeyValuePair<string, string>> parameters, string? realm = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);

        var header = new StringBuilder(Scheme);
        var separator = " ";
        if (realm is not null)
        {
            // A line break here would let a realm write headers of its own.
            if (realm.Any(char.IsControl)) throw new ArgumentException("A realm has no control characters.", nameof(realm));

            header.Append(separator).Append("realm=\"");
            foreach (var letter in realm)
            {
                if (letter is '"' or '\\') header.Append('\\');
                header.Append(letter);
            }

            header.Append('"');
            separator = ", ";
        }

        foreach (var (name, value) in parameters)
        {
            header.Append(separator).Append(PercentEncoding.Encode(name)).Append("=\"").Append(PercentEncoding.Encode(value)).Append('"');
            separator = ", ";
        }

        return header.ToString();
    }

    private static bool TryParse(ReadOnlySpan<char> header, ParameterList into, bool keepRealm, out string? realm)
    {
        ArgumentNullException.ThrowIfNull(into);
        realm = null;

        var rest = header.TrimStart();
        if (!rest.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return false;

        rest = rest[Scheme.Length..];
        if (rest.IsEmpty || !char.IsWhiteSpace(rest[0])) return false;

        var before = into.Count;
        var any = false;
        for (rest = SkipSeparators(rest); !rest.IsEmpty; rest = SkipSeparators(rest))
        {
            if (!TryReadName(ref rest, out var name) || !TryReadValue(ref rest, out var value, out var quoted))
            {
                into.Truncate(before);
                realm = null;
                return false;
            }

            any = true;
            if (!name.Equals("realm", StringComparison.OrdinalIgnoreCase)) into.AddEncoded(name, value, plusIsSpace: false);
            else if (keepRealm) realm = quoted ? Unescape(value) : value.ToString();
        }

        return any;
    }

    private static bool TryReadName(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> name)
    {
        var end = rest.IndexOfAny("=, \t\"");
        name = end < 0 ? rest : rest[..end];
        rest = rest[name.Length..].TrimStart();
        if (name.IsEmpty || rest is not ['=', ..]) return false;

        rest = rest[1..].TrimStart();
        return true;
    }

    private static bool TryReadValue(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> value, out bool quoted)
    {
        quoted = rest is ['"', ..];
        if (!quoted)
        {
            var end = rest.IndexOfAny(", \t");
            value = end < 0 ? rest : rest[..end];
            rest = rest[value.Length..];
            return !value.Contains('"');
        }

        rest = rest[1..];
        var close = ClosingQuote(rest);
        value = close < 0 ? [] : rest[..close];
        if (close < 0) return false;

        rest = rest[(close + 1)..];
        return rest is [] or [',', ..] || char.IsWhiteSpace(rest[0]);
    }

    // Signed values never hold a backslash, it would be %5C; a realm is a quoted-string of HTTP and may.
    private static int ClosingQuote(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"') return i;
            if (text[i] == '\\') i++;
        }

        return -1;
    }

    private static ReadOnlySpan<char> SkipSeparators(ReadOnlySpan<char> text)
    {
        var i = 0;
        while (i < text.Length && (text[i] == ',' || char.IsWhiteSpace(text[i]))) i++;
        return text[i..];
    }

    private static string Unescape(ReadOnlySpan<char> value)
    {
        var plain = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && i + 1 < value.Length) i++;
            plain.Append(value[i]);
        }

        return plain.ToString();
    }
}
