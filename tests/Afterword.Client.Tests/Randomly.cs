using System.Text;

namespace Afterword.Client.Tests;

/// <summary>Property tests: the same property under many seeds. A failure names its seed, and one seed replays it.</summary>
internal static class Randomly
{
    // The characters that quoting, encoding and splitting trip over come up far more often than by plain chance.
    private const string Awkward = "%+&=,;\"\\ \t?#/:@~-._2b3Dé€日";

    public static void Check(Action<Random> property, int times = 500)
    {
        for (var seed = 0; seed < times; seed++)
        {
            try
            {
                property(new Random(seed));
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"The property fails with seed {seed}.", e);
            }
        }
    }

    extension(Random random)
    {
        public byte[] Bytes(int atMost)
        {
            var bytes = new byte[random.Next(atMost + 1)];
            random.NextBytes(bytes);
            return bytes;
        }

        /// <summary>Well-formed text without control characters.</summary>
        public string Text(int atMost)
        {
            var text = new StringBuilder();
            for (var i = random.Next(atMost + 1); i > 0; i--)
            {
                switch (random.Next(4))
                {
                    case 0: text.Append(Awkward[random.Next(Awkward.Length)]); break;
                    case 1: text.Append(new Rune(random.Next(0x1F300, 0x1F5FF))); break;
                    default: text.Append((char)random.Next(' ', '~' + 1)); break;
                }
            }

            return text.ToString().Replace('\t', ' ');
        }

        public KeyValuePair<string, string>[] Parameters(int atMost) =>
            [.. Enumerable.Range(0, random.Next(1, atMost + 1)).Select(_ => KeyValuePair.Create("p" + random.Text(4), random.Text(12)))];
    }
}
