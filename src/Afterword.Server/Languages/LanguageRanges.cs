using Microsoft.Extensions.Primitives;

namespace Afterword.Server.Languages;

/// <summary>Reads <c>Accept-Language</c> (RFC 9110, section 12.5.4) range by range, without allocating; what is malformed is passed over.</summary>
internal ref struct LanguageRanges(StringValues accept)
{
    // Browsers send fewer than ten. A header may be kilobytes long, and the rest of such a one is noise.
    private const int Most = 50;

    private readonly StringValues _accept = accept;
    private ReadOnlySpan<char> _rest;
    private int _nextValue;
    private int _seen;

    /// <summary>The range and its weight, in thousandths.</summary>
    public Range Current { get; private set; }

    public readonly LanguageRanges GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_seen++ < Most)
        {
            while (_rest.IsEmpty)
            {
                if (_nextValue == _accept.Count) return false;
                _rest = _accept[_nextValue++];
            }

            var end = _rest.IndexOf(',');
            var part = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (Range.TryRead(part, out var range))
            {
                Current = range;
                return true;
            }
        }

        return false;
    }

    /// <summary>One range, such as <c>pt-BR;q=0.9</c>.</summary>
    internal readonly ref struct Range
    {
        private const int Full = 1_000;

        // Who writes traditional Chinese reads the simplified script better than a language that was not named at all (CLDR,
        // language matching), but anything that was named comes first, be it "zh".
        private const int Stopgap = 1;

        private Range(ReadOnlySpan<char> tag, int weight)
        {
            Tag = tag;
            Weight = weight;
        }

        public ReadOnlySpan<char> Tag { get; }

        /// <summary>0 is "not this one".</summary>
        public int Weight { get; }

        public static bool TryRead(ReadOnlySpan<char> part, out Range range)
        {
            range = default;
            var semicolon = part.IndexOf(';');
            var tag = (semicolon < 0 ? part : part[..semicolon]).Trim();
            if (tag.IsEmpty || !TryReadWeight(semicolon < 0 ? default : part[(semicolon + 1)..].Trim(), out var weight)) return false;

            range = new(tag, weight > 0 && IsTraditionalChinese(tag) ? Stopgap : weight);
            return true;
        }

        // RFC 9110, section 12.4.2: 0 to 1 with at most three digits.
        private static bool TryReadWeight(ReadOnlySpan<char> text, out int weight)
        {
            weight = Full;
            if (text.IsEmpty) return true;
            if (!text.StartsWith("q=", StringComparison.OrdinalIgnoreCase)) return false;

            text = text[2..].Trim();
            if (text is not (['0' or '1'] or ['0' or '1', '.', ..]) || text.Length > 5) return false;

            weight = (text[0] - '0') * Full;
            for (int i = 2, place = Full / 10; i < text.Length; i++, place /= 10)
            {
                if (!char.IsAsciiDigit(text[i])) return false;
                weight += (text[i] - '0') * place;
            }

            return weight <= Full;
        }

        private static bool IsTraditionalChinese(ReadOnlySpan<char> tag) =>
            tag.StartsWith("zh-", StringComparison.OrdinalIgnoreCase)
            && tag[3..] is var rest
            && (Begins(rest, "Hant") || Begins(rest, "TW") || Begins(rest, "HK") || Begins(rest, "MO"));

        private static bool Begins(ReadOnlySpan<char> rest, string subtag) =>
            rest.StartsWith(subtag, StringComparison.OrdinalIgnoreCase) && (rest.Length == subtag.Length || rest[subtag.Length] == '-');
    }
}
