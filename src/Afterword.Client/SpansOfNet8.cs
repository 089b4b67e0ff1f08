// .NET 10 has all of these, and the build for it leaves them out.
#if !NET9_0_OR_GREATER || TESTED
namespace Afterword.Client;

/// <summary>What spans of .NET 8 lack.</summary>
internal static class SpansOfNet8
{
    public static bool StartsWith(this ReadOnlySpan<char> text, char first) => text.Length > 0 && text[0] == first;

    public static bool EndsWith(this ReadOnlySpan<char> text, char last) => text.Length > 0 && text[^1] == last;

    public static Pieces<T> Split<T>(this ReadOnlySpan<T> whole, T separator)
        where T : IEquatable<T> => new(whole, separator);

    /// <summary>The ranges between separators; one more than there are separators.</summary>
    public ref struct Pieces<T>
        where T : IEquatable<T>
    {
        private readonly ReadOnlySpan<T> _whole;
        private readonly T _separator;
        private int _next;

        internal Pieces(ReadOnlySpan<T> whole, T separator)
        {
            (_separator, _next, Current) = (separator, 0, default);
            _whole = whole;
        }

        public Range Current { get; private set; }

        public readonly Pieces<T> GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_next > _whole.Length) return false;

            var length = _whole[_next..].IndexOf(_separator);
            var end = length < 0 ? _whole.Length : _next + length;
            Current = _next..end;
            _next = end + 1;
            return true;
        }
    }
}
#endif
