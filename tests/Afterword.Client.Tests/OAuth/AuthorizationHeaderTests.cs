using Afterword.Client.OAuth;

namespace Afterword.Client.Tests.OAuth;

public sealed class AuthorizationHeaderTests
{
    [Theory]
    [InlineData("OAuth a=\"1\", b=\"2\"")]
    [InlineData("oauth a=\"1\",b=\"2\"")]
    [InlineData("OAUTH\ta = \"1\" ,\r\n b= \"2\"")]
    [InlineData("  OAuth   a=\"1\"   b=\"2\"  ")]
    [InlineData("OAuth ,a=1,, b=2,")]
    [InlineData("OAuth realm=\"x\", a=\"1\", b=\"2\"")]
    [InlineData("OAuth a=\"1\", REALM=\"x, a=1\", b=\"2\"")]
    public void Letter_case_and_spacing_do_not_matter(string header)
    {
        var list = new ParameterList();
        Assert.True(AuthorizationHeader.TryParse(header, list));
        Assert.Equal([new("a", "1"), new("b", "2")], list.AsText());
    }

    [Fact]
    public void Values_are_percent_decoded_and_plus_is_not_a_space()
    {
        var list = new ParameterList();
        Assert.True(AuthorizationHeader.TryParse("OAuth oauth_signature=\"74KNZ%2FXKycU%3d\", a%20b=\"+%zz\", empty=\"\"", list));
        Assert.Equal([new("oauth_signature", "74KNZ/XKycU="), new("a b", "+%zz"), new("empty", "")], list.AsText());
    }

    [Fact]
    public void Duplicates_are_kept_for_the_server_to_refuse()
    {
        var list = new ParameterList();
        Assert.True(AuthorizationHeader.TryParse("OAuth a=\"1\", a=\"1\"", list));
        Assert.Equal(2, list.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("OAuth")]
    [InlineData("OAuth ")]
    [InlineData("OAuth ,,,")]
    [InlineData("OAutha=\"1\"")]
    [InlineData("Basic YTpi")]
    [InlineData("Bearer a=\"1\"")]
    [InlineData("OAuth a")]
    [InlineData("OAuth =\"1\"")]
    [InlineData("OAuth a=\"1")]
    [InlineData("OAuth a=\"1\\\"")]
    [InlineData("OAuth a=\"1\"b=\"2\"")]
    [InlineData("OAuth a=1\"2")]
    [InlineData("OAuth a=\"1\", b")]
    [InlineData("OAuth \"a\"=\"1\"")]
    public void A_malformed_header_is_refused_and_leaves_no_trace(string header)
    {
        var list = new ParameterList();
        list.Add("kept", "x");
        Assert.False(AuthorizationHeader.TryParse(header, list, out var realm));
        Assert.Null(realm);
        Assert.Equal([new("kept", "x")], list.AsText());
    }

    [Fact]
    public void What_is_written_is_read_back() => Randomly.Check(random =>
    {
        var parameters = random.Parameters(12);
        var realm = random.Next(2) == 0 ? null : random.Text(12);

        var list = new ParameterList();
        Assert.True(AuthorizationHeader.TryParse(AuthorizationHeader.Write(parameters, realm), list, out var read));
        Assert.Equal(parameters, list.AsText());
        Assert.Equal(realm, read);
    });

    [Fact]
    public void The_header_is_written_as_in_RFC_5849() =>
        Assert.Equal(
            "OAuth realm=\"Photos\", oauth_token=\"hh5s93j4hdidpola\", oauth_callback=\"http%3A%2F%2Fprinter.example.com%2Fready\"",
            AuthorizationHeader.Write(
                [new("oauth_token", "hh5s93j4hdidpola"), new("oauth_callback", "http://printer.example.com/ready")], "Photos"));

    [Fact]
    public void A_realm_cannot_write_headers_of_its_own() =>
        Assert.Throws<ArgumentException>(() => AuthorizationHeader.Write([], "a\r\nX-Evil: 1"));

    [Fact]
    public void Garbage_never_throws() => Randomly.Check(
        random =>
        {
            var letters = new char[random.Next(40)];
            const string Tokens = "aA=\"\\,%+ \t\r\n\0é\uD800\uDC00";
            for (var i = 0; i < letters.Length; i++) letters[i] = random.Next(5) == 0 ? (char)random.Next(char.MaxValue + 1) : Tokens[random.Next(Tokens.Length)];

            var list = new ParameterList();
            var header = (random.Next(4) == 0 ? "" : "OAuth ") + new string(letters);
            if (!AuthorizationHeader.TryParse(header, list, out _)) Assert.Equal(0, list.Count);
        },
        times: 20_000);

    [Fact]
    public void A_damaged_header_never_throws() => Randomly.Check(
        random =>
        {
            var header = AuthorizationHeader.Write(random.Parameters(5), random.Text(5)).ToCharArray();
            for (var i = random.Next(1, 4); i > 0; i--) header[random.Next(header.Length)] = (char)random.Next(128);

            AuthorizationHeader.TryParse(header.AsSpan(0, random.Next(header.Length + 1)), new ParameterList(), out _);
        },
        times: 5_000);
}
