using Afterword.Server.Admin.Health;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Automation.Simulation;
using Afterword.Server.Cli.Demo;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Storage;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Automation;

/// <summary>The year of the demo, as the console shows it.</summary>
public sealed class DemoYearTests
{
    private const string Picker = "Pauline";

    [Fact]
    public async Task The_rules_ask_in_the_demos_year_and_one_agent_picks_besides()
    {
        using var folder = TestFolder.Create("demo");
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Data", folder.Path)]).Build());
        Assert.Empty(errors);
        var shop = await DemoHistory.WriteAsync(settings!, TimeProvider.System.GetUtcNow(), TestContext.Current.CancellationToken);
        await using var store = await Store.OpenAsync(settings!, TimeProvider.System, TestContext.Current.CancellationToken);

        var shares = await ListAsync(
            "select agent, share, count(*), sum(case when decision = 1 then 1 else 0 end) from conversation where share is not null and decision <> 3 group by agent, share",
            row => (Agent: row.GetString(0), Share: new SamplingRate(row.GetInt32(1)).Value, Closed: row.GetInt64(2), Asked: row.GetInt64(3)));
        var agents = shares.GroupBy(one => one.Agent).Select(group => (
            Name: group.Key, Closed: group.Sum(one => one.Closed), Expected: group.Sum(one => one.Closed * one.Share), Spread: Math.Sqrt(group.Sum(one => one.Closed * one.Share * (1 - one.Share))),
            Asked: group.Sum(one => one.Asked))).ToArray();
        var byHand = await ListAsync(
            """
            select p.agent, count(*), sum(case when p.score >= 4 then 1 else 0 end), count(p.score) from prompt p
            where p.test = 0 and not exists (select 1 from conversation c where c.sender_id = p.sender_id and c.prompt_id = p.id) group by p.agent
            """,
            row => (Agent: row.TextOrNull(0), Count: row.GetInt64(1), Happy: row.GetInt64(2), Scored: row.GetInt64(3)));

        Assert.Equal(4, agents.Length);
        Assert.True(agents.Sum(agent => agent.Closed) > 800 && agents.Sum(agent => agent.Asked) + byHand[0].Count == shop.Asked, string.Join(", ", agents));

        // Only one asks by hand, the happy ones alone; whoever counts them sees her, and nobody else.
        Assert.Equal([Picker], byHand.Select(one => one.Agent));
        Assert.Equal(byHand[0].Scored, byHand[0].Happy);
        foreach (var agent in agents)
        {
            var deviation = (agent.Asked + (agent.Name == Picker ? byHand[0].Count : 0) - agent.Expected) / agent.Spread;
            Assert.True(agent.Name == Picker ? deviation > 3.5 : Math.Abs(deviation) < 3.5, $"{agent}: {deviation:0.00}");
        }

        var verified = await new VerifyDraws(store).RunAsync(shop.Sender.Id, default);
        Assert.Null(verified.Why);
        Assert.True(verified.Checked > 800);
        foreach (var reason in (string[])["reason = 2", "reason = 4", "reason = 17"]) Assert.NotEmpty(await ListAsync($"select 1 from conversation where {reason} limit 1", row => row.GetInt64(0)));

        // Whoever tries out the rules that hold sees that nothing changes.
        var held = RulesDocument.OfStored((await new ChangeRules(store, new AuditLog(store, TimeProvider.System), TimeProvider.System).FindAsync(shop.Sender.Id, default))!.Document);
        var simulated = await new SimulateRules(store, TimeProvider.System).RunAsync(shop.Sender.Id, held, SimulateRules.MostDays, (long)settings!.Limits.RecipientInterval.TotalMilliseconds, default);
        Assert.True(simulated!.Closes > 100, $"{simulated.Closes} closes");
        Assert.Equal((0, ""), (simulated.DifferentCount, string.Join("; ", simulated.Examples.Select(one => $"{one.Conversation.ExternalId}: {one.Conversation.Reason}, now {one.Reason}"))));
        await foreach (var finding in new Doctor(store, TimeProvider.System).ExamineAsync(_ => { }, default)) Assert.Empty(finding.Problems);

        Task<List<T>> ListAsync<T>(string sql, Func<Row, T> read) => store.Main.ReadAsync(session => session.Sql(sql).ListAsync(read, default), default);
    }
}
