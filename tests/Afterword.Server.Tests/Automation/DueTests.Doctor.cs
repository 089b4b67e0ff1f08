using Afterword.Server.Admin.Health;
using Afterword.Server.Automation.Due;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Automation;

/// <content>What the doctor sees of it.</content>
public abstract partial class DueTests
{
    [Fact]
    public async Task The_doctor_sees_what_does_not_fit_together()
    {
        await using var world = await RulesFixture.StartAsync(engine);
        await world.RuleAsync(RulesFixture.Everybody("\"again\":true", "\"recipient_interval_days\":0,").Replace("PT0S", "PT1S", StringComparison.Ordinal));
        var (first, second) = (await world.CloseAsync("one"), await world.CloseAsync("two"));
        await world.PassAsync(TimeSpan.FromSeconds(1));
        var third = await world.CloseAsync("three");
        await world.Server.AllIsWellAsync();
        (string Tamper, string Mend, string Problem)[] cases =
        [
            ($"update conversation set prompt_id = prompt_id + 1 where id = {first.Text("id")}", $"update conversation set prompt_id = prompt_id - 1 where id = {first.Text("id")}", "1 conversations asked about by a request that is not there"),
            ($"update conversation set external_id = 'else' where id = {first.Text("id")}", $"update conversation set external_id = 'one' where id = {first.Text("id")}", "1 conversations asked about by a request that is about something else"),
            ($"update conversation set external_id = 'one', prompt_id = (select d.prompt_id from conversation d where d.id = {first.Text("id")}) where id = {second.Text("id")}", $"update conversation set external_id = 'two', prompt_id = (select p.id from prompt p where p.external_id = 'two') where id = {second.Text("id")}", "1 requests that stand beside several conversations"),
            ($"update conversation set due_at = null where id = {third.Text("id")}", $"update conversation set due_at = {world.Now + 1000} where id = {third.Text("id")}", "1 conversations that are scheduled for no time"),
            ($"update conversation set rules_version = 7 where id = {third.Text("id")}", $"update conversation set rules_version = 1 where id = {third.Text("id")}", "1 conversations decided by rules that are not there"),
        ];
        foreach (var (tamper, mend, problem) in cases)
        {
            await world.RunAsync(tamper);
            var findings = await world.Server.ExamineAsync();
            Assert.Contains(findings.Single(finding => finding.Check == "conversations and their requests").Problems, found => found.Contains(problem, StringComparison.Ordinal));
            await world.RunAsync(mend);
        }

        await world.Server.AllIsWellAsync();
        await world.Server.Server.Store.Main.WriteAsync(session => session.Sql("update automation set sampling_key = @key").Bind("key", new byte[60]).RunAsync(default), default);
        Assert.Contains((await world.Server.ExamineAsync()).SelectMany(finding => finding.Problems), problem => problem.Contains("the key of the samples of sender", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_doctor_sees_a_conversation_that_was_asked_about_twice_and_counts_what_is_overdue()
    {
        await using var world = await RulesFixture.StartAsync(engine);

        // Nothing is asked by itself: what is overdue stays so.
        await world.Server.Get<DueRequestWorker>().StopAsync(default);
        await world.RuleAsync(RulesFixture.Everybody("\"again\":true", "\"recipient_interval_days\":0,").Replace("PT0S", "PT1H", StringComparison.Ordinal));
        await world.CloseAsync("one");
        await world.PassAsync(TimeSpan.FromHours(1));

        // The rule asks a second time about what is closed again; that has a row of its own. By hand it is asked in other words, or about something else.
        await world.CloseAsync("one", ("closed_at", RulesFixture.Text(world.Now - 3_600_000)));
        await world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, await world.Server.CountAsync("prompt", "external_id = 'one'"));
        await ByHandAsync("How was it?", "one");
        await ByHandAsync("Hi ANA", "two");
        await world.Server.AllIsWellAsync();

        // What a request that was made twice looks like: the row knows of one of them.
        var twin = await ByHandAsync("Hi ANA", "one");
        Assert.Equal(["1 conversations asked about twice, in the same words; the first is"], (await world.Server.ExamineAsync()).SelectMany(finding => finding.Problems).Select(problem => problem[..problem.LastIndexOf(' ')]));
        await world.RunAsync($"update prompt set external_id = null where id = {twin.Text("id")}");
        await world.Server.AllIsWellAsync();

        await world.CloseAsync(await world.Server.UserAsync("bea"), "three");
        Assert.Equal((3, 0), await CountedAsync());
        await world.Server.AdvanceAsync(TimeSpan.FromMinutes(61));
        Assert.Equal((3, 0), await CountedAsync());
        await world.Server.AdvanceAsync(TimeSpan.FromMinutes(15));
        Assert.Equal((3, 1), await CountedAsync());
        await world.DrainAsync();
        Assert.Equal((3, 0), await CountedAsync());

        async Task<Answer> ByHandAsync(string message, string externalId) => (await world.Server.PostAsync(
            world.Fixture.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", RulesFixture.Text(world.Fixture.Ana.Id)), ("message", message), ("privacy_url", "https://a.example"), ("external_id", externalId))).Is(200);

        async Task<(long All, long Overdue)> CountedAsync()
        {
            var rows = (await new Doctor(world.Server.Server.Store, world.Server.Clock).FactsAsync(default)).Rows;
            return (rows["conversations"], rows["overdue conversations"]);
        }
    }
}
