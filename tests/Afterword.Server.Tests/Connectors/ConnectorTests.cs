using Afterword.Server.Allowlists;
using Afterword.Server.Channels;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Connectors;

/// <summary>What a helpdesk tells is decided once, about the right customer, whatever comes twice or in another order.</summary>
public abstract class ConnectorTests(Engine engine) : IAsyncLifetime
{
    private ConnectorFixture _world = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync() => _world = await ConnectorFixture.StartAsync(engine);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_recorded_close_of_every_kind_becomes_a_conversation_and_a_request()
    {
        foreach (var (kind, body) in Recorded.All.DistinctBy(one => one.Kind))
        {
            var connector = await _world.AddAsync(kind);
            var known = kind is not ("zendesk" or "hubspot" or "slack");
            Assert.Equal(known ? "scheduled" : "skipped: recipient_unknown", (await _world.SendAsync(connector, body)).Told);
            Assert.Equal(1, await Server.CountAsync("conversation", $"connector = '{kind}' and decision = {(known ? 0 : 2)}"));
        }

        // One customer, in all helpdesks.
        Assert.Equal(1, await Server.CountAsync("account", "mail = 'mia@example.com'"));
        Assert.Equal(0, await Server.CountAsync("connector_event", "fields like '%SECRETTEXT%' or detail like '%SECRETTEXT%'"));
        await _world.Rules.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(7, await Server.CountAsync("prompt"));
        Assert.Equal(7, await Server.CountAsync("dispatch", $"channel = {(int)Channel.Email}"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task An_event_is_decided_once_however_often_and_however_fast_it_comes()
    {
        var connector = await _world.AddAsync("generic");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _world.SendAsync(connector, ConnectorFixture.Close("t1"))));

        Assert.Equal(1, answers.Count(answer => answer.Told == "scheduled"));
        Assert.Equal(19, answers.Count(answer => answer.Told == "scheduled (repeated)"));
        Assert.Equal(1, await Server.CountAsync("connector_event", "times = 20"));
        Assert.Equal(1, await Server.CountAsync("conversation", "external_id = 't1' and closes = 1"));
        Assert.Equal(1, await Server.CountAsync("account", "mail = 'mia@example.com'"));

        // The id counts, whatever else is said; and another event of the conversation is another.
        Assert.Equal("scheduled (repeated)", (await _world.SendAsync(connector, ConnectorFixture.Close("t1").Replace("mia@", "bo@", StringComparison.Ordinal))).Told);
        Assert.Equal("scheduled", (await _world.SendAsync(connector, ConnectorFixture.Close("t1", more: ",\"x\":1"))).Told);
        Assert.Equal(1, await Server.CountAsync("conversation", "external_id = 't1' and closes = 2"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task After_30_days_an_event_is_forgotten_and_what_it_said_after_seven()
    {
        var connector = await _world.AddAsync("generic");
        await _world.SendAsync(connector, ConnectorFixture.Close("t1"));
        await Server.AdvanceAsync(TimeSpan.FromDays(6));
        await PruneAsync();
        Assert.Equal(1, await Server.CountAsync("connector_event", "fields is not null"));
        await Server.AdvanceAsync(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        await PruneAsync();
        Assert.Equal(1, await Server.CountAsync("connector_event", "fields is null"));
        Assert.EndsWith("(repeated)", (await _world.SendAsync(connector, ConnectorFixture.Close("t1"))).Told, StringComparison.Ordinal);
        await Server.AdvanceAsync(TimeSpan.FromDays(23));
        await PruneAsync();
        Assert.Equal(0, await Server.CountAsync("connector_event"));

        // One that was removed goes with its last event, and takes nothing meanwhile.
        await _world.SendAsync(connector, ConnectorFixture.Close("t2"));
        Assert.True(await Server.Get<ChangeConnectors>().RemoveAsync(await _world.FindAsync(connector), Member.CommandLine, default));
        (await _world.PostAsync(connector.Path, "{}"u8.ToArray(), new Dictionary<string, string>())).Is(404);
        await PruneAsync();
        Assert.Equal(1, await Server.CountAsync("connector", "removed_at is not null and secret is null"));
        await Server.AdvanceAsync(TimeSpan.FromDays(31));
        await PruneAsync();
        Assert.Equal(0, await Server.CountAsync("connector"));
    }

    [Fact]
    public async Task Running_an_event_again_keeps_nothing_longer_and_is_no_event_of_its_own()
    {
        var connector = await _world.AddAsync("generic");
        await _world.SendAsync(connector, ConnectorFixture.Close("t1"));
        await _world.SendAsync(connector, ConnectorFixture.Close("t2"));
        await Server.AdvanceAsync(TimeSpan.FromDays(6));
        var shown = (await Server.Get<ConnectorEvents>().LatestAsync(connector.Key, 10, default))[1];
        Assert.Equal("t1", shown.ExternalId);
        Assert.Equal("ignored", (await Server.Get<ReceiveDelivery>().AgainAsync(await _world.FindAsync(connector), shown.Key, DeliveryFields.None, shown.Test, "https://feedback.example", default)).Decision);
        var again = (await Server.Get<ConnectorEvents>().LatestAsync(connector.Key, 10, default))[1];
        Assert.Equal((shown.Id, shown.ReceivedAt, 1, "ignored", "no_condition"), (again.Id, again.ReceivedAt, again.Times, again.Decision, again.Reason));
        await Server.AdvanceAsync(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        await PruneAsync();
        Assert.Equal(2, await Server.CountAsync("connector_event", "fields is null"));
    }

    [Fact]
    public async Task What_goes_on_is_withdrawn_and_a_close_that_comes_late_is_not_believed()
    {
        var connector = await _world.AddAsync("generic");
        string At(string externalId, string what, int minute) => $$"""{"id":"{{externalId}}{{what}}{{minute}}","event":"{{what}}","external_id":"{{externalId}}","email":"mia@example.com","at":"2026-01-05T08:{{minute}}:00Z"}""";

        Assert.Equal("scheduled", (await _world.SendAsync(connector, At("t1", "closed", 10))).Told);
        Assert.Equal("withdrawn: reopened", (await _world.SendAsync(connector, At("t1", "reopened", 20))).Told);
        Assert.Equal("scheduled", (await _world.SendAsync(connector, At("t1", "closed", 30))).Told);

        // The reopening of before the last close is old news, and so is a close of before the last reopening.
        Assert.Equal("scheduled", (await _world.SendAsync(connector, At("t1", "reopened", 25))).Told);
        Assert.Equal("ignored: never_closed", (await _world.SendAsync(connector, At("t2", "reopened", 20))).Told);
        Assert.Equal("ignored: out_of_order", (await _world.SendAsync(connector, At("t2", "closed", 10))).Told);
        Assert.Equal("scheduled", (await _world.SendAsync(connector, At("t2", "closed", 20))).Told);
        Assert.Equal(2, await Server.CountAsync("conversation", "decision = 0"));
    }

    [Fact]
    public async Task Without_ids_and_times_a_conversation_can_still_be_closed_again_after_it_went_on()
    {
        var connector = await _world.AddAsync("freshdesk");
        string Is(string status) => $$"""{"ticket_id":7,"ticket_status":"{{status}}","ticket_contact_email":"mia@example.com"}""";

        Assert.Equal("scheduled", (await _world.SendAsync(connector, Is("Resolved"))).Told);
        Assert.Equal("scheduled (repeated)", (await _world.SendAsync(connector, Is("Resolved"))).Told);
        Assert.Equal("withdrawn: reopened", (await _world.SendAsync(connector, Is("Open"))).Told);
        Assert.Equal("scheduled", (await _world.SendAsync(connector, Is("Resolved"))).Told);
        Assert.Equal("withdrawn: reopened", (await _world.SendAsync(connector, Is("Open"))).Told);
    }

    [Fact]
    public async Task The_events_of_a_list_are_decided_in_their_order()
    {
        var connector = await _world.AddAsync("hubspot");
        string Change(int id, string status) => $$"""{"eventId":{{id}},"subscriptionId":1,"occurredAt":{{1767600000000 + id}},"subscriptionType":"conversation.propertyChange","objectId":7,"propertyName":"status","propertyValue":"{{status}}"}""";

        var answer = await _world.SendAsync(connector, $"[{Change(1, "CLOSED")},{Change(2, "OPEN")},{Change(3, "CLOSED")},{{}}]");
        Assert.Equal(["skipped", "skipped", "skipped", "ignored"], answer.Json.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("decision").GetString()));
        Assert.Equal(4, await Server.CountAsync("connector_event"));
        Assert.Equal("ignored: empty", (await _world.SendAsync(connector, "[]")).Told);
    }

    [Fact]
    public async Task The_customer_is_found_by_id_then_by_number_then_by_contact_then_by_address()
    {
        var generic = await _world.AddAsync("generic");
        var (ana, bea) = (_world.Rules.Fixture.Ana, await Server.UserAsync("bea"));
        await Server.Get<UserAccounts>().ReachByAsync("bea", ChannelAvailability.Read("built-in", "Bea@Example.com").Reachability!, default);
        await Server.Get<ChangeConnectors>().NameCustomersAsync(_world.Furni, [("ana", "c-17")], default);

        await _world.SendAsync(generic, ConnectorFixture.Close("by-id", "bea@example.com", $$""","to_user_id":"{{ana.Id}}","ref":"nobody" """));
        await _world.SendAsync(generic, ConnectorFixture.Close("by-ref", "bea@example.com", ",\"ref\":\"c-17\""));
        await _world.SendAsync(generic, ConnectorFixture.Close("by-mail", "bEA@exAMPLE.com", ",\"ref\":\"nobody\""));
        Assert.Equal(2, await Server.CountAsync("conversation", $"recipient_id = {ana.Id}"));
        Assert.Equal(1, await Server.CountAsync("conversation", $"recipient_id = {bea.Id}"));

        // A contact is learned from an event with an address, for one without; the business's own number is not.
        var zendesk = await _world.AddAsync("zendesk");
        Assert.Equal("scheduled", (await _world.SendAsync(zendesk, """{"ticket_id":"1","status":"solved","requester_id":"8447388090494","requester_external_id":"c-99","requester_email":"bea@example.com"}""")).Told);
        Assert.Equal("scheduled", (await _world.SendAsync(zendesk, Recorded.ZendeskEvent)).Told);
        Assert.Equal(1, await Server.CountAsync("conversation", $"external_id = 'zendesk:5158' and recipient_id = {bea.Id}"));
        Assert.Equal(0, await Server.CountAsync("customer_ref", "ref like '%c-99'"));

        // Another sender's numbers are its own.
        var (other, _) = await Server.SenderAsync(_world.Rules.Fixture.App, "other");
        await Server.Get<ChangeConnectors>().NameCustomersAsync(other.Id, [("bea", "c-17")], default);
        await _world.SendAsync(generic, ConnectorFixture.Close("still", null, ",\"ref\":\"c-17\""));
        Assert.Equal(3, await Server.CountAsync("conversation", $"recipient_id = {ana.Id}"));
    }

    [Fact]
    public async Task Who_is_unknown_becomes_a_user_once_where_the_connector_may_and_is_skipped_elsewhere()
    {
        var (adds, skips) = (await _world.AddAsync("generic"), await _world.AddAsync("generic", "careful", createsUsers: false));
        Assert.Equal("skipped: recipient_unknown", (await _world.SendAsync(skips, ConnectorFixture.Close("t1"))).Told);
        Assert.Equal("skipped: recipient_unknown", (await _world.SendAsync(adds, ConnectorFixture.Close("t2", email: null))).Told);
        var accounts = await Server.CountAsync("account");

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => _world.SendAsync(adds, ConnectorFixture.Close($"m{i}", i % 2 == 0 ? "mia@example.com" : "MIA@EXAMPLE.COM", ",\"name\":\"Mia Adler\",\"language\":\"de\""))));
        Assert.All(answers, answer => Assert.Equal("scheduled", answer.Told));
        Assert.Equal(accounts + 1, await Server.CountAsync("account"));
        Assert.Equal(1, await Server.CountAsync("account", $"lower(mail) = 'mia@example.com' and name = 'Mia Adler' and language = 'de' and channel = {(int)Channel.Email} and password_hash is null"));
        await Server.AllIsWellAsync();

        // Named by an owner, the customer is known from then on.
        var events = await Server.Get<ConnectorEvents>().LatestAsync(skips.Key, 10, default);
        var shown = Assert.Single(events);
        Assert.True(Afterword.Server.Channels.EmailAddress.TryParse("mia@example.com", out var email));
        await Server.Get<ChangeConnectors>().NameCustomerAsync(_world.Furni, Member.CommandLine, CustomerRef.OfEmail(email), _world.Rules.Fixture.Ana.Id, "ana", default);
        var again = await Server.Get<ReceiveDelivery>().AgainAsync(await _world.FindAsync(skips), shown.Key, shown.Fields!, shown.Test, "https://feedback.example", default);
        Assert.Equal("scheduled", again.Decision);
        Assert.Equal(1, await Server.CountAsync("conversation", $"external_id = 't1' and recipient_id = {_world.Rules.Fixture.Ana.Id}"));
        Assert.Equal(1, await Server.CountAsync("connector_event", $"connector_id = {skips.Key.Id}"));
    }

    [Fact]
    public async Task A_test_reaches_nobody_but_whom_it_names_and_adds_no_user()
    {
        foreach (var kind in Afterword.Server.Connectors.Definitions.Preset.Kinds)
        {
            var connector = await _world.FindAsync(await _world.AddAsync(kind));
            var accounts = await Server.CountAsync("account");
            var outcome = Assert.IsType<ReceiveOutcome.Decided>(await Server.Get<ReceiveDelivery>().TestAsync(connector, "https://feedback.example/in/", "https://feedback.example", null, default));
            Assert.Equal(("skipped", "recipient_unknown"), (outcome.Events[0].Decision, outcome.Events[0].Reason));
            Assert.Equal(accounts, await Server.CountAsync("account"));
            outcome = Assert.IsType<ReceiveOutcome.Decided>(await Server.Get<ReceiveDelivery>().TestAsync(connector, "https://feedback.example/in/", "https://feedback.example", _world.Rules.Fixture.Ana.Id, default));
            Assert.Equal("scheduled", outcome.Events[0].Decision);
        }

        Assert.Equal(0, await Server.CountAsync("conversation", "test = 0"));
        Assert.Equal(0, await Server.CountAsync("customer_ref"));
    }

    [Fact]
    public async Task Who_may_not_ask_any_more_is_told_so_and_nothing_is_stored_but_that()
    {
        var connector = await _world.AddAsync("generic");
        await Server.Get<Allowlist>().DenySenderAsync(_world.Furni, default);
        Assert.Equal("failed: sender_not_allowed", (await _world.SendAsync(connector, ConnectorFixture.Close("t1"))).Told);
        Assert.Equal(0, await Server.CountAsync("conversation"));
        Assert.Equal(0, await Server.CountAsync("account", "mail is not null"));

        var (other, _) = await Server.SenderAsync(_world.Rules.Fixture.App, "other");
        await Server.Get<UserAccounts>().SuspendAsync("other", true, default);
        Assert.Equal("failed: sender_not_allowed", (await _world.SendAsync(await _world.AddAsync("generic", sender: other.Id), ConnectorFixture.Close("t1"))).Told);
        Assert.Equal(0, await Server.CountAsync("account", "mail is not null"));
    }

    [Fact]
    public async Task The_old_secret_works_for_a_while_beside_the_new_one_and_the_old_address_not_at_all()
    {
        var connector = await _world.AddAsync("zammad");
        var changed = await Server.Get<ChangeConnectors>().ChangeSecretAsync(await _world.FindAsync(connector), Member.CommandLine, null, default);
        var (old, fresh) = (connector.Secret!, changed!.Secret!);
        Assert.NotEqual(old, fresh);
        var body = System.Text.Encoding.UTF8.GetBytes(Recorded.Zammad);
        foreach (var secret in (string[])[old, fresh]) (await _world.SendAsync(connector, body, secret)).Is(200);
        await PruneAsync();
        Assert.Equal(1, await Server.CountAsync("connector", "old_secret is not null"));
        await Server.AdvanceAsync(TimeSpan.FromHours(25));
        (await _world.SendAsync(connector, body, old)).Is(401);
        await PruneAsync();
        Assert.Equal(0, await Server.CountAsync("connector", "old_secret is not null"));
        (await _world.SendAsync(connector, body, fresh)).Is(200);

        var moved = await Server.Get<ChangeConnectors>().ChangeAddressAsync(await _world.FindAsync(connector), Member.CommandLine, default);
        (await _world.SendAsync(connector, body, fresh)).Is(404);
        (await _world.SendAsync(connector with { Path = moved!.Path! }, body, fresh)).Is(200);
        Assert.Equal(3, await Server.CountAsync("audit", $"sender_id = {_world.Furni} and what like 'connector zammad: %'"));
        Assert.Equal(0, await Server.CountAsync("audit", $"what like '%{fresh}%' or what like '%{moved.Path![^20..]}%'"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Names_are_a_senders_own_and_there_is_an_end_to_their_number()
    {
        var first = await _world.AddAsync("chatwoot");
        var change = Server.Get<ChangeConnectors>();
        Assert.IsType<AddConnectorOutcome.NameTaken>(await change.AddAsync(_world.Furni, Member.CommandLine, new(first.Preset, null, null, null, true), default));
        for (var i = 1; i < ChangeConnectors.Most; i++) await _world.AddAsync("freshdesk", $"desk {i}");
        Assert.IsType<AddConnectorOutcome.TooMany>(await change.AddAsync(_world.Furni, Member.CommandLine, new(first.Preset, "one more", null, null, true), default));
        Assert.True(await change.RemoveAsync(await _world.FindAsync(first), Member.CommandLine, default));
        await _world.AddAsync("chatwoot");
    }

    private Task PruneAsync() => Server.Get<PruneConnectorEvents>().RunAsync(default);
}

public sealed class SqliteConnectorTests() : ConnectorTests(Engine.Sqlite);

public sealed class PostgresConnectorTests() : ConnectorTests(Engine.Postgres);
