using Afterword.Server.Answers;
using Afterword.Server.Embed;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Abuse;

/// <summary>Whatever is wrong with a card's token, the answer is the same to the last byte.</summary>
/// <remarks>
/// Nor does time tell how near a guess was: the secret is only ever hashed whole, and the hashes are compared in fixed time.
/// What a row takes to be read tells at most that a feedback of this id exists, which opens nothing.
/// </remarks>
public abstract class LinkTests(Engine engine) : IAsyncLifetime
{
    private const string Origin = "https://shop.example";

    private FeedbackFixture _fixture = null!;
    private string _token = "";

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(engine);
        await _fixture.Server.Get<EmbedOrigins>().AllowAsync(_fixture.Furni.Id, new(Origin), default);
        _token = (await _fixture.AskAsync("csat", ("include_card", "true"))).Text("card_token");
    }

    [Fact]
    public async Task A_token_with_any_one_bit_turned_opens_nothing()
    {
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(_token);
        await AllTheSameAsync(Enumerable.Range(0, bytes.Length * 8).Select(bit =>
        {
            var turned = (byte[])bytes.Clone();
            turned[bit / 8] ^= (byte)(1 << (bit % 8));
            return System.Buffers.Text.Base64Url.EncodeToString(turned);
        }));
    }

    [Fact]
    public async Task A_token_that_is_cut_short_extended_or_spelled_otherwise_opens_nothing()
    {
        string[] extended = [_token + "A", "A" + _token + "A", _token + _token, "%20" + _token, _token + ".A", _token + new string('.', 17), "." + _token];
        string[] respelled =
        [
            _token.ToUpperInvariant(), _token.ToLowerInvariant(), new([.. _token.Reverse()]), string.Concat(_token.Select(letter => char.IsUpper(letter) ? char.ToLowerInvariant(letter) : char.ToUpperInvariant(letter))),
            $"%25{(int)_token[0]:X2}{_token[1..]}", _token[..^1] + "%C3%A9", _token[..^1] + "%F0%9F%98%80", _token[..^1] + "%EF%BC%A1", "..%5C" + _token, "%3F" + _token, "%23", _token[..^1] + "%2F",
        ];
        await AllTheSameAsync([.. Enumerable.Range(1, _token.Length - 1).Select(length => _token[..length]), .. extended, .. respelled]);
    }

    [Fact]
    public async Task A_link_with_what_ends_a_sentence_or_closes_a_bracket_behind_it_leads_to_the_card()
    {
        string[] ends =
        [
            ".", ",", ")", ").", "%3E", "%22", "'", "%20", "%09", "%0A", "%0D%0A", "]", "*", "**", "_", "~", "=", "==", ";", ":", "!", "%3F", "%60", "%7D", "%E2%80%9D", "%C2%BB", "%C2%A0", "%E3%80%82", "%E3%80%8D", "%EF%BC%89", "&",
        ];
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            foreach (var end in ends)
            {
                var led = await SendAsync(method, $"/f/{_token}{end}?score=4");
                Assert.True(led.Status == 302, $"{method} {end}: {led.Status}");
                Assert.Equal($"/f/{_token}?score=4", led.Headers["Location"]);
                Assert.Equal("no-store", led.Headers["Cache-Control"]);
            }
        }

        (await SendAsync(HttpMethod.Get, $"/f/{_token}?score=4")).Is(200);

        // Nothing is answered by a link that is not quite one, and one that opens nothing leads to the page of those.
        foreach (var end in ends) (await SendAsync(HttpMethod.Post, $"/f/{_token}{end}")).Is(404);
        var wrong = _token[..^1] + (_token[^1] == 'A' ? 'B' : 'A');
        await AllTheSameAsync((await SendAsync(HttpMethod.Get, $"/f/{wrong}.")).Headers["Location"]["/f/".Length..]);
    }

    [Fact]
    public async Task Parts_of_two_good_tokens_make_no_third()
    {
        var other = (await _fixture.AskAsync("nps", ("include_card", "true"))).Text("card_token");
        var without = long.Parse((await _fixture.AskAsync()).Text("id"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(CardLink.TryParse(_token, out var one));
        Assert.True(CardLink.TryParse(other, out var two));
        await AllTheSameAsync(
            (one with { Secret = two.Secret }).ToString(), (two with { Secret = one.Secret }).ToString(), (one with { PromptId = without }).ToString(),
            (one with { SenderId = _fixture.Ana.Id }).ToString(), (one with { SenderId = long.MaxValue, PromptId = long.MinValue }).ToString(), (one with { Secret = new byte[20] }).ToString());
    }

    [Fact]
    public async Task A_token_of_nearly_8_KB_is_one_more_unknown_one_and_longer_ones_are_no_requests()
    {
        await AllTheSameAsync(new string('A', 8_000), _token + new string('A', 7_900), string.Concat(Enumerable.Repeat("%C3%A9", 1_300)));

        foreach (var token in new[] { new string('A', 8_192), new string('A', 100_000) }) Assert.InRange((await SendAsync(HttpMethod.Get, "/f/" + token)).Status, 400, 499);
        foreach (var token in new[] { "%00", _token + "%00", "%ED%A0%80", "%FF", "%", "%zz" }) Assert.InRange((await SendAsync(HttpMethod.Get, "/f/" + token)).Status, 400, 499);
    }

    [Fact]
    public async Task A_good_token_is_good_however_its_letters_are_percent_encoded() =>
        // RFC 3986, section 6.2.2.2: it is the same address.
        (await SendAsync(HttpMethod.Get, $"/f/{string.Concat(_token.Select(letter => $"%{(int)letter:X2}"))}")).Is(200);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private Task AllTheSameAsync(params IEnumerable<string> tokens) => AllTheSameAsync([.. tokens.Where(token => token != _token)]);

    private async Task AllTheSameAsync(string[] tokens)
    {
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/f/"), (HttpMethod.Post, "/f/"), (HttpMethod.Head, "/f/"), (HttpMethod.Get, "/embed/"), (HttpMethod.Post, "/embed/") })
        {
            var expected = Whole(await SendAsync(method, path + "unknown"));
            Assert.StartsWith("404", expected, StringComparison.Ordinal);
            foreach (var token in tokens)
            {
                var answer = Whole(await SendAsync(method, path + token));
                Assert.True(expected == answer, $"{method} {path}{token}: {answer}");
            }
        }

        Assert.Equal(0, await _fixture.Server.CountAsync("prompt", "score is not null"));
    }

    // Everything that comes over the wire but the time of day.
    private static string Whole(Answer answer) => $"{answer.Status}\n{string.Join('\n', answer.Headers.Where(pair => pair.Key != "Date").OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {pair.Value}"))}\n\n{answer.Body}";

    private Task<Answer> SendAsync(HttpMethod method, string path) => _fixture.Server.SendAsync(
        null, method, path, method == HttpMethod.Post ? TestServer.Form(("score", "4")) : null,
        request =>
        {
            if (path.StartsWith("/embed/", StringComparison.Ordinal)) request.Headers.Add("Origin", Origin);
        });
}

public sealed class SqliteLinkTests() : LinkTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresLinkTests() : LinkTests(Engine.Postgres);
