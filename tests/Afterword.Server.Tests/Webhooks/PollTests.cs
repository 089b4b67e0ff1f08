using System.Globalization;
using System.Net;
using System.Text;
using Afterword.Client;
using Afterword.Client.Webhooks;
using Afterword.Client.Wire;
using Afterword.Server.Answers;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Operators;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>A receiver without an address fetches what is posted to the others.</summary>
public abstract class PollTests(Engine engine) : IAsyncLifetime
{
    private WebhookFixture _fixture = null!;
    private NewEndpoint _polled = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await WebhookFixture.StartAsync(engine, "Webhooks:PollsPerMinute=0");
        _polled = await AddAsync();
    }

    [Fact]
    public async Task What_is_fetched_is_byte_for_byte_what_is_posted_and_in_the_order_of_the_log()
    {
        await using var receiver = await Receiver.StartAsync();
        await _fixture.AddAsync(receiver);
        var answers = _fixture.Server.Get<AnswerPrompt>();
        var asked = new List<long>();
        for (var i = 0; i < 40; i++) asked.Add(long.Parse((await _fixture.Fixture.AskAsync("csat", ("external_id", "\"<&>\" \\ 😀"), ("test", i % 2 == 0 ? "true" : "false"))).Text("id"), CultureInfo.InvariantCulture));

        // Score and text in one call, and in two that race each other: of the same stamp, whichever came first.
        await Task.WhenAll(asked.SelectMany((id, i) => i % 4 == 0
            ? (Task[])[answers.RunAsync(new(Key(id), 3, "So, so."))]
            : [answers.RunAsync(new(Key(id), null, "Grüße\n\"+\"")), answers.RunAsync(new(Key(id), 4, null))]));
        await _fixture.DrainAsync();

        var events = await AllAsync();

        Assert.Equal(120, events.Count);
        Assert.Equal(await LogAsync(), events.Select(one => one.WebhookId));
        var posted = receiver.All.ToDictionary(one => one.Id);
        var verifier = new WebhookVerifier(WebhookSecret.Parse(_polled.Secret.ToString()), clock: _fixture.Clock);
        foreach (var one in events)
        {
            Assert.Equal(posted[one.WebhookId].Body, Encoding.UTF8.GetBytes(one.Body));
            Assert.IsType<WebhookOutcome.Accepted>(verifier.Verify(
                name => name switch { "webhook-id" => one.WebhookId, "webhook-timestamp" => one.WebhookTimestamp, "webhook-signature" => one.WebhookSignature, _ => null }, Encoding.UTF8.GetBytes(one.Body)));
        }
    }

    [Fact]
    public async Task A_cursor_passes_over_nothing_and_gives_nothing_twice_while_others_write()
    {
        var second = engine == Engine.Postgres ? await _fixture.Server.StartSecondAsync() : null;
        var writing = Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            var server = second is null || i % 2 == 0 ? _fixture.Server : second;
            for (var k = 0; k < 10; k++)
            {
                var id = (await server.PostAsync(
                    _fixture.Fixture.Sender, "/1.1/feedback/create.json",
                    ("type", "nps"), ("to_user_id", $"{_fixture.Fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/p"))).Is(200).Text("id");
                (await server.PostAsync(_fixture.Fixture.Recipient, $"/1.1/feedback/submit/{id}.json", ("score", "9"), ("text", "Gern"))).Is(200);
            }
        })));

        var (got, after, last) = (new List<string>(), "", false);
        while (true)
        {
            var over = writing.IsCompleted;
            var page = (await PollAsync($"?limit=3{after}")).Is(200).Json;
            got.AddRange(page.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("webhook_id").GetString()!));
            after = $"&after={page.GetProperty("next").GetString()}";
            if (last) break;

            Assert.InRange(got.Count, 0, 240);

            last = over && !page.GetProperty("more").GetBoolean();
        }

        await writing;
        if (second is not null) await second.DisposeAsync();
        Assert.Equal(240, got.Count);
        Assert.Equal(await LogAsync(), got);
        await _fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_page_ends_at_its_limit_or_behind_a_megabyte_and_the_cursor_of_any_event_goes_on_behind_it()
    {
        var (answers, longest) = (_fixture.Server.Get<AnswerPrompt>(), string.Concat(Enumerable.Repeat("😀", 10_000)));
        for (var i = 0; i < 30; i++) await answers.RunAsync(new(Key(long.Parse((await _fixture.Fixture.AskAsync()).Text("id"), CultureInfo.InvariantCulture)), null, longest));

        var first = Page((await PollAsync("?limit=2")).Is(200));
        Assert.Equal((2, true, first.Events[1].Cursor), (first.Events.Count, first.More, first.Next));
        var again = Page((await PollAsync($"?limit=1&after={first.Events[0].Cursor}")).Is(200));
        Assert.Equal(first.Events[1].WebhookId, Assert.Single(again.Events).WebhookId);

        var full = Page((await PollAsync("")).Is(200));
        Assert.True(full.More);
        Assert.InRange(full.Events.Sum(one => Encoding.UTF8.GetByteCount(one.Body)), 1024 * 1024, (1024 * 1024) + 50_000);
        Assert.Equal(60, (await AllAsync()).Count);

        // At the end the place stays, and what happens next comes next.
        var end = Page((await PollAsync($"?after={(await AllAsync())[^1].Cursor}")).Is(200));
        Assert.Equal((0, false), (end.Events.Count, end.More));
        await _fixture.Fixture.AskAsync();
        Assert.Single(Page((await PollAsync($"?after={end.Next}")).Is(200)).Events);
    }

    [Fact]
    public async Task Nothing_waits_for_a_webhook_that_is_polled_and_nothing_is_sent_to_it()
    {
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();

        Assert.Equal(3, await _fixture.CountAsync($"endpoint_id = {_polled.Key.Id} and state = 3 and attempts = 0"));
        Assert.Equal(3, await _fixture.CountAsync());
        var key = (await _fixture.Server.Get<OperatorKeys>().AddAsync("deploy", default))!;
        foreach (var act in (string[])["test", "replay"])
        {
            var refused = await _fixture.Server.SendAsync(null, HttpMethod.Post, $"/operator/webhooks/{_polled.Key.Id}/{act}.json", TestServer.Form(("from", "0")), request => request.Headers.Add("Authorization", $"Bearer {key}"));
            Assert.Contains("its receiver polls", Assert.Single(refused.Is(400, 44).Messages), StringComparison.Ordinal);
        }

        // A release from before takes what stands in its place for an address, and must be able to read it.
        Assert.True(Uri.TryCreate(Afterword.Server.Webhooks.Endpoint.PolledUrl, UriKind.Absolute, out _));

        // Removed, it is there for nobody, and what it was given stays in the store as the proof.
        Assert.True(await _fixture.Endpoints.RemoveAsync(_polled.Key, _ => { }, default));
        (await PollAsync("")).Is(401, 32);
        await _fixture.Fixture.AskAsync();
        Assert.Equal(3, await _fixture.CountAsync());
        await _fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_secret_of_the_webhook_lets_in_and_nothing_else()
    {
        await using var receiver = await Receiver.StartAsync();
        var (other, pushed) = (await AddAsync(), await _fixture.AddAsync(receiver));
        var key = (await _fixture.Server.Get<OperatorKeys>().AddAsync("deploy", default))!;
        await _fixture.Fixture.AskAsync();
        var secret = _polled.Secret.ToString();

        foreach (var authorization in (string?[])[null, "Bearer", $"Bearer {other.Secret}", $"Bearer {key}", $"Basic {secret}", $"Bearer {secret}A", $"Bearer {secret[6..]}", $"Bearer {new string('a', 5000)}"])
        {
            var refused = (await PollAsync("", _polled.Key.Id, authorization)).Is(401, 32);
            Assert.Equal("Bearer", refused.Headers["WWW-Authenticate"]);
        }

        // A webhook with an address is not polled, and there is no telling whether there is one.
        (await PollAsync("", pushed.Key.Id, $"Bearer {pushed.Secret}")).Is(401, 32);
        (await PollAsync("", 1, $"Bearer {secret}")).Is(401, 32);
        Assert.Equal("no-store", (await PollAsync("")).Is(200).Headers["Cache-Control"]);
        Assert.DoesNotContain(_fixture.Server.Log, line => line.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_operator_key_gets_no_secret_with_which_answers_could_be_read()
    {
        await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Fixture.Furni);
        var (key, waiting) = ((await _fixture.Server.Get<OperatorKeys>().AddAsync("deploy", default))!, await AddAsync());
        Task<Answer> RotateAsync(NewEndpoint of) => _fixture.Server.SendAsync(null, HttpMethod.Post, $"/operator/webhooks/{of.Key.Id}/rotate.json", TestServer.Form(), request => request.Headers.Add("Authorization", $"Bearer {key}"));

        var refused = (await RotateAsync(_polled)).Is(400, 44);
        Assert.Contains("an owner of the sender makes a new one", Assert.Single(refused.Messages), StringComparison.Ordinal);
        Assert.DoesNotContain("whsec_", refused.Body, StringComparison.Ordinal);
        Assert.Equal(0, await _fixture.Server.CountAsync("webhook", "old_secret is not null"));

        // One that waits gives nothing yet.
        Assert.StartsWith("whsec_", (await RotateAsync(waiting)).Is(200).Text("secret"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_secret_lets_in_beside_the_old_one_for_a_day()
    {
        await _fixture.Fixture.AskAsync();
        var fresh = (await _fixture.Endpoints.RotateAsync(_polled.Key, default))!;
        foreach (var secret in (RotateSecret[])[_polled.Secret, fresh]) Assert.Equal(2, Page((await PollAsync("", _polled.Key.Id, $"Bearer {secret}")).Is(200)).Events[0].WebhookSignature.Split(' ').Length);

        await _fixture.Server.AdvanceAsync(TimeSpan.FromHours(25));
        (await PollAsync("")).Is(401, 32);
        (await PollAsync("", _polled.Key.Id, $"Bearer {fresh}")).Is(200);
    }

    [Fact]
    public async Task Before_its_approval_and_while_it_is_off_a_webhook_gives_nothing_and_what_happens_while_it_is_off_is_kept()
    {
        await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Fixture.Furni);
        var waiting = await AddAsync();
        await _fixture.Fixture.AskAsync();
        Assert.Contains("waits until an owner", Assert.Single((await PollAsync("", waiting)).Is(400, 44).Messages), StringComparison.Ordinal);
        Assert.Equal(0, await _fixture.CountAsync($"endpoint_id = {waiting.Key.Id}"));

        Assert.True(await _fixture.Endpoints.ApproveAsync(waiting.Key, Approver.Owner, default));
        Assert.Empty(Page((await PollAsync("", waiting)).Is(200)).Events);
        Assert.True(await _fixture.Endpoints.DisableAsync(waiting.Key, "Switched off by an operator.", default));
        await _fixture.Fixture.AskAsync();
        Assert.Contains("switched off", Assert.Single((await PollAsync("", waiting)).Is(400, 44).Messages), StringComparison.Ordinal);
        Assert.True(await _fixture.Endpoints.EnableAsync(waiting.Key, default));
        Assert.Single(Page((await PollAsync("", waiting)).Is(200)).Events);

        // A place from before the approval shows nothing from before it.
        Assert.Single(Page((await PollAsync("?after=0-0", waiting)).Is(200)).Events);
    }

    [Fact]
    public async Task A_place_in_the_future_is_refused_since_what_comes_next_would_be_passed_over()
    {
        // As a clock that was three days ahead leaves it; the doctor takes the stamps back.
        await _fixture.Server.Server.Store.Main.WriteAsync(
            session => session.Sql("update sender_state set changed_at = @later").Bind("later", _fixture.Clock.GetUtcNow().AddDays(3).ToUnixTimeMilliseconds()).RunAsync(default), default);
        await _fixture.Fixture.AskAsync();
        var early = Page((await PollAsync("")).Is(200)).Next;
        (await PollAsync($"?after={early}")).Is(200);
        await FutureStamps.MendAsync(_fixture.Server.Server.Store, _fixture.Clock.GetUtcNow(), default);
        Assert.Contains("not in the future", Assert.Single((await PollAsync($"?after={early}")).Is(400, 44).Messages), StringComparison.Ordinal);
        Assert.Single(Page((await PollAsync("")).Is(200)).Events);
    }

    [Fact]
    public async Task Bad_input_is_named()
    {
        foreach (var query in (string[])["limit=0", "limit=101", "after=x", "after=1-", "after=1-2-3", "after=-1-2", "after=1-2&after=1-2"])
        {
            Assert.StartsWith($"{query[..5]} parameter is invalid", Assert.Single((await PollAsync($"?{query}")).Is(400, 44).Messages), StringComparison.Ordinal);
        }

        // Ignored, it would begin at the first event again.
        Assert.Equal("cursor parameter is invalid: unknown here; there are after, limit.", Assert.Single((await PollAsync("?cursor=1")).Is(400, 44).Messages));
    }

    [Fact]
    public async Task Who_reads_is_in_the_senders_audit_log_and_who_is_not_let_in_in_that_of_the_installation()
    {
        await _fixture.AskAndAnswerAsync();
        for (var i = 0; i < 3; i++) (await PollAsync("?limit=1")).Is(200);
        (await PollAsync("", _polled.Key.Id, "Bearer whsec_none")).Is(401);
        await _fixture.Server.Get<AuditCounter>().FlushAsync(all: false, default);

        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"sender_id = {_fixture.Fixture.Furni.Id} and deed = 1 and person = 'webhook {_polled.Key.Id}' and what = 'pages of events, by polling: 3 times'"));
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", "sender_id = 0 and deed = 5 and person = 'somebody' and what = 'a secret of no polled webhook, once from 127.0.0.1'"));

        // Once a minute at most is written that it was polled.
        var noted = (await _fixture.ShowAsync(_polled)).SucceededAt;
        Assert.Equal(_fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds(), noted);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(50));
        (await PollAsync("")).Is(200);
        Assert.Equal(noted, (await _fixture.ShowAsync(_polled)).SucceededAt);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(50));
        (await PollAsync("")).Is(200);
        Assert.True((await _fixture.ShowAsync(_polled)).SucceededAt > noted);
    }

    [Fact]
    public async Task The_client_reads_all_of_it_and_goes_on_behind_any_event()
    {
        for (var i = 0; i < 40; i++) await _fixture.AskAndAnswerAsync();
        using var poller = new WebhookPoller(new(_fixture.Server.Url, $"{_polled.Key.Id}", WebhookSecret.Parse(_polled.Secret.ToString())) { Clock = _fixture.Clock });
        var got = new List<PolledWebhook>();
        await foreach (var one in poller.ReadAsync(cancellationToken: default)) got.Add(one);

        Assert.Equal(await LogAsync(), got.Select(one => one.Webhook.Id));
        Assert.Equal((40, 80), (got.Count(one => one.Webhook.Event.EventType == "feedback.created"), got.Count(one => one.Webhook.Event.EventType == "feedback.updated")));
        var rest = new List<string>();
        await foreach (var one in poller.ReadAsync(got[49].Cursor, default)) rest.Add(one.Webhook.Id);
        Assert.Equal(got.Skip(50).Select(one => one.Webhook.Id), rest);

        // Following goes on with what happens while it waits.
        using var follower = new WebhookPoller(new(_fixture.Server.Url, $"{_polled.Key.Id}", WebhookSecret.Parse(_polled.Secret.ToString())) { Clock = _fixture.Clock, Interval = TimeSpan.FromMilliseconds(20) });
        await using var following = follower.FollowAsync(got[^2].Cursor, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await following.MoveNextAsync());
        var next = following.MoveNextAsync();
        var asked = (await _fixture.Fixture.AskAsync()).Text("id");
        Assert.True(await next);
        Assert.Equal(asked, following.Current.Webhook.Event.Feedback.Id);

        using var stranger = new WebhookPoller(new(_fixture.Server.Url, $"{_polled.Key.Id}", WebhookSecret.Parse(Convert.ToBase64String(new byte[32]))));
        var refused = await Assert.ThrowsAsync<FeedbackApiException>(async () => { await foreach (var one in stranger.ReadAsync(cancellationToken: default)) got.Add(one); });
        Assert.Equal((HttpStatusCode.Unauthorized, 32), (refused.Status, refused.Code));
    }

    [Fact]
    public async Task The_console_shows_that_it_is_polled_and_offers_nothing_that_would_be_sent()
    {
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Fixture.Furni);
        var address = $"/console/@furni/webhooks/{_polled.Key.Id}";
        Assert.Contains("not polled yet", (await owner.GetAsync("/console/@furni/webhooks")).Is(200).Html, StringComparison.Ordinal);
        var id = await _fixture.AskAndAnswerAsync();
        (await PollAsync("")).Is(200);

        var page = (await owner.GetAsync(address)).Is(200);

        foreach (var there in (string[])["Polled by its receiver", "Last polled", "ready to fetch", $"&quot;id&quot;: &quot;{id}&quot;", "New secret", "Switch off"]) Assert.Contains(there, page.Html, StringComparison.Ordinal);
        foreach (var gone in (string[])["poll:", "Send a test event", "Get alerts too", "Send it again", "Failed", "not tried yet", "whsec_"]) Assert.DoesNotContain(gone, page.Html, StringComparison.Ordinal);
        foreach (var (act, name) in new[] { ("test", "x"), ("alerts", "on"), ("replay", "dead") })
        {
            var token = page.HiddenOf("/console/sign-out");
            Assert.Contains("its receiver polls", (await owner.PostAsync($"{address}/{act}", [.. token, (name, "yes")])).Is(400).Html, StringComparison.Ordinal);
        }

        foreach (var role in (Role[])[Role.Agent, Role.Analyst]) (await (await _fixture.Server.MembershipAsync(role, _fixture.Fixture.Furni)).GetAsync(address)).Is(403);
    }

    [Fact]
    public async Task An_operator_adds_one_by_http_without_an_address()
    {
        var key = (await _fixture.Server.Get<OperatorKeys>().AddAsync("deploy", default))!;
        Task<Answer> Add(params (string, string)[] form) =>
            _fixture.Server.SendAsync(null, HttpMethod.Post, "/operator/webhooks.json", TestServer.Form([("sender", "furni"), .. form]), request => request.Headers.Add("Authorization", $"Bearer {key}"));

        (await Add(("poll", "true"), ("url", "https://desk.example.com/"))).Is(400, 44);
        (await Add(("poll", "true"), ("basic", "a:b"))).Is(400, 44);
        (await Add(("poll", "false"))).Is(400, 38);
        var added = (await Add(("poll", "true"))).Is(201);

        Assert.Equal(("poll", "waiting_for_approval"), (added.Text("kind"), added.Text("state")));
        Assert.False(added.Json.TryGetProperty("url", out _));
        Assert.StartsWith("whsec_", added.Text("secret"), StringComparison.Ordinal);
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"sender_id = {_fixture.Fixture.Furni.Id} and what = 'webhook to be polled: added, to be approved by an owner'"));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private CardKey Key(long id) => new(_fixture.Fixture.Furni.Id, id, null);

    private Task<NewEndpoint> AddAsync() => _fixture.Endpoints.AddAsync(_fixture.Fixture.Furni.Id, null, null, WebhookFormat.Events, Approval.NeededIfOwned, default);

    private Task<Answer> PollAsync(string query, NewEndpoint? of = null) => PollAsync(query, (of ?? _polled).Key.Id, $"Bearer {(of ?? _polled).Secret}");

    private Task<Answer> PollAsync(string query, long id, string? authorization) => _fixture.Server.SendAsync(
        null, HttpMethod.Get, $"/operator/webhooks/{id}/poll.json{query}", null,
        request => { if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization); });

    private static PollPageJson Page(Answer answer) => System.Text.Json.JsonSerializer.Deserialize(answer.Body, WireJson.Default.PollPageJson)!;

    private async Task<List<PolledEventJson>> AllAsync()
    {
        var (all, after) = (new List<PolledEventJson>(), "");
        while (true)
        {
            var page = Page((await PollAsync(after)).Is(200));
            all.AddRange(page.Events);
            if (!page.More) return all;

            Assert.InRange(all.Count, 1, 1_000);

            after = $"?after={page.Next}";
        }
    }

    /// <summary>The ids of all events, in the order of the log.</summary>
    private Task<List<string>> LogAsync() => _fixture.Server.Server.Store.Main.ReadAsync(
        session => session.Sql("select id from change where sender_id = @sender order by changed_at, id").Bind("sender", _fixture.Fixture.Furni.Id)
            .ListAsync(row => row.GetInt64(0).ToString(CultureInfo.InvariantCulture), default), default);
}

public sealed class SqlitePollTests() : PollTests(Engine.Sqlite)
{
    [Fact]
    public async Task Who_polls_too_often_is_told_when_to_come_again()
    {
        await using var fixture = await WebhookFixture.StartAsync(Engine.Sqlite, "Webhooks:PollsPerMinute=2");
        var polled = await fixture.Endpoints.AddAsync(fixture.Fixture.Furni.Id, null, null, WebhookFormat.Events, Approval.NeededIfOwned, default);
        Task<Answer> PollAsync(string secret) => fixture.Server.SendAsync(null, HttpMethod.Get, $"/operator/webhooks/{polled.Key.Id}/poll.json", null, request => request.Headers.Add("Authorization", $"Bearer {secret}"));

        // Whoever only guesses at the secret shuts nobody out.
        for (var i = 0; i < 3; i++) (await PollAsync("whsec_guess")).Is(401);
        for (var i = 0; i < 2; i++) (await PollAsync(polled.Secret.ToString())).Is(200);
        Assert.Equal(60, (await PollAsync(polled.Secret.ToString())).Is(429, 88).Header("Retry-After"));
        await fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(60));
        (await PollAsync(polled.Secret.ToString())).Is(200);
    }
}

public sealed class PostgresPollTests() : PollTests(Engine.Postgres);
