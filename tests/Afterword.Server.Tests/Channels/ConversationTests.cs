using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Microsoft.AspNetCore.Http;

namespace Afterword.Server.Tests.Channels;

/// <summary>Requests that are posted into the conversations they came from.</summary>
public abstract class ConversationTests(Engine engine) : IAsyncLifetime
{
    private HelpdeskServer _desk = null!;

    public async ValueTask InitializeAsync() => _desk = await HelpdeskServer.StartAsync();

    public ValueTask DisposeAsync() => _desk.DisposeAsync();

    [Fact]
    public async Task A_request_is_posted_into_its_conversation_by_the_api_of_its_helpdesk()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var cy = await UserAsync(site, "cy", "cy@example.com");
        foreach (var kind in Enum.GetValues<HelpdeskKind>()) await SetAsync(site, kind);

        var expected = new List<(string Method, string Path, string? Authorization, string? AccessToken, string Body)>();
        foreach (var (kind, id) in ((HelpdeskKind, string)[])[(HelpdeskKind.Chatwoot, "chatwoot:482"), (HelpdeskKind.Zendesk, "zendesk:5158"), (HelpdeskKind.Intercom, "intercom:192783634529321"), (HelpdeskKind.Zammad, "zammad:81")])
        {
            var asked = await site.CreateAsync(site.Server, cy, "csat", ("external_id", id), ("include_card", "true"));
            var text = $"Thank you for your order!\\n\\n{asked.Text("card_url")}";
            expected.Add(kind switch
            {
                HelpdeskKind.Chatwoot => ("POST", "/api/v1/accounts/7/conversations/482/messages", null, "desk-token-kept-secret", $$"""{"content":"{{text}}","message_type":"outgoing","private":false}"""),
                HelpdeskKind.Zendesk => ("PUT", "/api/v2/tickets/5158.json", $"Basic {Convert.ToBase64String("ana@furni.example/token:desk-token-kept-secret"u8)}", null, $$$$"""{"ticket":{"comment":{"body":"{{{{text}}}}","public":true}}}"""),
                HelpdeskKind.Intercom => ("POST", "/conversations/192783634529321/reply", "Bearer desk-token-kept-secret", null, $$"""{"message_type":"comment","type":"admin","admin_id":"7","body":"{{text}}"}"""),
                _ => (
                    "POST", "/api/v1/ticket_articles", "Token token=desk-token-kept-secret", null,
                    $$"""{"ticket_id":81,"type":"email","sender":"Agent","to":"cy@example.com","subject":"What is your overall satisfaction with FURNI?","body":"{{text}}","content_type":"text/plain","internal":false}"""),
            });
            await site.DrainAsync();
            Assert.Equal(ChannelDeliveryState.Sent, (await site.ShowAsync(asked.Text("id"))).State);
        }

        Assert.Equal(expected, _desk.Calls.Select(call => (call.Method, call.Path, call.Authorization, call.AccessToken, Encoding.UTF8.GetString(call.Body))));
        Assert.Equal(0, await site.CountAsync("token is not null"));
        Assert.DoesNotContain(site.Server.Log, line => line.Contains("kept-secret", StringComparison.Ordinal));
        var kept = await site.Server.Server.Store.Main.ReadAsync(session => session.Sql("select token from helpdesk").ListAsync(row => row.GetBytes(0), default), default);
        Assert.All(kept, token => Assert.True(token.AsSpan().IndexOf("kept-secret"u8) < 0));
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task An_attempt_whose_answer_was_lost_is_looked_for_before_it_is_made_again()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var cy = await UserAsync(site);
        await SetAsync(site, HelpdeskKind.Chatwoot);

        // The helpdesk takes the first and loses its answer; the second is lost before it arrives.
        var takes = true;
        _desk.Instead = (http, call) =>
        {
            if (call.Method == "GET") return Task.FromResult(false);

            if (takes) _desk.Take(call);
            http.Abort();
            return Task.FromResult(true);
        };
        var taken = await site.AskAsync(cy, "csat", ("external_id", "chatwoot:482"));
        await site.DrainAsync();
        takes = false;
        var lost = await site.AskAsync(cy, "csat", ("external_id", "chatwoot:483"));
        await site.DrainAsync();
        _desk.Instead = null;
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(2, _desk.Posted.Distinct().Count());
        Assert.Equal(2, _desk.Posted.Count);
        var (first, second) = (await site.ShowAsync(taken), await site.ShowAsync(lost));
        Assert.Equal((HelpdeskTransport.HadArrived, HelpdeskTransport.HadNotArrived), (first.Attempts[0].Error, second.Attempts[0].Error));
        foreach (var shown in (ShownChannelDelivery[])[first, second])
        {
            Assert.Equal([(AttemptOutcome?)AttemptOutcome.Sent, AttemptOutcome.Uncertain], shown.Attempts.Select(attempt => attempt.Outcome));
            Assert.Equal((ChannelDeliveryState.Sent, false), (shown.State, shown.MaybeTwice));
        }

        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_cannot_be_looked_for_is_not_posted_again()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var cy = await UserAsync(site);
        await SetAsync(site, HelpdeskKind.Zammad);
        _desk.Instead = (http, _) =>
        {
            http.Response.StatusCode = 502;
            return Task.FromResult(true);
        };
        var id = await site.AskAsync(cy, "csat", ("external_id", "zammad:81"));
        await site.DrainAsync();
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(["POST /api/v1/ticket_articles", "GET /api/v1/ticket_articles/by_ticket/81"], _desk.Calls.Select(call => $"{call.Method} {call.Path}"));
        var shown = await site.ShowAsync(id);
        Assert.Equal((ChannelDeliveryState.Waiting, 502), (shown.State, shown.Attempts[0].Status));
        Assert.StartsWith("Not posted again", shown.Attempts[0].Error, StringComparison.Ordinal);

        // A proxy that says 502 does not know whether the helpdesk behind it has taken the message.
        Assert.Equal([(AttemptOutcome?)AttemptOutcome.Failed, AttemptOutcome.Uncertain], shown.Attempts.Select(attempt => attempt.Outcome));
    }

    [Fact]
    public async Task A_look_that_breaks_off_or_shows_something_else_is_none()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var cy = await UserAsync(site);
        await SetAsync(site, HelpdeskKind.Chatwoot);
        var ids = new List<string>();
        _desk.Instead = (http, call) =>
        {
            _desk.Take(call);
            http.Abort();
            return Task.FromResult(true);
        };
        for (var i = 1; i <= 4; i++) ids.Add(await site.AskAsync(cy, "csat", ("external_id", $"chatwoot:{i}")));
        await site.DrainAsync();

        // One is cut, one is a page of someone else, one is too long, one may not be read.
        _desk.Instead = async (http, call) =>
        {
            if (call.Path.Contains("/4/", StringComparison.Ordinal)) http.Response.StatusCode = 401;
            await http.Response.WriteAsync(call.Path.Contains("/2/", StringComparison.Ordinal) ? "<html>Please sign in</html>" : """{"payload":[""");
            await http.Response.Body.FlushAsync();
            if (call.Path.Contains("/1/", StringComparison.Ordinal)) http.Abort();
            if (call.Path.Contains("/3/", StringComparison.Ordinal)) await http.Response.WriteAsync($"{new string(' ', 4 * 1024 * 1024)}]}}");
            return true;
        };
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));
        foreach (var id in ids)
        {
            var shown = await site.ShowAsync(id);
            Assert.Equal((ChannelDeliveryState.Waiting, 2), (shown.State, shown.Attempts.Count));
            Assert.StartsWith("Not posted again", shown.Attempts[0].Error, StringComparison.Ordinal);
        }

        Assert.Contains("agent bot", (await site.ShowAsync(ids[3])).Reason, StringComparison.Ordinal);
        Assert.Equal(4, _desk.Writes.Count());
        _desk.Instead = null;
        await site.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(4, _desk.Writes.Count());
        foreach (var id in ids) Assert.Equal((ChannelDeliveryState.Sent, HelpdeskTransport.HadArrived), ((await site.ShowAsync(id)).State, (await site.ShowAsync(id)).Reason));
    }

    [Fact]
    public async Task What_was_sent_before_the_store_was_restored_is_not_posted_again()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var id = await site.AskAsync(await UserAsync(site), "csat", ("external_id", "chatwoot:482"));
        await site.RunAsync("create table kept as select * from dispatch");
        await SetAsync(site, HelpdeskKind.Chatwoot);
        await site.DrainAsync();
        Assert.Single(_desk.Posted);

        // As it was when the backup was made: nobody had sent it.
        await site.RunAsync("delete from dispatch_attempt");
        await site.RunAsync("update dispatch set state = 0, attempts = 0, settled_at = null, token = (select k.token from kept k where k.prompt_id = dispatch.prompt_id)");
        await site.RunAsync("drop table kept");
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.Single(_desk.Posted);
        Assert.Equal((ChannelDeliveryState.Sent, HelpdeskTransport.HadArrived), ((await site.ShowAsync(id)).State, (await site.ShowAsync(id)).Reason));
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_was_tried_again_by_hand_under_another_link_may_be_there_twice()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0, "Channels:RetrySchedule=1m");
        var id = await site.AskAsync(await UserAsync(site), "csat", ("external_id", "chatwoot:482"));
        await SetAsync(site, HelpdeskKind.Chatwoot);
        _desk.Instead = (http, call) =>
        {
            if (call.Method != "GET") _desk.Take(call);
            http.Abort();
            return Task.FromResult(true);
        };
        await site.DrainAsync();
        await site.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal((ChannelDeliveryState.Dead, false), ((await site.ShowAsync(id)).State, (await site.ShowAsync(id)).MaybeTwice));

        _desk.Instead = null;
        Assert.Equal(1, await site.Server.Get<RetryChannelDeliveries>().RunAsync(site.Fixture.Furni.Id, null, default));
        await site.DrainAsync();

        Assert.Equal(2, _desk.Posted.Distinct().Count());
        Assert.Equal((ChannelDeliveryState.Sent, true), ((await site.ShowAsync(id)).State, (await site.ShowAsync(id)).MaybeTwice));
    }

    [Fact]
    public async Task What_waits_for_a_helpdesk_that_becomes_another_one_is_called_off()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var cy = await UserAsync(site);
        var helpdesks = site.Server.Get<SenderHelpdesks>();
        _desk.Instead = (http, _) =>
        {
            http.Response.StatusCode = 503;
            return Task.FromResult(true);
        };
        await SetAsync(site, HelpdeskKind.Chatwoot);
        await SetAsync(site, HelpdeskKind.Zammad);
        var (one, other) = (await site.AskAsync(cy, "csat", ("external_id", "chatwoot:482")), await site.AskAsync(cy, "csat", ("external_id", "zammad:482")));
        await site.DrainAsync();

        // Another token is no other helpdesk.
        Assert.Equal(0, await helpdesks.SetAsync(site.Fixture.Furni.Id, _desk.Of(HelpdeskKind.Chatwoot, "new-token"), default));
        Assert.Equal(ChannelDeliveryState.Waiting, (await site.ShowAsync(one)).State);
        Assert.Equal(1, await helpdesks.SetAsync(site.Fixture.Furni.Id, _desk.Of(HelpdeskKind.Chatwoot) with { Account = "8" }, default));
        Assert.Equal((ChannelDeliveryState.CalledOff, "The sender's chatwoot is another one now, or none."), ((await site.ShowAsync(one)).State, (await site.ShowAsync(one)).Reason));
        Assert.Equal(ChannelDeliveryState.Waiting, (await site.ShowAsync(other)).State);

        Assert.True(await helpdesks.RemoveAsync(site.Fixture.Furni.Id, null, default));
        Assert.Equal((ChannelDeliveryState.CalledOff, 0), ((await site.ShowAsync(other)).State, await site.CountAsync("token is not null")));
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_limit_without_an_end_is_asked_about_less_and_less_and_a_shorter_one_ends_no_longer_one()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0, "Channels:RetrySchedule=1m", "Channels:Concurrency=1");
        await SetAsync(site, HelpdeskKind.Chatwoot);
        _desk.Instead = (http, _) =>
        {
            http.Response.StatusCode = 429;
            return Task.FromResult(true);
        };
        await site.AskAsync(await UserAsync(site), "csat", ("external_id", "chatwoot:482"));
        await site.DrainAsync();

        // One minute, two, four.
        var calls = new List<int> { _desk.Calls.Count };
        foreach (var minutes in (double[])[1.5, 1.5, 1, 3, 1.5])
        {
            await site.AdvanceAsync(TimeSpan.FromMinutes(minutes));
            calls.Add(_desk.Calls.Count);
        }

        Assert.Equal([1, 2, 2, 3, 3, 4], calls);

        var until = site.Clock.GetUtcNow().AddHours(2).ToUnixTimeMilliseconds();
        _desk.Instead = async (http, _) =>
        {
            // Another node was told meanwhile that it takes longer.
            await site.RunAsync($"update helpdesk set held_until = {until}");
            http.Response.StatusCode = 429;
            return true;
        };
        await site.AdvanceAsync(TimeSpan.FromMinutes(9));
        Assert.Equal(1, await site.Server.CountAsync("helpdesk", $"held_until = {until}"));
    }

    [Fact]
    public async Task A_limit_holds_all_that_a_sender_has_and_brings_nothing_closer_to_being_dead()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0, "Channels:RetrySchedule=1m", "Channels:Concurrency=1");
        var cy = await UserAsync(site);
        await SetAsync(site, HelpdeskKind.Chatwoot);
        _desk.Instead = (http, _) =>
        {
            http.Response.StatusCode = 429;
            http.Response.Headers.RetryAfter = "300";
            return Task.FromResult(true);
        };
        for (var i = 1; i <= 3; i++) await site.AskAsync(cy, "csat", ("external_id", $"chatwoot:{i}"));

        // One call finds out that the limit is reached, in each window.
        for (var window = 1; window <= 4; window++)
        {
            await site.DrainAsync();
            await site.AdvanceAsync(TimeSpan.FromMinutes(4));
            Assert.Equal(window, _desk.Calls.Count);
            site.Clock.Advance(TimeSpan.FromMinutes(2));
        }

        _desk.Instead = null;
        await site.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(3, _desk.Posted.Distinct().Count());
        Assert.Equal(3, await site.CountAsync("state = 2 and failures = 0"));
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_names_no_conversation_or_none_that_can_be_written_to_is_dead_and_what_an_operator_can_mend_is_not()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0);
        var cy = await UserAsync(site);
        await SetAsync(site, HelpdeskKind.Zendesk);
        string[] none = ["ticket_5555", "zendesk:", "zendesk:1/../../users", "zendesk:1?x=2", "zendesk:\uff11", "zendesk:+1", "zendesk:1234567890123456789", "pigeon:1", "5158", "zendesk:1:2"];
        var dead = new List<string> { await site.AskAsync(cy) };
        foreach (var id in none) dead.Add(await site.AskAsync(cy, "csat", ("external_id", id)));
        await site.DrainAsync();

        Assert.Empty(_desk.Calls);
        foreach (var id in dead) Assert.Equal((ChannelDeliveryState.Dead, AttemptOutcome.Refused), ((await site.ShowAsync(id)).State, (await site.ShowAsync(id)).Attempts[0].Outcome));

        // A closed ticket; a wrong account; a helpdesk that nobody has set yet.
        var status = 422;
        _desk.Instead = async (http, _) =>
        {
            http.Response.StatusCode = status;
            await http.Response.WriteAsync("""{"error":"RecordInvalid","description":"Record validation errors","details":{"status":[{"description":"Status: closed prevents ticket update"}]}}""");
            return true;
        };
        var closed = await site.AskAsync(cy, "csat", ("external_id", "zendesk:5158"));
        await site.DrainAsync();
        status = 404;
        var missing = await site.AskAsync(cy, "csat", ("external_id", "zendesk:9"));
        var elsewhere = await site.AskAsync(cy, "csat", ("external_id", "zammad:9"));
        await site.DrainAsync();

        Assert.Equal((ChannelDeliveryState.Dead, "It answered 422: RecordInvalid: Record validation errors: Status: closed prevents ticket update"), ((await site.ShowAsync(closed)).State, (await site.ShowAsync(closed)).Reason));
        Assert.Equal(ChannelDeliveryState.Waiting, (await site.ShowAsync(missing)).State);
        Assert.Contains("no access to zammad", (await site.ShowAsync(elsewhere)).Reason, StringComparison.Ordinal);
        await site.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Without_a_helpdesk_requests_wait_and_a_private_one_is_not_connected_to()
    {
        await using var site = await ChannelFixture.StartAsync(engine, 0, "Webhooks:AllowPrivateAddresses=false");
        var cy = await UserAsync(site);
        var id = await site.AskAsync(cy, "csat", ("external_id", "chatwoot:482"));
        await site.DrainAsync();
        Assert.Empty((await site.ShowAsync(id)).Attempts);
        Assert.Contains("no access to a helpdesk", await site.Server.Get<ChannelDeliveryHistory>().NotConfiguredAsync(Channel.Conversation, site.Fixture.Furni.Id, default), StringComparison.Ordinal);

        var helpdesks = site.Server.Get<SenderHelpdesks>();
        await helpdesks.SetAsync(site.Fixture.Furni.Id, _desk.Of(HelpdeskKind.Chatwoot) with { Url = new Uri($"http://localhost:{_desk.Url.Port}/") }, default);
        await site.DrainAsync();

        Assert.Empty(_desk.Calls);
        Assert.Contains("no public address", Assert.Single((await site.ShowAsync(id)).Attempts).Error, StringComparison.Ordinal);
        Assert.True(await helpdesks.RemoveAsync(site.Fixture.Furni.Id, HelpdeskKind.Chatwoot, default));
        Assert.False(await helpdesks.RemoveAsync(site.Fixture.Furni.Id, null, default));
    }

    private Task SetAsync(ChannelFixture site, HelpdeskKind kind) => site.Server.Get<SenderHelpdesks>().SetAsync(site.Fixture.Furni.Id, _desk.Of(kind), default);

    private static async Task<User> UserAsync(ChannelFixture site, string handle = "cy", string? email = null) => (await site.Server.Get<UserAccounts>().AddAsync(
        new NewUser(handle, "Cy", null, MessagingPermission.Anyone) { ChannelAvailability = ChannelAvailability.Read("conversation", email).Reachability! }, default))!;
}

public sealed class SqliteConversationTests() : ConversationTests(Engine.Sqlite);

public sealed class PostgresConversationTests() : ConversationTests(Engine.Postgres);
