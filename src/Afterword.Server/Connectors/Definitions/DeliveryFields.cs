using System.Text;
using System.Text.Json;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Parsing;

namespace Afterword.Server.Connectors.Definitions;

/// <summary>What a delivery says at the places that its definition names. Nothing else of it is kept.</summary>
internal sealed class DeliveryFields
{
    private const int LongestValue = 512;

    // However much a body holds at the places that were named.
    private const int MostLetters = 16_000;

    // Of a list within a list too.
    private const int MostValues = 50;

    private readonly Dictionary<string, string[]> _values;

    private DeliveryFields(Dictionary<string, string[]> values) => _values = values;

    public static DeliveryFields None { get; } = new([]);

    public static DeliveryFields Read(IReadOnlyList<Source> sources, JsonElement json, IncomingRequest request)
    {
        var (values, root, left) = (new Dictionary<string, string[]>(StringComparer.Ordinal), new Members(json), MostLetters);
        foreach (var source in sources)
        {
            var found = source.Header is { } header ? [request.Header(header)] : source.In(root).SelectMany(Texts);
            var texts = new List<string>();
            foreach (var text in found.Take(MostValues))
            {
                if (left == 0) break;
                if (text is null || Plain(text) is not { Length: > 0 } plain || plain.Length > left) continue;

                left -= plain.Length;
                texts.Add(plain);
            }

            if (texts.Count > 0) values[source.Key] = [.. texts];
        }

        return new(values);
    }

    public string? First(Source source) => _values.TryGetValue(source.Key, out var texts) ? texts[0] : null;

    public IReadOnlyList<string> All(Source source) => _values.GetValueOrDefault(source.Key, []);

    /// <summary>By place, for people.</summary>
    public IEnumerable<(string Place, string Text)> Shown => _values.Select(one => (one.Key, string.Join(", ", one.Value)));

    public string ToJson()
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            foreach (var (key, values) in _values)
            {
                writer.WriteStartArray(key);
                foreach (var value in values) writer.WriteStringValue(value);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    public static DeliveryFields OfStored(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new(document.RootElement.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.EnumerateArray().Select(item => item.GetString()!).ToArray(), StringComparer.Ordinal));
    }

    /// <summary>One line of characters that every engine and every page takes, cut where it is too long.</summary>
    public static string Plain(string text)
    {
        var plain = new StringBuilder();
        Span<char> letters = stackalloc char[2];
        foreach (var rune in TextRules.Cut(text, LongestValue).EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || rune.Value == 0xFFFE) continue;
            if (Rune.IsControl(rune)) plain.Append(' ');
            else plain.Append(letters[..rune.EncodeToUtf16(letters)]);
        }

        return plain.ToString().Trim();
    }

    // Of a list what is a value itself; an object is none.
    private static IEnumerable<string?> Texts(JsonElement json) => json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().Take(MostValues).Select(TextOf) : [TextOf(json)];

    private static string? TextOf(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return json.GetRawText();
            case JsonValueKind.String:
                try
                {
                    return json.GetString();
                }
                catch (InvalidOperationException)
                {
                    // Half a surrogate pair, or bytes that are not UTF-8: no text.
                    return null;
                }

            default:
                return null;
        }
    }
}
