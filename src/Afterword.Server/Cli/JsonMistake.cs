using System.Globalization;
using System.Text.Json;

namespace Afterword.Server.Cli;

/// <summary>What is wrong with a JSON file that a person wrote, and where, as editors count lines and columns.</summary>
internal static class JsonMistake
{
    /// <param name="file">The file as it was named.</param>
    /// <param name="error">What the parser said.</param>
    public static string Of(string file, JsonException error)
    {
        if (error.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal)) return $"{file} is empty; it must hold a JSON object.";

        var place = error is { LineNumber: { } line, BytePositionInLine: { } column }
            ? string.Create(CultureInfo.InvariantCulture, $", line {line + 1}, column {column + 1}") : "";

        // The parser names the place behind its reason, counted from 0.
        return $"{file}{place}: this is not JSON. {error.Message.Split(" LineNumber:", 2)[0]} Correct it there.";
    }
}
