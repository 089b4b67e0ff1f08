using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Afterword.Server.Reference;

/// <summary>The JSON Schemas of the wire types that routes name, each under its own name.</summary>
public sealed class Schemas
{
    private const string Prefix = "#/components/schemas/";

    private readonly Dictionary<string, (Type Type, JsonObject Schema)> _all = [];
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
            if (member.IsGetNullable && !leavesOut) property = OrNull(property);
            if (_notes.Of(type.Type, member.Name) is { } note) property["description"] = note;
            properties[member.Name] = property;
        }

        schema["properties"] = properties;
        schema["required"] = new JsonArray([.. type.Properties.Where(member => !member.IsGetNullable || !leavesOut).Select(member => (JsonNode)member.Name)]);
        return name;
    }

    private static JsonObject OrNull(JsonObject schema) => new() { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };

    private static JsonObject Scalar(JsonTypeInfo type)
    {
        var schema = type.GetJsonSchemaAsNode().AsObject();

        // The exporter takes every text for one that may be null, and writes a pair; whether it may is the member's matter.
        if (schema["type"] is JsonArray types) schema["type"] = types.Select(one => (string)one!).First(one => one != "null");
        return schema;
    }
}
