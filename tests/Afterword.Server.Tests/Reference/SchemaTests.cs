using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Afterword.Server.Reference;

namespace Afterword.Server.Tests.Reference;

/// <summary>What the schemas say of a type is what its serializer does.</summary>
public sealed partial class SchemaTests
{
    [Fact]
    public void What_has_no_value_is_absent_where_the_serializer_leaves_it_out()
    {
        var schema = SchemaOf(new Schemas(), LeavingOut.Default.BoxJson);

        Assert.Equal("""["name","sizes","inner"]""", schema["required"]!.ToJsonString());
        Assert.Equal("""{"type":"string"}""", schema["properties"]!["label"]!.ToJsonString());
    }

    [Fact]
    public void What_has_no_value_is_null_where_the_serializer_writes_it()
    {
        var schema = SchemaOf(new Schemas(), WritingNull.Default.BoxJson);

        Assert.Equal("""["name","label","weight","sizes","inner","lid"]""", schema["required"]!.ToJsonString());
        Assert.Equal("""{"type":["string","null"]}""", schema["properties"]!["label"]!.ToJsonString());
        Assert.Equal("""{"type":["integer","null"],"format":"int64"}""", schema["properties"]!["weight"]!.ToJsonString());
        Assert.Equal("""{"oneOf":[{"$ref":"#/components/schemas/Box"},{"type":"null"}]}""", schema["properties"]!["lid"]!.ToJsonString());
    }

    [Fact]
    public void Types_within_a_type_have_a_schema_of_their_own()
    {
        var schemas = new Schemas();
        var box = SchemaOf(schemas, LeavingOut.Default.BoxJson);

        Assert.Equal(["Box", "Inner"], schemas.All.Select(type => type.Name));
        Assert.Equal("""{"type":"array","items":{"type":"integer","format":"int32"}}""", box["properties"]!["sizes"]!.ToJsonString());
        Assert.Equal("""{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Inner"}}""", box["properties"]!["inner"]!.ToJsonString());
        Assert.Equal("""{"$ref":"#/components/schemas/Box"}""", box["properties"]!["lid"]!.ToJsonString());
    }

    private static JsonObject SchemaOf(Schemas schemas, System.Text.Json.Serialization.Metadata.JsonTypeInfo type)
    {
        var name = Schemas.Target(schemas.Of(type));
        return schemas.All.Single(one => one.Name == name).Schema;
    }

    internal sealed record BoxJson(string Name, string? Label, long? Weight, IReadOnlyList<int> Sizes, IReadOnlyDictionary<string, InnerJson> Inner, BoxJson? Lid);

    internal sealed record InnerJson(bool Open);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(BoxJson))]
    private sealed partial class LeavingOut : JsonSerializerContext;

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(BoxJson))]
    private sealed partial class WritingNull : JsonSerializerContext;
}
