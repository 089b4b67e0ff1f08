using System.Net;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Connectors;

/// <summary>The owner's page: a connector is set up, tried, looked at and mended there.</summary>
public sealed class ConnectorPageTests : IAsyncLifetime
{
    private const string List = "/console/@furni/connectors";

    private ConnectorFixture _world = null!;
    private TestBrowser _owner = null!;

    private TestServer Server => _world.Server;

    public async ValueTask InitializeAsync()
    {
        _world = await ConnectorFixture.StartAsync(Engine.Sqlite);
        _owner = await Server.MembershipAsync(Role.Owner, _world.Rules.Fixture.Furni);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Every_kind_is_added_with_an_address_that_is_shown_once_its_steps_and_its_template()
    {
        foreach (var kind in Afterword.Server.Connectors.Definitions.Preset.Kinds)
        {
            var preset = Afterword.Server.Connectors.Definitions.Preset.Find(kind)!;
            var page = (await _owner.DoAsync(await _owner.GetAsync(List), $"{List}/add", ("kind", kind), ("name", $"my {kind}"))).Is(200);
            var shown = WebUtility.HtmlDecode(page.Html);
            Assert.Contains($"{Server.Url}in/", shown, StringComparison.Ordinal);
            Assert.All(preset.Steps, step => Assert.Contains(step, shown, StringComparison.Ordinal));
            if (preset.Template is { } template) Assert.Contains(template, shown, StringComparison.Ordinal);
            Assert.Equal(preset.Origin == Afterword.Server.Connectors.Definitions.SecretOrigin.Ours, shown.Contains("awsec_", StringComparison.Ordinal));
            var again = WebUtility.HtmlDecode((await _owner.GetAsync($"{List}/{await IdAsync($"my {kind}")}")).Is(200).Html);
            Assert.DoesNotContain($"{Server.Url}in/", again, StringComparison.Ordinal);
            Assert.DoesNotContain("awsec_", again, StringComparison.Ordinal);
        }

        Assert.Contains("named my slack already", (await _owner.SubmitAsync(await _owner.GetAsync(List), $"{List}/add", ("kind", "slack"), ("name", "my slack"))).Is(400).Html, StringComparison.Ordinal);
        (await _owner.SubmitAsync(await _owner.GetAsync(List), $"{List}/add", ("kind", "nothing"), ("name", ""))).Is(400);
        (await _owner.SubmitAsync(await _owner.GetAsync(List), $"{List}/add", ("kind", "slack"), ("name", new string('x', 33)))).Is(400);
        Assert.Equal(11, await Server.CountAsync("connector"));
        Assert.Equal(11, await Server.CountAsync("audit", "what like 'connector my %: added%' and person = 'owner@furni.example'"));
    }

    [Fact]
    public async Task While_nobody_is_asked_whatever_the_helpdesk_tells_the_pages_say_why()
    {
        var connector = await _world.AddAsync("zendesk");
        string[] pages = [List, $"{List}/{connector.Key.Id}", "/console/@furni/set-up"];
        foreach (var table in (string[])["automation_rules", "automation"]) await _world.Rules.RunAsync($"delete from {table}");
        await SayAsync("There are no rules yet, so nobody is asked. <a href=\"/console/@furni/rules?edit=new\">Add a rule</a>");

        await _world.Rules.RuleAsync("""{"rules":[{"name":"vip","ask":null}]}""");
        await SayAsync("No rule asks anybody yet.");
        await _world.Rules.RuleAsync($$"""{"paused":true,"rules":[{"name":"all","ask":{{RulesFixture.Ask}}}]}""");
        await SayAsync("Automatic requests are paused, so nobody is asked.");
        await _world.Rules.RuleAsync($$"""{"rules":[{"name":"all","ask":{{RulesFixture.Ask}}}]}""");

        foreach (var page in pages) Assert.DoesNotContain("so nobody is asked", (await _owner.GetAsync(page)).Is(200).Html, StringComparison.Ordinal);

        async Task SayAsync(string what)
        {
            foreach (var page in pages) Assert.Contains(what, (await _owner.GetAsync(page)).Is(200).Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_came_is_shown_by_its_mapped_fields_and_run_again_when_the_customer_is_named()
    {
        var connector = await _world.AddAsync("zendesk");
        await _world.SendAsync(connector, Recorded.ZendeskEvent);
        var path = $"{List}/{connector.Key.Id}";
        var page = (await _owner.GetAsync(path)).Is(200);
        Assert.Contains("skipped: recipient_unknown", page.Html, StringComparison.Ordinal);
        Assert.Contains("/detail/requester_id", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRETTEXT", page.Html, StringComparison.Ordinal);

        (await _owner.SubmitAsync(page, $"{path}/customer", ("user", "@nobody"))).Is(400);
        Assert.Contains("decided again: scheduled", (await _owner.DoAsync(page, $"{path}/customer", ("user", "@ana"))).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(1, await Server.CountAsync("customer_ref", $"ref = 'c:{connector.Key.Id}:zendesk:8447388090494' and user_id = {_world.Rules.Fixture.Ana.Id}"));
        Assert.Contains("decided again: scheduled", (await _owner.DoAsync(await _owner.GetAsync(path), $"{path}/again")).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(1, await Server.CountAsync("connector_event"));
        Assert.Equal(1, await Server.CountAsync("conversation", "decision = 0"));
    }

    [Fact]
    public async Task A_mapping_is_tried_mended_and_saved_and_one_with_faults_is_not()
    {
        var connector = await _world.AddAsync("generic");
        var path = $"{List}/{connector.Key.Id}";
        const string Mapping = """{"closed_when":[{"path":"/state","is":"done"}],"map":{"external_id":"case:{/case}","mail":"/who","tags":"/about"}}""";
        var form = (await _owner.GetAsync(path)).HiddenOf($"{path}/mapping");

        var tried = (await _owner.PostAsync($"{path}/try", [.. form, ("mapping", Mapping), ("payload", """{"state":"DONE","case":7,"who":"Mia@example.com","about":["<b>refund"]}""")])).Is(200).Html;
        Assert.All((string[])["closes the conversation", "none: what the event says counts", "case:7", "Mia@example.com", "&lt;b&gt;refund"], text => Assert.Contains(text, tried, StringComparison.Ordinal));
        Assert.Contains("ignored: no_json", (await _owner.PostAsync($"{path}/try", [.. form, ("mapping", ""), ("payload", "{")])).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("map.wish", (await _owner.PostAsync($"{path}/mapping", [.. form, ("mapping", Mapping.Replace("tags", "wish", StringComparison.Ordinal))])).Is(400).Html, StringComparison.Ordinal);
        Assert.Equal(0, await Server.CountAsync("connector_event") + await Server.CountAsync("connector", "mapping is not null"));

        Assert.Contains("deliveries need no signature", (await _owner.GetAsync((await _owner.PostAsync($"{path}/mapping", [.. form, ("mapping", Mapping)])).Is(303).Location)).Html, StringComparison.Ordinal);
        Assert.Equal(1, await Server.CountAsync("audit", "what like '%no longer signed%'"));

        // What the page says of the signature is what is done.
        Assert.Contains("the address is the only secret", (await _owner.GetAsync(path)).Html, StringComparison.Ordinal);
        Assert.Contains("takes no secret", (await _owner.PostAsync($"{path}/secret", [.. form, ("secret", "one")])).Is(400).Html, StringComparison.Ordinal);
        Assert.Equal(1, await Server.CountAsync("connector", "mapping is not null and create_users = 0"));

        // No scheme is left in it: the address is the only secret.
        Assert.Equal("skipped: recipient_unknown", (await _world.SendAsync(connector, """{"state":"done","case":7,"who":"mia@example.com"}""")).Told);
        (await _owner.PostAsync($"{path}/mapping", [.. form, ("mapping", connector.Preset.Text.ReplaceLineEndings("\r\n")), ("creates", "yes")])).Is(303);
        Assert.Equal(1, await Server.CountAsync("connector", "mapping is null and create_users = 1"));
    }

    [Fact]
    public async Task The_sample_of_every_kind_can_be_tried_and_every_look_at_the_events_is_noted()
    {
        foreach (var kind in Afterword.Server.Connectors.Definitions.Preset.Kinds)
        {
            var connector = await _world.AddAsync(kind);
            var path = $"{List}/{connector.Key.Id}";
            var form = (await _owner.GetAsync(path)).HiddenOf($"{path}/mapping");
            Assert.Contains("closes the conversation", (await _owner.PostAsync($"{path}/try", [.. form, ("mapping", ""), ("payload", connector.Preset.Sample)])).Is(200).Html, StringComparison.Ordinal);
            Assert.Equal(2, await Server.CountAsync("audit", $"what = 'events of connector {kind}'"));
        }
    }

    [Fact]
    public async Task Whom_the_helpdesk_has_deleted_is_offered_for_erasure_with_the_command()
    {
        var connector = await _world.AddAsync("generic");
        Assert.Equal("scheduled", (await _world.SendAsync(connector, ConnectorFixture.Close("t1"))).Told);
        Assert.DoesNotContain("afterword erase", (await _owner.GetAsync($"{List}/{connector.Key.Id}")).Html, StringComparison.Ordinal);
        Assert.Equal("ignored: customer_deleted", (await _world.SendAsync(connector, """{"event":"customer_deleted","email":"mia@example.com"}""")).Told);
        Assert.Contains("afterword erase @c_", (await _owner.GetAsync($"{List}/{connector.Key.Id}")).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_customer_can_be_named_only_where_there_is_something_to_know_them_by()
    {
        var connector = await _world.AddAsync("hubspot");
        await _world.SendAsync(connector, Recorded.HubSpot);
        var page = (await _owner.GetAsync($"{List}/{connector.Key.Id}")).Is(200).Html;
        Assert.Contains("skipped: recipient_unknown", page, StringComparison.Ordinal);
        Assert.DoesNotContain("This customer is", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_tests_and_removal()
    {
        var connector = await _world.AddAsync("zendesk", withSecret: false);
        var path = $"{List}/{connector.Key.Id}";
        var page = (await _owner.GetAsync(path)).Is(200);
        Assert.Contains("needs the secret", page.Html, StringComparison.Ordinal);
        Assert.Contains("no secret yet", (await _owner.SubmitAsync(page, $"{path}/test")).Is(400).Html, StringComparison.Ordinal);
        (await _owner.SubmitAsync(page, $"{path}/secret", ("secret", " "))).Is(400);
        Assert.Contains("ask your operator for access to Zendesk", page.Html, StringComparison.Ordinal);
        await Server.Get<SenderHelpdesks>().SetAsync(_world.Furni, new(HelpdeskKind.Zendesk, new Uri("https://furni.zendesk.com/"), "ana@furni.example", "token"), default);
        Assert.Contains("are posted into the conversation", (await _owner.GetAsync(path)).Html, StringComparison.Ordinal);
        Assert.DoesNotContain(ConnectorFixture.Secret, (await _owner.DoAsync(page, $"{path}/secret", ("secret", ConnectorFixture.Secret))).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("decided, as a test: skipped: recipient_unknown", (await _owner.DoAsync(page, $"{path}/test")).Is(200).Html, StringComparison.Ordinal);
        (await _world.SendAsync(connector with { Secret = ConnectorFixture.Secret }, connector.Preset.Sample)).Is(200);

        // What cannot be undone is asked about first, and a reload of the page that follows shows no secret.
        var asked = (await _owner.SubmitAsync(page, $"{path}/address")).Is(200);
        Assert.True(asked.Asks($"{path}/address"));
        (await _world.SendAsync(connector with { Secret = ConnectorFixture.Secret }, connector.Preset.Sample)).Is(200);
        Assert.Contains($"{Server.Url}in/", (await _owner.DoAsync(asked, $"{path}/address")).Is(200).Html, StringComparison.Ordinal);
        Assert.DoesNotContain($"{Server.Url}in/", (await _owner.GetAsync(path)).Is(200).Html, StringComparison.Ordinal);
        (await _world.SendAsync(connector with { Secret = ConnectorFixture.Secret }, connector.Preset.Sample)).Is(404);

        Assert.True((await _owner.SubmitAsync(page, $"{path}/remove")).Asks($"{path}/remove"));
        (await _owner.GetAsync(path)).Is(200);
        (await _owner.DoAsync(page, $"{path}/remove")).Is(200);
        (await _owner.GetAsync(path)).Is(404);
        (await _owner.SubmitAsync(page, $"{path}/test")).Is(404);
    }

    private Task<long> IdAsync(string name) => Server.Server.Store.Main.ReadAsync(session => session.Sql("select id from connector where name = @name").Bind("name", name).FirstAsync(row => row.GetInt64(0), default), default);
}
