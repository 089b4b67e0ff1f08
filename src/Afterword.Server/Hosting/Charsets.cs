using System.Text;
using Afterword.Client.OAuth;
using Microsoft.Net.Http.Headers;

namespace Afterword.Server.Hosting;

/// <summary>Which charsets of a body are read. One rule for all routes.</summary>
/// <remarks>
/// UTF-8, and US-ASCII, which is a part of it. A form in another charset is read as long as everything in it is ASCII, which is the
/// same in each of them: clients for Java name Latin-1 unless they are told otherwise.
/// </remarks>
internal static class Charsets
{
    // The name has a hyphen; clients in use leave it out.
    private static readonly string[] s_utf8 = ["utf-8", "utf8", "us-ascii", "ascii"];

    /// <summary>Whether a body of this type is UTF-8. Without a charset it is.</summary>
    public static bool IsUtf8(MediaTypeHeaderValue type)
    {
        var charset = type.Charset.AsSpan().Trim('"');
        if (charset.IsEmpty) return true;

        foreach (var name in s_utf8)
        {
            if (charset.Equals(name, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }

    /// <inheritdoc cref="IsUtf8(MediaTypeHeaderValue)"/>
    public static bool IsUtf8(string? contentType) => MediaTypeHeaderValue.TryParse(contentType, out var type) && IsUtf8(type);

    public static bool IsAscii(ParameterList values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (!Ascii.IsValid(values.NameAt(i)) || !Ascii.IsValid(values.ValueAt(i))) return false;
        }

        return true;
    }

    public static bool IsAscii(IFormCollection form) => form.All(field => Ascii.IsValid(field.Key) && field.Value.All(value => Ascii.IsValid(value)));
}
