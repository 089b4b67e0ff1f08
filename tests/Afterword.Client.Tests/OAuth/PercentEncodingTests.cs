using System.Buffers;
using System.Text;
using Afterword.Client.OAuth;

namespace Afterword.Client.Tests.OAuth;

public sealed class PercentEncodingTests
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    [Fact]
    public void Only_the_unreserved_characters_stay_as_they_are()
    {
        for (var value = 0; value < 256; value++)
        {
            var expected = Unreserved.Contains((char)value, StringComparison.Ordinal) ? ((char)value).ToString() : $"%{value:X2}";
            Span<byte> encoded = new byte[3];
            var length = PercentEncoding.Encode([(byte)value], encoded);
            Assert.Equal(expected, Encoding.ASCII.GetString(encoded[..length]));
        }
    }

    // The published examples of Twitter's page on percent-encoding.
    [Theory]
    [InlineData("Ladies + Gentlemen", "Ladies%20%2B%20Gentlemen")]
    [InlineData("An encoded string!", "An%20encoded%20string%21")]
    [InlineData("Dogs, Cats & Mice", "Dogs%2C%20Cats%20%26%20Mice")]
    [InlineData("☃", "%E2%98%83")]
    [InlineData("", "")]
    public void Text_is_encoded_as_published(string text, string encoded)
    {
        Assert.Equal(encoded, PercentEncoding.Encode(text));
        Assert.Equal(text, PercentEncoding.Decode(encoded));
    }

    [Theory]
    [InlineData("a%2bb", "a+b")]
    [InlineData("a%2Bb", "a+b")]
    [InlineData("a+b", "a+b")]
    [InlineData("%", "%")]
    [InlineData("%2", "%2")]
    [InlineData("%zz", "%zz")]
    [InlineData("%%41", "%A")]
    [InlineData("100%", "100%")]
    [InlineData("%2g%41", "%2gA")]
    [InlineData("é", "é")]
    public void A_malformed_escape_stays_literal(string encoded, string text) =>
        Assert.Equal(text, PercentEncoding.Decode(encoded));

    [Theory]
    [InlineData("a+b", "a b")]
    [InlineData("a%2Bb", "a+b")]
    [InlineData("++", "  ")]
    public void Plus_is_a_space_where_asked(string encoded, string text) =>
        Assert.Equal(text, PercentEncoding.Decode(encoded, plusIsSpace: true));

    [Fact]
    public void Any_bytes_come_back_from_their_encoding() => Randomly.Check(random =>
    {
        var bytes = random.Bytes(60);
        var encoded = new ArrayBufferWriter<byte>();
        PercentEncoding.Encode(bytes, encoded);

        var decoded = new byte[encoded.WrittenCount];
        var length = PercentEncoding.Decode(encoded.WrittenSpan, decoded, plusIsSpace: random.Next(2) == 0);
        Assert.Equal(bytes, decoded[..length]);
    });

    [Fact]
    public void Encoding_agrees_with_the_framework() => Randomly.Check(random =>
    {
        var text = random.Text(40);
        Assert.Equal(Uri.EscapeDataString(text), PercentEncoding.Encode(text));
    });

    [Fact]
    public void Decoding_may_happen_in_place() => Randomly.Check(random =>
    {
        var encoded = Encoding.UTF8.GetBytes(random.Text(60));
        var apart = new byte[encoded.Length];
        var expected = apart[..PercentEncoding.Decode(encoded, apart)];

        Assert.Equal(expected, encoded[..PercentEncoding.Decode(encoded, encoded)]);
    });

    [Fact]
    public void A_destination_that_may_be_too_short_is_refused_before_anything_is_written()
    {
        var destination = new byte[2];
        Assert.Throws<ArgumentException>(() => PercentEncoding.Encode("a"u8, destination));
        Assert.Throws<ArgumentException>(() => PercentEncoding.Decode("abc"u8, destination));
        Assert.Equal([0, 0], destination);
    }
}
