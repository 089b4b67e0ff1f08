using System.Globalization;
using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Answers;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Prompts;

/// <summary>A sender asks.</summary>
public abstract class CreateTests(Engine engine) : IAsyncLifetime
{
    private const string Path = "/1.1/feedback/create.json";

    private TestServer _server = null!;
    private NewApp _app = null!;
    private User _furni = null!;
    private User _ana = null!;
    private OAuthCredentials _token = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _app = await _server.AppAsync();
        (_furni, _token) = await _server.SenderAsync(_app);
        _ana = await _server.UserAsync("ana");
    }

    [Fact]
    public async Task The_answer_has_the_documented_shape()
    {
        var answer = await CreateAsync(
            ("type", "nps"), ("message", "How did we do?"), ("external_id", "ticket_5555"), ("question_variant_id", "3"), ("display_name", "Furni & Söhne"));

        answer.Is(200);
        Assert.Equal("application/json; charset=utf-8", answer.Headers["Content-Type"]);
        var id = answer.Text("id");
        Golden.Matches(
            "create.json",
            answer.Body.Replace(id, "ID", StringComparison.Ordinal).Replace(answer.Text("dm_id"), "DM", StringComparison.Ordinal)
                .Replace(Id(_furni), "FROM", StringComparison.Ordinal).Replace(Id(_ana), "TO", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_not_given_is_absent_or_the_default()
    {
        var feedback = (await CreateAsync()).Is(200).Json;

        Assert.False(feedback.TryGetProperty("external_id", out _));
        Assert.False(feedback.TryGetProperty("display_name", out _));
        Assert.False(feedback.TryGetProperty("card_url", out _));
        Assert.Equal("0", feedback.GetProperty("question_variant_id").GetString());
        Assert.False(feedback.GetProperty("test").GetBoolean());
        Assert.Equal(feedback.GetProperty("created_at").GetString(), feedback.GetProperty("updated_at").GetString());
        Assert.Equal("Mon Jan 05 09:00:00 +0000 2026", feedback.GetProperty("created_at").GetString());
    }

    [Fact]
    public async Task Ids_are_snowflakes_of_this_instant()
    {
        var id = long.Parse((await CreateAsync()).Text("id"), CultureInfo.InvariantCulture);

        Assert.InRange((id >> 22) + 1288834974657 - _server.Clock.GetUtcNow().ToUnixTimeMilliseconds(), 0, 5);
    }

    [Fact]
    public async Task The_same_object_is_shown_afterwards()
    {
        var created = (await CreateAsync(("external_id", "t1"), ("test", "t"))).Is(200);

        var shown = (await _server.GetAsync(_token, $"/1.1/feedback/show/{created.Text("id")}.json")).Is(200);

        Assert.Equal(created.Body, shown.Body);
    }

    [Fact]
    public async Task Parameters_may_come_in_the_query_or_as_a_json_object()
    {
        var query = Encoding.ASCII.GetString(TestServer.Form(Given()));
        (await _server.SendAsync(_token, HttpMethod.Post, $"{Path}?{query}", null)).Is(200);

        var bea = await _server.UserAsync("bea");
        var json = $$"""{"type":"csat","to_user_id":{{bea.Id}},"message":"Grüße 👋","privacy_url":"https://furni.example/p","test":true,"external_id":null}""";
        var answer = (await _server.SendAsync(_token, HttpMethod.Post, Path, null, request => request.Content = new StringContent(json, Encoding.UTF8, "application/json"))).Is(200);
        Assert.True(answer.Json.GetProperty("test").GetBoolean());
    }

    [Fact]
    public async Task A_card_is_included_on_request_and_only_its_hash_is_stored()
    {
        var created = (await CreateAsync(("include_card", "true"))).Is(200);

        var token = created.Text("card_token");
        Assert.Equal($"{_server.Url.GetLeftPart(UriPartial.Authority)}/f/{token}", created.Text("card_url"));
        Assert.True(CardLink.TryParse(token, out var link));
        var stored = await _server.Server.Store.Main.ReadAsync(
            session => session.Sql("select card_hash from prompt").FirstAsync(row => row.GetBytes(0), default), default);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(link.Secret.Span), stored);
        Assert.True(link.Secret.Length * 8 >= 160);
    }

    [Fact]
    public async Task Agent_and_tags_are_stored_tidied_and_shown_to_nobody()
    {
        var created = (await CreateAsync(("agent", " Zoë  Müller\u00A0"), ("tags", " billing,refund ,, billing,Refund,Zoe\u0308"))).Is(200);

        var stored = await _server.Server.Store.Main.ReadAsync(
            session => session.Sql("select agent, tags from prompt").FirstAsync(row => (row.GetString(0), row.GetString(1)), default), default);
        Assert.Equal(("Zoë  Müller", "billing,refund,Refund,Zoë"), stored);
        Assert.DoesNotContain("billing", created.Body + (await _server.GetAsync(_token, $"/1.1/feedback/show/{created.Text("id")}.json")).Is(200).Body, StringComparison.Ordinal);

        var found = await _server.Server.Store.Main.ReadAsync(
            session => session.Sql("select prompt_id from prompt_tag where sender_id = @sender and tag = 'refund'").Bind("sender", _furni.Id)
                .ListAsync(row => row.GetInt64(0), default),
            default);
        Assert.Equal([long.Parse(created.Text("id"), CultureInfo.InvariantCulture)], found);
    }

    [Theory]
    [InlineData("agent", "101 characters", "one line of at most 100 characters")]
    [InlineData("agent", "two\nlines", "one line of at most 100 characters")]
    [InlineData("agent", "\u200b", "one line of at most 100 characters")]
    [InlineData("tags", "11 tags", "at most 10 tags")]
    [InlineData("tags", "33 characters", "each tag is one line of at most 32 characters")]
    [InlineData("tags", "a,b\tc", "each tag is one line of at most 32 characters")]
    [InlineData("tags", "a,b\u0007", "each tag is one line of at most 32 characters")]
    public async Task An_agent_or_tags_beyond_their_limits_are_refused(string name, string value, string reason)
    {
        value = value switch
        {
            "101 characters" => new('a', 101),
            "11 tags" => string.Join(',', Enumerable.Range(0, 11)),
            "33 characters" => new('a', 33),
            _ => value,
        };
        Assert.Equal([$"{name} parameter is invalid: {reason}."], (await CreateAsync((name, value))).Is(400, 44).Messages);
    }

    [Fact]
    public async Task An_agent_and_tags_at_their_limits_are_taken()
    {
        var most = string.Join(',', Enumerable.Range(0, 10).Select(i => string.Concat(Enumerable.Repeat("😀", 31)) + i));

        (await CreateAsync(("agent", string.Concat(Enumerable.Repeat("😀", 100))), ("tags", most))).Is(200);
    }

    [Fact]
    public async Task A_recipient_is_asked_once_in_24_hours()
    {
        (await CreateAsync()).Is(200);

        var refused = (await CreateAsync()).Is(429, 88);
        Assert.Equal(86_400, refused.Header("Retry-After"));
        Assert.Equal(0, refused.Header("x-rate-limit-remaining"));

        await _server.AdvanceAsync(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        (await CreateAsync()).Is(429, 88);
        await _server.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        (await CreateAsync()).Is(200);
    }

    [Fact]
    public async Task An_exempt_recipient_can_be_asked_at_any_time()
    {
        await _server.Get<Allowlist>().ExemptAsync(_ana.Id, default);

        (await CreateAsync()).Is(200);
        (await CreateAsync()).Is(200);
    }

    [Fact]
    public async Task The_window_of_a_sender_is_fixed_from_its_first_prompt()
    {
        await _server.Get<Allowlist>().AllowSenderAsync(_furni.Id, new(2, 0, null, null), default);

        var first = (await CreateAsync()).Is(200);
        Assert.Equal((2, 1), (first.Header("x-rate-limit-limit"), first.Header("x-rate-limit-remaining")));
        var opens = _server.Clock.GetUtcNow().AddHours(24).ToUnixTimeSeconds();
        Assert.Equal(opens, first.Header("x-rate-limit-reset"));

        await _server.AdvanceAsync(TimeSpan.FromHours(23));
        (await CreateAsync()).Is(200);
        var refused = (await CreateAsync()).Is(429, 88);
        Assert.Equal((3_600, 0, opens), (refused.Header("Retry-After"), refused.Header("x-rate-limit-remaining"), refused.Header("x-rate-limit-reset")));

        await _server.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal(1, (await CreateAsync()).Is(200).Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task A_refused_request_counts_against_no_limit()
    {
        (await CreateAsync(("type", "CSAT"))).Is(400, 44);
        (await CreateAsync(("to_user_id", "404"))).Is(404, 50);

        Assert.Equal(999, (await CreateAsync()).Is(200).Header("x-rate-limit-remaining"));
    }

    [Fact]
    public async Task Limits_are_told_on_refusals_too()
    {
        Assert.Equal(1_000, (await CreateAsync(("type", "x"))).Is(400, 44).Header("x-rate-limit-remaining"));

        var stranger = await _server.TokenAsync(_app, _ana);
        Assert.Equal(1_000, (await _server.PostAsync(stranger, Path, Given())).Is(403, 87).Header("x-rate-limit-limit"));
    }

    [Fact]
    public async Task A_thousand_parallel_requests_for_one_recipient_store_exactly_one()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => CreateAsync()));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(999, answers.Count(answer => answer.Status == 429));
        Assert.Equal(1, await _server.CountAsync("prompt"));
        Assert.Equal(1, await _server.CountAsync("message"));
        Assert.Equal(1, await _server.CountAsync("change"));
    }

    [Fact]
    public async Task Parallel_requests_never_pass_the_senders_limit()
    {
        await _server.Get<Allowlist>().AllowSenderAsync(_furni.Id, new(50, 0, null, null), default);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => CreateAsync()));

        Assert.Equal(50, answers.Count(answer => answer.Status == 200));
        Assert.Equal(50, await _server.CountAsync("prompt"));
    }

    [Fact]
    public async Task The_same_idempotency_key_gives_the_first_answer_again()
    {
        var first = (await KeyedAsync("k1", ("include_card", "1"))).Is(200);
        var again = (await KeyedAsync("k1", ("include_card", "1"))).Is(200);

        Assert.Equal(first.Body, again.Body);
        Assert.False(first.Headers.ContainsKey("Idempotent-Replayed"));
        Assert.Equal("true", again.Headers["Idempotent-Replayed"]);
        Assert.Equal(1, await _server.CountAsync("prompt"));

        Assert.Contains("Idempotency-Key", (await KeyedAsync("k1", ("external_id", "other"))).Is(409, 355).Messages[0], StringComparison.Ordinal);
        (await KeyedAsync("k1", ("include_card", "1"), ("agent", "zoe"))).Is(409, 355);
        (await KeyedAsync("k1", ("include_card", "1"), ("tags", "zoe"))).Is(409, 355);
        await _server.AdvanceAsync(TimeSpan.FromHours(24));
        Assert.NotEqual(first.Body, (await KeyedAsync("k1", ("include_card", "1"))).Is(200).Body);
    }

    [Fact]
    public async Task Racing_requests_with_one_key_store_one_prompt_and_get_one_answer()
    {
        await _server.Get<Allowlist>().ExemptAsync(_ana.Id, default);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => KeyedAsync("race")));

        Assert.Single(answers.Select(answer => answer.Is(200).Body).Distinct());
        Assert.Equal(49, answers.Count(answer => answer.Headers.ContainsKey("Idempotent-Replayed")));
        Assert.Equal(1, await _server.CountAsync("prompt"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("256")]
    public async Task An_idempotency_key_is_visible_ascii_of_bounded_length(string key) =>
        Assert.Contains("Idempotency-Key", (await KeyedAsync(key == "256" ? new string('k', 256) : key)).Is(400, 44).Messages[0], StringComparison.Ordinal);

    [Fact]
    public async Task Only_who_can_be_messaged_is_asked()
    {
        var careful = await _server.UserAsync("careful", MessagingPermission.Following);
        (await CreateAsync(("to_user_id", Id(careful)))).Is(403, 349);
        await ContactAsync(careful, "follows", 1);
        (await CreateAsync(("to_user_id", Id(careful)))).Is(200);

        var talker = await _server.UserAsync("talker", MessagingPermission.Following);
        await ContactAsync(talker, "wrote_at", 1);
        (await CreateAsync(("to_user_id", Id(talker)))).Is(200);

        var blocker = await _server.UserAsync("blocker");
        await ContactAsync(blocker, "blocks", 1);
        (await CreateAsync(("to_user_id", Id(blocker)))).Is(403, 349);

        var quiet = await _server.UserAsync("quiet");
        await ContactAsync(quiet, "opted_out_at", 1);
        (await CreateAsync(("to_user_id", Id(quiet)))).Is(403, 349);

        (await CreateAsync(("to_user_id", Id(_furni)))).Is(403, 349);
        (await CreateAsync(("to_user_id", "9223372036854775807"))).Is(404, 50);
        await _server.Get<UserAccounts>().SuspendAsync("ana", true, default);
        (await CreateAsync()).Is(403, 63);
    }

    [Fact]
    public async Task The_question_is_stored_as_it_was_asked()
    {
        (await CreateAsync(("question_variant_id", "6"), ("display_name", "F & S"))).Is(200);

        var asked = await _server.Server.Store.Main.ReadAsync(session => session.Sql("select question from prompt").FirstAsync(row => row.GetString(0), default), default);
        Assert.Equal("How would you rate your experience on Afterword with F & S?", asked);
    }

    [Fact]
    public async Task Texts_are_stored_composed()
    {
        var created = (await CreateAsync(("external_id", "e\u0301"))).Is(200);

        Assert.Equal("\u00e9", created.Text("external_id"));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task<Answer> CreateAsync(params (string Name, string Value)[] changes) => _server.PostAsync(_token, Path, Given(changes));

    private Task<Answer> KeyedAsync(string key, params (string Name, string Value)[] changes) => _server.SendAsync(
        _token, HttpMethod.Post, Path, TestServer.Form(Given(changes)), request => request.Headers.TryAddWithoutValidation("Idempotency-Key", key));

    private (string Name, string Value)[] Given(params (string Name, string Value)[] changes) =>
        [.. new (string Name, string Value)[] { ("type", "csat"), ("to_user_id", Id(_ana)), ("message", "Thanks for the talk."), ("privacy_url", "https://furni.example/privacy") }
            .Where(one => changes.All(change => change.Name != one.Name)), .. changes];

    private Task<int> ContactAsync(User user, string column, long value) => _server.Server.Store.Main.WriteAsync(
        session => session.Sql($"insert into contact (sender_id, user_id, {column}) values (@sender, @user, @value)")
            .Bind("sender", _furni.Id).Bind("user", user.Id).Bind("value", value).RunAsync(default),
        default);

    private static string Id(User user) => user.Id.ToString(CultureInfo.InvariantCulture);
}

public sealed class SqliteCreateTests() : CreateTests(Engine.Sqlite);

public sealed class PostgresCreateTests() : CreateTests(Engine.Postgres);
