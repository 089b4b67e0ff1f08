using System.Text.Json;
using System.Text.RegularExpressions;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Support;

namespace Afterword.Server.Tests.Connectors;

/// <summary>What helpdesks send is understood as they mean it.</summary>
public sealed partial class PresetTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_preset_can_be_read_and_closes_a_conversation_with_its_own_sample()
    {
        foreach (var kind in Preset.Kinds)
        {
            var preset = Preset.Find(kind)!;
            Assert.NotEmpty(preset.Title);
            Assert.NotEmpty(preset.Steps);
            Assert.Equal(preset.Origin != SecretOrigin.None, preset.Definition.TakesSecret);
            Assert.True(Map(kind, preset.Sample) is MappedEvent.ConversationEvent { Action: EventAction.Close }, kind);

            // What people paste there is understood too, but for the words that only the helpdesk fills in.
            if (preset.Template is { } template) using (JsonDocument.Parse(template)) Assert.Contains("\n", template, StringComparison.Ordinal);

            // What customers choose stands in none that people paste: a quotation mark in it would end the text.
            Assert.DoesNotMatch(@"\{\{[^}]*(requester|contact|customer)\.name|subject|title|description|comment", preset.Template ?? "");
        }

        Assert.Null(Preset.Find("nothing"));
    }

    [Fact]
    public void The_page_in_the_docs_has_the_steps_and_the_template_of_every_kind()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "connectors.md"));
        foreach (var preset in Preset.Kinds.Select(kind => Preset.Find(kind)!))
        {
            var section = page[page.IndexOf($"\n## {preset.Title}\n", StringComparison.Ordinal)..];
            section = section[..(section.IndexOf("\n## ", 4, StringComparison.Ordinal) is > 0 and var end ? end : section.Length)];
            Assert.All(preset.Steps, (step, at) => Assert.Contains($"{at + 1}. {step}\n", section, StringComparison.Ordinal));
            if (preset.Template is { } template) Assert.Contains(template, section, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("zendesk", Recorded.ZendeskEvent, "zendesk:5158", null, "zendesk:8447388090494", null, null, "8447388090494", "98738", "refund", null, "2026-01-05T08:33:18.000Z")]
    [InlineData("chatwoot", Recorded.Chatwoot, "chatwoot:482", null, "chatwoot:77", "mia@example.com", "Mia", "Ana", null, "refund", "de", "2026-01-05T08:33:18.530Z")]
    [InlineData("intercom", Recorded.Intercom, "intercom:195208945002873", null, "intercom:6620fa1e8f2b", "mia@example.com", "Mia", "814860", "5017691", "refund", null, "2026-01-05T08:33:18.000Z")]
    [InlineData("freshdesk", Recorded.FreshdeskWrapped, "freshdesk:5158", null, null, "mia@example.com", "Mia", "ana@shop.example", null, "refund,late", null, null)]
    [InlineData("freshdesk", Recorded.FreshdeskBare, "freshdesk:5158", null, null, "mia@example.com", "Mia", "ana@shop.example", null, "refund,late", null, null)]
    [InlineData("front", Recorded.FrontApplication, "front:cnv_55c8c149", null, null, "mia@example.com", null, "ana@shop.example", null, "refund", null, "2026-01-05T08:33:18.120Z")]
    [InlineData("front", Recorded.FrontRule, "front:cnv_7", null, null, null, null, null, null, null, null, "2026-01-05T08:33:18.000Z")]
    [InlineData("zammad", Recorded.Zammad, "zammad:81", null, "zammad:8", "mia@example.com", "Mia A", null, "Service Desk", null, null, "2026-01-05T08:33:18.282Z")]
    [InlineData("freescout", Recorded.FreeScout, "freescout:34", null, "freescout:12", "mia@example.com", "Mia", "ana@shop.example", null, "refund", null, "2026-01-05T08:33:18.000Z")]
    [InlineData("rocketchat", Recorded.RocketChat, "rocketchat:fasd6f5a", null, "rocketchat:v-1", "mia@example.com", "Mia", "ana@shop.example", "Support", "refund", null, "2026-01-05T08:33:18.000Z")]
    [InlineData("slack", Recorded.Slack, "slack:C1:1767601000.000100", null, "slack:U2", null, null, "U1", "C1", null, null, "2026-01-05T08:33:18.000Z")]
    public void A_recorded_shape_closes_the_conversation_of_the_customer(
        string kind, string body, string externalId, string? reference, string? contact, string? email, string? name, string? agent, string? team, string? tags, string? language, string? at)
    {
        var conversationEvent = Assert.IsType<MappedEvent.ConversationEvent>(Map(kind, body));

        Assert.Equal(EventAction.Close, conversationEvent.Action);
        Assert.Equal((externalId, agent, team, tags, language, kind), (conversationEvent.Draft.ExternalId, conversationEvent.Draft.Agent, conversationEvent.Draft.Team, conversationEvent.Draft.Tags?.ToString(), conversationEvent.Draft.Language, conversationEvent.Draft.Connector));
        Assert.Equal((reference, contact, email, name), (conversationEvent.Customer.Ref, conversationEvent.Customer.Contact, conversationEvent.Customer.Email?.Value, conversationEvent.Customer.Name));
        Assert.Equal(at is null ? null : DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds(), conversationEvent.Draft.ClosedAt);
    }

    [Theory]
    [InlineData("zendesk", Recorded.ZendeskEvent, "SOLVED", "sOlVeD", true)]
    [InlineData("zendesk", Recorded.ZendeskEvent, "\"current\":\"SOLVED\"", "\"current\":\"CLOSED\"", false)]
    [InlineData("chatwoot", Recorded.Chatwoot, "\"resolved\"", "\"Resolved\"", true)]
    [InlineData("chatwoot", Recorded.Chatwoot, "\"status\":\"resolved\"", "\"status\":\"snoozed\"", false)]
    [InlineData("chatwoot", Recorded.Chatwoot, "conversation_status_changed", "conversation_created", false)]
    [InlineData("chatwoot", Recorded.Chatwoot, "\"id\":482", "\"id\":\"482\"", true)]
    [InlineData("zammad", Recorded.Zammad, "\"id\":81,", "\"id\":\"81\",", true)]
    [InlineData("rocketchat", Recorded.RocketChat, "LivechatSession", "LivechatSessionTaken", false)]
    [InlineData("intercom", Recorded.Intercom, "conversation.admin.closed", "ping", false)]
    [InlineData("slack", Recorded.Slack, "white_check_mark", "eyes", false)]
    [InlineData("front", Recorded.FrontApplication, "\"archived\"", "\"ARCHIVED\"", true)]
    [InlineData("front", Recorded.FrontApplication, "conversation_archived", "conversation_tagged", false)]
    [InlineData("front", Recorded.FrontRule, "\"type\":\"archive\"", "\"type\":\"comment\"", false)]
    [InlineData("rocketchat", Recorded.RocketChat, "LivechatSession", "Message", false)]
    [InlineData("freshdesk", Recorded.FreshdeskBare, "RESOLVED", "Closed", true)]
    public void Status_words_count_in_any_letter_case_ids_in_any_form_and_other_events_not_at_all(string kind, string body, string old, string replaced, bool closes)
    {
        Assert.Contains(old, body, StringComparison.Ordinal);
        var mapped = Map(kind, body.Replace(old, replaced, StringComparison.Ordinal));

        Assert.Equal(closes, mapped is MappedEvent.ConversationEvent { Action: EventAction.Close });
        if (!closes) Assert.Equal(new MappedEvent.Ignored("no_condition"), mapped);
    }

    [Fact]
    public void Ids_are_the_same_as_numbers_and_as_texts()
    {
        var different = 0;
        foreach (var (kind, body) in Recorded.All.Select(one => (one.Kind, one.Body.TrimStart('[').TrimEnd(']'))))
        {
            var (asNumbers, asTexts) = (TextId.Replace(body, "\"$1\":$2"), NumberId.Replace(body, "\"$1\":\"$2\""));
            if (asNumbers != asTexts) different++;
            var (number, text) = (Assert.IsType<MappedEvent.ConversationEvent>(Map(kind, asNumbers)), Assert.IsType<MappedEvent.ConversationEvent>(Map(kind, asTexts)));
            Assert.Equal((number.Draft.ExternalId, number.Customer.Contact), (text.Draft.ExternalId, text.Customer.Contact));
        }

        // Front and Rocket.Chat have no numbers.
        Assert.Equal(Recorded.All.Length - 3, different);
    }

    [Theory]
    [InlineData("zendesk", """{"ticket_id":"7","status":"Open"}""")]
    [InlineData("chatwoot", """{"event":"conversation_status_changed","status":"Open","id":7}""")]
    [InlineData("intercom", """{"topic":"conversation.user.replied","data":{"item":{"id":7}}}""")]
    [InlineData("freshdesk", """{"ticket_id":7,"ticket_status":"open"}""")]
    [InlineData("zammad", """{"ticket":{"id":7,"state":"open"}}""")]
    [InlineData("freescout", """{"id":7,"status":"active"}""")]
    [InlineData("rocketchat", """{"type":"LivechatSessionStart","_id":"7"}""")]
    [InlineData("chatwoot", """{"event":"conversation_status_changed","status":"pending","id":7}""")]
    [InlineData("zendesk", """{"type":"zen:event-type:ticket.status_changed","detail":{"id":"7"},"event":{"current":"HOLD"}}""")]
    [InlineData("slack", """{"event":{"type":"reaction_removed","reaction":"white_check_mark","item":{"channel":"C","ts":"7"}}}""")]
    [InlineData("generic", """{"event":"customer_wrote","external_id":"7"}""")]
    public void What_says_that_a_conversation_goes_on_reopens_it(string kind, string body) =>
        Assert.Equal(EventAction.Reopen, Assert.IsType<MappedEvent.ConversationEvent>(Map(kind, body)).Action);

    [Fact]
    public void The_test_that_Rocket_Chat_itself_sends_is_one()
    {
        // As its code has it, with an address that is someone's.
        const string Test =
            """
            {"type":"LivechatSession","_id":"fasd6f5a4sd6f8a4sdf","label":"title","topic":"asiodojf","createdAt":"2026-01-05T08:59:00Z","lastMessageAt":"2026-01-05T08:59:00Z","tags":["tag1","tag2","tag3"],"customFields":{"productId":"123456"},
             "visitor":{"_id":"","name":"visitor name","username":"visitor-username","department":"department","email":"email@address.com","phone":"192873192873","ip":"123.456.7.89","browser":"Chrome","os":"Linux","customFields":{"customerId":"123456"}},
             "agent":{"_id":"asdf89as6df8","username":"agent.username","name":"Agent Name","email":"agent@email.com"},"messages":[{"username":"visitor-username","msg":"message content","ts":"2026-01-05T08:59:00Z"}]}
            """;
        Assert.True(Assert.IsType<MappedEvent.ConversationEvent>(Map("rocketchat", Test)).Draft.Test);
        Assert.False(Assert.IsType<MappedEvent.ConversationEvent>(Map("rocketchat", Recorded.RocketChat)).Draft.Test);
    }

    [Fact]
    public void A_reopening_at_Intercom_is_later_than_the_close_before_it()
    {
        var opened = Recorded.Intercom.Replace("conversation.admin.closed", "conversation.admin.opened", StringComparison.Ordinal).Replace("\"first_sent_at\":1767601998,\"created_at\":1767601998", "\"created_at\":1767602058", StringComparison.Ordinal);
        Assert.Equal(1767602058000, Assert.IsType<MappedEvent.ConversationEvent>(Map("intercom", opened)).HappenedAt);
        Assert.Equal(1767601998000, Assert.IsType<MappedEvent.ConversationEvent>(Map("intercom", Recorded.Intercom)).HappenedAt);
    }

    [Fact]
    public void Help_Scout_is_understood_beside_FreeScout()
    {
        const string Closed =
            """{"id":1,"number":3,"status":"closed","closedAt":"2026-01-05T08:33:18Z","primaryCustomer":{"id":5,"first":"Mia","last":"A","email":"mia@example.com"},"assignee":{"id":9,"email":"ana@shop.example"},"tags":[{"id":7,"color":"none","tag":"refund"}]}""";
        var conversationEvent = Assert.IsType<MappedEvent.ConversationEvent>(Map("freescout", Closed, "x-helpscout-event"));
        Assert.Equal(("freescout:1", "freescout:5", "mia@example.com", "Mia A", "refund"), (conversationEvent.Draft.ExternalId, conversationEvent.Customer.Contact, conversationEvent.Customer.Email?.Value, conversationEvent.Customer.Name, conversationEvent.Draft.Tags?.ToString()));
        Assert.Equal(new MappedEvent.Ignored("no_condition"), Map("freescout", Closed, "x-other-event"));
    }

    [Fact]
    public void The_list_of_HubSpot_is_an_event_each_and_names_nobody()
    {
        using var document = JsonDocument.Parse(Recorded.HubSpot);
        var conversationEvent = Assert.IsType<MappedEvent.ConversationEvent>(Map("hubspot", document.RootElement[0].GetRawText()));
        Assert.Equal(("hubspot:1938", null), (conversationEvent.Draft.ExternalId, conversationEvent.Customer.Email));
    }

    [Fact]
    public void Identities_that_visitors_choose_count_only_where_the_helpdesk_has_proved_them()
    {
        Assert.Null(((MappedEvent.ConversationEvent)Map("chatwoot", Recorded.Chatwoot)).Customer.Ref);
        Assert.Equal("c-17", ((MappedEvent.ConversationEvent)Map("chatwoot", Recorded.Chatwoot.Replace("\"team\":null,\"hmac_verified\":false", "\"team\":null,\"hmac_verified\":true", StringComparison.Ordinal))).Customer.Ref);

        Assert.Null(((MappedEvent.ConversationEvent)Map("intercom", Recorded.Intercom)).Customer.Ref);

        // An answer that an agent began is nobody's address.
        Assert.Null(((MappedEvent.ConversationEvent)Map("intercom", Recorded.Intercom.Replace("{\"type\":\"user\"", "{\"type\":\"admin\"", StringComparison.Ordinal))).Customer.Email);
        Assert.Equal("Bea", ((MappedEvent.ConversationEvent)Map("chatwoot", Recorded.Chatwoot.Replace("\"assignee\":{\"id\":4,\"name\":\"Ana\",\"type\":\"user\"}", "\"assignee\":null", StringComparison.Ordinal))).Draft.Agent);
    }

    [Fact]
    public void Whatever_member_is_missing_the_rest_is_understood()
    {
        foreach (var (kind, body) in Recorded.All)
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement[0] : document.RootElement;
            foreach (var without in Without(root))
            {
                var mapped = Map(kind, without);
                Assert.True(mapped is MappedEvent.ConversationEvent or MappedEvent.Ignored { Reason: "no_condition" or "no_external_id" }, $"{kind}: {mapped} of {without}");
            }
        }
    }

    [Fact]
    public void Values_that_do_not_fit_are_cut_or_left_out_and_never_in_the_way()
    {
        var body = JsonSerializer.Serialize(new
        {
            @event = "closed", external_id = "t1", email = "not an address", name = new string('x', 300), agent = new string('a', 300), team = "a\u0000b\r\nc", language = "English (United States)",
            tags = Enumerable.Range(0, 30).Select(i => $"tag{i}").Append(new string('t', 40)), at = "1999-01-01T00:00:00Z", messages = "many", agent_messages = 7, display_name = new string('d', 90), privacy_url = "javascript:alert(1)",
        });
        var conversationEvent = Assert.IsType<MappedEvent.ConversationEvent>(Map("generic", body));

        Assert.Equal((100, "a b  c", null, 10), (conversationEvent.Draft.Agent!.Length, conversationEvent.Draft.Team, conversationEvent.Draft.Language, conversationEvent.Draft.Tags!.All.Count));
        Assert.Equal((null, 7, 20, null), (conversationEvent.Draft.Messages, conversationEvent.Draft.AgentMessages, conversationEvent.Draft.DisplayName!.Length, conversationEvent.Draft.PrivacyUrl));
        Assert.Equal(((s_now - TimeSpan.FromDays(7)).ToUnixTimeMilliseconds(), 50, null), (conversationEvent.Draft.ClosedAt, conversationEvent.Customer.Name!.Length, conversationEvent.Customer.Email));

        // What a wrong clock tells is of now, and overtakes nothing that follows.
        Assert.Equal(s_now.ToUnixTimeMilliseconds(), ((MappedEvent.ConversationEvent)Map("generic", """{"event":"closed","external_id":"t1","at":"2031-01-01T00:00:00Z"}""")).Draft.ClosedAt);
        Assert.Equal(s_now.AddMinutes(5).ToUnixTimeMilliseconds(), ((MappedEvent.ConversationEvent)Map("generic", """{"event":"reopened","external_id":"t1","at":"2031-01-01T00:00:00Z"}""")).HappenedAt);
    }

    [Fact]
    public void A_reference_that_is_too_long_is_no_conversation()
    {
        var mapped = Assert.IsType<MappedEvent.Ignored>(Map("generic", $$"""{"event":"closed","external_id":"{{new string('x', 300)}}"}"""));
        Assert.Equal("invalid", mapped.Reason);
        Assert.Contains("external_id", mapped.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_kept_but_the_places_of_the_mapping()
    {
        foreach (var (kind, body) in Recorded.All)
        {
            using var document = JsonDocument.Parse(body);
            var kept = FieldsOf(Preset.Find(kind)!.Definition, document.RootElement).ToJson();
            Assert.DoesNotContain("SECRETTEXT", kept, StringComparison.Ordinal);
            Assert.Equal(kept, DeliveryFields.OfStored(kept).ToJson());
        }
    }

    internal static MappedEvent Map(string kind, string body, string eventHeader = "x-freescout-event")
    {
        using var document = JsonDocument.Parse(body);
        var definition = Preset.Find(kind)!.Definition;
        return MappedEvent.Of(ConnectorOf(kind), definition, FieldsOf(definition, document.RootElement, eventHeader), s_now, test: false);
    }

    internal static Connector ConnectorOf(string kind, string? prefix = null) => new(new(1, 2), kind, kind, prefix ?? kind, [], [], null, CreatesUsers: true, 1, 0, 0, null, null);

    [GeneratedRegex("\"(id|\\w+_id|\\w+Id|event_time)\":\"(\\d+)\"", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex TextId { get; }

    [GeneratedRegex("\"(id|\\w+_id|\\w+Id|event_time)\":(\\d+)", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex NumberId { get; }

    private static DeliveryFields FieldsOf(Definition definition, JsonElement json, string eventHeader = "x-freescout-event") => DeliveryFields.Read(
        definition.Sources, json, new("POST", "https://feedback.example/in/x", name => name.Equals(eventHeader, StringComparison.OrdinalIgnoreCase) ? "convo.status" : null, Array.Empty<byte>()));

    /// <summary>The same object, each time without one of its members, at any depth.</summary>
    private static IEnumerable<string> Without(JsonElement json)
    {
        var nodes = new Queue<string[]>([[]]);
        while (nodes.TryDequeue(out var path))
        {
            var at = path.Aggregate(json, (one, name) => one.GetProperty(name));
            foreach (var member in at.EnumerateObject())
            {
                string[] inner = [.. path, member.Name];
                var root = System.Text.Json.Nodes.JsonNode.Parse(json.GetRawText())!;
                path.Aggregate(root, (one, name) => one[name]!).AsObject().Remove(member.Name);
                yield return root.ToJsonString();
                if (member.Value.ValueKind == JsonValueKind.Object) nodes.Enqueue(inner);
            }
        }
    }
}
