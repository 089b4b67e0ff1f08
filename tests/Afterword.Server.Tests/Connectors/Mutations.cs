using System.Text;
using Afterword.Server.Connectors.Definitions;

namespace Afterword.Server.Tests.Connectors;

/// <summary>Deliveries in which something is another than a helpdesk would send.</summary>
internal static class Mutations
{
    private static readonly (string Kind, string Body)[] s_seeds =
        [.. Recorded.All, ("generic", ConnectorFixture.Close("t1")), .. Preset.Kinds.Select(kind => (kind, Preset.Find(kind)!.Sample))];

    public static (string Kind, byte[] Body) Next(Random random)
    {
        var (kind, body) = s_seeds[random.Next(s_seeds.Length)];
        return (kind, Mutate(Encoding.UTF8.GetBytes(body), random));
    }

    /// <summary>Some bytes are others, missing, or there twice; or a value is one that is seldom thought of.</summary>
    private static byte[] Mutate(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var changes = random.Next(4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 200), bytes.Count - at)));
                    break;
                case 3:
                    var digits = Enumerable.Range(0, bytes.Count).Where(i => bytes[i] is >= (byte)'0' and <= (byte)'9').ToArray();
                    if (digits.Length > 0) bytes[digits[random.Next(digits.Length)]] = (byte)('0' + random.Next(10));
                    break;
                default:
                    Replace(bytes, random);
                    break;
            }

            if (bytes.Count == 0) bytes.Add((byte)' ');
        }

        return [.. bytes];
    }

    private static void Replace(List<byte> bytes, Random random)
    {
        string[] odd =
        [
            "null", "true", "[]", "{}", "-1", "1e999", "99999999999999999999999999", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"\u202e\"", "\"'; drop table connector; --\"", "\"resolved\"", "\"open\"",
            $"\"{new string('x', 5_000)}\"", "\"mia@example.com\"", "[[[[]]]]", "0.1", "\"\\uFFFE\"",
        ];
        var text = Encoding.Latin1.GetString([.. bytes]);
        var colons = Enumerable.Range(0, text.Length).Where(i => text[i] == ':' && i + 1 < text.Length).ToArray();
        if (colons.Length == 0) return;

        var from = colons[random.Next(colons.Length)] + 1;
        var to = text.IndexOfAny([',', '}', ']'], from);
        if (to < 0) return;

        bytes.RemoveRange(from, to - from);
        bytes.InsertRange(from, Encoding.UTF8.GetBytes(odd[random.Next(odd.Length)]));
    }
}
