using System.Text.RegularExpressions;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Channels;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Connectors;

/// <summary>From a conversation that is closed at a helpdesk to the event that tells its customer's answer, for every kind, against servers that speak what is documented.</summary>
public abstract partial class RoundTripTests(Engine engine) : IAsyncLifetime
{
    // HubSpot's own event and Slack's name no address: the workflow that the steps describe does, and an owner names the other's customer. An address alone leads
    // into nobody's conversation, so an owner names the customers of the other helpdesks, too.
    private static readonly (string Kind, string Contact)[] s_named = [("slack", "slack:U2"), ("chatwoot", "chatwoot:77"), ("intercom", "intercom:6620fa1e8f2b"), ("zammad", "zammad:8")];

    private static readonly (string Kind, string Body, string ExternalId, string? PostedTo)[] s_closes =
    [
        ("zendesk", Recorded.ZendeskEvent, "zendesk:5158", "PUT /api/v2/tickets/5158.json"),
        ("chatwoot", Recorded.Chatwoot, "chatwoot:482", "POST /api/v1/accounts/7/conversations/482/messages"),
        ("intercom", Recorded.Intercom, "intercom:195208945002873", "POST /conversations/195208945002873/reply"),
        ("zammad", Recorded.Zammad, "zammad:81", "POST /api/v1/ticket_articles"),
        ("freshdesk", Recorded.FreshdeskWrapped, "freshdesk:5158", null),
        ("front", Recorded.FrontApplication, "front:cnv_55c8c149", null),
        ("hubspot", Preset.Find("hubspot")!.Sample, "hubspot:1938", null),
        ("freescout", Recorded.FreeScout, "freescout:34", null),
        ("rocketchat", Recorded.RocketChat, "rocketchat:fasd6f5a", null),
        ("slack", Recorded.Slack, "slack:C1:1767601000.000100", null),
        ("generic", ConnectorFixture.Close("t1"), "t1", null),
    ];

    private HelpdeskServer _desk = null!;
    private PostOffice _office = null!;
    private Receiver _receiver = null!;
    private ConnectorFixture _world = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync()
    {
        (_desk, _office, _receiver) = (await HelpdeskServer.StartAsync(), await PostOffice.StartAsync(), await Receiver.StartAsync());
        _world = await ConnectorFixture.StartAsync(
            engine, "PublicUrl=https://feedback.example", "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Mail:Host=127.0.0.1", $"Mail:Port={_office.Port}", "Mail:Tls=none",
            "Mail:From=feedback@mail.example");
        Server.Get<WebhookWorker>().Linger = TimeSpan.Zero;
        await Server.Get<Endpoints>().AddAsync(_world.Furni, _receiver.Url, null, Approval.NeededIfOwned, default);
        await Server.Get<UserAccounts>().ReachByAsync("ana", ChannelAvailability.Read("email", "ana@example.com").Reachability!, default);
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _receiver.DisposeAsync();
        await _office.DisposeAsync();
        await _desk.DisposeAsync();
    }

    [Fact]
    public async Task A_close_at_any_helpdesk_becomes_a_request_where_its_customer_is_an_answer_and_an_event()
    {
        Assert.Equal(Preset.Kinds.Order(), s_closes.Select(close => close.Kind).Order());
        foreach (var kind in Enum.GetValues<HelpdeskKind>()) await Server.Get<SenderHelpdesks>().SetAsync(_world.Furni, _desk.Of(kind), default);
        foreach (var (kind, body, externalId, _) in s_closes)
        {
            var connector = await _world.AddAsync(kind);
            foreach (var (_, contact) in s_named.Where(one => one.Kind == kind))
            {
                await Server.Get<ChangeConnectors>().NameCustomerAsync(_world.Furni, Member.CommandLine, CustomerRef.OfContact(connector.Key, contact), _world.Rules.Fixture.Ana.Id, "ana", default);
            }

            if (connector.Secret is not null) (await _world.SendAsync(connector, System.Text.Encoding.UTF8.GetBytes(body), "another secret")).Is(401);
            var answer = await _world.SendAsync(connector, body);
            Assert.Equal((kind, "scheduled", externalId), (kind, answer.Told, answer.Text("external_id")));
            Assert.Equal("scheduled (repeated)", (await _world.SendAsync(connector, body)).Told);
        }

        await _world.Rules.PassAsync(TimeSpan.FromHours(1));
        await Server.Get<ChannelWorker>().DrainAsync(TestContext.Current.CancellationToken);
        await _office.WaitAsync(s_closes.Count(close => close.PostedTo is null));

        // Into that very conversation where the sender has given access; else as the customer is reached.
        Assert.Equal(s_closes.Select(close => close.PostedTo).OfType<string>().Order(), _desk.Calls.Select(call => $"{call.Method} {call.Path}").Order());
        Assert.Equal(s_closes.Count(close => close.PostedTo is null), _office.All.Count);
        Assert.Equal((4, 7), (await CountAsync(Channel.Conversation), await CountAsync(Channel.Email)));

        // Of whom Zendesk tells a number alone, there is no address, and none is needed.
        Assert.Equal(1, await Server.CountAsync("account", $"channel = {(int)Channel.Conversation} and mail is null"));
        foreach (var text in _desk.Posted.Concat(_office.All.Select(email => email.Plain)))
        {
            (await Server.SendAsync(null, HttpMethod.Post, Card.Match(text).Value, TestServer.Form(("score", "4")))).Is(200);
        }

        await Server.Get<WebhookWorker>().DrainAsync(TestContext.Current.CancellationToken);
        var scored = _receiver.All.Select(got => got.Json.GetProperty("feedback")).Where(feedback => feedback.TryGetProperty("response", out var response) && response.GetProperty("score").GetProperty("value").GetInt32() == 4);
        Assert.Equal(s_closes.Select(close => close.ExternalId).Order(), scored.Select(feedback => feedback.GetProperty("external_id").GetString()).Order());
        Assert.Equal(s_closes.Length, await Server.CountAsync("conversation", "decision = 1 and connector is not null"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Without_access_to_the_helpdesk_a_customer_is_asked_as_they_are_reached_and_one_without_an_address_not_at_all()
    {
        Assert.Equal("scheduled", (await _world.SendAsync(await _world.AddAsync("chatwoot"), Recorded.Chatwoot)).Told);
        Assert.Equal("skipped: recipient_unknown", (await _world.SendAsync(await _world.AddAsync("zendesk"), Recorded.ZendeskEvent)).Told);
        await _world.Rules.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal((0, 1), (await CountAsync(Channel.Conversation), await CountAsync(Channel.Email)));
    }

    [Fact]
    public async Task A_reference_that_only_looks_like_a_conversation_leads_nobody_there()
    {
        await Server.Get<SenderHelpdesks>().SetAsync(_world.Furni, _desk.Of(HelpdeskKind.Chatwoot), default);

        // A call says what it likes, and another helpdesk's connector is not of this one.
        await _world.Rules.CloseAsync("chatwoot:482");
        Assert.Equal("scheduled", (await _world.SendAsync(await _world.AddAsync("freshdesk"), Recorded.FreshdeskWrapped)).Told);
        await _world.Rules.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal((0, 2), (await CountAsync(Channel.Conversation), await CountAsync(Channel.Email)));
    }

    [Fact]
    public async Task Whoever_types_somebodys_address_is_not_shown_that_persons_request()
    {
        await Server.Get<SenderHelpdesks>().SetAsync(_world.Furni, _desk.Of(HelpdeskKind.Chatwoot), default);
        await Server.Get<UserAccounts>().ReachByAsync("ana", ChannelAvailability.Read("email", "mia@example.com").Reachability!, default);

        // The address is Ana's; who wrote there may be anybody.
        Assert.Equal("scheduled", (await _world.SendAsync(await _world.AddAsync("chatwoot"), Recorded.Chatwoot)).Told);
        await _world.Rules.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal((0, 1), (await CountAsync(Channel.Conversation), await CountAsync(Channel.Email)));
    }

    [Fact]
    public async Task A_connector_of_another_kind_reaches_no_conversation_of_a_helpdesk()
    {
        await Server.Get<SenderHelpdesks>().SetAsync(_world.Furni, _desk.Of(HelpdeskKind.Chatwoot), default);
        Assert.Equal("scheduled", (await _world.SendAsync(await _world.AddAsync("generic"), ConnectorFixture.Close("chatwoot:482"))).Told);
        await _world.Rules.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal((0, 1), (await CountAsync(Channel.Conversation), await CountAsync(Channel.Email)));
    }

    private Task<long> CountAsync(Channel channel) => Server.CountAsync("dispatch", $"channel = {(int)channel}");

    [GeneratedRegex("/f/[A-Za-z0-9_-]+")]
    private static partial Regex Card { get; }
}

public sealed class SqliteRoundTripTests() : RoundTripTests(Engine.Sqlite);

public sealed class PostgresRoundTripTests() : RoundTripTests(Engine.Postgres);
