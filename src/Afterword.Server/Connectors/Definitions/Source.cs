using System.Globalization;
using System.Text.Json;

namespace Afterword.Server.Connectors.Definitions;

/// <summary>A place in a delivery: a JSON Pointer (RFC 6901) into its body, or one of its headers.</summary>
/// <remarks>Beyond the RFC, <c>*</c> stands for every item of an array: <c>/tags/*/name</c>.</remarks>
/// <param name="Key">As it is stored: the pointer itself, or <c>header:</c> with the name in lower case.</param>
/// <param name="Segments">Of a pointer; null for a header.</param>
internal sealed record Source(string Key, IReadOnlyList<string>? Segments)
{
    public const string HeaderPrefix = "header:";

    private const int LongestKey = 200;
    private const int MostSegments = 16;

    // No more than this of an array is looked at.
    private const int MostItems = 50;

    /// <summary>The name of the header; null for a pointer.</summary>
    public string? Header => Segments is null ? Key[HeaderPrefix.Length..] : null;

    /// <returns>Null for what is neither a pointer nor a header.</returns>
    public static Source? Parse(string text)
    {
        if (text.Length > LongestKey) return null;
        if (text.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase)) return text[HeaderPrefix.Length..] is { Length: > 0 } name && name.All(IsToken) ? new(text.ToLowerInvariant(), null) : null;
        if (text is not ['/', .. var rest] || rest.Any(char.IsControl)) return null;

        var segments = rest.Split('/');
        return segments.Length > MostSegments || !Array.TrueForAll(segments, IsEscaped) ? null : new(text, [.. segments.Select(Unescaped)]);
    }

    /// <summary>What stands there, at most 50 values.</summary>
    public IEnumerable<JsonElement> In(Members root) => Segments switch
    {
        null => [],
        [var first, ..] when root.Json.ValueKind == JsonValueKind.Object => root.Find(first) is { } member ? In(member, 1).Take(MostItems) : [],
        _ => In(root.Json, 0).Take(MostItems),
    };

    private IEnumerable<JsonElement> In(JsonElement json, int at)
    {
        if (at == Segments!.Count) return [json];

        var segment = Segments[at];
        return json.ValueKind switch
        {
            JsonValueKind.Object when json.TryGetProperty(segment, out var member) => In(member, at + 1),
            JsonValueKind.Array when segment == "*" => json.EnumerateArray().Take(MostItems).SelectMany(item => In(item, at + 1)),
            JsonValueKind.Array when int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place < json.GetArrayLength() => In(json[place], at + 1),
            _ => [],
        };
    }

    // RFC 9110, section 5.6.2.
    private static bool IsToken(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_';

    private static bool IsEscaped(string segment)
    {
        for (var i = segment.IndexOf('~', StringComparison.Ordinal); i >= 0; i = segment.IndexOf('~', i + 1))
        {
            if (i + 1 == segment.Length || segment[i + 1] is not ('0' or '1')) return false;
        }

        return true;
    }

    private static string Unescaped(string segment) => segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
}

/// <summary>An object, and those of its members that were looked for: finding one goes through all of them, and many places begin with the same.</summary>
internal sealed class Members(JsonElement json)
{
    private readonly Dictionary<string, JsonElement?> _found = new(StringComparer.Ordinal);

    public JsonElement Json => json;

    /// <summary>The member of an object, or null.</summary>
    public JsonElement? Find(string name)
    {
        if (_found.TryGetValue(name, out var known)) return known;

        return _found[name] = json.TryGetProperty(name, out var member) ? member : null;
    }
}
