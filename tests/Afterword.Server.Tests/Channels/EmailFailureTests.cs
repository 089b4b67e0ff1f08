using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Channels;

/// <summary>Mail servers that refuse, put off, hang, and hang up.</summary>
public abstract class EmailFailureTests(Engine engine)
{
    private static readonly double[] s_waits = [60, 300, 900, 3_600, 14_400, 43_200, 86_400];

    [Fact]
    public async Task An_email_that_is_put_off_comes_again_by_the_schedule_and_is_dead_after_the_last_time()
    {
        await using var script = MailScript.Start(command => command.StartsWith("RCPT", StringComparison.Ordinal) ? "451 4.3.0 Later" : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port);
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();

        foreach (var (wait, attempts) in s_waits.Select((wait, i) => (TimeSpan.FromSeconds(wait), i + 2)))
        {
            await site.AdvanceAsync(wait * 0.79);
            Assert.Equal(attempts - 1, Recipients(script));
            await site.AdvanceAsync(wait * 0.42);
            Assert.Equal(attempts, Recipients(script));
        }

        await site.AdvanceAsync(TimeSpan.FromDays(3));
        Assert.Equal(8, Recipients(script));
        var shown = await site.ShowAsync(id);
        Assert.Equal((ChannelDeliveryState.Dead, 8, false), (shown.State, shown.Attempts.Count, shown.MaybeTwice));
        Assert.All(shown.Attempts, attempt => Assert.Equal((AttemptOutcome.Failed, 451), (attempt.Outcome, attempt.Status)));
        Assert.Contains("Later", shown.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_email_that_is_refused_for_good_is_dead_at_once_and_can_be_sent_again_with_a_new_link()
    {
        var refuses = true;
        await using var script = MailScript.Start(command => refuses && command.StartsWith("RCPT", StringComparison.Ordinal) ? "550 5.1.1 No such user" : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port);
        var asked = await site.CreateAsync(site.Server, site.Ada, more: ("include_card", "true"));
        await site.DrainAsync();
        await site.AdvanceAsync(TimeSpan.FromDays(3));

        Assert.Equal(1, Recipients(script));
        var shown = await site.ShowAsync(asked.Text("id"));
        Assert.Equal((ChannelDeliveryState.Dead, 550, AttemptOutcome.Refused), (shown.State, Assert.Single(shown.Attempts).Status, shown.Attempts[0].Outcome));
        Assert.Contains("No such user", shown.Reason, StringComparison.Ordinal);
        Assert.Equal(1, await site.CountAsync("token is null"));
        Assert.Equal(1, await site.Server.CountAsync("rollup", "sent = 1 and delivered = 0"));
        await site.Server.AllIsWellAsync();

        refuses = false;
        Assert.Equal(1, await site.Server.Get<RetryChannelDeliveries>().RunAsync(site.Fixture.Furni.Id, null, default));
        Assert.Equal(1, await site.Server.CountAsync("rollup", "sent = 1 and delivered = 1"));
        await site.DrainAsync();

        Assert.Equal(ChannelDeliveryState.Sent, (await site.ShowAsync(asked.Text("id"))).State);
        var email = Assert.Single(script.Emails);
        var card = email.Split("List-Unsubscribe: <")[1].Split('>')[0];
        Assert.NotEqual(asked.Text("card_url"), card);
        (await site.Server.SendAsync(null, HttpMethod.Get, new Uri(card).AbsolutePath, null)).Is(200);
        (await site.Server.SendAsync(null, HttpMethod.Get, new Uri(asked.Text("card_url")).AbsolutePath, null)).Is(404);
        await site.Server.AllIsWellAsync();
    }

    [Theory]
    [InlineData("AUTH", "535 5.7.8 No")]
    [InlineData("AUTH", "550 5.1.1 No")]
    [InlineData("MAIL", "530 5.7.0 Authentication required")]
    [InlineData("MAIL", "550 5.1.8 Bad sender")]
    [InlineData("RCPT", "554 5.7.1 Relay access denied")]
    [InlineData("", "554 No mail today")]
    public async Task A_wrong_password_is_the_operators_to_mend_and_no_email_dies_of_it(string refused, string reply)
    {
        await using var script = MailScript.Start(command => command.Split(' ')[0] == refused ? reply : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port, "Mail:User=postmaster", $"Mail:Password={ChannelFixture.Password}");
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();

        var shown = await site.ShowAsync(id);
        Assert.Equal((ChannelDeliveryState.Waiting, AttemptOutcome.Failed, int.Parse(reply[..3], CultureInfo.InvariantCulture)), (shown.State, Assert.Single(shown.Attempts).Outcome, shown.Attempts[0].Status));
        Assert.Contains(reply[4..], shown.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(ChannelFixture.Password, shown.Reason, StringComparison.Ordinal);
        Assert.Empty(script.Emails);
    }

    [Theory]
    [InlineData(MailScript.Drop)]
    [InlineData("nonsense")]
    public async Task An_attempt_that_broke_off_when_the_email_was_over_is_uncertain_and_comes_again_under_its_id(string end)
    {
        var breaks = true;
        await using var script = MailScript.Start(command => breaks && command == "." ? end : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port);
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();
        var shown = await site.ShowAsync(id);
        Assert.Equal((ChannelDeliveryState.Waiting, AttemptOutcome.Uncertain, false), (shown.State, Assert.Single(shown.Attempts).Outcome, shown.MaybeTwice));

        breaks = false;
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));

        shown = await site.ShowAsync(id);
        Assert.Equal((ChannelDeliveryState.Sent, true), (shown.State, shown.MaybeTwice));
        Assert.Equal(2, script.Emails.Count);
        Assert.All(script.Emails, email => Assert.Contains($"<{id}@feedback.example>", email, StringComparison.Ordinal));
        Assert.Equal(script.Emails.First().Split("List-Unsubscribe: ")[1].Split('\n')[0], script.Emails.Last().Split("List-Unsubscribe: ")[1].Split('\n')[0]);
    }

    [Theory]
    [InlineData("EHLO")]
    [InlineData("AUTH")]
    [InlineData("MAIL")]
    [InlineData("RCPT")]
    [InlineData("DATA")]
    public async Task An_attempt_that_broke_off_before_the_email_was_on_its_way_has_failed(string at)
    {
        await using var script = MailScript.Start(command => command.Split(' ')[0] == at ? MailScript.Drop : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port, "Mail:User=postmaster", $"Mail:Password={ChannelFixture.Password}");
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();

        Assert.Contains(script.Commands, command => command.StartsWith(at, StringComparison.Ordinal));
        Assert.Equal((AttemptOutcome.Failed, null), (Assert.Single((await site.ShowAsync(id)).Attempts).Outcome, (await site.ShowAsync(id)).Attempts[0].Status));
    }

    [Theory]
    [InlineData("250 mail.test")]
    [InlineData("250-mail.test\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SMTPUTF8")]
    public async Task A_domain_of_other_letters_goes_over_the_wire_as_it_is_registered_whatever_the_server_can(string hello)
    {
        await using var script = MailScript.Start(command => command.StartsWith("EHLO", StringComparison.Ordinal) ? hello : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port);
        await site.Server.Get<Afterword.Server.Users.UserAccounts>().ReachByAsync("ada", ChannelAvailability.Read("email", "ada@bücher.example").Reachability!, default);
        await site.AskAsync(site.Ada, more: ("display_name", "Möbel"));
        await site.DrainAsync();

        var email = Assert.Single(script.Emails);
        Assert.All(email, letter => Assert.InRange(letter, '\t', '~'));
        Assert.Contains("To: ada@xn--bcher-kva.example\r\n", email.ReplaceLineEndings("\r\n"), StringComparison.Ordinal);
        Assert.Contains(script.Commands, command => command.StartsWith("RCPT TO:<ada@xn--bcher-kva.example>", StringComparison.Ordinal));
        Assert.DoesNotContain(script.Commands, command => command.Contains("SMTPUTF8", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(MailScript.Drop)]
    [InlineData("421 Gone")]
    public async Task A_farewell_that_goes_wrong_changes_nothing(string end)
    {
        await using var script = MailScript.Start(command => command == "QUIT" ? end : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port);
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();

        Assert.Equal((ChannelDeliveryState.Sent, AttemptOutcome.Sent), ((await site.ShowAsync(id)).State, Assert.Single((await site.ShowAsync(id)).Attempts).Outcome));
        Assert.Single(script.Emails);
        Assert.Contains("QUIT", script.Commands);
    }

    [Fact]
    public async Task A_failure_before_an_uncertain_attempt_makes_it_no_two()
    {
        var reply = "451 Later";
        await using var script = MailScript.Start(command => command == "." ? reply : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port);
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();
        reply = MailScript.Drop;
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));

        var shown = await site.ShowAsync(id);
        Assert.Equal([(AttemptOutcome?)AttemptOutcome.Uncertain, AttemptOutcome.Failed], shown.Attempts.Select(attempt => attempt.Outcome));
        Assert.False(shown.MaybeTwice);
    }

    [Fact]
    public async Task An_email_server_that_is_not_there_was_sent_nothing()
    {
        var script = MailScript.Start(_ => null);
        var port = script.Port;
        await script.DisposeAsync();
        await using var site = await ChannelFixture.StartAsync(engine, port);
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();

        Assert.Equal(AttemptOutcome.Failed, Assert.Single((await site.ShowAsync(id)).Attempts).Outcome);
    }

    [Fact]
    public async Task One_email_that_hangs_delays_no_other_and_ends_by_itself()
    {
        await using var script = MailScript.Start(command => command.Contains("ada@", StringComparison.Ordinal) && command.StartsWith("RCPT", StringComparison.Ordinal) ? MailScript.Hang : null);
        await using var receiver = await Receiver.StartAsync((http, _) => Task.CompletedTask);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port, "Mail:Timeout=00:00:03");
        await site.RelayAddresses.SetAsync(site.Fixture.Furni.Id, receiver.Url, null, default);
        await site.Server.Get<Afterword.Server.Users.UserAccounts>().ReachByAsync("ana", ChannelAvailability.Read("email", "ana@example.com").Reachability!, default);

        var hangs = await site.AskAsync(site.Ada);
        while (Recipients(script) == 0) await Task.Delay(5, TestContext.Current.CancellationToken);
        await site.AskAsync(site.Fixture.Ana);
        await site.AskAsync(site.Bo);
        while (script.Emails.IsEmpty || receiver.All.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);
        Assert.Equal(ChannelDeliveryState.Sending, (await site.ShowAsync(hangs)).State);

        await site.DrainAsync();
        var shown = await site.ShowAsync(hangs);
        Assert.Equal((ChannelDeliveryState.Waiting, AttemptOutcome.Failed), (shown.State, Assert.Single(shown.Attempts).Outcome));
        Assert.Contains("within 3 s", shown.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_STARTTLS_nothing_is_sent_not_even_the_password()
    {
        await using var script = MailScript.Start(command => command.StartsWith("EHLO", StringComparison.Ordinal) ? "250-mail.test\r\n250 AUTH LOGIN" : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port, "Mail:Tls=starttls", "Mail:User=postmaster", $"Mail:Password={ChannelFixture.Password}");
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();

        Assert.Equal(AttemptOutcome.Failed, Assert.Single((await site.ShowAsync(id)).Attempts).Outcome);
        Assert.DoesNotContain(script.Commands, command => command.StartsWith("AUTH", StringComparison.Ordinal) || command.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_answered_or_is_not_wanted_any_more_is_not_sent()
    {
        var later = true;
        await using var script = MailScript.Start(command => later && command.StartsWith("RCPT", StringComparison.Ordinal) ? "451 Later" : null);
        await using var site = await ChannelFixture.StartAsync(engine, script.Port);
        var token = await site.Server.TokenAsync(site.Fixture.App, site.Ada);
        var answered = await site.AskAsync(site.Ada);
        var dismissed = await site.AskAsync(site.Ada);
        await site.DrainAsync();
        (await site.Server.PostAsync(token, $"/1.1/feedback/submit/{answered}.json", ("score", "5"))).Is(200);
        (await site.Server.PostAsync(token, $"/1.1/feedback/dismiss/{dismissed}.json")).Is(200);
        var unwanted = await site.AskAsync(site.Ada);
        await site.DrainAsync();
        await site.Server.Get<OptOut>().RunAsync(site.Fixture.Furni.Id, site.Ada.Id, default);

        later = false;
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Empty(script.Emails);
        Assert.Equal("It was answered before.", (await site.ShowAsync(answered)).Reason);
        Assert.Equal("The card is closed.", (await site.ShowAsync(dismissed)).Reason);
        Assert.Equal((ChannelDeliveryState.CalledOff, "The recipient wants no requests of this sender."), ((await site.ShowAsync(unwanted)).State, (await site.ShowAsync(unwanted)).Reason));
        Assert.Equal(3, await site.CountAsync("state = 4 and token is null"));
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Without_an_email_server_requests_wait_and_say_why_until_their_cards_close()
    {
        await using var site = await ChannelFixture.StartAsync(engine, emailPort: 0);
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();

        Assert.Equal(ChannelDeliveryState.Waiting, (await site.ShowAsync(id)).State);
        Assert.Contains("Mail:Host", await site.Server.Get<ChannelDeliveryHistory>().NotConfiguredAsync(Channel.Email, site.Fixture.Furni.Id, default), StringComparison.Ordinal);
        Assert.Equal(1, await site.Server.CountAsync("message", $"recipient_id = {site.Ada.Id}"));

        site.Clock.Advance(site.Server.Get<Settings>().CardLifetime + TimeSpan.FromMinutes(1));
        await site.Server.Get<ChannelDeliveries>().CallOffExpiredAsync(default);
        Assert.Equal(ChannelDeliveryState.CalledOff, (await site.ShowAsync(id)).State);
        Assert.Equal(1, await site.CountAsync("token is null"));
    }

    private static int Recipients(MailScript script) => script.Commands.Count(command => command.StartsWith("RCPT", StringComparison.Ordinal));
}

public sealed class SqliteEmailFailureTests() : EmailFailureTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresEmailFailureTests() : EmailFailureTests(Engine.Postgres);
