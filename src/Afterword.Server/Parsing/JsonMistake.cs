using System.Globalization;
using System.Text.Json;
using Afterword.Server.Errors;

namespace Afterword.Server.Parsing;

/// <summary>What is wrong with JSON that a person wrote, in words that need no parser, and where, as editors count lines and columns.</summary>
internal static class JsonMistake
{
    // What the parser says, by a piece of it, and what a person needs to hear.
    private static readonly (string Said, string What)[] s_words =
    [
        ("Expected depth to be zero", "It ends too early: a [ or { is not closed."),
        ("reached end of data", "It ends too early: something is not finished."),
        ("trailing comma", "A comma stands before a closing bracket: take it away."),
        ("start of a property name", "A name in double quotes is expected here."),
        ("invalid after a property name", "A colon is expected after the name."),
        ("invalid after a value", "A comma or a closing bracket is expected here."),
        ("start of a value", "A value is expected here: a text in double quotes, a number, true, false, null, [ or {."),
        ("invalid after a single JSON value", "Something follows the end of it."),
        ("escapable character", "A backslash stands before a letter that it cannot stand before: write \\\\ for one."),
    ];

    /// <summary>Whether there is nothing at all.</summary>
    public static bool IsEmpty(JsonException error) => error.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal);

    /// <summary>Such as <c>line 2, column 15</c>; empty where the parser does not say.</summary>
    public static string PlaceOf(JsonException error) => error is { LineNumber: { } line, BytePositionInLine: { } column }
        ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, column {column + 1}") : "";

    /// <summary>What is wrong there, as a sentence.</summary>
    public static string WhatOf(JsonException error)
    {
        foreach (var (said, what) in s_words)
        {
            if (error.Message.Contains(said, StringComparison.Ordinal)) return what;
        }

        // The parser names the place behind its reason, counted from 0.
        return error.Message.Split(" LineNumber:", 2)[0];
    }

    /// <summary>What the API answers to a body that is no JSON object; with the place where it is no JSON at all.</summary>
    public static ApiError In(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
        }
        catch (JsonException error) when (!IsEmpty(error) && PlaceOf(error) is { Length: > 0 } place)
        {
            return ApiError.BadJson with { Message = $"The body is invalid: not a JSON object: {place}." };
        }
        catch (JsonException)
        {
            // There is nothing to point at.
        }

        return ApiError.BadJson;
    }

    /// <param name="file">The file as it was named.</param>
    /// <param name="error">What the parser said.</param>
    public static string Of(string file, JsonException error)
    {
        if (IsEmpty(error)) return $"{file} is empty; it must hold a JSON object.";

        return PlaceOf(error) is { Length: > 0 } place ? $"{file}, {place}: this is not JSON. {WhatOf(error)}" : $"{file}: this is not JSON. {WhatOf(error)}";
    }
}
