using System.Text.Json;
using Afterword.Server.Errors;

namespace Afterword.Server.Parsing;

/// <summary>
/// An object inside of a JSON body: reads its members and notes, by their paths, those that are missing, given twice or of a wrong
/// kind, so that one answer names them all.
/// </summary>
/// <param name="path">Where it stands, such as <c>event.message_create</c>; empty for the body itself.</param>
/// <param name="json">An object; null when it was not given, and so lacks every member.</param>
/// <param name="errors">Receives what is wrong.</param>
internal sealed class JsonPart(string path, JsonElement? json, ApiErrors errors)
{
    /// <summary>Whether there is such a member with a value.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Gives the object, or null after noting that the member is something else. One that was not given lacks every member.</summary>
    /// <exception cref="InvalidOperationException">A member's name is no text.</exception>
    public JsonPart? Object(string name)
    {
        if (!IsGivenOnce(name)) return null;

        var member = Find(name);
        if (member is null or { ValueKind: JsonValueKind.Object }) return new(PathOf(name), member, errors);

        errors.Add(ApiError.Invalid(PathOf(name), "an object"));
        return null;
    }

    /// <summary>Gives the text, or a number as it was written, or null after noting why there is none. Empty counts as missing.</summary>
    /// <exception cref="InvalidOperationException">A member's name is no text.</exception>
    public string? RequiredText(string name)
    {
        if (!IsGivenOnce(name)) return null;

        switch (Find(name))
        {
            case { ValueKind: JsonValueKind.String } member:
                if (TextOf(member) is not { } text) errors.Add(ApiError.Invalid(PathOf(name), "text in UTF-8"));
                else if (text.Length == 0) errors.Add(ApiError.Missing(PathOf(name)));
                else return text;
                return null;
            case { ValueKind: JsonValueKind.Number } member:
                return member.GetRawText();
            case null:
                errors.Add(ApiError.Missing(PathOf(name)));
                return null;
            default:
                errors.Add(ApiError.Invalid(PathOf(name), "a text"));
                return null;
        }
    }

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string? TextOf(JsonElement member)
    {
        try
        {
            return member.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate, such as "\ud800", or bytes that are not UTF-8: they stand for no character.
            return null;
        }
    }

    private JsonElement? Find(string name)
    {
        foreach (var member in Members())
        {
            if (member.NameEquals(name) && member.Value.ValueKind != JsonValueKind.Null) return member.Value;
        }

        return null;
    }

    private bool IsGivenOnce(string name)
    {
        if (Members().Count(member => member.NameEquals(name)) <= 1) return true;

        errors.Add(ApiError.Invalid(PathOf(name), "given more than once"));
        return false;
    }

    private IEnumerable<JsonProperty> Members() => json is { } value ? value.EnumerateObject() : [];
}
