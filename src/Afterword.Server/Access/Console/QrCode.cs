using System.Globalization;
using System.Text;

namespace Afterword.Server.Access.Console;

/// <summary>A QR code (ISO/IEC 18004) of bytes, at error correction level L: it is shown on a screen, which has no scratches.</summary>
internal sealed class QrCode
{
    private const int MostVersion = 25;

    // Table 9: error correction codewords of a block, and blocks, at level L, by version.
    private static readonly byte[] s_correction = [0, 7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26];
    private static readonly byte[] s_blocks = [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12];

    private readonly int _version;
    private readonly bool[,] _dark;
    private readonly bool[,] _fixed;

    private QrCode(int version)
    {
        _version = version;
        Size = (version * 4) + 17;
        (_dark, _fixed) = (new bool[Size, Size], new bool[Size, Size]);
    }

    /// <summary>Modules in a row.</summary>
    public int Size { get; }

    /// <param name="x">The column, from 0.</param>
    /// <param name="y">The row, from 0.</param>
    public bool IsDark(int x, int y) => _dark[y, x];

    /// <returns>The code, or null when the text is too long for one that a phone still reads from a screen.</returns>
    public static QrCode? Of(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var version = Enumerable.Range(1, MostVersion).FirstOrDefault(one => bytes.Length <= DataLength(one) - (one < 10 ? 2 : 3));
        if (version == 0) return null;

        var code = new QrCode(version);
        code.DrawPatterns();
        code.DrawData(Interleave(version, Pack(version, bytes)));
        return code;
    }

    /// <summary>The dark modules as the path of an SVG, one unit each.</summary>
    public string Path()
    {
        var path = new StringBuilder();
        for (var y = 0; y < Size; y++)
        {
            for (var x = 0; x < Size; x++)
            {
                var start = x;
                while (x < Size && _dark[y, x]) x++;
                if (x > start) path.Append(CultureInfo.InvariantCulture, $"M{start} {y}h{x - start}v1h{start - x}z");
            }
        }

        return path.ToString();
    }

    private static int RawLength(int version)
    {
        var modules = (((16 * version) + 128) * version) + 64;
        if (version >= 2)
        {
            var aligned = (version / 7) + 2;
            modules -= (((25 * aligned) - 10) * aligned) - 55;
        }

        return (version >= 7 ? modules - 36 : modules) / 8;
    }

    private static int DataLength(int version) => RawLength(version) - (s_correction[version] * s_blocks[version]);

    // Byte mode: the mode, the length, the bytes, an end, and pad bytes.
    private static byte[] Pack(int version, byte[] bytes)
    {
        var data = new byte[DataLength(version)];
        var at = 0;
        void Put(int value, int bits)
        {
            for (var bit = bits - 1; bit >= 0; bit--, at++) data[at >> 3] |= (byte)(((value >> bit) & 1) << (7 - (at & 7)));
        }

        Put(4, 4);
        Put(bytes.Length, version < 10 ? 8 : 16);
        foreach (var one in bytes) Put(one, 8);
        at = (Math.Min(at + 4, data.Length * 8) + 7) & ~7;
        for (var pad = 0xec; at < data.Length * 8; pad ^= 0xec ^ 0x11) Put(pad, 8);
        return data;
    }

    // The bytes of all blocks take turns, shorter blocks first, and then their corrections.
    private static byte[] Interleave(int version, byte[] data)
    {
        var (count, correction) = (s_blocks[version], s_correction[version]);
        var divisor = ReedSolomon.Divisor(correction);
        var (size, longer) = Math.DivRem(data.Length, count);
        var blocks = new List<(byte[] Data, byte[] Correction)>();
        for (int block = 0, start = 0; block < count; block++)
        {
            var part = data[start..(start += size + (block >= count - longer ? 1 : 0))];
            blocks.Add((part, ReedSolomon.Remainder(part, divisor)));
        }

        var all = new List<byte>();
        for (var i = 0; i <= size; i++) all.AddRange(blocks.Where(block => i < block.Data.Length).Select(block => block.Data[i]));
        for (var i = 0; i < correction; i++) all.AddRange(blocks.Select(block => block.Correction[i]));
        return [.. all];
    }

    private void DrawPatterns()
    {
        for (var i = 0; i < Size; i++)
        {
            Set(6, i, i % 2 == 0);
            Set(i, 6, i % 2 == 0);
        }

        DrawFinder(3, 3);
        DrawFinder(Size - 4, 3);
        DrawFinder(3, Size - 4);
        var places = AlignmentPlaces();
        foreach (var x in places)
        {
            foreach (var y in places)
            {
                var isFinder = (x, y) is (6, 6) || (x == 6 && y == places[^1]) || (x == places[^1] && y == 6);
                if (!isFinder) DrawAlignment(x, y);
            }
        }

        DrawFormat();
        if (_version >= 7) DrawVersion();
    }

    private int[] AlignmentPlaces()
    {
        if (_version == 1) return [];

        var count = (_version / 7) + 2;
        var step = ((_version * 8) + (count * 3) + 5) / ((count * 4) - 4) * 2;
        return [6, .. Enumerable.Range(0, count - 1).Select(i => Size - 7 - (i * step)).Reverse()];
    }

    private void DrawFinder(int x, int y)
    {
        for (var dy = -4; dy <= 4; dy++)
        {
            for (var dx = -4; dx <= 4; dx++)
            {
                var ring = Math.Max(Math.Abs(dx), Math.Abs(dy));
                if (x + dx >= 0 && x + dx < Size && y + dy >= 0 && y + dy < Size) Set(x + dx, y + dy, ring is not (2 or 4));
            }
        }
    }

    private void DrawAlignment(int x, int y)
    {
        for (var dy = -2; dy <= 2; dy++)
        {
            for (var dx = -2; dx <= 2; dx++) Set(x + dx, y + dy, Math.Max(Math.Abs(dx), Math.Abs(dy)) != 1);
        }
    }

    // Level L, mask 0. Readers take any mask; the choice among the eight only spares them some work.
    private void DrawFormat()
    {
        const int data = 1 << 3;
        var rest = data;
        for (var i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
        var bits = ((data << 10) | rest) ^ 0x5412;
        bool Bit(int i) => ((bits >> i) & 1) != 0;

        for (var i = 0; i <= 5; i++) Set(8, i, Bit(i));
        Set(8, 7, Bit(6));
        Set(8, 8, Bit(7));
        Set(7, 8, Bit(8));
        for (var i = 9; i < 15; i++) Set(14 - i, 8, Bit(i));
        for (var i = 0; i < 8; i++) Set(Size - 1 - i, 8, Bit(i));
        for (var i = 8; i < 15; i++) Set(8, Size - 15 + i, Bit(i));
        Set(8, Size - 8, dark: true);
    }

    private void DrawVersion()
    {
        var rest = _version;
        for (var i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
        var bits = (_version << 12) | rest;
        for (var i = 0; i < 18; i++)
        {
            var dark = ((bits >> i) & 1) != 0;
            Set(Size - 11 + (i % 3), i / 3, dark);
            Set(i / 3, Size - 11 + (i % 3), dark);
        }
    }

    // Up and down in columns of two from the right, past the timing column.
    private void DrawData(byte[] data)
    {
        var at = 0;
        for (var right = Size - 1; right >= 1; right -= 2)
        {
            if (right == 6) right = 5;
            for (var step = 0; step < Size; step++)
            {
                var y = ((right + 1) & 2) == 0 ? Size - 1 - step : step;
                for (var x = right; x >= right - 1; x--)
                {
                    if (_fixed[y, x]) continue;

                    var dark = at < data.Length * 8 && ((data[at >> 3] >> (7 - (at & 7))) & 1) != 0;
                    _dark[y, x] = dark ^ ((x + y) % 2 == 0);
                    at++;
                }
            }
        }
    }

    private void Set(int x, int y, bool dark) => (_dark[y, x], _fixed[y, x]) = (dark, true);

    /// <summary>Corrections over the field of 256 with the polynomial 0x11d.</summary>
    private static class ReedSolomon
    {
        public static byte[] Divisor(int degree)
        {
            var divisor = new byte[degree];
            divisor[^1] = 1;
            byte root = 1;
            for (var i = 0; i < degree; i++)
            {
                for (var j = 0; j < degree; j++) divisor[j] = (byte)(Multiply(divisor[j], root) ^ (j + 1 < degree ? divisor[j + 1] : 0));
                root = Multiply(root, 2);
            }

            return divisor;
        }

        public static byte[] Remainder(byte[] data, byte[] divisor)
        {
            var rest = new byte[divisor.Length];
            foreach (var one in data)
            {
                var factor = (byte)(one ^ rest[0]);
                Array.Copy(rest, 1, rest, 0, rest.Length - 1);
                rest[^1] = 0;
                for (var i = 0; i < rest.Length; i++) rest[i] ^= Multiply(divisor[i], factor);
            }

            return rest;
        }

        private static byte Multiply(byte left, byte right)
        {
            var product = 0;
            for (var bit = 7; bit >= 0; bit--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((right >> bit) & 1) * left);
            return (byte)product;
        }
    }
}
