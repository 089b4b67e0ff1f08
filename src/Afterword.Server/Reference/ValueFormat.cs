using System.Globalization;
using System.Text.Json.Nodes;

namespace Afterword.Server.Reference;

/// <summary>What a value must look like: words for people and a schema for programs, out of the same numbers.</summary>
internal sealed class ValueFormat
{
    private readonly Func<JsonObject> _schema;

    private ValueFormat(string rule, Func<JsonObject> schema) => (Rule, _schema) = (rule, schema);

    public static ValueFormat Id { get; } = new("a decimal id", () => new() { ["type"] = "string", ["pattern"] = "^[0-9]{1,19}$" });

    public static ValueFormat Truth { get; } = new("`true`, `1`, `t`, `false`, `0` or `f`", () => new() { ["type"] = "boolean" });

    public static ValueFormat Millis { get; } = new("milliseconds since 1970", () => new() { ["type"] = "integer", ["format"] = "int64", ["minimum"] = 0 });

    public static ValueFormat Opaque { get; } = new("as it was given out", () => new() { ["type"] = "string" });

    /// <summary>A clause such as <c>at most 256 characters</c>.</summary>
    public string Rule { get; }

    /// <summary>A JSON Schema; the caller may change it.</summary>
    public JsonObject Schema => _schema();

    /// <summary>A text whose rule needs words.</summary>
    /// <param name="rule">A clause such as <c>ids, separated by commas</c>.</param>
    public static ValueFormat Said(string rule) => new(rule, () => new() { ["type"] = "string" });

    public static ValueFormat Text(int least, int most) => new(
        least == 0 ? Say($"at most {most:N0} characters") : Say($"{least:N0} to {most:N0} characters"),
        () => new() { ["type"] = "string", ["minLength"] = least, ["maxLength"] = most });

    public static ValueFormat Address(int most) => new(
        Say($"an absolute http or https address, at most {most:N0} characters"),
        () => new() { ["type"] = "string", ["format"] = "uri", ["maxLength"] = most });

    public static ValueFormat Whole(long least, long most) => new(
        Say($"{least:N0} to {most:N0}"), () => new() { ["type"] = "integer", ["format"] = most > int.MaxValue ? "int64" : "int32", ["minimum"] = least, ["maximum"] = most });

    public static ValueFormat OneOf(params string[] values) => new(
        string.Join(" or ", values.Select(value => $"`{value}`")), () => new() { ["type"] = "string", ["enum"] = new JsonArray([.. values.Select(value => (JsonNode)value)]) });

    /// <summary>A value as JSON of this shape; null for words that only describe one.</summary>
    public JsonNode? Value(string? text) => (string?)Schema["type"] switch
    {
        _ when text is null => null,
        "boolean" => bool.TryParse(text, out var truth) ? truth : null,
        "integer" => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
        _ => text,
    };

    private static string Say(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
