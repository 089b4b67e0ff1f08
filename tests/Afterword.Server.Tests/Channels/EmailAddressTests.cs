using Afterword.Server.Channels;

namespace Afterword.Server.Tests.Channels;

/// <summary>What counts as an email address, and what never gets near a header.</summary>
public sealed class EmailAddressTests
{
    [Theory]
    [InlineData("ada@example.com", "ada@example.com")]
    [InlineData("Ada.L+shop@Example.COM", "Ada.L+shop@example.com")]
    [InlineData("o'neil_{x}@sub.example.co.uk", "o'neil_{x}@sub.example.co.uk")]
    [InlineData("ada@bücher.example", "ada@xn--bcher-kva.example")]
    public void An_address_is_kept_in_the_form_that_goes_over_the_wire(string text, string kept)
    {
        Assert.True(EmailAddress.TryParse(text, out var address));
        Assert.Equal(kept, address.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ada")]
    [InlineData("@example.com")]
    [InlineData("ada@")]
    [InlineData("ada@.example.com")]
    [InlineData("ada@example.com.")]
    [InlineData("ada@exa mple.com")]
    [InlineData(".ada@example.com")]
    [InlineData("a..b@example.com")]
    [InlineData("ada@example.com\r\nBcc: eve@example.com")]
    [InlineData("ada\r\n@example.com")]
    [InlineData("ada\n@example.com")]
    [InlineData("ada@example.com\0")]
    [InlineData("ada@example.com,eve@example.com")]
    [InlineData("ada@example.com eve@example.com")]
    [InlineData("Ada <ada@example.com>")]
    [InlineData("\"ada\"@example.com")]
    [InlineData("ada(comment)@example.com")]
    [InlineData("ada@[127.0.0.1]")]
    [InlineData("ad\u00e4@example.com")]
    [InlineData("ad\u2028a@example.com")]
    [InlineData("ada@exam\u2028ple.com")]
    public void What_is_no_single_plain_address_is_refused(string text) => Assert.False(EmailAddress.TryParse(text, out _));

    [Fact]
    public void Lone_surrogates_and_what_is_too_long_are_refused()
    {
        Assert.False(EmailAddress.TryParse("ada\ud800@example.com", out _));
        Assert.False(EmailAddress.TryParse("ada@exam\udc00ple.com", out _));
        Assert.True(EmailAddress.TryParse(new string('a', 64) + "@example.com", out _));
        Assert.False(EmailAddress.TryParse(new string('a', 65) + "@example.com", out _));
        Assert.False(EmailAddress.TryParse("a@" + string.Join('.', Enumerable.Repeat(new string('b', 60), 5)), out _));
    }

    [Fact]
    public void An_address_that_needs_smtputf8_is_refused_with_that_reason()
    {
        Assert.Contains("SMTPUTF8", ChannelAvailability.Read("email", "jörg@example.com").Wrong, StringComparison.Ordinal);
        Assert.DoesNotContain("SMTPUTF8", ChannelAvailability.Read("email", "jorg@").Wrong, StringComparison.Ordinal);
        Assert.Equal("jorg@xn--bcher-kva.example", ChannelAvailability.Read("email", "jorg@bücher.example").Reachability!.Email!.Value);
    }
}
