using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Errors;

namespace Afterword.Server.Connectors.Definitions;

/// <summary>Reads the JSON of a definition; all that is wrong with it is noted by its place.</summary>
internal static class DefinitionReader
{
    /// <summary>The most characters of one.</summary>
    public const int Length = 16_000;

    private const int MostItems = 20;

    // Each is looked for in every delivery.
    private const int MostSources = 100;
    private const int LongestText = 200;

    private static readonly string[] s_secretHeaders = ["Authorization", "Proxy-Authorization", "Cookie"];

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 16, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <returns>The definition, or null and in <paramref name="errors"/> everything that is wrong.</returns>
    public static Definition? Parse(string text, out ApiErrors errors)
    {
        errors = new();
        if (text.Length > Length)
        {
            errors.Add(ApiError.Invalid("mapping", string.Create(CultureInfo.InvariantCulture, $"at most {Length:N0} characters")));
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text, s_options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                var definition = Read(new("", document.RootElement, errors));
                return errors.Any ? null : definition;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair in a name is what the second stands for.
        }

        errors.Add(ApiError.BadJson);
        return null;
    }

    /// <summary>A definition that was checked when it was stored, or that is ours.</summary>
    public static Definition OfStored(string text) =>
        Parse(text, out var errors) ?? throw new InvalidOperationException($"A stored definition of a connector is wrong: {string.Join(' ', errors.All.Select(error => error.Message))}");

    private static Definition Read(RulePart root)
    {
        var schemes = Items(root, "verify").Select(Scheme).OfType<SignatureScheme>().ToArray();
        var required = Word(root, "signature", "required", "required", "optional") == "required";
        var eventId = Value(root, "event_id");
        var challenges = Items(root, "challenge").Select(part => ValueOf(part, "value")).OfType<FieldValue>().ToArray();
        var shapes = root.Has("shapes") ? Items(root, "shapes").Select(WholeShape).ToArray() : [Shape(root)];
        root.RefuseOthers();
        var definition = new Definition(schemes, required, eventId, challenges, shapes);
        foreach (var header in definition.Sources.Select(source => source.Header).OfType<string>().Where(header => IsSecret(header, schemes)))
        {
            root.Wrong("map", $"the header {header} holds a secret, and what a mapping names is kept");
        }

        if (definition.Sources.Count > MostSources) root.Wrong("map", string.Create(CultureInfo.InvariantCulture, $"at most {MostSources} different places in all"));
        return definition;
    }

    private static EventShape WholeShape(RulePart part)
    {
        var shape = Shape(part);
        part.RefuseOthers();
        return shape;
    }

    private static EventShape Shape(RulePart part)
    {
        var (closed, reopened, deleted) = (Conditions(part, "closed_when"), Conditions(part, "reopened_when"), Conditions(part, "deleted_when"));
        var map = new Dictionary<string, FieldValue>(StringComparer.Ordinal);
        if (part.Object("map") is { } members)
        {
            foreach (var (name, _) in members.Members())
            {
                if (!MappedFields.All.Contains(name)) members.Wrong(name, $"no such field; there are {string.Join(", ", MappedFields.All)}");
                else if (Value(members, name) is { } value) map[name] = value;
            }
        }

        // Who is deleted need not have a conversation.
        if (closed.Count + reopened.Count + deleted.Count == 0) part.Missing("closed_when");
        if (!map.ContainsKey(MappedFields.ExternalId) && (closed.Count + reopened.Count > 0 || deleted.Count == 0)) part.Missing("map.external_id");
        return new(closed, reopened, deleted, map);
    }

    private static List<Condition> Conditions(RulePart part, string name) => [.. Items(part, name).Select(Condition).OfType<Condition>()];

    private static Condition? Condition(RulePart part)
    {
        var (path, header, exists) = (part.Text("path"), part.Text("header"), part.Has("exists") ? part.Truth("exists") : (bool?)null);
        var (anyOf, noneOf) = (Texts(part, "is"), Texts(part, "not"));
        part.RefuseOthers();
        if (path is null == header is null) part.Missing("path");
        else if (Source.Parse(path ?? Source.HeaderPrefix + header) is not { } source) part.Wrong(path is null ? "header" : "path", path is null ? "the name of a header" : "a JSON Pointer, such as /ticket/status");
        else if (anyOf.Count + noneOf.Count == 0 && exists is null) part.Missing("is");
        else return new(source, anyOf, noneOf, exists);
        return null;
    }

    /// <summary>A text, or a list of texts and of objects with conditions: the alternatives of a value.</summary>
    private static FieldValue? Value(RulePart part, string name)
    {
        if (part.Find(name) is not { } member) return null;

        var items = Several(part, name, member);
        var alternatives = new List<Alternative>();
        foreach (var (at, item) in items.Index())
        {
            var place = member.ValueKind == JsonValueKind.Array ? string.Create(CultureInfo.InvariantCulture, $"{name}[{at}]") : name;
            if (item.ValueKind == JsonValueKind.Object)
            {
                if (ValueOf(part.Part(place, item), "value") is { } one) alternatives.AddRange(one.Alternatives);
            }
            else if (part.TextOf(place, item) is { } text && Template(part, place, text) is { } template)
            {
                alternatives.Add(new(template, [], ","));
            }
        }

        return alternatives.Count == 0 ? null : new(alternatives);
    }

    private static FieldValue? ValueOf(RulePart part, string name)
    {
        var (text, when, separators) = (part.Text(name), Conditions(part, "when"), part.Text("split") ?? ",");
        part.RefuseOthers();
        if (text is null) part.Missing(name);
        return text is not null && Template(part, name, text) is { } template ? new FieldValue([new(template, when, separators)]) : null;
    }

    private static Template? Template(RulePart part, string name, string text)
    {
        var template = Definitions.Template.Parse(text, out var wrong);
        if (template is null) part.Wrong(name, wrong!);
        return template;
    }

    private static SignatureScheme? Scheme(RulePart part)
    {
        var scheme = Word(part, "scheme", "hmac", "hmac", "header", "basic");
        if (scheme == "basic")
        {
            part.RefuseOthers();
            return new BasicCredentials();
        }

        var header = part.Label("header", LongestText);
        if (header is null || Source.Parse(Source.HeaderPrefix + header) is null)
        {
            part.Wrong("header", "the name of a header");
            header = "";
        }

        if (scheme == "header")
        {
            part.RefuseOthers();
            return new SecretHeader(header);
        }

        var (hash, encoding) = (Word(part, "hash", "sha256", "sha256", "sha1"), Word(part, "encoding", "hex", "hex", "base64"));
        var (prefix, time) = (part.Text("prefix") ?? "", Time(part.Object("timestamp")));
        var message = Definitions.Template.ParseMessage(part.Text("message") ?? "{body}", out var wrong);
        if (message is null) part.Wrong("message", wrong!);
        else if (!message.Parts.Any(one => one.OfRequest == "body")) part.Wrong("message", "with {body} in it");
        else if (time is not null && !message.Sources.Any(source => time.Header.Equals(source.Header, StringComparison.OrdinalIgnoreCase))) part.Wrong("message", $"with {{header:{time.Header}}} in it: a time that is not signed proves nothing");
        part.RefuseOthers();
        return message is null ? null : new KeyedHash(hash == "sha1" ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256, encoding == "hex", header, prefix, message, time);
    }

    private static SignedTime? Time(RulePart? part)
    {
        if (part is null) return null;

        var (header, unit) = (part.Label("header", LongestText), Word(part, "unit", "s", "s", "ms", "iso"));
        part.RefuseOthers();
        if (header is null) part.Missing("header");
        return header is null ? null : new(header, unit switch { "s" => TimeUnit.Seconds, "ms" => TimeUnit.Milliseconds, _ => TimeUnit.Iso });
    }

    /// <summary>The objects of a list, or the one object that stands in its place.</summary>
    private static List<RulePart> Items(RulePart part, string name)
    {
        if (part.Find(name) is not { } member) return [];
        if (member.ValueKind == JsonValueKind.Object) return [part.Part(name, member)];
        if (member.ValueKind == JsonValueKind.Array && member.GetArrayLength() <= MostItems && member.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object))
        {
            return [.. member.EnumerateArray().Select((item, at) => part.Part(string.Create(CultureInfo.InvariantCulture, $"{name}[{at}]"), item))];
        }

        part.Wrong(name, string.Create(CultureInfo.InvariantCulture, $"an object, or a list of at most {MostItems}"));
        return [];
    }

    /// <summary>Texts to compare with: one or several, and numbers and truth values by what they are written as.</summary>
    private static List<string> Texts(RulePart part, string name)
    {
        if (part.Find(name) is not { } member) return [];

        var texts = new List<string>();
        foreach (var item in Several(part, name, member))
        {
            if (item.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False) texts.Add(item.GetRawText());
            else if (part.TextOf(name, item) is { } text) texts.Add(text);
        }

        return texts;
    }

    private static JsonElement[] Several(RulePart part, string name, JsonElement member)
    {
        if (member.ValueKind != JsonValueKind.Array) return [member];
        if (member.GetArrayLength() <= MostItems) return [.. member.EnumerateArray()];

        part.Wrong(name, string.Create(CultureInfo.InvariantCulture, $"at most {MostItems} in a list"));
        return [];
    }

    private static bool IsSecret(string header, IReadOnlyList<SignatureScheme> schemes) =>
        s_secretHeaders.Contains(header, StringComparer.OrdinalIgnoreCase) || schemes.OfType<SecretHeader>().Any(scheme => scheme.Name.Equals(header, StringComparison.OrdinalIgnoreCase));

    private static string Word(RulePart part, string name, string otherwise, params string[] words)
    {
        if (part.Text(name) is not { } text) return otherwise;
        if (words.Contains(text)) return text;

        part.Wrong(name, $"one of {string.Join(", ", words)}");
        return otherwise;
    }
}
