using Microsoft.AspNetCore.Http.Features;

namespace Afterword.Server.Hosting;

internal static class FormReading
{
    /// <summary>Reads the form of a page.</summary>
    /// <param name="http">A request that says it has one.</param>
    /// <param name="most">The most bytes of it.</param>
    /// <param name="values">The most fields.</param>
    /// <returns>Null when it is larger, broken off, or in a charset that is not read: see <see cref="Charsets"/>.</returns>
    public static async Task<IFormCollection?> ReadFormWithinAsync(this HttpContext http, int most, int values)
    {
        // What is beyond is read and thrown away by the server, so that the browser gets to see the answer.
        if (http.Request.ContentLength > most) return null;
        try
        {
            var limits = new FormOptions { ValueLengthLimit = most, MultipartBodyLengthLimit = most, KeyLengthLimit = 64, ValueCountLimit = values };
            var form = await http.Request.ReadFormAsync(limits, http.RequestAborted);
            return Charsets.IsUtf8(http.Request.ContentType) || Charsets.IsAscii(form) ? form : null;
        }
        catch (Exception error) when (error is IOException or InvalidDataException or NotSupportedException)
        {
            // The last is what the framework says of UTF-7.
            return null;
        }
    }
}
