using Afterword.Client.OAuth;

namespace Afterword.Client.Tests.OAuth;

public sealed class BaseAddressTests
{
    // The first two are the examples of RFC 5849, section 3.4.1.2.
    [Theory]
    [InlineData("http", "EXAMPLE.COM:80", "/r%20v/X?id=123", "http://example.com/r%20v/X")]
    [InlineData("https", "www.example.net:8080", "/?q=1", "https://www.example.net:8080/")]
    [InlineData("HTTPS", "api.example.com:443", "/1.1/a.json", "https://api.example.com/1.1/a.json")]
    [InlineData("http", "example.com:443", "/", "http://example.com:443/")]
    [InlineData("https", "example.com:80", "/", "https://example.com:80/")]
    [InlineData("http", "example.com:8080", "/", "http://example.com:8080/")]
    [InlineData("http", "[::1]:80", "/", "http://[::1]/")]
    [InlineData("http", "[2001:DB8::80]", "/", "http://[2001:db8::80]/")]
    [InlineData("http", "example.com:", "/", "http://example.com/")]
    [InlineData("http", "example.com", "", "http://example.com/")]
    [InlineData("http", "example.com", "/a%2fb/%7Ec//D?x#y", "http://example.com/a%2fb/%7Ec//D")]
    [InlineData("http", "example.com", "http://EXAMPLE.com/p?q", "http://example.com/p")]
    [InlineData("http", "example.com", "http://example.com?q", "http://example.com/")]
    [InlineData("http", "example.com", "/redirect/http://other/", "http://example.com/redirect/http://other/")]
    public void A_server_normalises_scheme_and_host_and_keeps_the_path(string scheme, string host, string target, string expected) =>
        Assert.Equal(expected, new BaseAddress(scheme, host, target).ToString());

    [Theory]
    [InlineData("HTTP://Example.Com:80/r%20v/X?id=123", "http://example.com/r%20v/X")]
    [InlineData("https://example.com", "https://example.com/")]
    [InlineData("https://example.com:8443/a?b#c", "https://example.com:8443/a")]
    [InlineData("https://user:secret@example.com/a", "https://example.com/a")]
    [InlineData("https://[::1]:5001/a", "https://[::1]:5001/a")]
    [InlineData("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9")]
    public void A_client_signs_what_it_will_send(string address, string expected) =>
        Assert.Equal(expected, new BaseAddress(new Uri(address)).ToString());

    [Fact]
    public void A_relative_address_is_refused() =>
        Assert.Throws<ArgumentException>(() => new BaseAddress(new Uri("/a", UriKind.Relative)).ToString());
}
