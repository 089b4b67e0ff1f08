using System.Text;
using Afterword.Server.Embed;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Inbox;
using Afterword.Support;

namespace Afterword.Server.Tests.Abuse;

/// <summary>What no browser sends to the forms of pages: a clear refusal, never a breakdown.</summary>
public abstract class FormInputTests(Engine engine) : IAsyncLifetime
{
    private const string Origin = "https://shop.example";

    // Each goes into every field: nothing, NUL, half a surrogate pair, bytes that are no UTF-8, half an escape, and far too much.
    private static readonly string[] s_values =
    [
        "", "%00", "a%00b", "%ED%A0%80", "%ED%B0%80x", "%FF%FE", "%C0%AF", "%F5%80%80%80", "%", "%4", "%zz", "%uD800", "%0D%0ASet-Cookie:%20a=b", "%E2%80%AE%E2%81%A9", "%EF%BF%BE", "-1", "1e9",
        "99999999999999999999", "%D9%A3", "true", "[]", "{}", "null", new string('x', 10_001), new string('9', 70_000), new string('x', 1_000_000),
    ];

    private static readonly (string Type, string Body)[] s_bodies =
    [
        ("application/json", "{\"text\":\"x\"}"), ("text/plain", "text=x"), ("application/octet-stream", "\0\0"), ("multipart/form-data", "text=x"), ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nx"),
        ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"text\"; filename=\"a.txt\"\r\n\r\nx\r\n--b--\r\n"), ("multipart/form-data; boundary=" + new string('b', 300), "x"),
        ("application/x-www-form-urlencoded; charset=utf-7", "text=+ADw-"), ("application/x-www-form-urlencoded; charset=utf-16", "text=x"), ("application/x-www-form-urlencoded; charset=nonsense", "text=x"),
        ("application/x-www-form-urlencoded", "&&&===&&"), ("application/x-www-form-urlencoded", "="), ("application/x-www-form-urlencoded", string.Concat(Enumerable.Range(0, 3_000).Select(i => $"k{i}=1&"))),
        ("application/x-www-form-urlencoded", new string('k', 5_000) + "=1"),
    ];

    private static readonly string[] s_addresses =
    [
        "/messages/%00", "/messages/%ED%A0%80", "/messages/%FF", "/messages/@", "/messages/@@furni", "/messages/furni%2Fbond", "/messages/furni/card/%00",
        "/messages/furni/card/99999999999999999999", "/messages/furni/card/-1", "/messages/..%2F..%2Fetc", "/embed/%00", "/embed/%ED%A0%80",
        "/messages/" + new string('a', 7_000),
    ];

    // On PostgreSQL the quick form asks for what its texts cannot hold; how the rest is read is no affair of the store.
    private string[] Values => engine == Engine.Sqlite || LongForm.IsOn ? s_values : s_values[..8];

    private InboxFixture _world = null!;
    private TestBrowser _browser = null!;
    private string _token = "";

    public async ValueTask InitializeAsync()
    {
        _world = await InboxFixture.StartAsync(engine, "Cards:CallsPerLink=0");
        await _world.Server.Get<EmbedOrigins>().AllowAsync(_world.Furni.Id, new(Origin), default);
        _browser = await _world.GuestAsync();
        _token = (await _world.Server.PostAsync(
            _world.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", $"{_world.Ana.Id}"), ("message", "m"), ("privacy_url", "https://furni.example/p"), ("include_card", "1"))).Is(200).Text("card_token");
    }

    [Theory]
    [InlineData("/messages/furni", "text")]
    [InlineData("/messages/new", "screen_name")]
    [InlineData("/messages/settings", "accepts", "language", "ask_again")]
    [InlineData("/messages/furni/bond", "do")]
    [InlineData("/messages/furni/card/ID", "score", "text", "language", "asking", "dismiss")]
    [InlineData("/sign-in", "screen_name", "password", "to", "leg", "oauth_token")]
    [InlineData("/sign-out", "to", "oauth_token")]
    [InlineData("/apps", "app")]
    [InlineData("/oauth/authorize", "oauth_token", "decision")]
    [InlineData("/f/TOKEN", "score", "text", "language", "asking", "List-Unsubscribe")]
    [InlineData("/embed/TOKEN", "score", "text", "language", "asking")]
    public async Task No_value_of_any_field_breaks_a_form(string path, params string[] fields)
    {
        var thread = (await _browser.GetAsync("/messages/furni")).Is(200);
        path = path.Replace("TOKEN", _token, StringComparison.Ordinal);
        if (path.EndsWith("/ID", StringComparison.Ordinal)) path = InboxCardTests.ActionOf(thread);
        var hidden = thread.HiddenOf("/messages/furni")[0];
        var given = $"{hidden.Name}={Uri.EscapeDataString(hidden.Value)}";
        foreach (var field in fields)
        {
            foreach (var value in Values)
            {
                await AskAsync(path, "application/x-www-form-urlencoded", $"{given}&{field}={value}");
                await AskAsync(path, "application/x-www-form-urlencoded", $"{field}=a&{field}={value}&{given}");
            }
        }

        foreach (var (type, body) in s_bodies) await AskAsync(path, type, body);
        foreach (var value in Values.Where(value => value.Length < 4_000))
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head }) await AskAsync(path, null, null, method, $"?{fields[0]}={value}&score={value}&before={value}&after={value}&card={value}&language={value}&to={value}");
        }

        Assert.DoesNotContain(_world.Server.Log, line => line.Contains("Exception", StringComparison.Ordinal));
        await _world.Server.AllIsWellAsync();
    }

    [Theory]
    [InlineData("x")]
    [InlineData("é")]
    [InlineData("😀")]
    public async Task The_longest_text_is_kept_whole_and_one_letter_more_is_refused_by_every_form(string letter)
    {
        var longest = string.Concat(Enumerable.Repeat(letter, 10_000));
        var thread = (await _browser.GetAsync("/messages/furni")).Is(200);
        var card = InboxCardTests.ActionOf(thread);

        Assert.Contains("aria-invalid", (await _browser.SubmitAsync(thread, "/messages/furni", ("text", longest + letter))).Is(400).Html, StringComparison.Ordinal);
        (await _browser.SubmitAsync(thread, card, ("score", "4"))).Is(303);
        Assert.Contains("aria-invalid", (await _browser.SubmitAsync(thread, card, ("text", longest + letter))).Is(400).Html, StringComparison.Ordinal);
        foreach (var path in new[] { $"/f/{_token}", $"/embed/{_token}" }) (await AskAsync(path, "application/x-www-form-urlencoded", "text=" + Uri.EscapeDataString(longest + letter))).Is(400);
        Assert.Equal(0, await _world.Server.CountAsync("prompt", "comment is not null"));

        (await _browser.SubmitAsync(thread, "/messages/furni", ("text", longest))).Is(303);
        (await AskAsync($"/embed/{_token}", "application/x-www-form-urlencoded", "text=" + Uri.EscapeDataString(longest))).Is(200);
        Assert.Equal(1, await KeptAsync("select count(*) from message where body = @text", longest));
        Assert.Equal(1, await KeptAsync("select count(*) from prompt where comment = @text", longest));
    }

    [Fact]
    public async Task No_address_breaks_a_page()
    {
        foreach (var path in s_addresses)
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post }) await AskAsync(path, method == HttpMethod.Post ? "application/x-www-form-urlencoded" : null, "text=x", method);
        }

        Assert.DoesNotContain(_world.Server.Log, line => line.Contains("Exception", StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task<Answer> AskAsync(string path, string? type, string? body, HttpMethod? method = null, string query = "")
    {
        var answer = await _world.Server.SendAsync(null, method ?? HttpMethod.Post, path + query, type is null || body is null ? null : Encoding.Latin1.GetBytes(body), request =>
        {
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", _browser.Cookies.Select(pair => $"{pair.Key}={pair.Value}")));
            if (path.StartsWith("/embed/", StringComparison.Ordinal)) request.Headers.Add("Origin", Origin);
            if (request.Content is null || type is null) return;
            request.Content.Headers.Remove("Content-Type");
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        });
        Assert.True(answer.Status is >= 200 and < 500, $"{answer.Status} for {path} with {type} {(body?.Length > 200 ? body[^200..] : body)}{query}: {_world.Server.Log.LastOrDefault(line => line.Contains("Exception", StringComparison.Ordinal))}");
        return answer;
    }

    private Task<long> KeptAsync(string sql, string text) => _world.Server.Server.Store.Main.ReadAsync(
        session => session.Sql(sql).Bind("text", text).FirstAsync(row => row.GetInt64(0), default), default);
}

public sealed class SqliteFormInputTests() : FormInputTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresFormInputTests() : FormInputTests(Engine.Postgres);
