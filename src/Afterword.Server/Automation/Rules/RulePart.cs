using System.Globalization;
using System.Text.Json;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;

namespace Afterword.Server.Automation.Rules;

/// <summary>An object of the rules document: reads its members, and notes by their places those that are missing, wrong, given twice or unknown.</summary>
/// <param name="path">Where it stands, such as <c>rules[1].ask</c>; empty for the document itself.</param>
/// <param name="json">An object.</param>
/// <param name="errors">Receives what is wrong.</param>
internal sealed class RulePart(string path, JsonElement json, ApiErrors errors)
{
    // A document of 64 KiB may have thousands; nobody reads as many.
    private const int MostErrors = 500;
    private const int MostListed = 50;
    private const int LongestName = 64;

    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    public void Wrong(string name, string reason) => Add(ApiError.Invalid(PathOf(name), reason));

    /// <param name="name">The member's.</param>
    /// <param name="more">A sentence that helps, behind a space.</param>
    public void Missing(string name, string more = "")
    {
        var missing = ApiError.Missing(PathOf(name));
        Add(missing with { Message = missing.Message + more });
    }

    /// <summary>The member with a value; null when there is none, or when it was given twice. <c>null</c> is none.</summary>
    public JsonElement? Find(string name)
    {
        _known.Add(name);
        JsonElement? found = null;
        foreach (var member in json.EnumerateObject())
        {
            if (!member.NameEquals(name)) continue;
            if (found is not null)
            {
                Wrong(name, "given more than once");
                return null;
            }

            found = member.Value;
        }

        return found is { ValueKind: JsonValueKind.Null } ? null : found;
    }

    /// <summary>Whether there is such a member with a value.</summary>
    public bool Has(string name) => json.EnumerateObject().Any(member => member.NameEquals(name) && member.Value.ValueKind != JsonValueKind.Null);

    /// <summary>Whether there is such a member, be it <c>null</c>.</summary>
    public bool Names(string name) => json.EnumerateObject().Any(member => member.NameEquals(name));

    /// <summary>The object; null when there is none, or it is something else.</summary>
    public RulePart? Object(string name, string what = "an object")
    {
        if (Find(name) is not { } member) return null;
        if (member.ValueKind == JsonValueKind.Object) return new(PathOf(name), member, errors);

        Wrong(name, what);
        return null;
    }

    /// <summary>An object that stands in a list of this one.</summary>
    public RulePart Part(string place, JsonElement item) => new(PathOf(place), item, errors);

    /// <summary>The members of an object, by their names.</summary>
    public IEnumerable<(string Name, JsonElement Value)> Members()
    {
        foreach (var member in json.EnumerateObject())
        {
            _known.Add(member.Name);
            yield return (member.Name, member.Value);
        }
    }

    /// <summary>The text; null when there is none, or it is none.</summary>
    public string? Text(string name) => Find(name) is { } member ? TextOf(name, member) : null;

    /// <summary>One line of text.</summary>
    public string? Label(string name, int most) => Text(name) is { } text ? LabelOf(name, text, most) : null;

    /// <summary>The whole number, or what counts when there is none.</summary>
    public long? Whole(string name, long least, long most)
    {
        if (Find(name) is not { } member) return null;
        if (member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out var number) && number >= least && number <= most) return number;

        Wrong(name, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least}{(most < long.MaxValue / 2 ? $" to {most}" : "")}"));
        return null;
    }

    /// <summary>Whether it is true, or what counts when there is none.</summary>
    public bool Truth(string name, bool otherwise = false)
    {
        switch (Find(name))
        {
            case null: return otherwise;
            case { ValueKind: JsonValueKind.False }: return false;
            case { ValueKind: JsonValueKind.True }: return true;
            default:
                Wrong(name, "true or false");
                return otherwise;
        }
    }

    public TimeSpan? Duration(string name, TimeSpan least, TimeSpan most)
    {
        if (Text(name) is not { } text) return null;
        if (IsoDuration.TryParse(text, out var time) && time >= least && time <= most) return time;

        Wrong(name, $"a duration from {IsoDuration.Of(least)} to {IsoDuration.Of(most)}, such as PT10M or P1DT12H");
        return null;
    }

    /// <summary>The labels of a list that is not empty; null when there is none.</summary>
    public IReadOnlyList<string>? Labels(string name, int most) => List(name, (place, text) => LabelOf(place, text, most));

    /// <summary>What <paramref name="read"/> makes of each text of a list that is not empty; null when there is none.</summary>
    public IReadOnlyList<T>? List<T>(string name, Func<string, string, T?> read)
    {
        if (Find(name) is not { } member) return null;
        if (member.ValueKind != JsonValueKind.Array || member.GetArrayLength() is 0 or > MostListed)
        {
            Wrong(name, string.Create(CultureInfo.InvariantCulture, $"a list of 1 to {MostListed} texts"));
            return null;
        }

        var all = new List<T>();
        foreach (var (at, item) in member.EnumerateArray().Index())
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"{name}[{at}]");
            if (TextOf(place, item) is { } text && read(place, text) is { } one) all.Add(one);
        }

        return all;
    }

    /// <summary>Notes every member that nobody has asked for.</summary>
    public void RefuseOthers()
    {
        foreach (var member in json.EnumerateObject().Where(member => !_known.Contains(member.Name)))
        {
            Add(ApiError.Invalid(PathOf(TextRules.Cut(member.Name, LongestName)), $"no such name; there are {string.Join(", ", _known)}"));
        }
    }

    /// <summary>The text of a value, where it is one.</summary>
    public string? TextOf(string name, JsonElement value)
    {
        try
        {
            if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text && !TextRules.HasForbidden(text)) return text;
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate, such as "\ud800": it stands for no character.
        }

        Wrong(name, "a text without control characters");
        return null;
    }

    private string? LabelOf(string name, string text, int most)
    {
        text = TextRules.Normalise(text.Trim(), most);
        if (TextRules.IsLabel(text, most)) return text;

        Wrong(name, string.Create(CultureInfo.InvariantCulture, $"one line of 1 to {most} characters"));
        return null;
    }

    private void Add(ApiError error)
    {
        if (errors.All.Count < MostErrors) errors.Add(error);
    }
}
