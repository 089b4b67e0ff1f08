using System.Text.Json.Nodes;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Automation;

/// <summary>A sender reads and changes its rules.</summary>
public abstract class RuleChangeTests(Engine engine) : IAsyncLifetime
{
    private RulesFixture _world = null!;

    public async ValueTask InitializeAsync() => _world = await RulesFixture.StartAsync(engine);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Rules_are_versions_and_the_second_of_two_writers_is_told()
    {
        var none = await ReadAsync();
        Assert.Equal("""{"version":0,"recipient_interval_days":7,"after_dismissal_days":30,"paused":false,"rules":[]}""", none.Body);
        Assert.Equal("\"0\"", none.Headers["ETag"]);

        var first = (await _world.PutAsync(RulesDocumentTests.Example, "0")).Is(200);
        Assert.Equal(("\"1\"", "@furni", "Mon Jan 05 09:00:00 +0000 2026"), (first.Headers["ETag"], first.Text("changed_by"), first.Text("changed_at")));
        Assert.Equal(first.Body, (await ReadAsync()).Body);

        // What was read is sent back with a change; whoever has read the same before is told.
        var changed = JsonNode.Parse(first.Body)!;
        changed["paused"] = true;
        Assert.Equal("\"2\"", (await _world.PutAsync(changed.ToJsonString(), null)).Is(200).Headers["ETag"]);
        var late = (await _world.PutAsync(RulesDocumentTests.Example, "\"1\"")).Is(409, 355);
        Assert.Equal(["The rules have been changed since you have read them."], late.Messages);
        (await _world.PutAsync(changed.ToJsonString(), null)).Is(409, 355);
        Assert.True((await ReadAsync()).Json.GetProperty("paused").GetBoolean());

        Assert.Equal(2, await _world.Server.CountAsync("automation_rules", "changed_by = '@furni'"));
        Assert.Equal(2, await _world.Server.CountAsync("audit", "what like 'automation rules: version %' and person = '@furni'"));
        await _world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_was_turned_off_stays_off_until_somebody_says_otherwise()
    {
        await _world.RuleAsync(RulesFixture.Everybody(document: "\"enabled\":false,"));
        foreach (var silent in (string[])["", "\"enabled\":null,"])
        {
            await _world.RuleAsync(RulesFixture.Everybody(document: $"{silent}\"after_dismissal_days\":3,"));
            Assert.False((await ReadAsync()).Json.GetProperty("enabled").GetBoolean());
            Assert.Equal("skipped: rule_says_no", (await _world.CloseAsync($"off {silent}")).Outcome);
        }

        await _world.RuleAsync(RulesFixture.Everybody(document: "\"enabled\":true,"));
        Assert.Equal("scheduled", (await _world.CloseAsync("on")).Outcome);
        await _world.RuleAsync(RulesFixture.Everybody());
        Assert.False((await ReadAsync()).Json.TryGetProperty("enabled", out _));
    }

    [Fact]
    public async Task Of_writers_at_once_one_saves()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => _world.PutAsync(RulesFixture.Everybody(document: $"\"recipient_interval_days\":{i},"), "0")));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.All(answers.Where(answer => answer.Status != 200), answer => answer.Is(409, 355));
        Assert.Equal(1, await _world.Server.CountAsync("automation_rules"));
    }

    [Fact]
    public async Task Wrong_rules_are_refused_with_all_that_is_wrong_and_nothing_is_stored()
    {
        Assert.Equal(["If-Match parameter is missing. Send that header, or version in the document."], (await _world.PutAsync("""{"rules":[]}""", null)).Is(400, 38).Messages);
        foreach (var seen in (string[])["x", "\"", "\"1", "-1", "*", "1, 2"]) (await _world.PutAsync("""{"rules":[]}""", seen)).Is(400, 44);
        (await _world.PutAsync("""{"version":3,"rules":[]}""", "2")).Is(400, 44);
        (await _world.PutAsync("[]", "0")).Is(400, 44);
        Assert.Equal(
            ["rules[0].name parameter is missing.", "rules[0].ask.message.en parameter is missing.", "rles parameter is invalid: no such name; there are version, changed_at, changed_by, recipient_interval_days, after_dismissal_days, paused, enabled, quiet_hours, alerts, rules."],
            (await _world.PutAsync("""{"rles":[],"rules":[{"ask":{"type":"csat","privacy_url":"https://a.example","message":{"de":"Hallo"}}}]}""", "0")).Is(400).Messages);
        (await _world.Server.SendAsync(_world.Fixture.Sender, HttpMethod.Put, "/1.1/feedback/rules.json", TestServer.Form(("rules", "[]")))).Is(415, 44);

        var reader = await _world.Server.TokenAsync(_world.Fixture.App, _world.Fixture.Furni, Permission.Read);
        (await _world.PutAsync("""{"rules":[]}""", "0", reader)).Is(403, 93);
        (await _world.PutAsync("""{"rules":[]}""", "0", _world.Fixture.Recipient)).Is(403, 87);
        Assert.Equal(0, await _world.Server.CountAsync("automation_rules"));
    }

    private async Task<Answer> ReadAsync() => (await _world.Server.GetAsync(_world.Fixture.Sender, "/1.1/feedback/rules.json")).Is(200);
}

public sealed class SqliteRuleChangeTests() : RuleChangeTests(Engine.Sqlite);

public sealed class PostgresRuleChangeTests() : RuleChangeTests(Engine.Postgres);

/// <summary>Every parameter of a close at its limits and beyond: the documented error, and nothing stored.</summary>
public sealed class BadCloseTests(SharedSqliteServer server) : IClassFixture<SharedSqliteServer>
{
    [Fact]
    public async Task A_wrong_name_is_refused_where_it_would_answer_another_question()
    {
        foreach (var (call, message) in new[]
        {
            ("conversations/list.json?from=1", "from parameter is invalid: unknown here; there are agent, count, cursor, decision, external_id, from_time, reason, to_time."),
            ("conversations/list.json?agents=zoe", "agents parameter is invalid: unknown here; agent is meant, or another of agent, count, cursor, decision, external_id, from_time, reason, to_time."),
            ("can_prompt.json?to_user_id=7&tag=vip", "tag parameter is invalid: unknown here; tags is meant, or another of agent, agent_messages, closed_at, display_name, external_id, language, messages, privacy_url, tags, team, test, to_user_id."),
        })
        {
            Assert.Equal(message, Assert.Single((await server.Server.GetAsync(server.Fixture.Sender, $"/1.1/feedback/{call}")).Is(400, 44).Messages));
        }

        // A dry run takes whatever a close takes. Twitter's own routes ignore what they do not know.
        (await server.Server.GetAsync(server.Fixture.Sender, $"/1.1/feedback/can_prompt.json?to_user_id={server.Fixture.Ana.Id}&display_name=Furni&privacy_url=https%3A%2F%2Ffurni.example")).Is(200);
        (await server.Server.GetAsync(server.Fixture.Sender, "/1.1/feedback/events.json?from_time=1640998800000&to_time=1641081599999&from=1")).Is(200);
    }

    [Fact]
    public async Task Every_parameter_that_is_missing_wrong_too_long_or_twice_is_named()
    {
        var now = server.Server.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        (string Name, string Value, string Message)[] wrong =
        [
            ("to_user_id", "ana", "a decimal id"), ("external_id", new string('e', 257), "at most 256 characters"), ("external_id", "a\0b", "no control characters but newline and tab"),
            ("agent", new string('a', 101), "one line of at most 100 characters"), ("agent", "a\nb", "one line of at most 100 characters"), ("team", new string('t', 101), "one line of at most 100 characters"),
            ("tags", "a,b,c,d,e,f,g,h,i,j,k", "at most 10 tags"), ("language", "german", "a language tag, such as de or pt-BR"),
            ("closed_at", RulesFixture.Text(now - (7 * 86_400_000) - 1), "at most 7 days ago and 5 minutes ahead"), ("closed_at", RulesFixture.Text(now + 300_001), "at most 7 days ago and 5 minutes ahead"),
            ("closed_at", "yesterday", "milliseconds since 1970, as a whole number"), ("messages", "-1", "a whole number from 0 to 1000000"), ("agent_messages", "1000001", "a whole number from 0 to 1000000"),
            ("display_name", new string('d', 21), "at most 20 characters"), ("privacy_url", "ftp://a.example", "an absolute http or https URL with a host and without credentials"), ("test", "maybe", "true or false"),
        ];
        foreach (var (name, value, message) in wrong)
        {
            Assert.Equal([$"{name} parameter is invalid: {message}."], (await CloseAsync([.. Given(name), (name, value)])).Is(400, 44).Messages);
            Assert.Equal([$"{name} parameter is invalid: given more than once."], (await CloseAsync([.. Given(name), (name, "1"), (name, "1")])).Is(400, 44).Messages);
        }

        foreach (var name in (string[])["to_user_id", "external_id"])
        {
            Assert.Equal([$"{name} parameter is missing."], (await CloseAsync(Given(name))).Is(400, 38).Messages);
            Assert.Equal([$"{name} parameter is missing."], (await CloseAsync([.. Given(name), (name, "")])).Is(400, 38).Messages);
        }

        (await CloseAsync([.. Given("closed_at"), ("closed_at", RulesFixture.Text(now + 300_000))])).Is(200);
        (await CloseAsync([("to_user_id", "7"), ("external_id", "old"), ("closed_at", RulesFixture.Text(now - (7 * 86_400_000)))])).Is(200);
        Assert.Equal(2, await server.Server.CountAsync("conversation"));
    }

    [Fact]
    public async Task Who_may_not_close_is_refused()
    {
        var reader = await server.Server.TokenAsync(server.Fixture.App, server.Fixture.Furni, Permission.Read);
        foreach (var path in (string[])["close", "reopen"])
        {
            (await server.Server.PostAsync(reader, $"/1.1/feedback/conversations/{path}.json", Given("none"))).Is(403, 93);
            (await server.Server.PostAsync(server.Fixture.Recipient, $"/1.1/feedback/conversations/{path}.json", Given("none"))).Is(403, 87);
        }

        foreach (var path in (string[])["conversations/list.json", "conversations/show/7.json", "can_prompt.json?to_user_id=7", "rules.json"])
        {
            (await server.Server.GetAsync(server.Fixture.Recipient, $"/1.1/feedback/{path}")).Is(403, 87);
        }
    }

    private (string, string)[] Given(string but) => [.. new[] { ("to_user_id", RulesFixture.Text(server.Fixture.Ana.Id)), ("external_id", "ticket") }.Where(pair => pair.Item1 != but)];

    private Task<Answer> CloseAsync((string, string)[] form) => server.Server.PostAsync(server.Fixture.Sender, "/1.1/feedback/conversations/close.json", form);
}
