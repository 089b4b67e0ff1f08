using System.Text.Json;
using System.Text.RegularExpressions;
using Afterword.Client.Wire;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Reference;

/// <summary>The OpenAPI document says what generators of typed clients go by.</summary>
public sealed class OpenApiDocumentTests(SharedPages pages) : IClassFixture<SharedPages>
{
    [Fact]
    public async Task Every_whole_number_says_how_wide_it_is()
    {
        var members = (await MembersAsync()).Where(member => IsA("integer", member.Schema)).ToArray();
        Assert.Empty(members.Where(member => !member.Schema.TryGetProperty("format", out _)).Select(member => member.Name));
        Assert.Equal("int64", members.Single(member => member.Name == "User.id").Schema.GetProperty("format").GetString());
        Assert.Equal("int32", members.Single(member => member.Name == "Score.value").Schema.GetProperty("format").GetString());
    }

    [Fact]
    public async Task Every_date_says_what_it_looks_like()
    {
        var dates = (await MembersAsync()).Where(member => Regex.IsMatch(member.Name, "_(at|since)$") && IsA("string", member.Schema)).ToArray();
        Assert.Contains("Feedback.created_at", dates.Select(member => member.Name));
        foreach (var (name, schema) in dates)
        {
            var example = schema.GetProperty("examples")[0].GetString()!;
            Assert.True(
                schema.TryGetProperty("pattern", out var pattern) ? Regex.IsMatch(example, pattern.GetString()!) && TwitterDate.TryParse(example, out _) : schema.GetProperty("format").GetString() == "date-time", name);
        }
    }

    [Fact]
    public async Task A_body_is_an_object_with_a_name_and_json_comes_first()
    {
        foreach (var operation in (await DocumentAsync()).GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()))
        {
            if (!operation.Value.TryGetProperty("requestBody", out var body)) continue;

            var content = body.GetProperty("content").EnumerateObject().ToArray();
            Assert.Equal("application/json", content[0].Name);
            Assert.All(content, type => Assert.StartsWith("#/components/schemas/", type.Value.GetProperty("schema").GetProperty("$ref").GetString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_may_be_null_is_a_pair_of_types()
    {
        var members = (await MembersAsync()).ToDictionary(member => member.Name, member => member.Schema);
        Assert.Equal("""["string","null"]""", members["User.url"].GetProperty("type").GetRawText().ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal));
        Assert.True(IsA("null", members["FeedbackSubmitRequest.score"]));
        Assert.False(IsA("null", members["FeedbackCreateRequest.type"]));
    }

    [Fact]
    public async Task What_webhooks_are_sent_is_in_the_document_by_event_type()
    {
        var document = await DocumentAsync();
        Assert.Equal(["feedback.created", "feedback.updated", "feedback.erased", "alert.low_score", "alert.figure_fell", "feedback.request"], document.GetProperty("webhooks").EnumerateObject().Select(sent => sent.Name));
        foreach (var sent in document.GetProperty("webhooks").EnumerateObject())
        {
            var content = sent.Value.GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
            var example = content.GetProperty("example");
            Assert.Equal(sent.Name, example.GetProperty(example.TryGetProperty("event_type", out _) ? "event_type" : "type").GetString());
        }
    }

    private async Task<JsonElement> DocumentAsync() => (await pages.Server.SendAsync(null, HttpMethod.Get, "/openapi/v1.json", null)).Is(200).Json;

    private async Task<IEnumerable<(string Name, JsonElement Schema)>> MembersAsync() =>
        (await DocumentAsync()).GetProperty("components").GetProperty("schemas").EnumerateObject()
            .SelectMany(schema => schema.Value.GetProperty("properties").EnumerateObject().Select(member => ($"{schema.Name}.{member.Name}", member.Value)));

    private static bool IsA(string type, JsonElement schema) => schema.TryGetProperty("type", out var types)
        && (types.ValueKind == JsonValueKind.Array ? types.EnumerateArray().Select(one => one.GetString()) : [types.GetString()]).Contains(type);
}
