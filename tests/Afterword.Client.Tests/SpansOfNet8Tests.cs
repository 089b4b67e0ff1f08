namespace Afterword.Client.Tests;

/// <summary>What the package brings along for .NET 8 does what .NET 10 does by itself.</summary>
public sealed class SpansOfNet8Tests
{
    [Theory]
    [InlineData("")]
    [InlineData("&")]
    [InlineData("a")]
    [InlineData("a&b")]
    [InlineData("&a&&b&")]
    public void Pieces_and_ends_are_the_same(string text)
    {
        List<string> expected = [], found = [];
        foreach (var range in text.AsSpan().Split('&')) expected.Add(text[range]);
        foreach (var range in SpansOfNet8.Split<char>(text, '&')) found.Add(text[range]);

        Assert.Equal(expected, found);
        Assert.Equal(text.StartsWith('&'), SpansOfNet8.StartsWith(text, '&'));
        Assert.Equal(text.EndsWith('&'), SpansOfNet8.EndsWith(text, '&'));
    }
}
