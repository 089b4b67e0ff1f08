using System.Text;

namespace Afterword.Server.Connectors.Definitions;

/// <summary>A text with places that a delivery fills: <c>zendesk:{/ticket/id}</c>. One that begins with a slash is a single place. <c>{{</c> stands for a brace.</summary>
internal sealed class Template
{
    /// <summary>What a signature can be made over besides headers.</summary>
    public static readonly IReadOnlyList<string> PartsOfRequest = ["body", "method", "uri"];

    private readonly List<TemplatePart> _parts;

    private Template(List<TemplatePart> parts) => _parts = parts;

    public IReadOnlyList<TemplatePart> Parts => _parts;

    public IEnumerable<Source> Sources => _parts.Select(part => part.Source).OfType<Source>();

    /// <summary>The place that it is, where it is nothing else.</summary>
    public Source? Single => _parts is [{ Source: { } only }] ? only : null;

    /// <summary>Reads what a value is made of: pointers and headers.</summary>
    public static Template? Parse(string text, out string? wrong) =>
        text.StartsWith('/') ? Of(Source.Parse(text) is { } source ? [new(null, source, null)] : null, $"\"{text}\" is no JSON Pointer", out wrong) : Parse(text, ofMessage: false, out wrong);

    /// <summary>Reads what a signature is made over: the body, headers, method and address.</summary>
    public static Template? ParseMessage(string text, out string? wrong) => Parse(text, ofMessage: true, out wrong);

    /// <summary>The text with its places filled; null when one has no value.</summary>
    public string? Text(DeliveryFields fields)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            if (part.Source is not { } source) text.Append(part.Literal);
            else if (fields.First(source) is { Length: > 0 } value) text.Append(value);
            else return null;
        }

        return text.ToString();
    }

    private static Template? Parse(string text, bool ofMessage, out string? wrong)
    {
        var (parts, literal) = (new List<TemplatePart>(), new StringBuilder());
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '{')
            {
                literal.Append(text[i]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '{')
            {
                literal.Append(text[i++]);
                continue;
            }

            var end = text.IndexOf('}', i);
            if (end < 0) return Of(null, "every { has its }; {{ stands for a brace itself", out wrong);
            if (literal.Length > 0) parts.Add(new(literal.ToString(), null, null));
            literal.Clear();
            if (ReadPlace(text[(i + 1)..end], ofMessage) is not { } place) return Of(null, ofMessage ? "places such as {body}, {header:X-Timestamp}, {method} and {uri}" : "places such as {/ticket/id} and {header:X-Id}", out wrong);

            parts.Add(place);
            i = end;
        }

        if (literal.Length > 0) parts.Add(new(literal.ToString(), null, null));
        return Of(parts.Count == 0 ? null : parts, "not empty", out wrong);
    }

    private static TemplatePart? ReadPlace(string name, bool ofMessage)
    {
        if (ofMessage && PartsOfRequest.Contains(name)) return new(null, null, name);

        var source = Source.Parse(name);
        return source is null || (ofMessage && source.Header is null) ? null : new(null, source, null);
    }

    private static Template? Of(List<TemplatePart>? parts, string otherwise, out string? wrong)
    {
        wrong = parts is null ? otherwise : null;
        return parts is null ? null : new(parts);
    }
}

/// <summary>A piece of a template: a text, a place in a delivery, or a part of the request as a whole.</summary>
internal sealed record TemplatePart(string? Literal, Source? Source, string? OfRequest);
