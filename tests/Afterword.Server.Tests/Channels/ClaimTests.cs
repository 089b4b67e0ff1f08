using Afterword.Server.Channels;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Channels;

/// <summary>Who may send a request, whose word counts, and what a server that ended leaves behind.</summary>
public abstract class ClaimTests(Engine engine)
{
    [Fact]
    public async Task A_request_is_claimed_by_one_at_a_time_and_a_late_word_is_refused()
    {
        // Nothing is sent by itself: there is no mail server until the claims are made by hand.
        await using var site = await ChannelFixture.StartAsync(engine, 25);
        await site.ChannelWorker.StopAsync(default);
        await site.AskAsync(site.Ada);
        var deliveries = site.Server.Get<ChannelDeliveries>();

        var first = Assert.Single(await deliveries.ClaimAsync(ChannelQueue.Email, 10, default));
        Assert.Empty(await deliveries.ClaimAsync(ChannelQueue.Email, 10, default));
        site.Clock.Advance(TimeSpan.FromMinutes(1));
        var second = Assert.Single(await deliveries.ClaimAsync(ChannelQueue.Email, 10, default));
        Assert.Equal((2, first.Fence + 1), (second.Attempts, second.Fence));

        var sent = new ChannelAttempt(AttemptOutcome.Sent, 5, 250, null);
        Assert.False(await deliveries.SettleAsync(first, sent, null));
        Assert.True(await deliveries.SettleAsync(second, sent, null));
        Assert.False(await deliveries.SettleAsync(second, sent, null));
        var shown = await site.ShowAsync(second.Prompt.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal([(AttemptOutcome?)AttemptOutcome.Sent, AttemptOutcome.Uncertain], shown.Attempts.Select(attempt => attempt.Outcome));
        Assert.Equal((ChannelDeliveryState.Sent, true), (shown.State, shown.MaybeTwice));
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_is_called_off_while_an_attempt_is_under_way_says_that_it_may_have_arrived()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 25);
        await site.ChannelWorker.StopAsync(default);
        var id = await site.AskAsync(site.Ada);
        var deliveries = site.Server.Get<ChannelDeliveries>();
        var claimed = Assert.Single(await deliveries.ClaimAsync(ChannelQueue.Email, 10, default));

        // Its node hears nothing for longer than the lease, and meanwhile the customer answers.
        await site.Server.Server.Store.Main.WriteAsync(session => session.Sql("update prompt set score = 5, score_at = created_at").RunAsync(default), default);
        site.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(await deliveries.ClaimAsync(ChannelQueue.Email, 10, default));

        Assert.False(await deliveries.SettleAsync(claimed, new ChannelAttempt(AttemptOutcome.Sent, 5, 250, null), null));
        var shown = await site.ShowAsync(id);
        Assert.Equal((ChannelDeliveryState.CalledOff, "It was answered before. An attempt was under way and may have arrived."), (shown.State, shown.Reason));
        Assert.Equal([AttemptOutcome.Uncertain], shown.Attempts.Select(attempt => attempt.Outcome));
    }

    [Fact]
    public async Task What_a_server_that_ended_was_at_is_sent_once_more_and_shown_as_maybe_sent_twice()
    {
        var holds = true;
        await using var script = MailScript.Start(command => holds && command == "." ? MailScript.Hang : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port);
        var id = await site.AskAsync(site.Ada);
        while (script.Emails.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);

        // It ends with the email taken and the word not noted.
        holds = false;
        await site.Server.RestartAsync();
        if (engine == Engine.Postgres) site.Clock.Advance(TimeSpan.FromMinutes(1));
        await site.DrainAsync();

        Assert.Equal(2, script.Emails.Count);
        Assert.All(script.Emails, email => Assert.Contains($"<{id}@feedback.example>", email, StringComparison.Ordinal));
        var shown = await site.ShowAsync(id);
        Assert.Equal([(AttemptOutcome?)AttemptOutcome.Sent, AttemptOutcome.Uncertain], shown.Attempts.Select(attempt => attempt.Outcome));
        Assert.Equal((ChannelDeliveryState.Sent, true), (shown.State, shown.MaybeTwice));
        await site.Server.AllIsWellAsync();
    }
}

public sealed class SqliteClaimTests() : ClaimTests(Engine.Sqlite);

public sealed class PostgresClaimTests() : ClaimTests(Engine.Postgres)
{
    [Fact]
    public async Task Two_nodes_send_each_request_once()
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(Engine.Postgres, office.Port);
        await using var second = await site.Server.StartSecondAsync();

        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => site.CreateAsync(i % 2 == 0 ? site.Server : second, site.Ada)));
        await Task.WhenAll(site.DrainAsync(), second.Get<ChannelWorker>().DrainAsync(TestContext.Current.CancellationToken));

        var emails = await office.WaitAsync(60);
        Assert.Equal(60, emails.Select(email => email.MessageId).Distinct().Count());
        Assert.Equal(60, emails.Length);
        Assert.Equal(60, await site.CountAsync("state = 2 and attempts = 1"));
    }
}
