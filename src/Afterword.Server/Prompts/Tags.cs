using System.Collections.Frozen;
using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;

namespace Afterword.Server.Prompts;

/// <summary>What a conversation was about: one to ten tags, each once, in the order in which they were given.</summary>
internal sealed record Tags
{
    public const int Most = 10;
    public const int TagLength = 32;

    /// <summary>All of them at their longest, with the commas between.</summary>
    public const int Length = (Most * TagLength) + Most - 1;

    private const char Separator = ',';
    private readonly string _joined;

    private Tags(string joined) => _joined = joined;

    public IReadOnlyList<string> All => _joined.Split(Separator);

    /// <summary>Gives the tags, or null when there are none, or after noting what is wrong.</summary>
    public static Tags? Read(ParameterReader read, string name)
    {
        if (read.Optional(name) is not { } text) return null;

        var tags = text.Split(Separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(tag => TextRules.Normalise(tag, TagLength)).Distinct().ToArray();
        if (tags.Length > Most) read.Errors.Add(ApiError.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"at most {Most} tags")));
        if (!Array.TrueForAll(tags, tag => TextRules.IsLabel(tag, TagLength)))
        {
            read.Errors.Add(ApiError.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"each tag is one line of at most {TagLength} characters")));
        }

        return tags.Length == 0 ? null : new(string.Join(Separator, tags));
    }

    /// <summary>Whether it is one of them, letter by letter.</summary>
    public bool Has(string tag)
    {
        foreach (var one in _joined.AsSpan().Split(Separator))
        {
            if (_joined.AsSpan(one).SequenceEqual(tag)) return true;
        }

        return false;
    }

    /// <summary>Whether one of them is one of these.</summary>
    public bool HasOneOf(FrozenSet<string> wanted)
    {
        var lookup = wanted.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var one in _joined.AsSpan().Split(Separator))
        {
            if (lookup.Contains(_joined.AsSpan(one))) return true;
        }

        return false;
    }

    /// <summary>Gives tags as they were stored.</summary>
    public static Tags? OfStored(string? joined) => joined is null ? null : new(joined);

    /// <summary>As they are stored: joined by commas.</summary>
    public override string ToString() => _joined;
}
