using System.Globalization;
using System.Text.Json;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>What the server answered.</summary>
internal sealed record Answer(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The codes of an error answer, in its order.</summary>
    public int[] Codes => [.. Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("code").GetInt32())];

    public string[] Messages => [.. Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("message").GetString()!)];

    public string Text(string property) => Json.GetProperty(property).GetString()!;

    public long Header(string name) => long.Parse(Headers[name], CultureInfo.InvariantCulture);

    public Answer Is(int status, params int[] codes)
    {
        Assert.True(Status == status, $"{Status} instead of {status}: {Body}");
        if (codes.Length > 0) Assert.Equal(codes, Codes);
        return this;
    }
}
