using System.Text.Json;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Automation;

/// <summary>A conversation closes, and the rules decide.</summary>
public abstract class CloseTests(Engine engine) : IAsyncLifetime
{
    private RulesFixture _world = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync() => _world = await RulesFixture.StartAsync(engine);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_close_leads_to_a_request_with_message_card_event_and_answer_without_anybodys_hand()
    {
        await _world.RuleAsync(RulesDocumentTests.Example.Replace("0.5", "1", StringComparison.Ordinal));
        var closed = await _world.CloseAsync("ticket_5555", ("agent", "kenji"), ("team", "returns"), ("tags", "vip,chair"), ("agent_messages", "2"), ("language", "de-AT"));

        Assert.Equal("scheduled", closed.Outcome);
        var json = closed.Json;
        Assert.Equal(
            ["id", "external_id", "to_user_id", "agent", "team", "tags", "language", "connector", "test", "closed_at", "created_at", "updated_at", "closes", "decision", "reason", "rule", "rules_version", "share", "draw", "due_at", "next_eligible_at", "feedback_id"],
            json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(("ticket_5555", "kenji", "returns", "vip by nps"), (closed.Text("external_id"), closed.Text("agent"), closed.Text("team"), closed.Text("rule")));
        Assert.Equal(("Mon Jan 05 09:00:00 +0000 2026", "Mon Jan 05 10:00:00 +0000 2026"), (closed.Text("closed_at"), closed.Text("due_at")));
        Assert.Equal((1, 1), (json.GetProperty("rules_version").GetInt32(), json.GetProperty("closes").GetInt32()));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("feedback_id").ValueKind);

        await _world.PassAsync(TimeSpan.FromMinutes(59));
        Assert.Equal("scheduled", (await _world.ShowAsync(closed.Text("id"))).Outcome);
        Assert.Equal(0, await Server.CountAsync("prompt"));

        await _world.PassAsync(TimeSpan.FromMinutes(1));
        var asked = await _world.ShowAsync(closed.Text("id"));
        Assert.Equal("asked", asked.Outcome);
        var feedback = (await _world.Fixture.ShowAsync(asked.Text("feedback_id"))).Is(200);
        Assert.Equal(("nps", "ticket_5555", RulesFixture.Text(_world.Fixture.Ana.Id)), (feedback.Text("type"), feedback.Text("external_id"), feedback.Text("to_user_id")));
        var messages = (await Server.GetAsync(_world.Fixture.Recipient, "/1.1/direct_messages/events/list.json")).Is(200);
        Assert.Contains("Hallo ANA, danke für deine Nachricht.", messages.Body, StringComparison.Ordinal);
        Assert.Equal(1, await Server.CountAsync("change", "kind = 1"));
        Assert.Equal(1, await Server.CountAsync("prompt", "agent = 'kenji' and tags = 'vip,chair' and language = 'de'"));
        Assert.Equal(1, await Server.CountAsync("rollup", "dimension = 1 and value = 'kenji' and sent = 1"));
        (await _world.Fixture.SubmitAsync(asked.Text("feedback_id"), ("score", "9"))).Is(200);
        await Server.AllIsWellAsync();

        // It is asked once.
        await _world.DrainAsync();
        Assert.Equal(1, await Server.CountAsync("prompt"));
        Assert.Equal("skipped: asked_recently", (await _world.CloseAsync("ticket_5555", ("tags", "vip"), ("agent_messages", "2"))).Outcome);
    }

    [Fact]
    public async Task Who_is_not_asked_has_the_reason_that_fits()
    {
        async Task<User> NewAsync(string handle, string accepts = MessagingPermission.Anyone) => await Server.UserAsync(handle, accepts);
        async Task IsAsync(string outcome, Task<Answer> closing) => Assert.Equal(outcome, (await closing).Outcome);

        await IsAsync("skipped: no_rule", _world.CloseAsync("none"));

        await _world.RuleAsync($$"""{"rules":[{"name":"never","when":{"tags_any":["spam"]},"ask":null},{"name":"fresh","when":{"max_age":"PT1H"},"ask":{{RulesFixture.Ask}}}]}""");
        await IsAsync("skipped: rule_says_no", _world.CloseAsync("spam", ("tags", "spam")));
        await IsAsync("skipped: too_old", _world.CloseAsync("old", ("closed_at", RulesFixture.Text(_world.Now - 3_600_001))));
        await IsAsync("scheduled", _world.CloseAsync(await NewAsync("fresh"), "fresh", ("closed_at", RulesFixture.Text(_world.Now - 3_600_000))));

        await _world.RuleAsync(RulesFixture.Everybody(document: "\"paused\":true,"));
        await IsAsync("skipped: paused", _world.CloseAsync("paused"));
        await _world.RuleAsync(RulesFixture.Everybody(document: "\"enabled\":false,\"paused\":true,"));
        await IsAsync("skipped: rule_says_no", _world.CloseAsync("off"));
        await _world.RuleAsync(RulesFixture.Everybody("\"share\":0", "\"enabled\":true,"));
        await IsAsync("skipped: sampled_out", _world.CloseAsync("sampled"));

        await _world.RuleAsync(RulesFixture.Everybody());
        await IsAsync("skipped: recipient_unknown", _world.CloseAsync(404, "unknown"));
        await IsAsync("skipped: cannot_dm", _world.CloseAsync(_world.Fixture.Furni, "self"));
        await IsAsync("skipped: cannot_dm", _world.CloseAsync(await NewAsync("shy", MessagingPermission.Following), "shy"));
        var gone = await NewAsync("gone");
        await _world.RunAsync($"update account set suspended_at = 1 where id = {gone.Id}");
        await IsAsync("skipped: recipient_suspended", _world.CloseAsync(gone, "gone"));
        var silent = await NewAsync("silent");
        await Server.Get<OptOut>().RunAsync(_world.Fixture.Furni.Id, silent.Id, default);
        await IsAsync("skipped: opted_out", _world.CloseAsync(silent, "silent"));
        var blocker = await NewAsync("blocker");
        (await Server.PostAsync(await Server.TokenAsync(_world.Fixture.App, blocker), "/1.1/blocks/create.json", ("screen_name", "furni"))).Is(200);
        await IsAsync("skipped: cannot_dm", _world.CloseAsync(blocker, "blocker"));

        // Asked by hand, the customer is left alone for a week by the rules; and about that conversation for good.
        var bea = await NewAsync("bea");
        var asked = (await Server.PostAsync(_world.Fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", RulesFixture.Text(bea.Id)), ("message", "Hello"), ("privacy_url", "https://a.example"), ("external_id", "by hand"))).Is(200);
        var recently = await _world.CloseAsync(bea, "after that");
        Assert.Equal(("skipped: asked_recently", "Mon Jan 12 09:00:00 +0000 2026"), (recently.Outcome, recently.Text("next_eligible_at")));
        (await Server.PostAsync(await Server.TokenAsync(_world.Fixture.App, bea), $"/1.1/feedback/dismiss/{asked.Text("id")}.json")).Is(200);
        await Server.AdvanceAsync(TimeSpan.FromDays(7) + TimeSpan.FromMinutes(1));
        var dismissed = await _world.CloseAsync(bea, "dismissed");
        Assert.Equal("skipped: dismissed_recently", dismissed.Outcome);
        Assert.StartsWith("Wed Feb 04 09:00:00", dismissed.Text("next_eligible_at"), StringComparison.Ordinal);
        await Server.AdvanceAsync(TimeSpan.FromDays(23) + TimeSpan.FromMinutes(1));
        await IsAsync("skipped: already_asked", _world.CloseAsync(bea, "by hand"));
        await IsAsync("scheduled", _world.CloseAsync(bea, "another"));

        // Who wrote after the close is in the middle of a conversation.
        (await Server.WriteAsync(await Server.TokenAsync(_world.Fixture.App, silent), _world.Fixture.Furni)).Is(200);
        var writer = await NewAsync("writer");
        (await Server.WriteAsync(await Server.TokenAsync(_world.Fixture.App, writer), _world.Fixture.Furni)).Is(200);
        await IsAsync("withdrawn: written_again", _world.CloseAsync(writer, "writer", ("closed_at", RulesFixture.Text(_world.Now - 1))));
        await IsAsync("scheduled", _world.CloseAsync(writer, "writer"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_budget_is_counted_by_rule_and_opens_again_after_a_day()
    {
        await _world.RuleAsync(RulesFixture.Everybody("\"per_day\":2", "\"recipient_interval_days\":0,").Replace("PT0S", "PT1S", StringComparison.Ordinal));
        for (var i = 0; i < 4; i++) Assert.Equal("scheduled", (await _world.CloseAsync(await Server.UserAsync($"u{i}"), $"t{i}")).Outcome);
        await _world.PassAsync(TimeSpan.FromSeconds(1));

        Assert.Equal((2, 2), (await Server.CountAsync("conversation", "decision = 1"), await Server.CountAsync("conversation", $"decision = 2 and reason = {(int)Afterword.Server.Automation.Reason.Budget}")));
        var full = await _world.CloseAsync("t5");
        Assert.Equal("skipped: budget", full.Outcome);
        Assert.Equal("Tue Jan 06 09:00:01 +0000 2026", full.Text("next_eligible_at"));
        await Server.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal("scheduled", (await _world.CloseAsync("t5")).Outcome);
    }

    [Fact]
    public async Task The_same_close_at_once_leaves_one_row_that_counts_them()
    {
        await _world.RuleAsync(RulesFixture.Everybody());
        var calls = LongForm(100);
        var scheduled = await Task.WhenAll(Enumerable.Range(0, calls).Select(_ => _world.CloseAsync("racing", ("closed_at", RulesFixture.Text(_world.Now + 200_000)))));
        Assert.All(scheduled, answer => Assert.Equal("scheduled", answer.Outcome));
        Assert.Single(scheduled.Select(answer => answer.Text("id")).Distinct());
        Assert.Equal(1, await Server.CountAsync("conversation", $"external_id = 'racing' and closes = {calls}"));

        await Task.WhenAll(Enumerable.Range(0, calls).Select(_ => _world.CloseAsync(404, "nobody")));
        Assert.Equal(1, await Server.CountAsync("conversation", $"external_id = 'nobody' and closes = {calls}"));
        Assert.Equal(2, await Server.CountAsync("conversation"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_close_that_is_repeated_after_its_customer_was_asked_is_counted_there_if_it_names_the_same_time()
    {
        foreach (var (interval, reason) in new[] { ("7", "asked_recently"), ("0", "already_asked") })
        {
            await _world.RuleAsync(RulesFixture.Everybody(document: $"\"recipient_interval_days\":{interval},"));
            var (ticket, customer, at) = ($"lost {interval}", await Server.UserAsync($"lost{interval}"), RulesFixture.Text(_world.Now - 1_000));
            var first = await _world.CloseAsync(customer, ticket, ("closed_at", at));
            await _world.PassAsync(TimeSpan.FromDays(1));

            for (var i = 0; i < 2; i++)
            {
                var repeated = await _world.CloseAsync(customer, ticket, ("closed_at", at));
                Assert.Equal((first.Text("id"), "asked"), (repeated.Text("id"), repeated.Outcome));
            }

            Assert.Equal(1, await Server.CountAsync("conversation", $"external_id = '{ticket}' and closes = 3"));

            // One at another time is another close.
            Assert.Equal($"skipped: {reason}", (await _world.CloseAsync(customer, ticket)).Outcome);
        }
    }

    [Fact]
    public async Task Again_asks_twice_about_one_conversation_and_a_test_counts_in_nothing()
    {
        await _world.RuleAsync(RulesFixture.Everybody("\"again\":true", "\"recipient_interval_days\":1,"));
        await _world.CloseAsync("twice");
        await _world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("skipped: asked_recently", (await _world.CloseAsync("twice")).Outcome);
        await _world.PassAsync(TimeSpan.FromDays(1));
        Assert.Equal("scheduled", (await _world.CloseAsync("twice")).Outcome);
        await _world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, await Server.CountAsync("prompt"));

        // Neither is a test kept by the interval, nor does it begin one.
        await _world.PassAsync(TimeSpan.FromDays(1));
        Assert.Equal("scheduled", (await _world.CloseAsync("test", ("test", "true"))).Outcome);
        await _world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await Server.CountAsync("prompt", "test = 1"));
        Assert.Equal("scheduled", (await _world.CloseAsync("test")).Outcome);
        await _world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("scheduled", (await _world.CloseAsync("another test", ("test", "true"))).Outcome);
        await _world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal((3, 2), (await Server.CountAsync("prompt", "test = 0"), await Server.CountAsync("prompt", "test = 1")));
        Assert.Equal("skipped: asked_recently", (await _world.CloseAsync("after both")).Outcome);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Reopening_withdraws_and_the_next_close_decides_anew()
    {
        await _world.RuleAsync(RulesFixture.Everybody("\"display_name\":\"Furni\"").Replace("PT0S", "PT1H", StringComparison.Ordinal));
        var first = await _world.CloseAsync("t1");
        var reopened = (await ReopenAsync("t1")).Is(200);
        Assert.Equal((first.Text("id"), "withdrawn: reopened"), (reopened.Text("id"), reopened.Outcome));
        Assert.Equal("withdrawn: reopened", (await ReopenAsync("t1")).Is(200).Outcome);
        (await ReopenAsync("never closed")).Is(404, 34);
        await _world.PassAsync(TimeSpan.FromHours(2));
        Assert.Equal(0, await Server.CountAsync("prompt"));

        var second = await _world.CloseAsync("t1");
        Assert.Equal("scheduled", second.Outcome);
        Assert.NotEqual(first.Text("id"), second.Text("id"));
        await _world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal("asked", (await ReopenAsync("t1")).Is(200).Outcome);
        Assert.Equal("withdrawn: reopened", (await _world.ShowAsync(first.Text("id"))).Outcome);
    }

    [Fact]
    public async Task A_message_of_the_customer_withdraws_and_one_to_another_does_not()
    {
        await _world.RuleAsync(RulesFixture.Everybody().Replace("PT0S", "PT1H", StringComparison.Ordinal));
        var bea = await Server.UserAsync("bea");
        var (own, others) = (await _world.CloseAsync("own"), await _world.CloseAsync(bea, "other"));
        (await Server.WriteAsync(_world.Fixture.Sender, _world.Fixture.Ana)).Is(200);
        (await Server.WriteAsync(_world.Fixture.Recipient, bea)).Is(200);
        Assert.Equal("scheduled", (await _world.ShowAsync(own.Text("id"))).Outcome);

        (await Server.WriteAsync(_world.Fixture.Recipient, _world.Fixture.Furni)).Is(200);

        Assert.Equal("withdrawn: written_again", (await _world.ShowAsync(own.Text("id"))).Outcome);
        Assert.Equal("scheduled", (await _world.ShowAsync(others.Text("id"))).Outcome);
        await _world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(1, await Server.CountAsync("prompt"));
    }

    [Fact]
    public async Task The_dry_run_says_what_the_close_says_a_moment_later_and_writes_nothing()
    {
        var random = new Random(17);
        string[] tags = ["a", "b", "c"];
        var users = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Server.UserAsync($"user{i}", i == 5 ? MessagingPermission.Following : MessagingPermission.Anyone)));
        await Server.Get<OptOut>().RunAsync(_world.Fixture.Furni.Id, users[4].Id, default);
        for (var i = 0; i < LongForm(60); i++)
        {
            if (i % 15 == 0)
            {
                await _world.RuleAsync(
                    $$"""
                    {"recipient_interval_days":{{random.Next(3)}},"paused":{{(random.Next(6) == 0 ? "true" : "false")}},"rules":[
                    {"name":"no","when":{"tags_all":["a","b"]},"ask":null},
                    {"name":"some","when":{"tags_any":["b"],"max_age":"PT1H"},"ask":{{RulesFixture.Ask.Replace("{\"type\"", $"{{\"share\":0.5,\"per_day\":{random.Next(1, 4)},\"type\"", StringComparison.Ordinal)}}},
                    {"name":"rest","when":{"tags_none":["c"]},"ask":{{RulesFixture.Ask}}}]}
                    """);
            }

            var customer = random.Next(20) == 0 ? 404 : users[random.Next(users.Length)].Id;
            List<(string, string)> given = [("external_id", $"t{random.Next(25)}"), ("tags", string.Join(',', tags.Where(_ => random.Next(2) == 0)))];
            if (random.Next(4) == 0) given.Add(("closed_at", RulesFixture.Text(_world.Now - random.Next(7_200_000))));
            if (random.Next(6) == 0) given.Add(("test", "true"));
            var rows = await Server.CountAsync("conversation");
            var dry = await _world.CanPromptAsync(customer, [.. given]);
            Assert.Equal(rows, await Server.CountAsync("conversation"));
            var closed = await _world.CloseAsync(customer, given[0].Item2, [.. given[1..]]);

            var said = $"{dry.Body}\n{closed.Body}";
            Assert.True(dry.Json.GetProperty("allowed").GetBoolean() == (closed.Decision == "scheduled"), said);
            Assert.True(dry.Reason == closed.Reason, said);
            foreach (var name in (string[])["next_eligible_at", "due_at"]) Assert.True(dry.Json.GetProperty(name).GetString() == (closed.Json.GetProperty(name).GetString()), said);
            await _world.PassAsync(TimeSpan.FromMinutes(random.Next(600)));
        }

        Assert.True(await Server.CountAsync("prompt") > 3);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_list_gives_each_once_in_order_and_filters()
    {
        await _world.RuleAsync(RulesFixture.Everybody("\"share\":0.5"));
        for (var i = 0; i < 25; i++)
        {
            await _world.CloseAsync(i % 5 == 0 ? 404 : _world.Fixture.Ana.Id, $"t{i}", ("agent", i % 2 == 0 ? "kenji" : "zoe"));
            await Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"t{i}"), await WalkAsync("count=7"));
        Assert.Equal(Enumerable.Range(0, 13).Select(i => $"t{2 * i}"), await WalkAsync("count=4&agent=kenji"));
        Assert.Equal(["t0", "t5", "t10", "t15", "t20"], await WalkAsync("reason=recipient_unknown&count=2"));
        Assert.Equal(["t7"], await WalkAsync("external_id=t7"));
        Assert.Equal([], await WalkAsync("decision=failed"));
        var start = new DateTimeOffset(2026, 1, 5, 9, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        Assert.Equal(["t3", "t4", "t5"], await WalkAsync($"from_time={start + 2500}&to_time={start + 5500}&count=1"));

        // A walk sees nothing that is closed after it began.
        var page = (await ListAsync("count=20")).Json;
        await _world.CloseAsync("late");
        Assert.Equal(5, (await ListAsync($"cursor={page.GetProperty("next_cursor").GetString()}")).Json.GetProperty("conversations").GetArrayLength());
        foreach (var wrong in (string[])["to_time=99999999999999", "from_time=2&to_time=1", "decision=maybe", "reason=none", "count=101", "cursor=x", $"cursor={page.GetProperty("next_cursor").GetString()}&to_time=1", "from_time=x"])
        {
            (await Server.GetAsync(_world.Fixture.Sender, $"/1.1/feedback/conversations/list.json?{wrong}")).Is(400, 44);
        }

        var (_, other) = await Server.SenderAsync(_world.Fixture.App, "other");
        (await Server.GetAsync(other, $"/1.1/feedback/conversations/list.json?cursor={page.GetProperty("next_cursor").GetString()}")).Is(400, 44);
        (await Server.GetAsync(other, $"/1.1/feedback/conversations/show/{page.GetProperty("conversations")[0].GetProperty("id").GetString()}.json")).Is(404, 34);
    }

    private static int LongForm(int quick) => Afterword.Support.LongForm.Or(quick, quick * 20);

    private Task<Answer> ReopenAsync(string externalId) => Server.PostAsync(_world.Fixture.Sender, "/1.1/feedback/conversations/reopen.json", ("external_id", externalId));

    private async Task<Answer> ListAsync(string query) => (await Server.GetAsync(_world.Fixture.Sender, $"/1.1/feedback/conversations/list.json?{query}")).Is(200);

    private async Task<List<string>> WalkAsync(string query)
    {
        var all = new List<string>();
        var cursor = "";
        do
        {
            var page = (await ListAsync(cursor.Length == 0 ? query : $"{string.Join('&', query.Split('&').Where(part => !part.Contains("_time", StringComparison.Ordinal)))}&cursor={cursor}".TrimStart('&'))).Json;
            all.AddRange(page.GetProperty("conversations").EnumerateArray().Select(one => one.GetProperty("external_id").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString()!;
        }
        while (cursor.Length > 0);
        return all;
    }
}

public sealed class SqliteCloseTests() : CloseTests(Engine.Sqlite);

public sealed class PostgresCloseTests() : CloseTests(Engine.Postgres);
