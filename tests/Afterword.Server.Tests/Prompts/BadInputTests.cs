using System.Globalization;
using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Prompts;

/// <summary>Every parameter at its limits and beyond: the documented error, nothing stored, no 500.</summary>
public sealed class BadInputTests(SharedSqliteServer server) : IClassFixture<SharedSqliteServer>
{
    private const string Path = "/1.1/feedback/create.json";

    private readonly TestServer _server = server.Server;
    private readonly User _ana = server.Fixture.Ana;
    private readonly OAuthCredentials _token = server.Fixture.Sender;

    [Fact]
    public async Task All_wrong_parameters_are_named_in_one_answer()
    {
        var answer = (await _server.PostAsync(_token, Path)).Is(400, 38, 38, 38, 38);
        Golden.Matches("errors.json", answer.Body);

        var messages = (await _server.PostAsync(_token, Path, ("type", "CSAT"), ("to_user_id", "x"), ("message", " "), ("privacy_url", "ftp://x"), ("question_variant_id", "-1"),
            ("external_id", new string('e', 257)), ("display_name", new string('d', 21)), ("test", "yes"), ("include_card", "2"))).Is(400).Messages;
        Assert.Equal(9, messages.Length);
        Assert.Contains("external_id parameter is invalid: at most 256 characters.", messages);
    }

    [Theory]
    [InlineData("type")]
    [InlineData("to_user_id")]
    [InlineData("message")]
    [InlineData("privacy_url")]
    public async Task A_required_parameter_that_is_missing_or_empty_is_named(string name)
    {
        var message = $"{name} parameter is missing.";
        Assert.Equal([message], (await SendAsync(Given().Where(pair => pair.Name != name))).Is(400, 38).Messages);
        Assert.Equal([message], (await SendAsync(Given((name, "")))).Is(400, 38).Messages);
    }

    [Theory]
    [InlineData("type", "csat")]
    [InlineData("to_user_id", "1")]
    [InlineData("message", "hello")]
    [InlineData("privacy_url", "https://a.example")]
    [InlineData("external_id", "x")]
    [InlineData("question_variant_id", "1")]
    [InlineData("display_name", "x")]
    [InlineData("test", "1")]
    [InlineData("agent", "x")]
    [InlineData("tags", "x")]
    public async Task A_parameter_given_twice_is_invalid(string name, string value) =>
        Assert.Equal([$"{name} parameter is invalid: given more than once."], (await SendAsync([.. Given((name, value)), (name, value)])).Is(400, 44).Messages);

    [Theory]
    [InlineData("type", "%FF%FE")]
    [InlineData("message", "a%C3")]
    [InlineData("message", "%ED%A0%80")]
    [InlineData("external_id", "%C0%AF")]
    [InlineData("display_name", "%F5%80%80%80")]
    public async Task Bytes_that_are_not_utf8_are_invalid(string name, string encoded)
    {
        var prompts = await _server.CountAsync("prompt");
        var form = Encoding.ASCII.GetString(TestServer.Form([.. Given().Where(pair => pair.Name != name)]));
        var answer = (await _server.SendAsync(_token, HttpMethod.Post, Path, Encoding.ASCII.GetBytes($"{form}&{name}={encoded}"))).Is(400, 44);
        Assert.Equal([$"{name} parameter is invalid: text in UTF-8."], answer.Messages);
        Assert.Equal(prompts, await _server.CountAsync("prompt"));
    }

    [Theory]
    [InlineData("message")]
    [InlineData("external_id")]
    [InlineData("display_name")]
    public async Task Control_characters_are_refused_but_for_newline_and_tab(string name)
    {
        var prompts = await _server.CountAsync("prompt");
        foreach (var bad in new[] { "\0", "\u0001", "\r", "\u001b", "\u007f", "\u0085", "\ufffe" }) (await SendAsync(Given((name, $"a{bad}b")))).Is(400, 44);
        Assert.Equal(prompts, await _server.CountAsync("prompt"));

        (await SendAsync(Given((name, "a\tb\nc")))).Is(200);
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("{}")]
    [InlineData("[]")]
    public async Task Json_values_that_are_no_text_are_invalid(string value)
    {
        var answer = (await JsonAsync($$"""{"type":"csat","to_user_id":"{{_ana.Id}}","privacy_url":"https://a.example","message":{{value}}}""")).Is(400, 44);
        Assert.Equal(["message parameter is invalid: text in UTF-8."], answer.Messages);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{\"a\":1}{\"b\":2}")]
    public async Task A_body_that_is_no_json_object_is_named(string body) => (await JsonAsync(body)).Is(400, body.Length == 0 ? [38, 38, 38, 38] : [44]);

    [Theory]
    [InlineData("text/plain")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/x-www-form-urlencoded; charset=iso-8859-1")]
    [InlineData("application/json; charset=iso-8859-1")]
    public async Task Other_content_types_are_refused(string type) => (await TypedAsync(type, "x=%FC")).Is(415, 44);

    [Theory]
    [InlineData("//1.1/feedback/create.json")]
    [InlineData("//1.1/users/show.json?screen_name=ana")]
    [InlineData("///1.1/nothing.json")]
    [InlineData("//oauth/request_token")]
    public async Task A_slash_too_many_before_a_route_is_told_as_json(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{_server.Url.GetLeftPart(UriPartial.Authority)}{path}"));
        request.Headers.TryAddWithoutValidation("Accept", "text/html");
        Assert.StartsWith("application/json", (await _server.SendAsync(request)).Is(404, 34).Headers["Content-Type"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded; charset=iso-8859-1")]
    [InlineData("application/x-www-form-urlencoded;charset=\"UTF-8\"")]
    [InlineData("application/x-www-form-urlencoded; charset=utf8")]
    [InlineData("application/x-www-form-urlencoded; charset=US-ASCII")]
    [InlineData("application/json;charset=utf8")]
    [InlineData("application/json; charset=us-ascii")]
    public async Task Content_types_that_clients_write_are_taken_while_nothing_else_is_meant(string type) =>
        (await TypedAsync(type, type.Contains("json", StringComparison.Ordinal) ? "{}" : "x=1")).Is(400, 38, 38, 38, 38);

    [Fact]
    public async Task Messages_hold_10_000_characters_of_any_width()
    {
        (await SendAsync(Given(("message", new string('m', 10_000))))).Is(200);
        (await SendAsync(Given(("message", string.Concat(Enumerable.Repeat("👋", 6_000)))))).Is(413, 44);
        (await JsonAsync($$"""{"type":"csat","to_user_id":"{{_ana.Id}}","privacy_url":"https://a.example","message":"{{string.Concat(Enumerable.Repeat("👋", 10_000))}}"}""")).Is(200);
        (await SendAsync(Given(("message", new string('m', 10_001))))).Is(403, 354);
        (await SendAsync(Given(("message", new string('m', 10_001)), ("type", "x")))).Is(400, 44, 354);
    }

    [Theory]
    [InlineData("external_id", 256)]
    [InlineData("display_name", 20)]
    public async Task Lengths_count_characters_not_bytes(string name, int most)
    {
        (await SendAsync(Given((name, string.Concat(Enumerable.Repeat("👋", most)))))).Is(200);
        (await SendAsync(Given((name, string.Concat(Enumerable.Repeat("👋", most + 1)))))).Is(400, 44);
    }

    [Theory]
    [InlineData("csat", "37", 200)]
    [InlineData("csat", "38", 400)]
    [InlineData("nps", "9", 200)]
    [InlineData("nps", "10", 400)]
    [InlineData("nps", "-1", 400)]
    [InlineData("nps", "1.0", 400)]
    [InlineData("nps", " 1", 400)]
    [InlineData("nps", "1\0", 400)]
    [InlineData("nps", "99999999999999999999", 400)]
    public async Task Question_variants_are_those_of_the_catalogue(string type, string variant, int status) =>
        (await SendAsync(Given(("type", type), ("question_variant_id", variant)))).Is(status);

    [Theory]
    [InlineData("http://a.example", 200)]
    [InlineData("https://ümlaut.example/p?q=1#f", 200)]
    [InlineData("a.example/privacy", 400)]
    [InlineData("//a.example", 400)]
    [InlineData("javascript:alert(1)", 400)]
    [InlineData("data:text/html,x", 400)]
    [InlineData("ftp://a.example", 400)]
    [InlineData("https://user:pass@a.example", 400)]
    [InlineData("https://user@a.example", 400)]
    [InlineData("https://", 400)]
    [InlineData("https:///path", 400)]
    [InlineData("https://a.example/a b", 400)]
    [InlineData(" https://a.example", 400)]
    public async Task A_privacy_url_is_absolute_http_without_credentials(string url, int status) => (await SendAsync(Given(("privacy_url", url)))).Is(status);

    [Fact]
    public async Task A_privacy_url_has_at_most_2048_characters()
    {
        (await SendAsync(Given(("privacy_url", "https://a.example/" + new string('p', 2_030))))).Is(200);
        (await SendAsync(Given(("privacy_url", "https://a.example/" + new string('p', 2_031))))).Is(400, 44);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("+5")]
    [InlineData("9223372036854775808")]
    [InlineData("٣")]
    public async Task A_recipient_is_a_decimal_id(string id) => (await SendAsync(Given(("to_user_id", id)))).Is(400, 44);

    [Theory]
    [InlineData("true", true)]
    [InlineData("1", true)]
    [InlineData("t", true)]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("f", false)]
    public async Task Truth_has_six_spellings(string text, bool truth)
    {
        Assert.Equal(truth, (await SendAsync(Given(("test", text)))).Is(200).Json.GetProperty("test").GetBoolean());
        (await SendAsync(Given(("test", text.ToUpperInvariant() + "!")))).Is(400, 44);
    }

    [Fact]
    public async Task A_megabyte_is_refused()
    {
        (await _server.SendAsync(_token, HttpMethod.Post, Path, TestServer.Form(("message", new string('m', 1_000_000))))).Is(413, 44);
        (await _server.SendAsync(_token, HttpMethod.Post, Path, TestServer.Form(("message", new string('m', 1_000_000))), request => request.Headers.TransferEncodingChunked = true)).Is(413, 44);
    }

    [Fact]
    public async Task More_than_a_thousand_parameters_are_refused_before_they_are_sorted()
    {
        (string, string)[] Many(int count) => [.. Enumerable.Range(0, count).Select(i => ($"p{i}", "1"))];

        (await SendAsync([.. Given(), .. Many(900)])).Is(200);
        (await SendAsync([.. Given(), .. Many(1_000)])).Is(413, 44);
    }

    [Fact]
    public async Task Blank_messages_are_refused()
    {
        foreach (var blank in new[] { " ", "\n\t", "\u00a0\u3000", "\u200b\u2060\ufeff" }) (await SendAsync(Given(("message", blank)))).Is(400, 44);
    }

    [Fact]
    public async Task Nothing_of_all_this_is_stored_or_logged_as_a_failure()
    {
        var (prompts, messages) = (await _server.CountAsync("prompt"), await _server.CountAsync("message"));
        await A_megabyte_is_refused();
        await Blank_messages_are_refused();
        await All_wrong_parameters_are_named_in_one_answer();

        Assert.Equal(prompts, await _server.CountAsync("prompt"));
        Assert.Equal(messages, await _server.CountAsync("message"));
        Assert.DoesNotContain(_server.Log, line => line.Contains("failed", StringComparison.Ordinal));
    }

    /// <summary>Sends a body that is signed if it is a form, whatever its charset.</summary>
    private async Task<Answer> TypedAsync(string type, string body)
    {
        var bytes = Encoding.ASCII.GetBytes(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_server.Url, Path)) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        var form = type.StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) ? bytes : null;
        request.Headers.TryAddWithoutValidation("Authorization", _server.Sign(_token, "POST", request.RequestUri!, form));
        return await _server.SendAsync(request);
    }

    private Task<Answer> SendAsync(IEnumerable<(string Name, string Value)> form) => _server.PostAsync(_token, Path, [.. form]);

    private Task<Answer> JsonAsync(string body) => _server.SendAsync(
        _token, HttpMethod.Post, Path, null, request => request.Content = new StringContent(body, Encoding.UTF8, "application/json"));

    private (string Name, string Value)[] Given(params (string Name, string Value)[] changes) =>
        [.. new (string Name, string Value)[]
            {
                ("type", "csat"), ("to_user_id", _ana.Id.ToString(CultureInfo.InvariantCulture)), ("message", "Thanks."), ("privacy_url", "https://furni.example/privacy"),
            }.Where(one => changes.All(change => change.Name != one.Name)), .. changes];
}
