using System.Net.Http.Headers;
using System.Text;
using Afterword.Client.Webhooks;
using Afterword.Server.Console.Members;
using Afterword.Server.Operators;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.AspNetCore.Http;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>What an operator's programs may do, and nobody else.</summary>
public abstract class OperatorTests(Engine engine) : IAsyncLifetime
{
    private WebhookFixture _fixture = null!;
    private string _key = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await WebhookFixture.StartAsync(engine, "Webhooks:RetrySchedule=5s");
        _key = (await _fixture.Server.Get<OperatorKeys>().AddAsync("deploy", default))!;
    }

    [Fact]
    public async Task An_operator_adds_an_endpoint_which_gets_the_changes_signed_with_the_secret_that_was_told()
    {
        await using var receiver = await Receiver.StartAsync();

        var added = (await CallAsync("POST", "", ("sender", "@Furni"), ("url", receiver.Url.AbsoluteUri), ("basic", "furni:s3cret"))).Is(201);
        await ApproveAsync(added.Text("id"));
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();

        Assert.Equal(3, receiver.All.Count);
        Assert.StartsWith("whsec_", added.Text("secret"), StringComparison.Ordinal);
        var secret = WebhookSecret.Parse(added.Text("secret"));
        Assert.All(receiver.All, got => Assert.Equal(secret.Sign(got.Id, DateTimeOffset.FromUnixTimeSeconds(got.Timestamp), got.Body), got.Signature));

        var listed = (await CallAsync("GET", "?sender=furni")).Is(200).Json.GetProperty("webhooks");
        Assert.Equal(added.Text("id"), listed[0].GetProperty("id").GetString());
        Assert.False(listed[0].TryGetProperty("secret", out _));
        var shown = (await CallAsync("GET", $"/{added.Text("id")}", ("count", "2"))).Is(200).Json.GetProperty("deliveries");
        Assert.Equal(2, shown.GetArrayLength());
        Assert.Equal("delivered", shown[0].GetProperty("state").GetString());
        Assert.Equal(204, shown[0].GetProperty("attempts")[0].GetProperty("status").GetInt32());
    }

    [Fact]
    public async Task A_webhook_that_an_operator_adds_gets_nothing_before_an_owner_approves_it()
    {
        await using var receiver = await Receiver.StartAsync((http, _) => http.Response.WriteAsync("what was sent"));
        var owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Fixture.Furni);
        var added = (await CallAsync("POST", "", ("sender", "furni"), ("url", receiver.Url.AbsoluteUri))).Is(201);
        var id = added.Text("id");
        Assert.Equal("waiting_for_approval", added.Text("state"));
        Assert.False(added.Json.GetProperty("active").GetBoolean());

        // Tests, switching it on and asking for a replay are no ways round.
        await _fixture.AskAndAnswerAsync();
        foreach (var act in (string[])["test", "enable", "replay"]) Assert.Contains("waits until an owner", Assert.Single((await CallAsync("POST", $"/{id}/{act}", ("from", "0"))).Is(400, 44).Messages), StringComparison.Ordinal);
        Assert.Equal(0, await _fixture.CountAsync());
        await _fixture.DrainAsync();
        Assert.Empty(receiver.All);
        Assert.Equal("waiting_for_approval", (await CallAsync("GET", $"/{id}")).Is(200).Text("state"));

        var page = (await owner.GetAsync($"/console/@furni/webhooks/{id}")).Is(200);
        Assert.Contains("Nothing is sent or kept for it until an owner approves it.", page.Html, StringComparison.Ordinal);
        (await owner.SubmitAsync(page, $"/console/@furni/webhooks/{id}/approve")).Is(303);
        Assert.Equal("active", (await CallAsync("GET", $"/{id}")).Is(200).Text("state"));
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();

        // What happened before the approval is not told afterwards.
        Assert.Equal(3, receiver.All.Count);
        Assert.DoesNotContain("what was sent", (await CallAsync("GET", $"/{id}")).Is(200).Body, StringComparison.Ordinal);
        await _fixture.Server.AllIsWellAsync();
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"sender_id = {_fixture.Fixture.Furni.Id} and person = 'owner@furni.example' and what = 'webhook {id}: approved'"));
    }

    [Fact]
    public async Task What_an_operators_program_changes_is_in_the_senders_audit_log()
    {
        await using var receiver = await Receiver.StartAsync();
        var id = (await CallAsync("POST", "", ("sender", "furni"), ("url", $"{receiver.Url}secret-path"))).Is(201).Text("id");
        await ApproveAsync(id);
        foreach (var act in (string[])["test", "rotate", "disable", "enable"]) (await CallAsync("POST", $"/{id}/{act}")).Is(200);
        (await CallAsync("POST", $"/{id}/replay", ("from", "0"))).Is(200);
        (await CallAsync("DELETE", $"/{id}")).Is(200);

        var written = await _fixture.Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select what from audit where sender_id = @sender and person = 'operator key deploy' order by id").Bind("sender", _fixture.Fixture.Furni.Id).ListAsync(row => row.GetString(0), default), default);
        Assert.Equal(
            [
                $"webhook to {receiver.Url.GetLeftPart(UriPartial.Authority)}: added, to be approved by an owner", $"webhook {id}: sent a test event", $"webhook {id}: new secret", $"webhook {id}: switched off",
                $"webhook {id}: switched on", $"webhook {id}: sent events again", $"webhook {id}: removed",
            ],
            written);
    }

    [Fact]
    public async Task Test_rotate_switch_and_remove_do_what_the_commands_do()
    {
        await using var receiver = await Receiver.StartAsync();
        var id = (await CallAsync("POST", "", ("sender", "furni"), ("url", receiver.Url.AbsoluteUri))).Is(201).Text("id");
        await ApproveAsync(id);

        Assert.Equal(204, (await CallAsync("POST", $"/{id}/test")).Is(200).Json.GetProperty("status").GetInt32());
        Assert.True(Assert.Single(receiver.All).Json.GetProperty("feedback").GetProperty("test").GetBoolean());
        Assert.StartsWith("whsec_", (await CallAsync("POST", $"/{id}/rotate")).Is(200).Text("secret"), StringComparison.Ordinal);

        Assert.False((await CallAsync("POST", $"/{id}/disable")).Is(200).Json.GetProperty("active").GetBoolean());
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();
        Assert.Single(receiver.All);
        Assert.True((await CallAsync("POST", $"/{id}/enable")).Is(200).Json.GetProperty("active").GetBoolean());
        await _fixture.DrainAsync();
        Assert.Equal(4, receiver.All.Count);

        (await CallAsync("POST", $"/{id}/disable")).Is(200);
        await _fixture.Fixture.AskAsync();
        Assert.Equal(1, (await CallAsync("DELETE", $"/{id}")).Is(200).Json.GetProperty("given_up").GetInt64());
        (await CallAsync("GET", $"/{id}")).Is(404, 34);
    }

    [Fact]
    public async Task A_replay_tells_how_far_it_is()
    {
        await using var receiver = await Receiver.StartAsync();
        var id = (await CallAsync("POST", "", ("sender", "furni"), ("url", receiver.Url.AbsoluteUri))).Is(201).Text("id");
        await ApproveAsync(id);
        for (var i = 0; i < 3; i++) await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();

        var lines = (await CallAsync("POST", $"/{id}/replay", ("from", "0"))).Is(200).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("""{"replayed":9,"done":true}""", lines[^1]);
        await _fixture.DrainAsync();
        Assert.Equal(18, receiver.All.Count);

        var one = receiver.All.First().Id;
        Assert.EndsWith("{\"replayed\":1,\"done\":true}\n", (await CallAsync("POST", $"/{id}/replay", ("event", one))).Is(200).Body, StringComparison.Ordinal);
        (await CallAsync("POST", $"/{id}/replay")).Is(400, 38);
        (await CallAsync("POST", $"/{id}/replay", ("event", one), ("dead", "true"))).Is(400, 44);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("POST", "")]
    [InlineData("GET", "/1")]
    [InlineData("DELETE", "/1")]
    [InlineData("POST", "/1/test")]
    [InlineData("POST", "/1/rotate")]
    [InlineData("POST", "/1/enable")]
    [InlineData("POST", "/1/disable")]
    [InlineData("POST", "/1/replay")]
    public async Task Without_a_valid_key_nothing_is_told(string method, string path)
    {
        await _fixture.AddAsync(new Uri("http://127.0.0.1:9/"));
        foreach (var authorization in (string?[])[null, "Bearer", "Bearer awop_none", $"Basic {_key}", $"Bearer {_key}x", $"Bearer {new string('a', 5000)}"])
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_fixture.Server.Url, $"/operator/webhooks{path}.json"));
            if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
            var answer = (await _fixture.Server.SendAsync(request)).Is(401, 32);
            Assert.Equal("Bearer", answer.Headers["WWW-Authenticate"]);
        }

        // The same call with the key gets past the door.
        Assert.NotEqual(401, (await CallAsync(method, path)).Status);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_at_once_and_a_key_is_in_no_row_and_no_log()
    {
        var keys = _fixture.Server.Get<OperatorKeys>();
        (await CallAsync("GET", "")).Is(200);
        Assert.Null(await keys.AddAsync("deploy", default));
        var stored = await _fixture.Server.Server.Store.Main.ReadAsync(session => session.Sql("select key_hash from operator_key").FirstAsync(row => row.GetBytes(0), default), default);
        Assert.False(stored.AsSpan().IndexOf(Encoding.UTF8.GetBytes(_key)) >= 0);

        Assert.True(await keys.RevokeAsync("deploy", default));
        (await CallAsync("GET", "")).Is(401, 32);
        Assert.DoesNotContain(_fixture.Server.Log, line => line.Contains(_key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bad_input_is_named()
    {
        Assert.Equal(["sender parameter is missing.", "url parameter is missing."], (await CallAsync("POST", "")).Is(400, 38, 38).Messages);
        Assert.Contains("without a fragment", Assert.Single((await CallAsync("POST", "", ("sender", "furni"), ("url", "https://a.example/#x"))).Is(400, 44).Messages), StringComparison.Ordinal);
        (await CallAsync("POST", "", ("sender", "furni"), ("url", "https://a.example/"), ("basic", "nocolon"))).Is(400, 44);
        foreach (var wrong in (string[])["fur\0ni", "a b", "sixteen_letters_"]) (await CallAsync("POST", "", ("sender", wrong), ("url", "https://a.example/"))).Is(400, 44);
        (await CallAsync("POST", "", ("sender", "nobody"), ("url", "https://a.example/"))).Is(404, 50);
        (await CallAsync("POST", "", ("sender", "furni"), ("url", new string('a', 70_000)))).Is(413, 44);
        (await CallAsync("GET", "/abc")).Is(404, 34);
        (await CallAsync("GET", "/99999999999999999999")).Is(404, 34);
    }

    [Fact]
    public async Task A_json_body_counts_like_a_form()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_fixture.Server.Url, "/operator/webhooks.json"))
        {
            Content = new StringContent("""{"sender":"furni","url":"https://desk.example.com/"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        Assert.Equal("https://desk.example.com/", (await _fixture.Server.SendAsync(request)).Is(201).Text("url"));
    }

    [Theory]
    [InlineData("application/json; charset=\"UTF-8\"", 400)]
    [InlineData("application/json; charset=us-ascii", 400)]
    [InlineData("application/json; charset=iso-8859-1", 415)]
    [InlineData("application/x-www-form-urlencoded; charset=us-ascii", 400)]
    [InlineData("application/x-www-form-urlencoded; charset=iso-8859-1", 400)]
    [InlineData("application/x-www-form-urlencoded; charset=iso-8859-1", 415, "sender=%FC")]
    public async Task Charsets_are_those_of_the_api(string type, int status, string form = "x=1")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_fixture.Server.Url, "/operator/webhooks.json"))
        {
            Content = new ByteArrayContent(Encoding.ASCII.GetBytes(type.Contains("json", StringComparison.Ordinal) ? "{}" : form)),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        Assert.Equal(status, (await _fixture.Server.SendAsync(request)).Status);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private Task<bool> ApproveAsync(string id) =>
        _fixture.Endpoints.ApproveAsync(new(_fixture.Fixture.Furni.Id, long.Parse(id, System.Globalization.CultureInfo.InvariantCulture)), Approver.Owner, default);

    private Task<Answer> CallAsync(string method, string path, params (string Name, string Value)[] parameters)
    {
        var (name, query) = path.Split('?') is [var before, var after] ? (before, "?" + after) : (path, "");
        var form = TestServer.Form(parameters);
        if (method == "GET" && parameters.Length > 0) query = "?" + Encoding.ASCII.GetString(form);
        return _fixture.Server.SendAsync(
            null, new HttpMethod(method), $"/operator/webhooks{name}.json{query}", method == "POST" ? form : null,
            request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key));
    }
}

public sealed class SqliteOperatorTests() : OperatorTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresOperatorTests() : OperatorTests(Engine.Postgres);
