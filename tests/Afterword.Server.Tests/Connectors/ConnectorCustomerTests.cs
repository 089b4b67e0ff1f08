using Afterword.Server.Channels;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Connectors;

/// <summary>Whose conversation it is: no helpdesk's number and no address makes one customer pass for another.</summary>
public abstract class ConnectorCustomerTests(Engine engine) : IAsyncLifetime
{
    private const string ByContact = """{"event_id":"/id","closed_when":[{"path":"/event","is":"closed"}],"map":{"external_id":"/external_id","to_user_id":"/to_user_id","contact":"{/a}{/b}{/c}{/d}","mail":"/email"}}""";

    private ConnectorFixture _world = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync() => _world = await ConnectorFixture.StartAsync(engine);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Contacts_and_conversations_of_two_helpdesks_of_one_kind_are_different_ones()
    {
        var (first, second) = (await _world.AddAsync("zammad", "north"), await _world.AddAsync("zammad", "south"));
        string Closed(string state, string email) => $$$$"""{"ticket":{"id":81,"state":"{{{{state}}}}","customer":{"id":8,"email":"{{{{email}}}}"}}}""";

        Assert.Equal("zammad:81", (await _world.SendAsync(first, Closed("closed", "a@example.com"), ("X-Zammad-Delivery", "1"))).Text("external_id"));
        var answer = await _world.SendAsync(second, Closed("closed", "b@example.com"), ("X-Zammad-Delivery", "1"));
        Assert.Equal(("scheduled", "zammad-south:81"), (answer.Told, answer.Text("external_id")));
        foreach (var (id, email) in ((string, string)[])[("zammad:81", "a@example.com"), ("zammad-south:81", "b@example.com")])
        {
            Assert.Equal(1, await Server.CountAsync("conversation c join account a on a.id = c.recipient_id", $"c.external_id = '{id}' and a.mail = '{email}' and c.closes = 1"));
        }

        // Without an address, the number says who it is at this helpdesk.
        await _world.SendAsync(second, Closed("closed", "").Replace("81", "82", StringComparison.Ordinal), ("X-Zammad-Delivery", "2"));
        Assert.Equal(1, await Server.CountAsync("conversation c join account a on a.id = c.recipient_id", "c.external_id = 'zammad-south:82' and a.mail = 'b@example.com'"));

        // And what goes on there withdraws nothing here.
        Assert.Equal("withdrawn: reopened", (await _world.SendAsync(second, Closed("open", "b@example.com"), ("X-Zammad-Delivery", "3"))).Told);
        Assert.Equal(1, await Server.CountAsync("conversation", "external_id = 'zammad:81' and decision = 0"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_place_of_one_that_was_removed_is_free_again_and_its_contacts_are_forgotten()
    {
        var first = await _world.AddAsync("zammad", "north");
        await _world.SendAsync(first, """{"ticket":{"id":81,"state":"closed","customer":{"id":8,"email":"a@example.com"}}}""");
        Assert.Equal(1, await Server.CountAsync("customer_ref", $"ref = 'c:{first.Key.Id}:zammad:8'"));
        Assert.True(await Server.Get<ChangeConnectors>().RemoveAsync(await _world.FindAsync(first), Member.CommandLine, default));
        await Server.AdvanceAsync(TimeSpan.FromDays(31));
        await Server.Get<PruneConnectorEvents>().RunAsync(default);
        Assert.Equal(0, await Server.CountAsync("customer_ref"));

        var next = await _world.AddAsync("zammad", "next");
        Assert.Equal("zammad:83", (await _world.SendAsync(next, """{"ticket":{"id":83,"state":"closed","customer":{"id":8,"email":"c@example.com"}}}""")).Text("external_id"));
        Assert.Equal(1, await Server.CountAsync("conversation c join account a on a.id = c.recipient_id", "c.external_id = 'zammad:83' and a.mail = 'c@example.com'"));
    }

    [Fact]
    public async Task An_address_that_is_corrected_counts_more_than_what_was_learned_of_the_contact()
    {
        var connector = await _world.AddAsync("chatwoot");
        string Closed(int id, string? email) => $$$$"""{"event":"conversation_status_changed","id":{{{{id}}}},"status":"resolved","meta":{"sender":{"id":77{{{{(email is null ? "" : $",\"email\":\"{email}\"")}}}}}}}""";
        await Server.Get<UserAccounts>().ReachByAsync("ana", ChannelAvailability.Read("email", "ana@example.com").Reachability!, default);

        await _world.SendAsync(connector, Closed(1, "ana@example.com"));
        await _world.SendAsync(connector, Closed(2, "mia@example.com"));
        await _world.SendAsync(connector, Closed(3, null));
        Assert.Equal(1, await Server.CountAsync("conversation", $"external_id = 'chatwoot:1' and recipient_id = {_world.Rules.Fixture.Ana.Id}"));
        Assert.Equal(2, await Server.CountAsync("conversation c join account a on a.id = c.recipient_id", "a.mail = 'mia@example.com'"));

        // Whom an owner has named stays who it is.
        await Server.Get<ChangeConnectors>().NameCustomerAsync(_world.Furni, Member.CommandLine, CustomerRef.OfContact(connector.Key, "chatwoot:77"), _world.Rules.Fixture.Ana.Id, "ana", default);
        await _world.SendAsync(connector, Closed(4, "mia@example.com"));
        await _world.SendAsync(connector, Closed(5, null));
        Assert.Equal(2, await Server.CountAsync("conversation", $"external_id in ('chatwoot:4', 'chatwoot:5') and recipient_id = {_world.Rules.Fixture.Ana.Id}"));
        Assert.Equal(1, await Server.CountAsync("customer_ref", "basis = 0"));
    }

    [Fact]
    public async Task A_user_whom_another_senders_helpdesk_has_told_is_not_found_by_the_address()
    {
        var (other, _) = await Server.SenderAsync(_world.Rules.Fixture.App, "other");
        await _world.SendAsync(await _world.AddAsync("generic"), ConnectorFixture.Close("t1", more: ",\"name\":\"Mia Adler\""));
        await _world.SendAsync(await _world.AddAsync("generic", sender: other.Id), ConnectorFixture.Close("t1"));
        Assert.Equal(2, await Server.CountAsync("account", "mail = 'mia@example.com'"));
        Assert.Equal(1, await Server.CountAsync("account", $"mail = 'mia@example.com' and made_by = {other.Id} and name = 'mia'"));

        // One who is there for everybody is found by everybody.
        await Server.Get<UserAccounts>().ReachByAsync("ana", ChannelAvailability.Read("email", "ana@example.com").Reachability!, default);
        await _world.SendAsync(await _world.AddAsync("generic", "again", sender: other.Id), ConnectorFixture.Close("t2", "ana@example.com"));
        Assert.Equal(1, await Server.CountAsync("conversation", $"external_id = 't2' and recipient_id = {_world.Rules.Fixture.Ana.Id}"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task An_id_that_is_no_users_is_not_learned()
    {
        var connector = await _world.AddAsync("generic", mapping: ByContact);
        Assert.Equal("skipped: recipient_unknown", (await _world.SendAsync(connector, """{"id":"1","event":"closed","external_id":"t1","to_user_id":"999","a":"c","b":"-","c":"1","d":"!"}""")).Told);
        Assert.Equal(0, await Server.CountAsync("customer_ref"));
        Assert.Equal("scheduled", (await _world.SendAsync(connector, """{"id":"2","event":"closed","external_id":"t2","email":"mia@example.com","a":"c","b":"-","c":"1","d":"!"}""")).Told);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Who_is_deleted_at_the_helpdesk_is_offered_for_erasure_and_not_known_by_the_number_any_more()
    {
        var connector = await _world.AddAsync("zendesk");
        await _world.SendAsync(connector, """{"ticket_id":"1","status":"solved","requester_id":"77","requester_email":"mia@example.com"}""");
        const string Deleted = """{"type":"zen:event-type:user.deleted","id":"e-1","time":"2026-01-05T08:33:18Z","subject":"zen:user:77","detail":{"id":"77","email":"mia@example.com","name":"Mia Adler"},"event":{}}""";
        Assert.Equal("ignored: customer_deleted", (await _world.SendAsync(connector, Deleted)).Told);
        Assert.Equal("ignored: customer_deleted (repeated)", (await _world.SendAsync(connector, Deleted)).Told);
        Assert.Equal("ignored: customer_deleted", (await _world.SendAsync(connector, Deleted.Replace("\"77\"", "\"78\"", StringComparison.Ordinal).Replace("e-1", "e-2", StringComparison.Ordinal).Replace("mia@", "bo@", StringComparison.Ordinal))).Told);

        // Nothing is kept of whom the business has deleted, but that the user is still here.
        var offered = Assert.Single(await Server.Get<ConnectorEvents>().DeletedAsync(connector.Key, 10, default));
        Assert.StartsWith("afterword erase @c_", offered.Command, StringComparison.Ordinal);
        Assert.Equal(1, await Server.CountAsync("account", $"screen_name = '{offered.ScreenName}' and mail = 'mia@example.com'"));
        Assert.Equal(2, await Server.CountAsync("connector_event", "fields is null and reason = 'customer_deleted'"));
        Assert.Equal(0, await Server.CountAsync("customer_ref"));
        Assert.Equal("skipped: recipient_unknown", (await _world.SendAsync(connector, """{"ticket_id":"2","status":"solved","requester_id":"77"}""")).Told);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_contact_of_any_length_fails_nobodys_delivery()
    {
        var connector = await _world.AddAsync("generic", mapping: ByContact);

        // Such that nothing of it can be compressed: an index takes 2,704 bytes.
        var random = new Random(4);
        string Part() => string.Concat(Enumerable.Range(0, 500).Select(_ => (char)random.Next(0x4E00, 0x9FA5)));
        Assert.Equal("scheduled", (await _world.SendAsync(connector, $$"""{"id":"1","event":"closed","external_id":"t1","email":"mia@example.com","a":"{{Part()}}","b":"{{Part()}}","c":"{{Part()}}","d":"{{Part()}}"}""")).Told);
        Assert.Equal(0, await Server.CountAsync("customer_ref"));
    }
}

public sealed class SqliteConnectorCustomerTests() : ConnectorCustomerTests(Engine.Sqlite);

public sealed class PostgresConnectorCustomerTests() : ConnectorCustomerTests(Engine.Postgres);
