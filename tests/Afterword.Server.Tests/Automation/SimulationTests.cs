using System.Collections;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Automation.Simulation;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Automation;

/// <summary>Rules are tried out on what was closed.</summary>
public abstract class SimulationTests(Engine engine)
{
    [Fact]
    public async Task A_draft_that_is_what_held_would_have_done_the_same_and_another_something_else()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Limits:CreatesPerDay=100000");
        var rules = RulesFixture.Everybody("\"share\":0.5", "\"recipient_interval_days\":3,");
        await world.RuleAsync(rules);
        var users = new List<long> { 404 };
        for (var i = 0; i < 6; i++) users.Add((await world.Server.UserAsync($"u{i}")).Id);
        for (var i = 0; i < 60; i++)
        {
            await world.CloseAsync(users[i % users.Count], $"t{i}", ("tags", i % 3 == 0 ? "vip" : "x"));
            await world.CloseAsync(users[i % users.Count], $"t{i}", ("test", "true"));
            await world.PassAsync(TimeSpan.FromHours(5));
        }

        var rows = await world.Server.CountAsync("conversation");
        var same = (await SimulateAsync(world, rules)).Is(200).Json;
        Assert.Equal((30, 60, 0), (same.GetProperty("days").GetInt32(), same.GetProperty("closes").GetInt32(), same.GetProperty("different").GetInt32()));
        Assert.Equal(same.GetProperty("did").ToString(), same.GetProperty("would").ToString());

        var never = (await SimulateAsync(world, """{"days":90,"rules":[{"name":"never","ask":null}]}""")).Is(200).Json;
        Assert.Equal(
            """[{"rule":"never","decision":"skipped","reason":"rule_says_no","count":51},{"rule":"never","decision":"skipped","reason":"recipient_unknown","count":9}]""", never.GetProperty("would").GetRawText());
        Assert.Equal(20, never.GetProperty("examples").GetArrayLength());
        Assert.Equal(4, (await SimulateAsync(world, rules.Replace("{ ", "{\"days\":1,", StringComparison.Ordinal))).Is(200).Json.GetProperty("closes").GetInt32());

        var budget = (await SimulateAsync(world, RulesFixture.Everybody("\"per_day\":1", "\"recipient_interval_days\":0,"))).Is(200).Json.GetProperty("would").EnumerateArray().ToDictionary(one => one.GetProperty("reason").GetString() ?? "", one => one.GetProperty("count").GetInt32());
        Assert.InRange(budget[""], 9, 13);

        foreach (var wrong in (string[])["{\"rules\":[],\"days\":0}", "{\"rules\":[],\"days\":91}", "{\"rules\":{} }", "{\"rules\":[],\"day\":1}", "7"]) (await SimulateAsync(world, wrong)).Is(400, 44);
        (await world.Server.PostJsonAsync(world.Fixture.Recipient, "/1.1/feedback/rules/simulate.json", rules)).Is(403, 87);
        Assert.Equal(rows, await world.Server.CountAsync("conversation"));
        Assert.Equal(1, await world.Server.CountAsync("automation_rules"));
    }

    [Fact]
    public async Task Requests_by_hand_count_for_the_interval_as_they_did_and_those_of_the_rules_do_not()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Limits:CreatesPerDay=100000");
        var everybody = RulesFixture.Everybody(document: "\"recipient_interval_days\":7,");
        var users = new Dictionary<string, User>();
        foreach (var handle in (string[])["before", "within", "after", "test", "rules"]) users[handle] = await world.Server.UserAsync(handle);

        await ByHandAsync("before");
        await world.RuleAsync("""{"recipient_interval_days":0,"rules":[{"name":"some","when":{"tags_any":["some"]},"ask":ASK}]}""".Replace("ASK", RulesFixture.Ask, StringComparison.Ordinal));
        await world.PassAsync(TimeSpan.FromDays(2));
        await ByHandAsync("within");
        await ByHandAsync("test", ("test", "true"));
        await world.CloseAsync(users["rules"], "by the rules", ("tags", "some"));
        await world.PassAsync(TimeSpan.FromDays(1));
        foreach (var (handle, user) in users) await world.CloseAsync(user, handle);
        await world.PassAsync(TimeSpan.FromHours(1));
        await ByHandAsync("after");
        await world.PassAsync(TimeSpan.FromDays(7) - TimeSpan.FromMinutes(30));
        foreach (var (handle, user) in users) await world.CloseAsync(user, $"{handle} later");

        // Of nine days: what was asked before them counts, too. Of eleven it is within.
        foreach (var days in (int[])[9, 11])
        {
            var simulated = (await SimulateAsync(world, everybody.Replace("{ ", $"{{\"days\":{days},", StringComparison.Ordinal))).Is(200).Json;
            Assert.Equal(
                """[{"rule":"all","decision":"asked","reason":null,"count":7},{"rule":"all","decision":"skipped","reason":"asked_recently","count":4}]""", simulated.GetProperty("would").GetRawText());
        }

        async Task ByHandAsync(string handle, params (string Name, string Value)[] more) => (await world.Server.PostAsync(
            world.Fixture.Sender, "/1.1/feedback/create.json",
            [("type", "csat"), ("to_user_id", RulesFixture.Text(users[handle].Id)), ("message", "Hello"), ("privacy_url", "https://a.example"), .. more])).Is(200);
    }

    [Fact]
    public async Task It_decides_as_the_rules_do_at_the_close_and_when_it_is_due()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Limits:CreatesPerDay=100000");
        var rules = $$"""
            {"recipient_interval_days":1,"after_dismissal_days":0,"quiet_hours":{"from":"20:00","to":"06:00","time_zone":"Asia/Tokyo"},"rules":[
            {"name":"no","when":{"tags_any":["no"]},"ask":null},
            {"name":"german","when":{"languages":["de"]},"ask":{{Ask("\"share\":0.7,\"per_day\":1,", "P1D")}}},
            {"name":"quick","when":{"tags_any":["quick"]},"ask":{{Ask("\"again\":true,", "PT0S")}}},
            {"name":"rest","when":{"messages_min":1},"ask":{{Ask("\"share\":0.6,", "PT5H")}}}]}
            """;
        await world.RuleAsync(rules);
        var store = world.Server.Server.Store;
        await store.Main.WriteAsync(session => session.Sql("update automation set sampling_key = @key").Bind("key", store.Secrets.Protect([7])).RunAsync(default), default);
        var (random, users) = (new Random(7), new List<long> { 404 });
        for (var i = 0; i < 10; i++)
        {
            users.Add((await world.Server.UserAsync($"u{i}")).Id);
            if (i % 3 == 0) await world.RunAsync($"update account set language = 'de' where screen_name_key = 'u{i}'");
            if (i == 4) await world.RunAsync($"insert into exempt (user_id, created_at) values ({users[^1]}, 0)");
        }

        for (var i = 0; i < 150; i++)
        {
            // What is due is asked before the next thing happens, and both have a millisecond of their own.
            for (var hours = random.Next(1, 4); hours > 0; hours--) await world.PassAsync(TimeSpan.FromHours(1));
            await world.Server.AdvanceAsync(TimeSpan.FromMilliseconds(1));
            var (user, ticket) = (users[random.Next(users.Count)], $"t{random.Next(30)}");
            switch (random.Next(6))
            {
                case 0 when user != 404: await ByHandAsync(user, random.Next(2) == 0 ? ticket : "else"); break;
                case 1 when await ScheduledAsync() is { } scheduled: (await world.Server.PostAsync(world.Fixture.Sender, "/1.1/feedback/conversations/reopen.json", ("external_id", scheduled))).Is(200); break;
                default: await world.CloseAsync(user, ticket, ("tags", ((string[])["no", "quick", "x", "x"])[random.Next(4)]), ("messages", RulesFixture.Text(random.Next(4)))); break;
            }
        }

        // All that was scheduled is decided; rules that are tried and are those that held did the same.
        for (var hours = 0; hours < 48; hours++) await world.PassAsync(TimeSpan.FromHours(1));
        var simulated = (await SimulateAsync(world, rules)).Is(200).Json;
        Assert.True(simulated.GetProperty("different").GetInt32() == 0, simulated.ToString());
        var reasons = simulated.GetProperty("would").EnumerateArray().Select(one => one.GetProperty("reason").GetString()).ToHashSet();
        Assert.Equal([], new[] { null, "no_rule", "rule_says_no", "sampled_out", "asked_recently", "already_asked", "recipient_unknown", "reopened" }.Except(reasons));

        static string Ask(string more, string delay) => RulesFixture.Ask.Replace("{\"type\"", $"{{{more}\"type\"", StringComparison.Ordinal).Replace("PT0S", delay, StringComparison.Ordinal);

        Task<string?> ScheduledAsync() => store.Main.ReadAsync(session => session.Sql("select external_id from conversation where decision = 0 order by id limit 1").FirstAsync(row => (string?)row.GetString(0), default), default);

        async Task ByHandAsync(long user, string externalId) => (await world.Server.PostAsync(
            world.Fixture.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", RulesFixture.Text(user)), ("message", "Hello"), ("privacy_url", "https://a.example"), ("external_id", externalId))).Is(200);
    }

    [Theory]
    [InlineData("00:00:00", 5)]
    [InlineData("1.00:00:00", 2)]
    public async Task Without_an_interval_of_the_rules_that_of_all_requests_holds_if_there_is_one(string least, int asked)
    {
        await using var world = await RulesFixture.StartAsync(engine, $"Limits:RecipientInterval={least}");
        for (var i = 0; i < 5; i++)
        {
            await world.CloseAsync($"t{i}");
            await world.PassAsync(TimeSpan.FromHours(11));
        }

        var would = (await SimulateAsync(world, RulesFixture.Everybody(document: "\"recipient_interval_days\":0,"))).Is(200).Json.GetProperty("would").EnumerateArray();
        Assert.Equal(asked, would.Single(one => one.GetProperty("decision").GetString() == "asked").GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Any_number_of_closes_is_read_in_pieces()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        var closes = LongForm.Or(12_001, 1_000_000);
        await world.RunAsync(
            $"""
            insert into conversation (sender_id, id, external_id, recipient_id, test, tags, channel, card_base, closed_at, created_at, updated_at, closes, decision, reason, rules_version, draw)
            with recursive n (i) as (select cast(1 as bigint) union all select i + 1 from n where i < {closes})
            select {world.Fixture.Furni.Id}, i, 't' || i, 1000 + i % 200000, 0, case when i % 7 = 0 then 'vip' else null end, 0, '', {world.Now} - 2500000000 + i * 2500, {world.Now} - 2500000000 + i * 2500, 0, 1, 2, 1, 0,
                i % 1000 * 9007199254740 from n
            """);

        var rules = $$"""{"days":90,"recipient_interval_days":0,"rules":[{"name":"vip","when":{"tags_any":["vip"]},"ask":null},{"name":"rest","ask":{{RulesFixture.Ask.Replace("{\"type\"", "{\"share\":0.5,\"type\"", StringComparison.Ordinal)}}}]}""";
        var would = (await SimulateAsync(world, rules)).Is(200).Json;

        Assert.Equal(closes, would.GetProperty("closes").GetInt32());
        Assert.Equal(closes / 7, would.GetProperty("would").EnumerateArray().Single(one => one.GetProperty("rule").GetString() == "vip").GetProperty("count").GetInt32());
        Assert.Equal(closes, would.GetProperty("would").EnumerateArray().Sum(one => one.GetProperty("count").GetInt32()));
    }

    [Fact]
    public async Task One_simulation_runs_at_a_time()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        using var held = new HeldRules();
        var running = Task.Run(() => world.Server.Get<SimulateRules>().RunAsync(world.Fixture.Furni.Id, RuleSet.None with { Rules = held }, 1, 0, default));
        Assert.True(held.Entered.Wait(TimeSpan.FromMinutes(1)));

        Assert.NotEmpty((await SimulateAsync(world, RulesFixture.Everybody())).Is(503, 130).Headers["Retry-After"]);

        held.Leave.Set();
        Assert.NotNull(await running);
        (await SimulateAsync(world, RulesFixture.Everybody())).Is(200);
    }

    [Fact]
    public async Task The_command_line_checks_saves_tries_out_and_verifies()
    {
        using var folder = TestFolder.Create("rules");
        var settings = await engine.MigratedStoreAsync(folder);
        var shell = new CommandShell(settings);
        await using var server = await TestServer.StartOnAsync(settings, TimeProvider.System.GetUtcNow());
        var furni = (await server.SenderAsync(await server.AppAsync())).User;
        var (good, bad) = (Path.Combine(folder.Path, "good.json"), Path.Combine(folder.Path, "bad.json"));
        await File.WriteAllTextAsync(good, RulesFixture.Everybody("\"share\":0.5"));
        await File.WriteAllTextAsync(bad, """{"rules":[{"name":"a"}],"rule":1}""");

        Assert.Equal("rules[0].ask parameter is missing. Write null to ask nobody.\nrule parameter is invalid: no such name; there are version, changed_at, changed_by, recipient_interval_days, after_dismissal_days, paused, enabled, quiet_hours, alerts, rules.\n", await shell.RunAsync(1, "rules", "check", bad));
        await File.WriteAllTextAsync(bad, """{"rules":[{"name":"all","ask":null},{"name":"late","when":{"tags_any":["x"]},"ask":null}]}""");
        Assert.Equal("All 2 rules are valid.\nThe rule late never decides: all stands before it and fits every conversation. Move it up.\n", await shell.RunAsync(0, "rules", "check", bad));
        await File.WriteAllTextAsync(bad, """{"rules":[{"name":"a"}],"rule":1}""");
        Assert.Contains("The rule is valid.", await shell.RunAsync(0, "rules", "check", good), StringComparison.Ordinal);
        Assert.Contains("@furni has no rules yet, so nobody is asked automatically.", await shell.RunAsync(1, "rules", "show", "@furni"), StringComparison.Ordinal);
        await shell.RunAsync(1, "rules", "set", "@furni", bad);
        Assert.Contains("at most 64 KiB", await shell.RunAsync(1, "rules", "check", await WriteAsync($$"""{"rules":[{{string.Join(',', Enumerable.Range(0, 8).Select(i => $$"""{"name":"r{{i}}","ask":{{RulesFixture.Ask.Replace("Hi", new string('m', 9_000), StringComparison.Ordinal)}}}"""))}}]}""")), StringComparison.Ordinal);
        Assert.Contains("version 1 now", await shell.RunAsync(0, "rules", "set", "@furni", good), StringComparison.Ordinal);
        Assert.Contains("Nothing changed", await shell.RunAsync(0, "rules", "set", "@furni", good), StringComparison.Ordinal);
        await File.WriteAllTextAsync(good, RulesFixture.Everybody("\"share\":0.5", "\"after_dismissal_days\":31,"));
        Assert.Contains("version 2 now", await shell.RunAsync(0, "rules", "set", "@furni", good), StringComparison.Ordinal);
        Assert.Contains("\"share\": 0.5", await shell.RunAsync(0, "rules", "show", "@furni", "--at", "1"), StringComparison.Ordinal);
        await shell.RunAsync(1, "rules", "show", "@furni", "--at", "3");
        await File.WriteAllTextAsync(good, RulesFixture.Everybody(document: "\"version\":1,"));
        Assert.Contains("not version 1 any more", await shell.RunAsync(1, "rules", "set", "@furni", good), StringComparison.Ordinal);
        Assert.Equal(2, await server.CountAsync("audit", "what like 'automation rules: version %' and person = 'command line'"));

        var close = server.Get<CloseConversation>();
        for (var i = 0; i < 30; i++) await close.RunAsync(new(furni.Id, null, new(404 + (i % 2), $"t{i}", null, null, null, null, null, null, null, null, null, Test: false), "http://a.example"));
        Assert.Contains("30 conversations in 30 days; 0 would have been decided differently", await shell.RunAsync(0, "rules", "simulate", "@furni", await WriteAsync("""{"rules":[]}""")), StringComparison.Ordinal);
        await shell.RunAsync(2, "rules", "simulate", "@furni", good, "--days", "91");

        Assert.Contains("30 were checked", await shell.RunAsync(0, "rules", "verify", "@furni"), StringComparison.Ordinal);
        await server.Server.Store.Main.WriteAsync(session => session.Sql("update conversation set draw = draw + 1 where external_id = 't7'").RunAsync(default), default);
        Assert.Contains("(t7), after 7 that are right", await shell.RunAsync(1, "rules", "verify", "@furni"), StringComparison.Ordinal);
        await server.Server.Store.Main.WriteAsync(session => session.Sql("update conversation set draw = draw - 1 where external_id = 't7'").RunAsync(default), default);
        await server.Server.Store.Main.WriteAsync(session => session.Sql("update conversation set decision = case when draw < 4503599627370496 then 2 else 1 end, reason = case when draw < 4503599627370496 then 4 else 0 end where external_id = 't9'").RunAsync(default), default);
        Assert.Contains("(t9)", await shell.RunAsync(1, "rules", "verify", "@furni"), StringComparison.Ordinal);

        async Task<string> WriteAsync(string rules)
        {
            var path = Path.Combine(folder.Path, "other.json");
            await File.WriteAllTextAsync(path, rules);
            return path;
        }
    }

    /// <summary>No rules, and whoever looks for one waits.</summary>
    private sealed class HeldRules : IReadOnlyList<Rule>, IDisposable
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Leave { get; } = new();

        public int Count => 0;

        public Rule this[int index] => throw new ArgumentOutOfRangeException(nameof(index));

        public IEnumerator<Rule> GetEnumerator()
        {
            Entered.Set();
            Leave.Wait(TimeSpan.FromMinutes(1));
            return Enumerable.Empty<Rule>().GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public void Dispose()
        {
            Entered.Dispose();
            Leave.Dispose();
        }
    }

    private static Task<Answer> SimulateAsync(RulesFixture world, string rules) => world.Server.PostJsonAsync(world.Fixture.Sender, "/1.1/feedback/rules/simulate.json", rules);
}

public sealed class SqliteSimulationTests() : SimulationTests(Engine.Sqlite)
{
    [Fact]
    public void What_is_kept_of_customers_grows_with_the_interval_and_not_with_the_closes()
    {
        const long Day = 86_400_000;
        var asked = new LastRequests(Day);
        for (var i = 0L; i < 200_000; i++)
        {
            // A thousand a day, each of them once.
            asked.Note(i + 1, i * Day / 1_000);
            if (i % 997 == 0) Assert.Equal(i * Day / 1_000, asked[i + 1]);
        }

        Assert.InRange(asked.Capacity, 1_000, 16_384);
        Assert.Equal(199_500 * Day / 1_000, asked[199_501]);
        Assert.Null(asked[7]);
    }
}

[LongForm]
public sealed class PostgresSimulationTests() : SimulationTests(Engine.Postgres);
