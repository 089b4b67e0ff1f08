using Afterword.Client.OAuth;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.OAuth;

/// <summary>How the credentials of a call are read. None of it knows the store, so one engine will do.</summary>
public sealed class AuthorizationHeaderTests(SharedSqliteServer server) : IClassFixture<SharedSqliteServer>
{
    private const string Show = "/1.1/feedback/show/1.json";

    private readonly TestServer _server = server.Server;
    private readonly OAuthCredentials _token = server.Fixture.Sender;

    [Theory]
    [InlineData("Bearer abc")]
    [InlineData("Basic YTpi")]
    [InlineData("OAuth")]
    [InlineData("OAuth oauth_consumer_key=\"")]
    [InlineData("OAuth ,,,===\"\"\"")]
    public async Task Credentials_that_cannot_be_read_are_refused(string header) => (await WithHeaderAsync(header)).Is(400, 215);

    [Theory]
    [InlineData("oauth_consumer_key")]
    [InlineData("oauth_token")]
    [InlineData("oauth_signature_method")]
    [InlineData("oauth_timestamp")]
    [InlineData("oauth_nonce")]
    [InlineData("oauth_signature")]
    public async Task Every_protocol_parameter_is_needed_once(string name)
    {
        var header = Header();
        var parts = header["OAuth ".Length..].Split(", ");
        var without = parts.Where(part => !part.StartsWith(name + "=", StringComparison.Ordinal)).ToArray();
        Assert.Equal(parts.Length - 1, without.Length);

        (await WithHeaderAsync("OAuth " + string.Join(", ", without))).Is(400, 215);
        (await WithHeaderAsync($"{header}, {name}=\"x\"")).Is(400, 215);
        (await WithHeaderAsync("OAuth " + string.Join(", ", [.. without, $"{name}=\"\""]))).Is(400, 215);
    }

    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("RSA-SHA1")]
    [InlineData("hmac-sha1")]
    public async Task Other_signature_methods_are_refused(string method)
    {
        var header = Header().Replace("HMAC-SHA1", method, StringComparison.Ordinal);
        if (method == "PLAINTEXT")
        {
            var at = header.IndexOf("oauth_signature=", StringComparison.Ordinal);
            header = $"{header[..at]}oauth_signature=\"{PercentEncoding.Encode($"{_token.ConsumerSecret}&{_token.TokenSecret}")}\"";
        }

        (await WithHeaderAsync(header)).Is(400, 215);
    }

    [Fact]
    public async Task Scheme_and_spacing_do_not_matter() =>
        (await WithHeaderAsync("oAuTh    " + Header()["OAuth ".Length..].Replace(", ", "  ,  ", StringComparison.Ordinal))).Is(404, 34);

    [Fact]
    public async Task The_realm_is_not_signed() => (await WithHeaderAsync(Header().Replace("OAuth ", "OAuth realm=\"x\", ", StringComparison.Ordinal))).Is(404, 34);

    [Fact]
    public async Task The_version_is_signed_if_sent_and_must_be_1_0()
    {
        (await SignedAsync(("oauth_version", "1.0"))).Is(404, 34);
        (await SignedAsync(("oauth_version", "1.0A"))).Is(404, 34);
        (await SignedAsync(("oauth_version", "2.0"))).Is(400, 215);
        (await WithHeaderAsync(Header() + ", oauth_version=\"1.0\"")).Is(401, 32);
    }

    [Theory]
    [InlineData("?a=%2b&b=%2B+c")]
    [InlineData("?a&b=&=c&&d=1&d=2&d=1")]
    [InlineData("?x=%E2%98%83&y=%ff%FE")]
    [InlineData("?q=100%&r=%zz")]
    public async Task Queries_are_signed_as_section_3_4_1_says(string query) => (await _server.GetAsync(_token, Show + query)).Is(404, 34);

    [Theory]
    [InlineData("-5")]
    [InlineData("0")]
    [InlineData("+1767603600")]
    [InlineData("1767603600.0")]
    [InlineData("99999999999999999999")]
    [InlineData("yesterday")]
    public async Task A_timestamp_is_a_whole_number(string timestamp) =>
        (await WithHeaderAsync(System.Text.RegularExpressions.Regex.Replace(Header(), "oauth_timestamp=\"\\d+\"", $"oauth_timestamp=\"{timestamp}\""))).Is(400, 215);

    [Theory]
    [InlineData("GET", "/1.1/nothing.json")]
    [InlineData("GET", "/1.1/feedback/create.json")]
    [InlineData("DELETE", "/1.1/feedback/show/1.json")]
    [InlineData("GET", "/2/users/me")]
    [InlineData("POST", "/oauth2/token")]
    public async Task Unknown_routes_have_the_documented_error(string method, string path) =>
        (await _server.SendAsync(null, new HttpMethod(method), path, null)).Is(404, 34);

    private string Header() => _server.Sign(_token, "GET", new Uri(_server.Url, Show), null);

    private Task<Answer> SignedAsync(params (string, string)[] more) => WithHeaderAsync(_server.Sign(_token, "GET", new Uri(_server.Url, Show), null, more: more));

    private Task<Answer> WithHeaderAsync(string header) => _server.SendAsync(
        null, HttpMethod.Get, Show, null, request => request.Headers.TryAddWithoutValidation("Authorization", header));
}
