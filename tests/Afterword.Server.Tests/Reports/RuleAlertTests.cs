using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Alerts;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Reports;

/// <summary>What owners and supervisors are told of the rules' own work, by a real mail server.</summary>
public abstract class RuleAlertTests(Engine engine) : IAsyncLifetime
{
    private const string Alerts = "\"alerts\":{\"nobody_asked_days\":3,\"unfair_agents\":true},\"recipient_interval_days\":0,";

    private PostOffice _office = null!;
    private RulesFixture _world = null!;

    private TestServer Server => _world.Server;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _office = await PostOffice.StartAsync();

        // 2026-01-05, a Monday.
        _world = await RulesFixture.StartAsync(
            engine, "PublicUrl=https://feedback.example", "Mail:Host=127.0.0.1", $"Mail:Port={_office.Port}", "Mail:Tls=none", "Mail:From=feedback@mail.example", "Limits:CreatesPerDay=1000000",
            "Console:TimeZone=Europe/Berlin");
        await Server.Get<RebuildRollups>().RunAsync(Stop);
        foreach (var (role, email) in ((Role, string)[])[(Role.Owner, "owner@furni.example"), (Role.Analyst, "analyst@furni.example"), (Role.Agent, "agent@furni.example")])
        {
            // However the last two came to be chosen: an analyst may be, for metrics, and an agent may have been something else.
            var id = await Server.PersonAsync(role, _world.Fixture.Furni, email);
            await _world.RunAsync($"insert into alert_reader (sender_id, person_id) values ({_world.Fixture.Furni.Id}, {id})");
        }
    }

    [Fact]
    public async Task That_nobody_is_asked_any_more_is_emailed_to_those_who_lead_the_agents_once_a_week()
    {
        await _world.RuleAsync(RulesFixture.Everybody(document: Alerts));
        await _world.CloseAsync("asked");
        await _world.PassAsync(TimeSpan.FromSeconds(1));
        await PassAsync(TimeSpan.FromHours(71));
        Assert.Empty(_office.All);

        await PassAsync(TimeSpan.FromHours(1));
        await PassAsync(TimeSpan.FromHours(1));
        var email = Assert.Single(_office.All);
        Assert.Equal(("owner@furni.example", "Nobody is asked for FURNI"), (email.To, email["Subject"]));
        Assert.Contains("The rules last asked a customer on 5 Jan 2026, 10:00.", email.Plain, StringComparison.Ordinal);
        Assert.Contains("https://feedback.example/console/@furni/automation", email.Plain, StringComparison.Ordinal);

        // The next week it is said again; and not while the rules are paused, nor once someone was asked.
        await PassAsync(TimeSpan.FromDays(4));
        Assert.Equal(2, _office.All.Count);
        await _world.RuleAsync(RulesFixture.Everybody(document: $"\"paused\":true,{Alerts}"));
        await PassAsync(TimeSpan.FromDays(7));
        await _world.RuleAsync(RulesFixture.Everybody(document: Alerts));
        await _world.CloseAsync("asked again");
        await _world.PassAsync(TimeSpan.FromSeconds(1));
        await PassAsync(TimeSpan.FromDays(2));
        Assert.Equal(2, _office.All.Count);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Who_was_asked_about_an_older_close_was_asked()
    {
        await _world.RuleAsync($$"""{ {{Alerts}}"rules":[{"name":"slow","when":{"tags_any":["slow"]},"ask":{{RulesFixture.Ask.Replace("PT0S", "P5D", StringComparison.Ordinal)}}},{"name":"quick","ask":{{RulesFixture.Ask}}}]}""");
        await _world.CloseAsync("slow", ("tags", "slow"));
        await Server.AdvanceAsync(TimeSpan.FromHours(1));
        await _world.CloseAsync("quick");
        await _world.PassAsync(TimeSpan.FromSeconds(1));
        await _world.PassAsync(TimeSpan.FromDays(5));

        await PassAsync(TimeSpan.FromHours(1));
        Assert.Empty(_office.All);
        await PassAsync(TimeSpan.FromDays(3));
        Assert.Equal("Nobody is asked for FURNI", Assert.Single(_office.All)["Subject"]);
    }

    [Fact]
    public async Task Rules_that_never_asked_anybody_are_told_of_and_those_that_ask_nobody_or_want_no_word_are_not()
    {
        await _world.RuleAsync("""{"alerts":{"nobody_asked_days":3},"rules":[{"name":"never","ask":null}]}""");
        await PassAsync(TimeSpan.FromDays(4));
        await _world.RuleAsync(RulesFixture.Everybody(document: "\"alerts\":{},"));
        await PassAsync(TimeSpan.FromDays(4));
        await _world.RuleAsync(RulesFixture.Everybody(document: Alerts));
        await PassAsync(TimeSpan.FromDays(2));
        Assert.Empty(_office.All);

        await PassAsync(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        Assert.Contains("The rules have not asked a customer yet.", Assert.Single(_office.All).Plain, StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_an_agent_picks_is_emailed_on_Mondays_without_name_and_metric()
    {
        await _world.RuleAsync(RulesFixture.Everybody("\"share\":0.5", Alerts));
        await Server.AdvanceAsync(TimeSpan.FromDays(14));
        await CloseManyAsync();
        await ByHandAsync("agent 0", "agent 1", "agent 2", "agent 3");
        await PassAsync(TimeSpan.FromDays(7));
        Assert.Equal(0, await Server.CountAsync("alert", "kind = 5"));

        for (var i = 0; i < 5; i++) await ByHandAsync("agent 1", "agent 1", "agent 1", "agent 1");
        await PassAsync(TimeSpan.FromDays(6));
        Assert.Equal(0, await Server.CountAsync("alert", "kind = 5"));
        await PassAsync(TimeSpan.FromDays(1));
        await PassAsync(TimeSpan.FromDays(1));

        var email = Assert.Single(_office.All, email => email["Subject"] == "Requests of FURNI that chance does not explain");
        Assert.Equal("owner@furni.example", email.To);
        foreach (var part in (string[])[email.Plain, email.Html])
        {
            Assert.Contains("the requests of one agent went beyond what chance makes of the rules", part, StringComparison.Ordinal);
            Assert.Contains("https://feedback.example/console/@furni/fairness", part, StringComparison.Ordinal);
            Assert.DoesNotContain("agent 1", part, StringComparison.Ordinal);
        }

        Assert.Equal(1, await Server.CountAsync("alert", "kind = 5"));
        Assert.Equal(0, await Server.CountAsync("alert_dispatch", "kind > 3 and channel = 2"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Who_is_no_supervisor_any_more_when_it_is_sent_gets_nothing()
    {
        await Server.Get<AlertWorker>().StopAsync(default);
        await _world.RuleAsync(RulesFixture.Everybody(document: Alerts));
        await Server.AdvanceAsync(TimeSpan.FromDays(4));
        await Server.Get<FindRuleAlerts>().RunAsync(Stop);
        await Server.Get<AlertDeliveries>().SpreadAsync(Stop);
        Assert.Equal(1, await Server.CountAsync("alert_dispatch", "kind = 4"));
        await _world.RunAsync($"update person_role set role = {(int)Role.Analyst} where role = {(int)Role.Owner} and sender_id = {_world.Fixture.Furni.Id}");

        Assert.Empty(await Server.Get<AlertDeliveries>().ClaimAsync(AlertQueue.Email, 10, Stop));
        Assert.Equal(1, await Server.CountAsync("alert_dispatch", "kind = 4 and state = 4 and attempts = 0"));
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _office.DisposeAsync();
    }

    /// <summary>Lets time pass and tells what is to be told.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        await Server.AdvanceAsync(time);
        await Server.Get<FindRuleAlerts>().RunAsync(Stop);
        await Server.Get<AlertWorker>().DrainAsync(Stop);
    }

    /// <summary>Four agents with sixty conversations each, of which the sample has half; their customers have left since.</summary>
    private Task CloseManyAsync() => _world.RunAsync(
        $"""
        insert into conversation (sender_id, id, external_id, recipient_id, test, agent, channel, card_base, closed_at, created_at, updated_at, closes, decision, reason, rules_version, rule, share, draw, planned_at, due_at)
        with recursive n (i) as (select cast(1 as bigint) union all select i + 1 from n where i < 240)
        select {_world.Fixture.Furni.Id}, i, 'c' || i, 404, 0, 'agent ' || i % 4, 0, '', {_world.Now} - i, {_world.Now} - i, {_world.Now} - i, 1, 2, case when i / 4 % 2 = 0 then 4 else 12 end, 1, 'all', 500000, 0,
            case when i / 4 % 2 = 0 then null else {_world.Now} end, null from n
        """);

    private async Task ByHandAsync(params string[] agents)
    {
        foreach (var agent in agents) await _world.Fixture.AskAsync(more: ("agent", agent));
    }
}

public sealed class SqliteRuleAlertTests() : RuleAlertTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresRuleAlertTests() : RuleAlertTests(Engine.Postgres);
