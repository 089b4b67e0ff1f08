using System.Net.Http.Headers;
using System.Text;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Messages;

/// <summary>Every part of a direct message's body missing, of a wrong kind or beyond its limits: the documented error, nothing stored, no 500.</summary>
public abstract class BadMessageTests(SharedServer server)
{
    private const string New = "/1.1/direct_messages/events/new.json";
    private const string TypeName = "event.type";
    private const string RecipientName = "event.message_create.target.recipient_id";
    private const string TextName = "event.message_create.message_data.text";

    private readonly FeedbackFixture _fixture = server.Fixture;

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"event":null}""")]
    [InlineData("""{"event":{}}""")]
    [InlineData("""{"event":{"type":"","message_create":{"target":{"recipient_id":""},"message_data":{"text":""}}}}""")]
    [InlineData("""{"event":{"type":null,"message_create":{"target":{"recipient_id":null},"message_data":{"text":null,"attachment":null}}}}""")]
    public async Task All_that_is_missing_is_named_by_its_path_in_one_answer(string body) => Assert.Equal(
        [$"{TypeName} parameter is missing.", $"{RecipientName} parameter is missing.", $"{TextName} parameter is missing."], (await PostAsync(body)).Is(400, 38, 38, 38).Messages);

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("\"event\"")]
    [InlineData("{")]
    [InlineData("{\"event\":{}")]
    [InlineData("{\"event\":{}}{}")]
    [InlineData("{'event':{}}")]
    [InlineData("{\"event\":{},}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"event\":{\"\\udc00x\":1}}")]
    [InlineData("\0")]
    [InlineData("\ufeff")]
    public async Task A_body_that_is_no_json_object_is_named(string body) =>
        Assert.Matches("^The body is invalid: not a JSON object(: line 1, column [0-9]+)?\\.$", Assert.Single((await PostAsync(body)).Is(400, 44).Messages));

    [Theory]
    [InlineData("""{"event":5}""", "event parameter is invalid: an object.")]
    [InlineData("""{"event":[]}""", "event parameter is invalid: an object.")]
    [InlineData("""{"event":{"type":"message_create","message_create":"x"}}""", "event.message_create parameter is invalid: an object.")]
    [InlineData("""{"event":{"type":"message_create","message_create":{"target":[],"message_data":{"text":"x"}}}}""", "event.message_create.target parameter is invalid: an object.")]
    [InlineData("""{"event":{"type":"message_create","message_create":{"target":{"recipient_id":"1"},"message_data":true}}}""", "event.message_create.message_data parameter is invalid: an object.")]
    [InlineData("""{"event":{},"event":{}}""", "event parameter is invalid: given more than once.")]
    public async Task A_part_of_a_wrong_kind_is_named(string body, string message) => Assert.Equal([message], (await PostAsync(body)).Is(400, 44).Messages);

    [Theory]
    [InlineData("\"message\"", TypeName, "message_create")]
    [InlineData("{}", TypeName, "a text")]
    [InlineData("true", TypeName, "a text")]
    public Task A_type_is_message_create(string type, string name, string reason) => RefusedAsync(type, "\"1\"", "\"x\"", name, reason);

    [Theory]
    [InlineData("\"x\"", "a decimal id")]
    [InlineData("\"-1\"", "a decimal id")]
    [InlineData("1.5", "a decimal id")]
    [InlineData("1e3", "a decimal id")]
    [InlineData("\"9223372036854775808\"", "a decimal id")]
    [InlineData("9223372036854775808", "a decimal id")]
    [InlineData("\"1\\u0000\"", "a decimal id")]
    [InlineData("[1]", "a text")]
    [InlineData("true", "a text")]
    [InlineData("\"\\ud800\"", "text in UTF-8")]
    [InlineData("\"1\",\"recipient_id\":\"1\"", "given more than once")]
    public Task A_recipient_is_a_decimal_id(string recipient, string reason) => RefusedAsync("\"message_create\"", recipient, "\"x\"", RecipientName, reason);

    [Theory]
    [InlineData("{}", "a text")]
    [InlineData("[\"x\"]", "a text")]
    [InlineData("false", "a text")]
    [InlineData("\" \"", "not blank")]
    [InlineData("\"\\u200b\"", "not blank")]
    [InlineData("\"a\\u0000b\"", "no control characters but newline and tab")]
    [InlineData("\"a\\rb\"", "no control characters but newline and tab")]
    [InlineData("\"a\\u001bb\"", "no control characters but newline and tab")]
    [InlineData("\"\\ud800\"", "text in UTF-8")]
    [InlineData("\"\\udc4b\\ud83d\"", "text in UTF-8")]
    [InlineData("\"x\",\"text\":\"x\"", "given more than once")]
    public Task A_text_follows_the_rules_of_messages(string text, string reason) => RefusedAsync("\"message_create\"", "\"1\"", text, TextName, reason);

    [Theory]
    [InlineData("{\"type\":\"media\",\"media\":{\"id\":\"1\"}}")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    public Task Media_are_not_supported(string attachment) => RefusedAsync(
        "\"message_create\"", "\"1\"", $"\"x\",\"attachment\":{attachment}", "event.message_create.message_data.attachment", "media is not supported");

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_invalid()
    {
        var body = Encoding.UTF8.GetBytes(Body("\"message_create\"", $"\"{_fixture.Ana.Id}\"", "\"?\""));
        body[Array.LastIndexOf(body, (byte)'?')] = 0xFF;

        await NothingIsStoredAsync(async () => (await PostAsync(body, "application/json")).Is(400, 44));
    }

    [Fact]
    public async Task Nesting_has_a_floor()
    {
        (await PostAsync($$"""{"x":{{new string('[', 30_000)}}{{new string(']', 30_000)}}}""")).Is(400, 44);
        (await PostAsync($$"""{"x":{{new string('[', 30_000)}}}""")).Is(400, 44);
        (await PostAsync(string.Concat(Enumerable.Repeat("{\"event\":", 5_000)) + new string('}', 5_000))).Is(400, 44);
    }

    [Fact]
    public async Task Messages_hold_10_000_characters_of_any_width()
    {
        (await _fixture.Server.WriteAsync(_fixture.Sender, _fixture.Ana, new string('m', 10_000))).Is(200);
        (await WideAsync(10_000)).Is(200);
        Assert.Equal(["The text of your direct message is over the max character limit."], (await _fixture.Server.WriteAsync(_fixture.Sender, _fixture.Ana, new string('m', 10_001))).Is(403, 354).Messages);
        (await WideAsync(10_001)).Is(403, 354);
        (await PostAsync(Body("\"x\"", "\"1\"", $"\"{new string('m', 10_001)}\""))).Is(400, 44, 354);
    }

    [Fact]
    public async Task A_megabyte_is_refused()
    {
        var body = Encoding.ASCII.GetBytes(Body("\"message_create\"", "\"1\"", $"\"{new string('m', 1_000_000)}\""));

        (await PostAsync(body, "application/json")).Is(413, 44);
        (await PostAsync(body, "application/json", chunked: true)).Is(413, 44);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/x-www-form-urlencoded; charset=iso-8859-1")]
    [InlineData("text/plain")]
    [InlineData("text/json")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task Other_content_types_are_refused(string type) => Assert.Equal(
        ["The content type is invalid: send application/json, in UTF-8."],
        (await PostAsync(Encoding.ASCII.GetBytes("event=1"), type, form: type.StartsWith("application/x-www", StringComparison.Ordinal))).Is(415, 44).Messages);

    [Fact]
    public async Task Nothing_of_all_this_is_stored_or_logged_as_a_failure()
    {
        await NothingIsStoredAsync(async () =>
        {
            await Nesting_has_a_floor();
            await A_megabyte_is_refused();
            await A_recipient_is_a_decimal_id("\"1\\u0000\"", "a decimal id");
            await A_text_follows_the_rules_of_messages("\"\\ud800\"", "text in UTF-8");
        });
        Assert.DoesNotContain(_fixture.Server.Log, line => line.Contains("failed", StringComparison.Ordinal));
    }

    private async Task RefusedAsync(string type, string recipient, string text, string name, string reason)
    {
        await NothingIsStoredAsync(async () =>
            Assert.Equal([$"{name} parameter is invalid: {reason}."], (await PostAsync(Body(type, recipient, text))).Is(400, 44).Messages));
    }

    private async Task NothingIsStoredAsync(Func<Task> meanwhile)
    {
        var before = await _fixture.Server.CountAsync("message");
        await meanwhile();
        Assert.Equal(before, await _fixture.Server.CountAsync("message"));
    }

    private Task<Answer> WideAsync(int count) =>
        PostAsync(Body("\"message_create\"", $"\"{_fixture.Ana.Id}\"", $"\"{string.Concat(Enumerable.Repeat("👋", count))}\""));

    private Task<Answer> PostAsync(string body) => PostAsync(Encoding.UTF8.GetBytes(body), "application/json");

    private Task<Answer> PostAsync(byte[] body, string type, bool chunked = false, bool form = false) => _fixture.Server.SendAsync(
        _fixture.Sender, HttpMethod.Post, New, form ? body : null,
        request =>
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            request.Headers.TransferEncodingChunked = chunked;
        });

    private static string Body(string type, string recipient, string text) =>
        $$"""{"event":{"type":{{type}},"message_create":{"target":{"recipient_id":{{recipient}} },"message_data":{"text":{{text}} } } } }""";
}

public sealed class SqliteBadMessageTests(SharedSqliteServer server) : BadMessageTests(server), IClassFixture<SharedSqliteServer>;

public sealed class PostgresBadMessageTests(SharedPostgresServer server) : BadMessageTests(server), IClassFixture<SharedPostgresServer>;
