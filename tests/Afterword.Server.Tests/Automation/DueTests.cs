using System.Globalization;
using Afterword.Server.Allowlists;
using Afterword.Server.Automation;
using Afterword.Server.Automation.Due;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Automation;

/// <summary>What was scheduled falls due: everything is looked at again, and it is asked once.</summary>
public abstract partial class DueTests(Engine engine)
{
    [Fact]
    public async Task What_has_changed_since_the_close_counts_when_it_is_due()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody().Replace("PT0S", "PT1H", StringComparison.Ordinal));
        (string Handle, string Becomes)[] cases =
        [
            ("asked", "asked"), ("opted", "skipped: opted_out"), ("blocking", "skipped: cannot_dm"), ("suspended", "skipped: recipient_suspended"), ("shy", "skipped: cannot_dm"),
            ("again", "skipped: asked_recently"), ("dismissed", "skipped: dismissed_recently"), ("wrote", "withdrawn: written_again"), ("late", "withdrawn: written_again"),
        ];
        var closes = new Dictionary<string, string>();
        foreach (var (handle, _) in cases)
        {
            var user = await world.Server.UserAsync(handle);
            closes[handle] = (await world.CloseAsync(user, $"of {handle}")).Text("id");
            var contact = $"insert into contact (sender_id, user_id, {{0}}) values ({world.Fixture.Furni.Id}, {user.Id}, {world.Now + 100}) on conflict (sender_id, user_id) do update set {{0}} = {world.Now + 100}";
            switch (handle)
            {
                case "opted": await world.RunAsync(string.Format(CultureInfo.InvariantCulture, contact, "opted_out_at")); break;
                case "blocking": await world.RunAsync(string.Format(CultureInfo.InvariantCulture, contact, "blocks").Replace((world.Now + 100).ToString(CultureInfo.InvariantCulture), "1", StringComparison.Ordinal)); break;
                case "suspended": await world.RunAsync($"update account set suspended_at = 1 where id = {user.Id}"); break;
                case "shy": await world.RunAsync($"update account set accepts = 'following' where id = {user.Id}"); break;
                case "again": await world.RunAsync(string.Format(CultureInfo.InvariantCulture, contact, "prompted_at")); break;
                case "dismissed": await world.RunAsync(string.Format(CultureInfo.InvariantCulture, contact, "dismissed_at")); break;
                case "wrote": (await world.Server.WriteAsync(await world.Server.TokenAsync(world.Fixture.App, user), world.Fixture.Furni)).Is(200); break;

                // As a program of the release before notes a message, which knows nothing of conversations.
                case "late": await world.RunAsync(string.Format(CultureInfo.InvariantCulture, contact, "wrote_at")); break;
            }
        }

        await world.PassAsync(TimeSpan.FromHours(1));

        foreach (var (handle, becomes) in cases) Assert.Equal(becomes, (await world.ShowAsync(closes[handle])).Outcome);
        Assert.Equal(1, await world.Server.CountAsync("prompt"));
    }

    [Fact]
    public async Task Two_of_one_customer_are_one_request_and_the_version_that_scheduled_asks()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody().Replace("PT0S", "PT1H", StringComparison.Ordinal));
        var (first, second) = (await world.CloseAsync("one"), await world.CloseAsync("two"));
        var bea = await world.CloseAsync(await world.Server.UserAsync("bea"), "three");
        await world.RuleAsync("""{"rules":[]}""");
        Assert.Equal("skipped: no_rule", (await world.CloseAsync("four")).Outcome);

        await world.PassAsync(TimeSpan.FromHours(1));

        Assert.Equal(["asked", "skipped: asked_recently", "asked"], new[] { await world.ShowAsync(first.Text("id")), await world.ShowAsync(second.Text("id")), await world.ShowAsync(bea.Text("id")) }.Select(one => one.Outcome));
        Assert.Equal(2, await world.Server.CountAsync("message", "body like 'Hi %'"));
        await world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Paused_rules_and_a_sender_that_may_not_ask_any_more_ask_nobody()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        var rules = RulesFixture.Everybody().Replace("PT0S", "PT1H", StringComparison.Ordinal);
        await world.RuleAsync(rules);
        var paused = await world.CloseAsync("one");
        await world.RuleAsync(rules.Replace("{ ", "{\"paused\":true,", StringComparison.Ordinal));
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal("skipped: paused", (await world.ShowAsync(paused.Text("id"))).Outcome);

        await world.RuleAsync(rules);
        var off = await world.CloseAsync("off");
        await world.RuleAsync(rules.Replace("{ ", "{\"enabled\":false,", StringComparison.Ordinal));
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal("skipped: rule_says_no", (await world.ShowAsync(off.Text("id"))).Outcome);

        await world.RuleAsync(rules.Replace("{ ", "{\"enabled\":true,", StringComparison.Ordinal));
        var denied = await world.CloseAsync("two");
        await world.Server.Get<Allowlist>().DenySenderAsync(world.Fixture.Furni.Id, default);
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(1, await world.Server.CountAsync("conversation", $"id = {denied.Text("id")} and decision = {(int)Decision.Failed} and reason = {(int)Reason.SenderNotAllowed}"));
        Assert.Equal(0, await world.Server.CountAsync("prompt"));
    }

    [Fact]
    public async Task A_full_day_limit_postpones_and_what_waits_too_long_is_skipped()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Limits:CreatesPerDay=2");
        await world.RuleAsync(RulesFixture.Everybody());
        await world.Server.AdvanceAsync(TimeSpan.FromHours(1));
        for (var i = 0; i < 5; i++) await world.CloseAsync(await world.Server.UserAsync($"u{i}"), $"t{i}");
        await world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal((2, 3), (await world.Server.CountAsync("prompt"), await world.Server.CountAsync("conversation", "decision = 0 and due_at > planned_at")));

        // By hand nobody is asked meanwhile, which is what the dry run without a conversation says; with one, it would wait.
        Assert.Equal("limit", (await world.CanPromptAsync(world.Fixture.Ana.Id)).Reason);
        Assert.True((await world.CanPromptAsync(world.Fixture.Ana.Id, ("external_id", "x"))).Json.GetProperty("allowed").GetBoolean());

        await world.PassAsync(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(2));
        Assert.Equal(2, await world.Server.CountAsync("prompt"));
        await world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal((4, 1), (await world.Server.CountAsync("prompt"), await world.Server.CountAsync("conversation", $"decision = 2 and reason = {(int)Reason.Limit}")));
        await world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_no_server_asked_for_a_day_is_too_late()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody().Replace("PT0S", "PT1H", StringComparison.Ordinal));
        var (late, just) = (await world.CloseAsync("late"), await world.CloseAsync(await world.Server.UserAsync("bea"), "just"));
        await world.RunAsync($"update conversation set planned_at = planned_at - 86400001, due_at = due_at - 86400001 where id = {late.Text("id")}");
        await world.PassAsync(TimeSpan.FromHours(1));

        Assert.Equal(("skipped: too_late", "asked"), ((await world.ShowAsync(late.Text("id"))).Outcome, (await world.ShowAsync(just.Text("id"))).Outcome));
    }

    [Fact]
    public async Task What_was_due_before_quiet_hours_and_is_late_waits_for_their_end()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.Server.Get<DueRequestWorker>().StopAsync(default);
        await world.RuleAsync(RulesFixture.Everybody(document: "\"quiet_hours\":{\"from\":\"21:00\",\"to\":\"08:00\",\"days\":[\"tue\"],\"time_zone\":\"UTC\"},").Replace("PT0S", "PT1H", StringComparison.Ordinal));
        var closed = await world.CloseAsync("one");

        // Nobody looked before 22:00 of Monday; the next opening is in the morning of Wednesday.
        await world.PassAsync(world.Server.Clock.GetUtcNow().Date.AddHours(22) - world.Server.Clock.GetUtcNow().UtcDateTime);
        var waiting = await world.ShowAsync(closed.Text("id"));
        Assert.Equal(("scheduled", "Wed Jan 07 08:00:00 +0000 2026"), (waiting.Outcome, waiting.Text("due_at")));

        await world.PassAsync(TimeSpan.FromHours(34) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, await world.Server.CountAsync("prompt"));
        await world.PassAsync(TimeSpan.FromMilliseconds(1));
        Assert.Equal("asked", (await world.ShowAsync(closed.Text("id"))).Outcome);
        await world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_request_that_cannot_be_stored_whole_is_not_stored_and_is_made_when_it_can()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody().Replace("PT0S", "PT1S", StringComparison.Ordinal));
        foreach (var table in (string[])["message", "change", "rollup"])
        {
            var closed = await world.CloseAsync(await world.Server.UserAsync($"of_{table}"), $"of {table}");
            var prompts = await world.Server.CountAsync("prompt");
            await world.Server.RenameAsync(table, "elsewhere");
            await world.PassAsync(TimeSpan.FromSeconds(1));
            Assert.Equal("scheduled", (await world.ShowAsync(closed.Text("id"))).Outcome);
            Assert.Equal(prompts, await world.Server.CountAsync("prompt"));

            await world.Server.RenameAsync("elsewhere", table);
            await world.PassAsync(TimeSpan.FromSeconds(1));
            Assert.Equal("asked", (await world.ShowAsync(closed.Text("id"))).Outcome);
            Assert.Equal(prompts + 1, await world.Server.CountAsync("prompt"));
        }

        await world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_customer_who_writes_at_that_moment_is_either_first_or_asked()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody());
        var ask = world.Server.Get<SendDueRequests>();
        for (var i = 0; i < LongForm.Or(12, 200); i++)
        {
            var user = await world.Server.UserAsync($"user{i}");
            var token = await world.Server.TokenAsync(world.Fixture.App, user);
            var closed = await world.CloseAsync(user, $"t{i}", ("closed_at", RulesFixture.Text(world.Now + 1)));
            world.Server.Clock.Advance(TimeSpan.FromMilliseconds(1));
            var key = new DueKey(world.Fixture.Furni.Id, long.Parse(closed.Text("id"), CultureInfo.InvariantCulture));
            await Task.WhenAll(Task.Run(() => ask.RunAsync(key)), Task.Run(() => ask.RunAsync(key)), Task.Run(async () => (await world.Server.WriteAsync(token, world.Fixture.Furni)).Is(200)));

            var outcome = (await world.ShowAsync(closed.Text("id"))).Outcome;
            Assert.Contains(outcome, (string[])["asked", "withdrawn: written_again"]);
            Assert.Equal(outcome == "asked" ? 1 : 0, await world.Server.CountAsync("prompt", $"recipient_id = {user.Id}"));
        }

        await world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_clock_that_jumps_asks_nobody_early_or_twice_and_forgets_nobody()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody().Replace("PT0S", "PT1H", StringComparison.Ordinal));
        var clock = world.Server.Clock;
        await world.CloseAsync("one");

        // Forward by ten years: it is not believed, and when the hour has passed nothing is written until the clock is right.
        clock.OffBy = TimeSpan.FromDays(3_652);
        await LookAsync();
        Assert.Equal(0, await world.Server.CountAsync("prompt"));
        await world.Server.AdvanceAsync(TimeSpan.FromHours(1));
        await LookAsync(held: true);
        Assert.Equal(0, await world.Server.CountAsync("prompt"));
        clock.OffBy = TimeSpan.Zero;
        await LookAsync();
        Assert.Equal(1, await world.Server.CountAsync("prompt"));

        // Back by two hours: what was asked stays asked, and what is closed now waits for its hour, by whatever clock.
        clock.OffBy = TimeSpan.FromHours(-2);
        await LookAsync();
        await world.CloseAsync(await world.Server.UserAsync("bea"), "two");
        await world.Server.AdvanceAsync(TimeSpan.FromMinutes(59));
        await LookAsync();
        Assert.Equal(1, await world.Server.CountAsync("prompt"));

        // It is right again, which is believed after a minute: a lease that was taken meanwhile holds nobody up.
        await world.RunAsync($"update automation set holder = 1, lease_until = {world.Now + 86_400_000}");
        clock.OffBy = TimeSpan.Zero;
        await LookAsync(held: true);
        await world.Server.AdvanceAsync(TimeSpan.FromMinutes(2));
        await LookAsync();
        Assert.Equal((2, 2), (await world.Server.CountAsync("prompt"), await world.Server.CountAsync("conversation", "decision = 1")));

        async Task LookAsync(bool held = false)
        {
            await world.Server.Get<StoreMonitor>().LookAsync(default);

            // Whoever writes while the clock cannot be right is told so; the worker logs it and looks again.
            var refused = await Record.ExceptionAsync(world.DrainAsync);
            Assert.True(held || refused is null, refused?.ToString());
        }
    }

    [Fact]
    public async Task What_a_wrong_clock_scheduled_for_years_to_come_is_found_and_mended()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody().Replace("PT0S", "P14D", StringComparison.Ordinal));
        await world.CloseAsync("right");
        var wrong = await world.CloseAsync(await world.Server.UserAsync("bea"), "wrong");
        await world.Server.AllIsWellAsync();
        await world.RunAsync($"update conversation set due_at = due_at + 31536000000, planned_at = planned_at + 31536000000 where id = {wrong.Text("id")}");
        Assert.Contains((await world.Server.ExamineAsync()).Single(finding => finding.Check == "the clock").Problems, problem => problem.StartsWith("1 conversations that would wait too long", StringComparison.Ordinal));

        Assert.Equal(["1 conversations that would wait too long"], await FutureStamps.MendAsync(world.Server.Server.Store, world.Server.Clock.GetUtcNow(), default));
        await world.DrainAsync();

        Assert.Equal(1, await world.Server.CountAsync("conversation", $"decision = 1 and id = {wrong.Text("id")}"));
        Assert.Equal(1, await world.Server.CountAsync("conversation", "decision = 0"));
    }

    [Fact]
    public async Task Without_an_interval_one_customer_is_asked_again_in_the_same_millisecond()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Automation:PollEvery=00:01:00");
        await world.RuleAsync(RulesFixture.Everybody(document: "\"recipient_interval_days\":0,"));
        var ids = new List<long>();
        for (var i = 0; i < 3; i++) ids.Add(long.Parse((await world.CloseAsync($"t{i}", ("closed_at", RulesFixture.Text(world.Now + 1000)))).Text("id"), CultureInfo.InvariantCulture));
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));

        // Each in a transaction of its own, whose stamp is later than the one before, and than the clock.
        foreach (var id in ids) Assert.True(await world.Server.Get<SendDueRequests>().RunAsync(new(world.Fixture.Furni.Id, id)));

        Assert.Equal(3, await world.Server.CountAsync("prompt"));
    }

    [Fact]
    public async Task Many_that_are_due_at_once_are_each_asked_once_whoever_asks_at_the_same_time()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Limits:CreatesPerDay=100000", "Storage:WriteQueue=100000");
        await world.RuleAsync(RulesFixture.Everybody("\"again\":true", "\"recipient_interval_days\":0,"));
        var closes = LongForm.Or(120, 2_000);
        var ids = (await Task.WhenAll(Enumerable.Range(0, closes).Select(i => world.CloseAsync($"t{i}", ("closed_at", RulesFixture.Text(world.Now + 1000)))))).Select(one => long.Parse(one.Text("id"), CultureInfo.InvariantCulture)).ToArray();
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var ask = world.Server.Get<SendDueRequests>();

        await Task.WhenAll([.. ids.Concat(ids).Select(id => ask.RunAsync(new(world.Fixture.Furni.Id, id))), world.DrainAsync()]);

        // A node that was stopped has found them before, and comes late.
        Assert.All(await Task.WhenAll(ids.Select(id => ask.RunAsync(new(world.Fixture.Furni.Id, id)))), Assert.False);
        Assert.Equal((closes, closes), (await world.Server.CountAsync("prompt"), await world.Server.CountAsync("conversation", "decision = 1 and prompt_id is not null")));
        await world.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_worker_wakes_when_the_next_is_due_and_not_only_when_it_is_time_to_look()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Automation:PollEvery=00:01:00");
        await world.RuleAsync(RulesFixture.Everybody());
        await world.CloseAsync("later", ("closed_at", RulesFixture.Text(world.Now + 2000)));
        await world.CloseAsync(await world.Server.UserAsync("bea"), "soon", ("closed_at", RulesFixture.Text(world.Now + 100)));

        var due = world.Server.Get<DueConversations>();
        Assert.Null((await due.SendersAsync(TimeSpan.FromMilliseconds(99), default)).Next);
        var (senders, next) = await due.SendersAsync(TimeSpan.FromMinutes(1), default);
        Assert.Empty(senders);
        Assert.Equal(TimeSpan.FromMilliseconds(100), next);

        // The next look without it would be in a minute.
        world.Server.Server.Store.AutomationNotifier.Notify(0, 0);
        world.Server.Clock.Advance(TimeSpan.FromMilliseconds(100));
        while (await world.Server.CountAsync("prompt") == 0) await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_finds_the_write_queue_full_is_asked_at_the_next_look()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Storage:WriteQueue=16");
        await world.RuleAsync(RulesFixture.Everybody("\"again\":true", "\"recipient_interval_days\":0,"));
        for (var i = 0; i < 60; i++) await world.CloseAsync($"t{i}", ("closed_at", RulesFixture.Text(world.Now + 1000)));
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));

        while (await world.Server.CountAsync("prompt") < 60) await world.DrainAsync();

        Assert.Equal(60, await world.Server.CountAsync("conversation", "decision = 1 and prompt_id is not null"));
    }
}

public sealed class SqliteDueTests() : DueTests(Engine.Sqlite);

public sealed class PostgresDueTests() : DueTests(Engine.Postgres)
{
    [Fact]
    public async Task Two_nodes_ask_each_once_and_one_takes_over_when_the_lease_of_the_other_has_run_out()
    {
        await using var world = await RulesFixture.StartAsync(Engine.Postgres, "Automation:PollEvery=00:01:00");
        await using var second = await world.Server.StartSecondAsync();
        await world.RuleAsync(RulesFixture.Everybody("\"again\":true", "\"recipient_interval_days\":0,"));
        for (var i = 0; i < 20; i++) await world.CloseAsync($"t{i}", ("closed_at", RulesFixture.Text(world.Now + 1000)));
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(world.DrainAsync(), second.Get<DueRequestWorker>().DrainAsync(default));
        Assert.Equal(20, await world.Server.CountAsync("prompt"));

        // One of them holds the lease. While it lasts the other finds nothing to do; afterwards it does.
        await world.CloseAsync("next", ("closed_at", RulesFixture.Text(world.Now + 1000)));
        await world.Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        var holder = await world.Server.Server.Store.Main.ReadAsync(session => session.Sql("select lease_until from automation").FirstAsync(row => row.GetInt64(0), default), default);
        Assert.InRange(holder, world.Now, world.Now + 30_000);
        await world.RunAsync($"update automation set holder = 1, lease_until = {world.Now + 20_000}");
        await second.Get<DueRequestWorker>().DrainAsync(default);
        Assert.Equal(20, await world.Server.CountAsync("prompt"));
        await world.Server.AdvanceAsync(TimeSpan.FromSeconds(21));
        await second.Get<DueRequestWorker>().DrainAsync(default);
        Assert.Equal(21, await world.Server.CountAsync("prompt"));
        await world.Server.AllIsWellAsync();
    }
}
