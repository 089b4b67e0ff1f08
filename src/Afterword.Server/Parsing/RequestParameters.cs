using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Afterword.Client.OAuth;

namespace Afterword.Server.Parsing;

/// <summary>How a parameter came.</summary>
internal enum ParameterSource
{
    /// <summary>Not at all, or empty.</summary>
    Nothing,

    /// <summary>Once, as text.</summary>
    Once,

    /// <summary>More than once: nobody can tell which is meant.</summary>
    Repeatedly,

    /// <summary>As bytes that are not UTF-8, or in JSON as something that is no text, number or truth value.</summary>
    Unreadably,
}

/// <summary>The parameters of a request, from query, form and JSON object alike. Valid while the request is served.</summary>
internal readonly struct RequestParameters(ParameterList values)
{
    // A byte that UTF-8 does not have marks a JSON value that is no text, so that it is refused as any bad encoding is.
    private static ReadOnlySpan<byte> Unreadable => [0xFF];

    /// <param name="name">The parameter's name on the wire.</param>
    /// <param name="text">The value; empty unless it came once.</param>
    public ParameterSource Read(string name, out string text)
    {
        text = "";
        Span<byte> utf8 = stackalloc byte[64];
        var key = utf8[..Encoding.UTF8.GetBytes(name, utf8)];
        var at = values.IndexOf(key);
        if (at < 0) return ParameterSource.Nothing;
        if (values.IndexOf(key, at + 1) >= 0) return ParameterSource.Repeatedly;

        var value = values.ValueAt(at);
        if (value.IsEmpty) return ParameterSource.Nothing;
        if (!Utf8.IsValid(value)) return ParameterSource.Unreadably;

        text = Encoding.UTF8.GetString(value);
        return ParameterSource.Once;
    }

    /// <summary>The names that came, each once; those of the signature are not parameters of a call.</summary>
    public IReadOnlyList<string> Names()
    {
        var names = new List<string>();
        for (var at = 0; at < values.Count; at++) names.Add(Encoding.UTF8.GetString(values.NameAt(at)));
        return [.. names.Where(name => !name.StartsWith("oauth_", StringComparison.Ordinal)).Distinct()];
    }

    /// <summary>Adds the members of a JSON object. They are not signed (RFC 5849, section 3.4.1.3.1).</summary>
    /// <returns>False when the body is not a JSON object.</returns>
    public bool TryAddJson(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return false;

            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (!TryText(member.Value, out var value)) values.Add(Encoding.UTF8.GetBytes(member.Name), Unreadable);
                else if (value is not null) values.Add(member.Name, value);
            }

            return true;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // A lone surrogate in a member's name is what the second stands for.
            return false;
        }
    }

    private static bool TryText(JsonElement json, out string? value)
    {
        value = null;
        switch (json.ValueKind)
        {
            case JsonValueKind.Null:
                return true;
            case JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number:
                value = json.GetRawText();
                return true;
            case JsonValueKind.String:
                try
                {
                    value = json.GetString();
                    return true;
                }
                catch (InvalidOperationException)
                {
                    // A lone surrogate, such as "\ud800": it stands for no character.
                    return false;
                }

            default:
                return false;
        }
    }
}
