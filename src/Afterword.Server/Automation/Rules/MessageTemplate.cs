using System.Text;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Rules;

/// <summary>What can stand in the place of a name in a message. Only the agent may be unknown.</summary>
/// <param name="Name">The customer's name.</param>
/// <param name="Sender">The sender's name.</param>
internal sealed record MessageValues(string Name, string Sender, string? Agent, string ExternalId);

/// <summary>A message with places for names, such as <c>Hi {first_name}</c>. <c>{{</c> stands for a brace.</summary>
internal sealed class MessageTemplate
{
    // Longer than any name and its substitute: the rest of a text without an end is no place for a name.
    private const int LongestPlace = 120;

    private static readonly string[] s_names = ["first_name", "name", "sender", "agent", "external_id"];

    private readonly List<Part> _parts;

    private MessageTemplate(List<Part> parts) => _parts = parts;

    /// <summary>Reads a text that has kept the rules of messages.</summary>
    /// <param name="text">The text.</param>
    /// <param name="wrong">Receives, as clauses, all that is wrong with its places.</param>
    public static MessageTemplate Parse(string text, List<string> wrong)
    {
        var (parts, literal) = (new List<Part>(), new StringBuilder());
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '{')
            {
                literal.Append(text[i]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '{')
            {
                literal.Append('{');
                i++;
                continue;
            }

            var end = text.IndexOf('}', i);
            if (end < 0 || end - i > LongestPlace)
            {
                wrong.Add("every { has its }; {{ stands for a brace itself");
                break;
            }

            if (literal.Length > 0) parts.Add(new(literal.ToString(), null, null));
            literal.Clear();
            if (ReadPlace(text[(i + 1)..end], wrong) is { } part) parts.Add(part);
            i = end;
        }

        if (literal.Length > 0) parts.Add(new(literal.ToString(), null, null));
        return new(parts);
    }

    /// <summary>The longest that it can become, in characters.</summary>
    public int LongestLength => _parts.Sum(part => part.Literal is { } literal
        ? TextRules.LengthOf(literal)
        : Math.Max(LongestOf(part.Name!), part.Otherwise is { } otherwise ? TextRules.LengthOf(otherwise) : 0));

    public string With(MessageValues values)
    {
        var text = new StringBuilder();
        foreach (var part in _parts) text.Append(part.Literal ?? (ValueOf(part.Name!, values) is { Length: > 0 } value ? value : part.Otherwise));

        // What is put together may have to be normalised once more.
        return TextRules.Normalise(text.ToString(), TextRules.MessageLength);
    }

    private static Part? ReadPlace(string text, List<string> wrong)
    {
        var (name, otherwise) = text.Split('|', 2) is [var before, var after] ? (before, after) : (text, null);
        if (!s_names.Contains(name)) wrong.Add($"no such placeholder as {{{TextRules.Cut(name, 40)}}}; there are {string.Join(", ", s_names.Select(known => $"{{{known}}}"))}");
        else if (otherwise is not null && TextRules.IsBlank(otherwise)) wrong.Add($"words for the case that there is no {name}, behind the bar");
        else if (name == "agent" && otherwise is null) wrong.Add("{agent} leaves a hole where there is none: write {agent|our team}");
        else return new(null, name, otherwise);

        return null;
    }

    private static int LongestOf(string name) => name switch
    {
        "agent" => PromptDraft.AgentLength,
        "external_id" => PromptDraft.ExternalIdLength,
        _ => TextRules.NameLength,
    };

    private static string? ValueOf(string name, MessageValues values) => name switch
    {
        "first_name" => FirstOf(values.Name),
        "name" => values.Name,
        "sender" => values.Sender,
        "agent" => values.Agent,
        _ => values.ExternalId,
    };

    private static string FirstOf(string name) => name.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries) is [var first, ..] ? first : name;

    /// <summary>A range of text, or a place with what stands there when there is no value.</summary>
    private sealed record Part(string? Literal, string? Name, string? Otherwise);
}
