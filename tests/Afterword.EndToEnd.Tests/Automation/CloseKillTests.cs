using Afterword.EndToEnd.Tests.Servers;
using Afterword.EndToEnd.Tests.Webhooks;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Automation;

/// <summary>Servers that are killed while conversations close and requests fall due: each is asked about once, or not at all with its reason.</summary>
public abstract class CloseKillTests
{
    private const int Connections = 16;

    private static int Kills => LongForm.Or(3, 200);

    private protected abstract Task<TestStore> NewStoreAsync();

    [Fact]
    public async Task Each_conversation_is_asked_about_once_or_skipped_with_its_reason_however_often_the_server_is_killed()
    {
        var store = await NewStoreAsync();
        var data = await SampleData.SetUpAsync(store, senders: 4, members: 0, customers: LongForm.Or(10_000, 100_000));
        await AskingStore.RuleAsync(store, data.Senders);
        var closings = new Closings(data);
        var random = new Random(17);
        var (acknowledged, hitDue) = (0, 0);
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var server = await ServerProcess.StartAsync(store, AskingStore.Settings);
            using var burst = new CloseBurst(closings, server, Connections, random.Next());
            await burst.AcknowledgeAsync(random.Next(20, 400));
            var sessions = await store.SessionsAsync();
            burst.Expect();
            Assert.Equal(ServerProcess.KilledCode, await server.KillAsync());
            await burst.EndAsync();
            await store.EndOfAsync(sessions);
            acknowledged += burst.Acknowledged;
            Assert.Empty(burst.Faults);
            Assert.DoesNotContain(server.Errors, line => line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal));
            Assert.Empty((await ClosingInvariants.CheckAsync(store, closings, isOver: false)).Take(10));
            if (await WebhookInbox.CountAsync(store, "select count(*) from conversation where decision = 0") > 0) hitDue++;
            await AskingStore.EndLeasesAsync(store);
        }

        await using (var last = await ServerProcess.StartAsync(store, AskingStore.Settings))
        {
            await AskingStore.SettleAsync(store);
            Assert.Equal(0, await last.TerminateAsync());
        }

        Assert.Empty((await ClosingInvariants.CheckAsync(store, closings, isOver: true)).Take(10));
        var (problems, rows) = await AskingStore.ExamineAsync(store);
        Assert.Empty(problems);
        Assert.Equal(0, rows["overdue conversations"]);
        Assert.True(await AskingStore.VerifyAsync(store, data.Senders) > acknowledged / 2);
        Assert.True(hitDue > Kills / 2 && closings.All.Count > acknowledged, $"Kills must leave conversations scheduled, and closes unanswered: {hitDue} of {Kills}, {acknowledged} of {closings.All.Count}.");
        foreach (var reason in (string[])["decision = 1", "reason = 4", "reason = 5", "reason = 12"])
        {
            Assert.True(await WebhookInbox.CountAsync(store, $"select count(*) from conversation where {reason}") > 0, $"No conversation has {reason}.");
        }

        await DamageIsNoticedAsync(store, closings);
    }

    /// <summary>The control: what a kill could leave behind is noticed by the law, and by the doctor.</summary>
    private static async Task DamageIsNoticedAsync(TestStore store, Closings closings)
    {
        const string first = "(select min(id) from conversation where decision = 1)";
        (string Damage, string Law, string Doctor)[] damages =
        [
            ($"delete from prompt where id = (select prompt_id from conversation where id = {first})", "was asked about, and has 0 requests", "conversations asked about by a request that is not there"),
            ($"update conversation set external_id = (select external_id from conversation where decision = 2 and reason = 4 and sender_id = (select sender_id from conversation where id = {first}) order by id limit 1) where id = {first}", "is there 2 times", "conversations asked about by a request that is about something else"),
            ($"update conversation set decision = 0, prompt_id = null, due_at = 1 where id = {first}", "is scheduled, and has a request", "overdue conversations"),
            (
                $"update prompt set external_id = (select external_id from conversation where id = {first}), recipient_id = (select recipient_id from conversation where id = {first}) where id = (select max(prompt_id) from conversation where decision = 1 and sender_id = (select sender_id from conversation where id = {first}))",
                "was asked about, and has 2 requests", "conversations asked about by a request that is about something else"),
        ];
        foreach (var (damage, law, doctor) in damages)
        {
            var copy = await store.CopyAsync();
            Assert.Equal(1, await copy.RunAsync(damage));
            Assert.Contains(await ClosingInvariants.CheckAsync(copy, closings, isOver: true), line => line.Contains(law, StringComparison.Ordinal));
            var (problems, rows) = await AskingStore.ExamineAsync(copy);
            Assert.True(problems.Exists(problem => problem.Contains(doctor, StringComparison.Ordinal)) || rows.GetValueOrDefault(doctor) == 1, $"{damage}: {string.Join('\n', problems)}");
        }
    }
}

[Collection(nameof(Loads))]
public sealed class SqliteCloseKillTests : CloseKillTests
{
    private protected override Task<TestStore> NewStoreAsync() => Task.FromResult<TestStore>(SqliteStore.Empty());
}

[Collection(nameof(Loads))]
public sealed class PostgresCloseKillTests : CloseKillTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.EmptyAsync();

    [Fact]
    public async Task Of_two_nodes_one_that_is_stopped_past_its_lease_asks_nobody_twice_and_goes_on_when_it_may()
    {
        var store = await NewStoreAsync();
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 0, customers: LongForm.Or(10_000, 100_000));
        await AskingStore.RuleAsync(store, data.Senders, share: 1, delay: "PT3S");
        var closings = new Closings(data);
        await using var stopped = await ServerProcess.StartAsync(store, AskingStore.Settings);
        await using var other = await ServerProcess.StartAsync(store, "Automation:PollEvery=00:01:00", "Limits:ClosesPer15Minutes=1000000000");

        // What is closed at the other node falls due three seconds later; the first one alone looks so often, and has the lease.
        using (var closing = new CloseBurst(closings, other, 16, seed: 3))
        {
            await closing.AcknowledgeAsync(2_000);
            await closing.StopAsync();
            Assert.Empty(closing.Faults);
        }

        while (await CountAsync("prompt") < 20) await Task.Delay(1, TestContext.Current.CancellationToken);
        await stopped.SignalAsync("STOP");
        var holder = await WebhookInbox.CountAsync(store, "select holder from automation");

        // A transaction that it left open is ended by the database; then nothing more is asked while its lease lasts.
        var asked = await CountAsync("prompt");
        if (!LongForm.IsOn) await AskingStore.EndLeasesAsync(store);
        await using var third = await ServerProcess.StartAsync(store, AskingStore.Settings);
        await AskingStore.SettleAsync(store);
        Assert.NotEqual(holder, await WebhookInbox.CountAsync(store, "select holder from automation"));
        Assert.True(await CountAsync("prompt") > asked, "Nothing was left for another node to ask.");

        // It goes on where it stood, in the belief that the lease is its own; and takes up work again when nobody else is left.
        await stopped.SignalAsync("CONT");
        Assert.Equal(0, await third.TerminateAsync());
        Assert.Equal(0, await other.TerminateAsync());
        using (var more = new CloseBurst(closings, stopped, 4, seed: 4))
        {
            await more.AcknowledgeAsync(100);
            await more.StopAsync();
        }

        // Nobody else is left who could ask about them.
        await AskingStore.SettleAsync(store);
        Assert.Equal(0, await stopped.TerminateAsync());
        Assert.Empty((await ClosingInvariants.CheckAsync(store, closings, isOver: true)).Take(10));
        Assert.Empty((await AskingStore.ExamineAsync(store)).Problems);

        Task<long> CountAsync(string table) => WebhookInbox.CountAsync(store, $"select count(*) from {table}");
    }
}
