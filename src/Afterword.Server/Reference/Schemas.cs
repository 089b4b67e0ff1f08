using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Afterword.Server.Reference;

/// <summary>The JSON Schemas of the wire types that routes name, each under its own name.</summary>
public sealed class Schemas
{
    private const string Prefix = "#/components/schemas/";
    private const string Null = "null";
    private const string WireDate = "^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] [+]0000 [0-9]{4}$";

    private readonly Dictionary<string, (Type? Type, JsonObject Schema)> _all = [];
    private readonly TypeNotes _notes = new();

    /// <summary>Every type asked for so far and the types within, by name.</summary>
    public IEnumerable<(string Name, JsonObject Schema)> All => _all.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value.Schema));

    /// <summary>The name a schema refers to, or null when it refers to none.</summary>
    public static string? Target(JsonNode? schema) => (string?)schema?["$ref"] is { } reference ? reference[Prefix.Length..] : null;

    /// <summary>The schema of a value: a reference for objects, the thing itself for anything smaller.</summary>
    public JsonObject Of(JsonTypeInfo type) => type.Kind switch
    {
        JsonTypeInfoKind.Object => new() { ["$ref"] = Prefix + NameOf(type) },
        JsonTypeInfoKind.Enumerable => new() { ["type"] = "array", ["items"] = Of(type.Options.GetTypeInfo(type.ElementType!)) },
        JsonTypeInfoKind.Dictionary => new() { ["type"] = "object", ["additionalProperties"] = Of(type.Options.GetTypeInfo(type.ElementType!)) },
        _ => Scalar(type),
    };

    /// <summary>Gives a schema that no wire type stands for a name of its own.</summary>
    /// <returns>A reference to it.</returns>
    public JsonObject Add(string name, JsonObject schema)
    {
        if (!_all.TryAdd(name, (null, schema)) && !JsonNode.DeepEquals(_all[name].Schema, schema)) throw new InvalidOperationException($"Two schemas are called {name}.");

        return new() { ["$ref"] = Prefix + name };
    }

    /// <summary>The same, or null. A pair of types is what generators of clients understand; the alternative is for objects.</summary>
    public static JsonObject OrNull(JsonObject schema)
    {
        if ((string?)schema["type"] is not { } type) return new() { ["oneOf"] = new JsonArray(schema, new JsonObject { ["type"] = Null }) };

        schema["type"] = new JsonArray(type, Null);
        if (schema["enum"] is JsonArray values) values.Add(null);
        return schema;
    }

    private string NameOf(JsonTypeInfo type)
    {
        var name = type.Type.Name.EndsWith("Json", StringComparison.Ordinal) ? type.Type.Name[..^4] : type.Type.Name;
        if (_all.TryGetValue(name, out var known))
        {
            return known.Type == type.Type ? name : throw new InvalidOperationException($"Two types are called {name}: {known.Type} and {type.Type}.");
        }

        // Entered before its members are looked at, which may lead back to it.
        var schema = new JsonObject { ["type"] = "object" };
        _all.Add(name, (type.Type, schema));
        if (_notes.Of(type.Type) is { } about) schema["description"] = about;

        // A member without a value is absent from most types; from the others it is there, and null.
        var leavesOut = type.Options.DefaultIgnoreCondition == JsonIgnoreCondition.WhenWritingNull;
        var properties = new JsonObject();
        foreach (var member in type.Properties)
        {
            var property = Of(type.Options.GetTypeInfo(Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType));
            if ((string?)property["type"] == "string") AddDate(property, type.Type, member.Name);
            if (member.IsGetNullable && !IsLeftOut(member)) property = OrNull(property);
            if (_notes.Of(type.Type, member.Name) is { } note) property["description"] = note;
            properties[member.Name] = property;
        }

        schema["properties"] = properties;
        schema["required"] = new JsonArray([.. type.Properties.Where(member => !IsLeftOut(member)).Select(member => (JsonNode)member.Name)]);
        return name;

        bool IsLeftOut(JsonPropertyInfo member) => leavesOut && member.IsGetNullable
            && member.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), inherit: true) is not [JsonIgnoreAttribute { Condition: JsonIgnoreCondition.Never }];
    }

    private static JsonObject Scalar(JsonTypeInfo type)
    {
        var schema = type.GetJsonSchemaAsNode().AsObject();

        // The exporter takes every text for one that may be null, and writes a pair; whether it may is the member's matter.
        if (schema["type"] is JsonArray types) schema["type"] = types.Select(one => (string)one!).First(one => one != Null);

        // Without it, generators of clients take 32 bits, which no id fits into.
        if (type.Type == typeof(long)) schema["format"] = "int64";
        else if (type.Type == typeof(int)) schema["format"] = "int32";
        return schema;
    }

    // Both kinds of date are texts in our types: those of Twitter's objects, and those of what operators alone see.
    private static void AddDate(JsonObject schema, Type of, string member)
    {
        if (!member.EndsWith("_at", StringComparison.Ordinal) && !member.EndsWith("_since", StringComparison.Ordinal)) return;

        if (member is "created_at" or "updated_at" || (of.Namespace != typeof(Webhooks.WebhookJson).Namespace && of.Namespace != typeof(Privacy.ErasedJson).Namespace))
        {
            schema["pattern"] = WireDate;
            schema["examples"] = new JsonArray(Prompts.PromptReference.Asked.CreatedAt);
        }
        else
        {
            schema["format"] = "date-time";
            schema["examples"] = new JsonArray("2026-11-20T22:31:55.000Z");
        }
    }
}
