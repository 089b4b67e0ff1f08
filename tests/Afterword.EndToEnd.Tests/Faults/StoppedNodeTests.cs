using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Afterword.EndToEnd.Tests.Automation;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.EndToEnd.Tests.Webhooks;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Configuration;
using Afterword.Server.SignIn;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Afterword.EndToEnd.Tests.Faults;

/// <summary>One of two nodes on one database is stopped past a lease, with work in hand, and goes on later. Webhooks are in <see cref="DeliveryKillTests"/>, requests of the rules beside closes that are killed.</summary>
[LongForm]
[Collection(nameof(Loads))]
public sealed partial class StoppedNodeTests
{
    private const string EmailNotNoted = "\"EventId\":3205";
    private const string AlertNotNoted = "\"EventId\":5205";

    private readonly ConcurrentDictionary<string, int> _came = new();
    private TaskCompletionSource? _hold;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_it_was_sending_by_email_relay_and_alert_is_sent_once_more_by_the_other_and_its_late_word_is_refused()
    {
        await using var script = MailScript.Start(command => _hold is not null && command == "." ? MailScript.Hang : null);
        await using var receiver = await Receiver.StartAsync(AnswerAsync);
        var store = await PostgresStore.EmptyAsync();
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 10, customers: 1);
        var reached = await SetUpAsync(store, data.Senders[0], receiver);
        string[] settings =
        [
            .. WebhookInbox.Settings, "PublicUrl=https://feedback.example", "Channels:PollEvery=00:00:00.2", "Mail:Host=127.0.0.1", FormattableString.Invariant($"Mail:Port={script.Port}"), "Mail:Tls=none",
            "Mail:From=f@mail.example", "Mail:Timeout=00:00:03",
        ];
        await using var stopped = await ServerProcess.StartAsync(store, settings);
        _hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var i = 0; i < 4; i++) await AskAsync(stopped, data, reached, i);
        while (script.Emails.IsEmpty || !_came.Keys.Any(IsAlert) || _came.Keys.All(IsAlert)) await Task.Delay(10, Stop);

        await stopped.SignalAsync("STOP");
        var underWay = script.Emails.Count + _came.Count;
        var hold = _hold;
        _hold = null;
        hold.SetResult();
        await using (var other = await ServerProcess.StartAsync(store, settings))
        {
            await SentAsync(store);

            // It goes on in the belief that what it was sending is its own.
            await stopped.SignalAsync("CONT");
            while (!Said(EmailNotNoted, "Email") || !Said(EmailNotNoted, "Webhook") || !Said(AlertNotNoted, "Webhook")) await Task.Delay(50, Stop);
            Assert.Equal(0, await other.TerminateAsync());
        }

        // It takes up work again, alone.
        for (var i = 4; i < 6; i++) await AskAsync(stopped, data, reached, i);
        await SentAsync(store);
        Assert.Equal(0, await stopped.TerminateAsync());

        var emails = script.Emails.GroupBy(email => MessageId().Match(email).Groups["id"].Value).ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal((6, 6, 6), (emails.Count, _came.Keys.Count(key => !IsAlert(key)), _came.Keys.Count(IsAlert)));

        // What had been received when it was stopped, and what was on its way to be.
        Assert.InRange(emails.Values.Concat(_came.Values).Sum(times => times - 1), underWay, 12);
        Assert.All(emails.Values.Concat(_came.Values), times => Assert.InRange(times, 1, 2));
        Assert.Equal(12, await WebhookInbox.CountAsync(store, "select count(*) from dispatch where channel in (1, 2)"));
        Assert.Equal(6, await WebhookInbox.CountAsync(store, "select count(*) from alert_dispatch"));
        Assert.Empty((await AskingStore.ExamineAsync(store)).Problems);

        bool Said(string what, string channel) => stopped.Errors.Any(line => line.Contains(what, StringComparison.Ordinal) && line.Contains(channel, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task It_makes_no_id_with_a_worker_number_that_another_has_and_takes_a_new_one_by_itself()
    {
        var store = await PostgresStore.EmptyAsync();
        var data = await SampleData.SetUpAsync(store, senders: 4, members: 0, customers: 5_000);
        var ledger = new Ledger(data);
        await using var stopped = await ServerProcess.StartAsync(store, WebhookInbox.Settings);
        Assert.Equal(100, await CreateAsync(stopped, ledger, 100));
        var number = await WebhookInbox.CountAsync(store, "select worker from worker_lease where held_until > 0 order by held_until desc limit 1");
        await stopped.SignalAsync("STOP");

        // Five minutes, and as long again as its clock may be ahead of what the store says.
        while (await WebhookInbox.CountAsync(store, $"select held_until from worker_lease where worker = {number}") > TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()) await Task.Delay(1_000, Stop);
        await using var other = await ServerProcess.StartAsync(store, WebhookInbox.Settings);
        Assert.Equal(number, await WebhookInbox.CountAsync(store, "select worker from worker_lease order by held_until desc limit 1"));
        Assert.Equal(100, await CreateAsync(other, ledger, 100));

        await stopped.SignalAsync("CONT");
        var refused = 0;
        while (await CreateAsync(stopped, ledger, 1) == 0 && refused++ < 200) await Task.Delay(50, Stop);
        Assert.Equal(100, await CreateAsync(stopped, ledger, 100));
        Assert.Equal(100, await CreateAsync(other, ledger, 100));
        Assert.Single(stopped.Errors, line => line.Contains("\"EventId\":1108", StringComparison.Ordinal));
        Assert.DoesNotContain(other.Errors, line => line.Contains("\"EventId\":1108", StringComparison.Ordinal));
        await Task.WhenAll(stopped.TerminateAsync(), other.TerminateAsync());

        var image = await StoreImage.ReadAsync(store);
        Assert.Empty(Invariants.Check(image, ledger));
        Assert.True(image.Prompts.Select(prompt => (prompt.Id >> 12) & 1023).Distinct().Count() == 2, "Both nodes must have made ids, each with a number of its own.");
    }

    private static bool IsAlert(string key) => key.StartsWith("/alerts ", StringComparison.Ordinal);

    /// <summary>The sender with an address for requests, a webhook that gets alerts, and customers by email and by handover.</summary>
    private static async Task<long[][]> SetUpAsync(PostgresStore store, TestUser sender, Receiver receiver)
    {
        await using var opened = await store.OpenAsync();
        await opened.LeaseAsync(TimeProvider.System, Stop);
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().Build());
        await new RelayAddresses(opened, TimeProvider.System).SetAsync(sender.Id, new Uri(receiver.Url, "/requests"), null, Stop);
        await new Endpoints(opened, settings!, TimeProvider.System).AddAsync(sender.Id, new Uri(receiver.Url, "/alerts"), null, Approval.NeededIfOwned, Stop);
        Assert.Equal(1, await store.RunAsync("update webhook set alerts = 1"));
        await store.RunAsync($"insert into watch (sender_id, follow_csat, follow_nps, alert_csat, alert_nps, fall_points, version) values ({sender.Id}, 2, 6, 5, 10, -1, 1)");

        var userAccounts = new UserAccounts(opened, new PasswordHashes(), TimeProvider.System);
        var reached = new long[2][];
        foreach (var (at, (channel, email)) in new (string, string?)[] { ("email", "to{0}@example.com"), ("webhook", null) }.Index())
        {
            reached[at] = new long[6];
            for (var i = 0; i < reached[at].Length; i++)
            {
                var name = FormattableString.Invariant($"{channel}{i}");
                var where = ChannelAvailability.Read(channel, email?.Replace("{0}", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)).Reachability!;
                reached[at][i] = (await userAccounts.AddAsync(new NewUser(name, name, null, MessagingPermission.Anyone) { ChannelAvailability = where }, Stop))!.Id;
            }
        }

        return reached;
    }

    /// <summary>Asks one customer by email, one by handover and one in Messages, who gives a score that is told.</summary>
    private static async Task AskAsync(ServerProcess server, SampleData data, long[][] reached, int at)
    {
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        var (sender, user) = (data.Senders[0], data.Users[at]);
        foreach (var customer in (long[])[reached[0][at], reached[1][at], user.Id])
        {
            var request = await SignedRequest.MakeAsync(
                sender.Credentials, HttpMethod.Post, "/1.1/feedback/create.json",
                [new("type", "csat"), new("to_user_id", customer.ToString(CultureInfo.InvariantCulture)), new("message", "Hello"), new("privacy_url", "https://shop.example/privacy")]);
            var answer = await request.SendAsync(http, Stop);
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            if (customer != user.Id) continue;

            var score = await SignedRequest.MakeAsync(user.Credentials, HttpMethod.Post, $"/1.1/feedback/submit/{answer.Feedback.Id}.json", [new("score", "2")]);
            Assert.Equal(HttpStatusCode.OK, (await score.SendAsync(http, Stop)).Status);
        }
    }

    /// <summary>Creates prompts, one after the other, and gives how many were accepted.</summary>
    private static async Task<int> CreateAsync(ServerProcess server, Ledger ledger, int many)
    {
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        var (random, accepted) = (new Random(5), 0);
        for (var i = 0; i < many; i++)
        {
            var sentRequest = ledger.Next(random);
            var answer = await (await sentRequest.SignAsync()).SendAsync(http, Stop);
            if (answer.Status == HttpStatusCode.OK) sentRequest.Acknowledge(answer.Feedback);
            else Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
            if (answer.Status == HttpStatusCode.OK) accepted++;
        }

        return accepted;
    }

    /// <summary>Waits until all that goes out was sent.</summary>
    private static async Task SentAsync(PostgresStore store)
    {
        while (await WebhookInbox.CountAsync(
            store,
            """
            select (select count(*) from dispatch where channel in (1, 2) and state <> 2) + (select count(*) from alert_dispatch where state <> 2) + (select count(*) from alert where state = 0)
            """) > 0) await Task.Delay(50, Stop);
    }

    // A webhook that gets alerts gets events as well; those are not counted.
    private async Task AnswerAsync(HttpContext http, Received got)
    {
        http.Response.StatusCode = 204;
        if (got.Path == "/alerts" && !got.EventType.StartsWith("alert.", StringComparison.Ordinal)) return;

        _came.AddOrUpdate($"{got.Path} {got.Id}", 1, (_, times) => times + 1);
        if (_hold is { } held) await held.Task;
    }

    [GeneratedRegex(@"^Message-Id:\s*(?<id><[^>]+>)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex MessageId();
}
