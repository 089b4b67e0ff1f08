using System.Globalization;
using System.Text;
using QRCoder;
using QRCoder.Exceptions;

namespace Afterword.Server.Console.Authentication;

/// <summary>A QR code of a text, for phones that read it from a screen.</summary>
/// <param name="Size">Modules in a row.</param>
/// <param name="Path">The dark modules as the path of an SVG, one unit each.</param>
internal sealed record QrCode(int Size, string Path)
{
    // The generator leaves this much around the code on each side.
    private const int QuietZone = 4;

    /// <returns>The code, or null when the text is too long for one.</returns>
    public static QrCode? Of(string text)
    {
        try
        {
            // The lowest level of error correction: a screen has no scratches. The page draws the quiet zone.
            using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.L, forceUtf8: true);
            var rows = code.ModuleMatrix.Skip(QuietZone).SkipLast(QuietZone).ToArray();
            return new(rows.Length, Draw(rows));
        }
        catch (DataTooLongException)
        {
            return null;
        }
    }

    private static string Draw(System.Collections.BitArray[] rows)
    {
        var path = new StringBuilder();
        for (var y = 0; y < rows.Length; y++)
        {
            for (var x = 0; x < rows.Length; x++)
            {
                var start = x;
                while (x < rows.Length && rows[y][x + QuietZone]) x++;
                if (x > start) path.Append(CultureInfo.InvariantCulture, $"M{start} {y}h{x - start}v1h{start - x}z");
            }
        }

        return path.ToString();
    }
}
