using Afterword.Server.Connectors.Definitions;

namespace Afterword.Server.Tests.Connectors;

/// <summary>A mapping is checked when it is saved; all its faults are told together, by their places.</summary>
public sealed class DefinitionReaderTests
{
    private const string Right = """{"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"/id"}}""";

    [Fact]
    public void The_least_that_a_mapping_needs()
    {
        var definition = DefinitionReader.Parse(Right, out _)!;
        Assert.False(definition.TakesSecret);
        Assert.Equal(["/a", "/id"], definition.Sources.Select(source => source.Key));
    }

    [Theory]
    [InlineData("", "not a JSON object")]
    [InlineData("""{"verify":{"header":"X","timestamp":{"header":"X-At"}},"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"/id"}}""", "verify.message parameter is invalid: with {header:X-At} in it")]
    [InlineData("""{"event_id":"{header:authorization}","closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"/id"}}""", "the header authorization holds a secret")]
    [InlineData("""{"verify":{"scheme":"header","header":"X-Secret"},"closed_when":[{"header":"x-secret","exists":true}],"map":{"external_id":"/id"}}""", "the header x-secret holds a secret")]
    [InlineData("""{"closed_when":[{"path":"/a","is":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]}],"map":{"external_id":"/id"}}""", "closed_when[0].is parameter is invalid: at most 20 in a list")]
    [InlineData("""{"closed_when":[{"path":"/a","is":"x"}],"deleted_when":[{"path":"/a","is":"y"}],"map":{}}""", "map.external_id parameter is missing")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "map.external_id parameter is missing")]
    [InlineData("""{"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"/id","wish":"/x"}}""", "map.wish parameter is invalid: no such field")]
    [InlineData("""{"closed_when":[{"path":"a","is":"x"}],"map":{"external_id":"/id"}}""", "closed_when[0].path parameter is invalid: a JSON Pointer")]
    [InlineData("""{"closed_when":[{"path":"/a"}],"map":{"external_id":"/id"}}""", "closed_when[0].is parameter is missing")]
    [InlineData("""{"closed_when":[{"path":"/a","is":"x","was":"y"}],"map":{"external_id":"/id"}}""", "closed_when[0].was parameter is invalid: no such name")]
    [InlineData("""{"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"x:{id}"}}""", "map.external_id parameter is invalid: places such as")]
    [InlineData("""{"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"x:{/id"}}""", "every { has its }")]
    [InlineData("""{"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"/id~2"}}""", "is no JSON Pointer")]
    [InlineData("""{"verify":{"scheme":"rot13","header":"X"},"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"/id"}}""", "verify.scheme parameter is invalid: one of hmac, header, basic")]
    [InlineData("""{"verify":{"header":"X","message":"{header:X}"},"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"/id"}}""", "verify.message parameter is invalid: with {body} in it")]
    [InlineData("""{"verify":{"header":"X Y"},"closed_when":[{"path":"/a","is":"x"}],"map":{"external_id":"/id"}}""", "verify.header parameter is invalid: the name of a header")]
    [InlineData("""{"shapes":[{"closed_when":[{"path":"/a","is":"x"}],"map":{}}]}""", "shapes[0].map.external_id parameter is missing")]
    public void What_is_wrong_is_said_with_its_place(string text, string fault)
    {
        Assert.Null(DefinitionReader.Parse(text, out var errors));
        Assert.Contains(errors.All, error => error.Message.Contains(fault, StringComparison.Ordinal));
    }

    [Fact]
    public void A_mapping_that_is_too_long_or_too_deep_is_none()
    {
        Assert.Null(DefinitionReader.Parse(new string(' ', DefinitionReader.Length + 1), out _));
        Assert.Null(DefinitionReader.Parse(string.Concat(Enumerable.Repeat("{\"a\":", 50)) + "1" + new string('}', 50), out _));
    }

    [Theory]
    [InlineData("/a/b", "/a/b")]
    [InlineData("header:X-Id", "header:x-id")]
    [InlineData("/a~1b/~0", "/a~1b/~0")]
    [InlineData("", null)]
    [InlineData("a", null)]
    [InlineData("/a~", null)]
    [InlineData("header:", null)]
    [InlineData("header:a b", null)]
    public void A_place_is_a_pointer_or_a_header(string text, string? key) => Assert.Equal(key, Source.Parse(text)?.Key);

    [Fact]
    public void A_pointer_finds_what_RFC_6901_says_and_a_star_every_item()
    {
        using var document = System.Text.Json.JsonDocument.Parse("""{"a/b":1,"m~n":2,"list":[{"n":"x"},{"n":"y"},{}],"deep":{"0":"zero"}}""");
        string Found(string pointer) => string.Join(',', Source.Parse(pointer)!.In(new Members(document.RootElement)).Select(one => one.ToString()));

        Assert.Equal(("1", "2", "x", "x,y", "zero", "", ""), (Found("/a~1b"), Found("/m~0n"), Found("/list/0/n"), Found("/list/*/n"), Found("/deep/0"), Found("/list/7/n"), Found("/list/-1/n")));
    }
}
