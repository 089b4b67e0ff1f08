using System.Text;
using Afterword.Server.Access.Console;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Reads codes back as a phone does, by the tables of ISO/IEC 18004 and nothing of the writer's.</summary>
public sealed class QrCodeTests
{
    // Length of the text, version, places of the alignment patterns, and the blocks: (how many, all codewords, those of data).
    public static TheoryData<int, int, int[], int[][]> Sizes => new()
    {
        { 17, 1, [], [[1, 26, 19]] },
        { 130, 6, [6, 34], [[2, 86, 68]] },
        { 150, 7, [6, 22, 38], [[2, 98, 78]] },
        { 260, 10, [6, 28, 50], [[2, 86, 68], [2, 87, 69]] },
        { 1_260, 25, [6, 32, 58, 84, 110], [[8, 132, 106], [4, 133, 107]] },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void What_is_written_is_read_again(int length, int version, int[] places, int[][] blocks)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(n => (char)(' ' + (n * 7 % 94))));
        var code = QrCode.Of(text)!;
        Assert.Equal((version * 4) + 17, code.Size);

        // Level L with mask 0, as the table of format bits has it.
        Assert.Equal("111011111000100", string.Concat(Enumerable.Range(0, 15).Select(n => Format(code, n))));
        var words = Words(code, version, places);
        var parts = blocks.SelectMany(kind => Enumerable.Range(0, kind[0]).Select(_ => (All: new List<int>(), Total: kind[1], Data: kind[2]))).ToArray();
        var next = 0;
        for (var i = 0; i < parts.Max(part => part.Data); i++) foreach (var part in parts.Where(part => i < part.Data)) part.All.Add(words[next++]);
        while (parts[0].All.Count < parts[0].Total) foreach (var part in parts) part.All.Add(words[next++]);

        Assert.All(parts, part => Assert.All(Enumerable.Range(0, part.Total - part.Data), root => Assert.Equal(0, part.All.Aggregate(0, (sum, word) => Times(sum, Power(root)) ^ word))));
        var bits = string.Concat(parts.SelectMany(part => part.All.Take(part.Data)).Select(word => Convert.ToString(word, 2).PadLeft(8, '0')));
        var counted = version < 10 ? 8 : 16;
        Assert.Equal("0100", bits[..4]);
        Assert.Equal(length, Convert.ToInt32(bits.Substring(4, counted), 2));
        Assert.Equal(text, Encoding.ASCII.GetString([.. Enumerable.Range(0, length).Select(n => Convert.ToByte(bits.Substring(4 + counted + (n * 8), 8), 2))]));
    }

    [Fact]
    public void A_text_that_is_too_long_for_a_screen_has_no_code() => Assert.Null(QrCode.Of(new string('x', 1_300)));

    // The second copy of the format: up the left finder's column from the bottom, then along the right finder's row.
    private static char Format(QrCode code, int n) => (n < 7 ? code.IsDark(8, code.Size - 1 - n) : code.IsDark(code.Size - 15 + n, 8)) ? '1' : '0';

    private static List<int> Words(QrCode code, int version, int[] places)
    {
        var bits = new List<bool>();
        var up = true;
        for (var right = code.Size - 1; right > 0; right -= 2, up = !up)
        {
            if (right == 6) right--;
            for (var step = 0; step < code.Size; step++)
            {
                var y = up ? code.Size - 1 - step : step;
                foreach (var x in (int[])[right, right - 1])
                {
                    if (!IsPattern(code.Size, version, places, x, y)) bits.Add(code.IsDark(x, y) ^ ((x + y) % 2 == 0));
                }
            }
        }

        return [.. bits.Chunk(8).Where(eight => eight.Length == 8).Select(eight => eight.Aggregate(0, (word, bit) => (word << 1) | (bit ? 1 : 0)))];
    }

    private static bool IsPattern(int size, int version, int[] places, int x, int y) =>
        x == 6 || y == 6 || (x < 9 && y < 9) || (x >= size - 8 && y < 9) || (x < 9 && y >= size - 8)
        || (version >= 7 && ((x >= size - 11 && y < 6) || (y >= size - 11 && x < 6)))
        || places.Any(cx => places.Any(cy =>
            !((cx == 6 && (cy == 6 || cy == places[^1])) || (cy == 6 && cx == places[^1])) && Math.Abs(x - cx) <= 2 && Math.Abs(y - cy) <= 2));

    private static int Power(int exponent) => Enumerable.Range(0, exponent).Aggregate(1, (power, _) => Times(power, 2));

    private static int Times(int left, int right)
    {
        var product = 0;
        for (; right > 0; right >>= 1, left = (left << 1) ^ (left >= 128 ? 0x11d : 0)) product ^= (right & 1) * left;
        return product;
    }
}
