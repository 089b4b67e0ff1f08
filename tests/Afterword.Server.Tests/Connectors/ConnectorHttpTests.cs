using System.Globalization;
using System.Text;
using Afterword.Server.Connectors;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Afterword.Server.Tests.Connectors;

/// <summary>The address of a connector, as a helpdesk meets it. What is refused is refused before the store has a say.</summary>
public sealed class ConnectorHttpTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> s_none = [];

    private ConnectorFixture _world = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync() => _world = await ConnectorFixture.StartAsync(Engine.Sqlite);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Whatever_is_not_signed_rightly_is_refused_counted_and_stored_nowhere()
    {
        foreach (var kind in (string[])["zendesk", "chatwoot", "intercom", "front", "hubspot", "zammad", "freescout", "rocketchat", "slack", "generic"])
        {
            var connector = await _world.AddAsync(kind);
            var body = Encoding.UTF8.GetBytes(connector.Preset.Sample);
            Assert.Contains("wrong", (await _world.SendAsync(connector, body, "another secret")).Is(401).Text("error"), StringComparison.Ordinal);
            Assert.Contains("missing", (await _world.PostAsync(connector.Path, body, s_none)).Is(401).Text("error"), StringComparison.Ordinal);
            (await _world.SendAsync(connector, body, connector.Secret)).Is(200);
            Assert.Equal(1, await Server.CountAsync("connector", $"id = {connector.Key.Id} and refused = 2 and refused_why like '%missing%'"));
        }

        Assert.Equal(10, await Server.CountAsync("connector_event"));
    }

    [Fact]
    public async Task A_delivery_that_was_recorded_is_worth_nothing_after_five_minutes()
    {
        var connector = await _world.AddAsync("slack");
        var body = Encoding.UTF8.GetBytes(Recorded.Slack);
        var scheme = (await _world.FindAsync(connector)).Definition.Signatures[0];
        var headers = scheme.Sign(new("POST", "", _ => null, body), connector.Secret!, Server.Clock.GetUtcNow());
        (await _world.PostAsync(connector.Path, body, headers)).Is(200);
        Server.Clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        Assert.Contains("five minutes", (await _world.PostAsync(connector.Path, body, headers)).Is(401).Text("error"), StringComparison.Ordinal);
        (await _world.SendAsync(connector, body, connector.Secret)).Is(200);
        Assert.Equal(1, await Server.CountAsync("connector_event"));
    }

    [Fact]
    public async Task Before_the_secret_is_known_challenges_are_answered_and_nothing_is_believed()
    {
        var slack = await _world.AddAsync("slack", withSecret: false);
        Assert.Equal("""{"challenge":"abc"}""", (await _world.PostAsync(slack.Path, """{"type":"url_verification","challenge":"abc"}"""u8.ToArray(), s_none)).Is(200).Body);
        Assert.Contains("no secret yet", (await _world.PostAsync(slack.Path, Encoding.UTF8.GetBytes(Recorded.Slack), s_none)).Is(401).Text("error"), StringComparison.Ordinal);
        var front = await _world.AddAsync("front");
        Assert.Equal("""{"challenge":"xyz"}""", (await _world.SendAsync(front, """{"type":"sync","authorization":{"id":"cmp_abc"}}""", ("X-Front-Challenge", "xyz"))).Is(200).Body);
        (await _world.PostAsync(front.Path, "{}"u8.ToArray(), new Dictionary<string, string> { ["X-Front-Challenge"] = "xyz" })).Is(401);

        // Where signing is as the helpdesk's version has it, a secret makes it needed.
        var old = await _world.AddAsync("chatwoot", withSecret: false);
        Assert.Equal("scheduled", (await _world.PostAsync(old.Path, Encoding.UTF8.GetBytes(Recorded.Chatwoot), s_none)).Told);
        var found = await _world.FindAsync(old);
        await Server.Get<ChangeConnectors>().ChangeSecretAsync(found, Member.CommandLine, ConnectorFixture.Secret, default);
        (await _world.PostAsync(old.Path, Encoding.UTF8.GetBytes(Recorded.Chatwoot), s_none)).Is(401);
    }

    [Fact]
    public async Task Whoever_sends_a_delivery_does_not_choose_where_the_customers_link_leads()
    {
        var connector = await _world.AddAsync("freshdesk");
        var elsewhere = new Dictionary<string, string> { ["Host"] = "feedback.evil.example" };
        Assert.Equal("ignored: no_public_url", (await _world.PostAsync(connector.Path, Encoding.UTF8.GetBytes(Recorded.FreshdeskBare), elsewhere)).Told);
        Assert.Equal(0, await Server.CountAsync("conversation"));

        // That a conversation goes on leads nobody anywhere. On this machine alone the host is nobody's choice.
        Assert.Equal("ignored: never_closed", (await _world.PostAsync(connector.Path, """{"ticket_id":7,"ticket_status":"open"}"""u8.ToArray(), elsewhere)).Told);
        Assert.Equal("scheduled", (await _world.PostAsync(connector.Path, """{"ticket_id":7,"ticket_status":"resolved","ticket_contact_email":"mia@example.com"}"""u8.ToArray(), new Dictionary<string, string> { ["Host"] = "localhost" })).Told);
    }

    [Fact]
    public async Task Whatever_comes_signed_gets_200()
    {
        var connector = await _world.AddAsync("generic");
        foreach (var (body, told) in new[]
        {
            ("", "ignored: no_json"), ("no json", "ignored: no_json"), ("{", "ignored: no_json"), ("null", "ignored: no_condition"), ("7", "ignored: no_condition"), ("\"text\"", "ignored: no_condition"), ("{}", "ignored: no_condition"),
            ("""{"event":"closed","external_id":"twice","event":"created"}""", "ignored: no_json"), ("\uFEFF" + ConnectorFixture.Close("marked"), "scheduled"), ("[]", "ignored: empty"), ("""{"event":"created"}""", "ignored: no_condition"), ("""{"event":"closed"}""", "ignored: no_external_id"), ("""{"event":["closed"],"external_id":{"a":1}}""", "ignored: no_external_id"),
            ("""{"event":"closed","external_id":"\ud800"}""", "ignored: no_external_id"), ("""{"\ud800":1,"event":"closed","external_id":"x"}""", null), (string.Concat(Enumerable.Repeat("[", 100_000)), "ignored: no_json"),
            (string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40), "ignored: no_json"), ("""{"event":"closed","external_id":"a","email":"x y","tags":[[["deep"]],null,7]}""", "skipped: recipient_unknown"),
        })
        {
            var answer = await _world.SendAsync(connector, body);
            if (told is null) answer.Is(200);
            else Assert.Equal(told, answer.Told);
        }
    }

    [Fact]
    public async Task A_name_cannot_write_the_rest_of_a_delivery_that_people_have_pasted()
    {
        var connector = await _world.AddAsync("freshdesk");
        string Named(string name) => $$"""{"ticket_id":"7","ticket_status":"Open","ticket_contact_email":"mia@example.com","ticket_contact_name":"{{name}}"}""";

        foreach (var name in (string[])["""Mia","ticket_contact_email":"victim@example.com","ticket_status":"Resolved""", """Mia "Mimi" A""", """Mia","ticket_status":"Resolved","x":"""])
        {
            Assert.Equal("ignored: no_json", (await _world.SendAsync(connector, Named(name))).Told);
        }

        Assert.Equal(0, await Server.CountAsync("account", "mail is not null"));
        Assert.Equal(3, await Server.CountAsync("connector_event", "detail like '%names a member twice%'"));
    }

    [Fact]
    public async Task A_body_of_one_MiB_is_read_and_one_that_is_longer_is_not()
    {
        var connector = await _world.AddAsync("generic");
        var start = ConnectorFixture.Close("large")[..^1] + ",\"pad\":\"";
        var body = start + new string('x', ConnectorEndpoints.MostBytes - start.Length - 2) + "\"}";
        Assert.Equal("scheduled", (await _world.SendAsync(connector, body)).Told);
        Assert.Equal("At most 1 MiB.", (await _world.SendAsync(connector, body + " ")).Is(413).Text("error"));
        (await _world.SendAsync(connector, new byte[3 * 1024 * 1024], connector.Secret)).Is(413);

        // Of a list all events are taken, or none.
        string Listed(int many) => $"[{string.Join(',', Enumerable.Range(0, many).Select(i => ConnectorFixture.Close($"l{i}")))}]";
        Assert.Equal(100, (await _world.SendAsync(connector, Listed(100))).Is(200).Json.GetProperty("events").EnumerateArray().Count(one => one.GetProperty("decision").GetString() == "scheduled"));
        Assert.Equal("At most 100 events in a list.", (await _world.SendAsync(connector, Listed(101))).Is(413).Text("error"));
        Assert.Equal(101, await Server.CountAsync("conversation"));
    }

    [Fact]
    public async Task An_address_answers_who_looks_and_an_unknown_one_says_nothing()
    {
        var connector = await _world.AddAsync("generic");
        (await Server.SendAsync(null, HttpMethod.Get, connector.Path, null)).Is(200);
        (await Server.SendAsync(null, HttpMethod.Head, connector.Path, null)).Is(200);
        var unknown = new List<string>();
        foreach (var path in (string[])["/in/x", "/in/" + new ConnectorAddress(connector.Key.SenderId, connector.Key.Id, new byte[20]), connector.Path[..^1], connector.Path + "A", "/in/" + new string('A', 48)])
        {
            var (looked, sent) = ((await Server.SendAsync(null, HttpMethod.Get, path, null)).Is(404), (await _world.PostAsync(path, Encoding.UTF8.GetBytes("{}"), s_none)).Is(404));
            unknown.AddRange([looked.Body, sent.Body]);
        }

        Assert.Single(unknown.Distinct());
        Assert.Equal(3, ((long[])[2123907341324648460, 2123907341324648464, 2123907341324649000]).Select(id => ConnectorAddress.BeginningOf(connector.Key.SenderId, id)).Distinct().Count());
        Assert.DoesNotContain(connector.Path[4..], await HashesAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_on_one_address_is_held_back_and_others_are_not()
    {
        await using var world = await ConnectorFixture.StartAsync(Engine.Sqlite, "Connectors:CallsPerConnector=5", "Connectors:GuessesPerAddress=20", "Proxies=127.0.0.1");
        var (one, other) = (await world.AddAsync("generic"), await world.AddAsync("generic", "other"));
        for (var i = 0; i < 5; i++) (await world.SendAsync(one, ConnectorFixture.Close($"t{i}"))).Is(200);
        Assert.InRange((await world.SendAsync(one, ConnectorFixture.Close("t6"))).Is(429).Header("Retry-After"), 1, 60);
        (await world.SendAsync(other, ConnectorFixture.Close("t6"))).Is(200);

        // Guesses share the network that they come from.
        for (var i = 0; i < 21; i++) (await world.PostAsync($"/in/guess{i}", [], new Dictionary<string, string> { ["X-Forwarded-For"] = "192.0.2.1" })).Is(i < 20 ? 404 : 429);
        (await world.PostAsync("/in/guess", [], new Dictionary<string, string> { ["X-Forwarded-For"] = "192.0.2.2" })).Is(404);

        // A helpdesk in the cloud calls all its customers from one network.
        var many = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => world.AddAsync("freshdesk", $"desk {i}")));
        for (var i = 0; i < 32; i++) (await world.PostAsync(many[i % 8].Path, "{}"u8.ToArray(), new Dictionary<string, string> { ["X-Forwarded-For"] = "192.0.2.3" })).Is(200);
    }

    [Fact]
    public async Task A_store_that_is_down_is_said_and_nothing_is_lost()
    {
        var connector = await _world.AddAsync("generic");
        await Server.RenameAsync("conversation", "lost");
        (await _world.SendAsync(connector, ConnectorFixture.Close("t1"))).Is(500);
        await Server.RenameAsync("lost", "conversation");
        Assert.Equal(0, await Server.CountAsync("connector_event"));
        Assert.Equal("scheduled", (await _world.SendAsync(connector, ConnectorFixture.Close("t1"))).Told);
    }

    [Fact]
    public async Task Addresses_secrets_and_contents_are_in_no_log_at_no_level()
    {
        await using var server = await TestServer.StartAsync(
            Engine.Sqlite,
            services => services.Configure<LoggerFilterOptions>(filters =>
            {
                filters.MinLevel = LogLevel.Trace;
                foreach (var category in new[] { null, "Microsoft", "Microsoft.AspNetCore", "Microsoft.AspNetCore.Routing", "System" })
                {
                    filters.Rules.Add(new LoggerFilterRule(null, category, LogLevel.Trace, null));
                    filters.Rules.Add(new LoggerFilterRule(typeof(ListLog).FullName, category, LogLevel.Trace, null));
                }
            }));
        var (furni, _) = await server.SenderAsync(await server.AppAsync());
        var preset = Afterword.Server.Connectors.Definitions.Preset.Find("rocketchat")!;
        var added = Assert.IsType<AddConnectorOutcome.Added>(await server.Get<ChangeConnectors>().AddAsync(furni.Id, Member.CommandLine, new(preset, null, ConnectorFixture.Secret, null, true), default));
        foreach (var (secret, status) in new[] { (ConnectorFixture.Secret, 200), ("PLANTEDWRONG", 401) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url, added.Secrets.Path)) { Content = new StringContent(Recorded.RocketChat) };
            request.Headers.Add("X-RocketChat-Livechat-Token", secret);
            (await server.SendAsync(request)).Is(status);
        }

        await server.RenameAsync("connector_event", "lost");
        using (var failing = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url, added.Secrets.Path)) { Content = new StringContent(Recorded.RocketChat) })
        {
            failing.Headers.Add("X-RocketChat-Livechat-Token", ConnectorFixture.Secret);
            var failed = (await server.SendAsync(failing)).Is(500);
            Assert.DoesNotContain("mia@", failed.Body, StringComparison.Ordinal);
        }

        await server.RenameAsync("lost", "connector_event");
        string[] planted = [ConnectorFixture.Secret, "PLANTED", added.Secrets.Path![4..], "SECRETTEXT", "mia@example.com"];
        Assert.All(planted, text => Assert.DoesNotContain(server.Log, line => line.Contains(text, StringComparison.Ordinal)));
        Assert.Equal(0, await server.CountAsync("audit", $"what like '%PLANTED%' or what like '%{added.Secrets.Path[4..]}%'"));
    }

    private async Task<string> HashesAsync() => string.Join(' ', await Server.Server.Store.Main.ReadAsync(
        session => session.Sql("select token_hash, secret, name from connector").ListAsync(row => string.Create(CultureInfo.InvariantCulture, $"{Convert.ToBase64String(row.GetBytes(0))} {Convert.ToBase64String(row.BytesOrNull(1) ?? [])} {row.GetString(2)}"), default), default));
}
