using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Prompts;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Automation;

/// <summary>The rules document: what it says, and every fault with its place.</summary>
public sealed class RulesDocumentTests
{
    /// <summary>The example of the documentation.</summary>
    internal const string Example =
        """
        {"recipient_interval_days": 7, "after_dismissal_days": 30, "paused": false,
         "quiet_hours": {"from":"21:00","to":"08:00","days":["sat","sun"],"time_zone":"Europe/Berlin"},
         "rules":[
          {"name":"never internal","when":{"tags_any":["internal","spam"]},"ask":null},
          {"name":"vip by nps","when":{"tags_all":["vip"],"agent_messages_min":2},
           "ask":{"type":"nps","question_variant_id":"0","delay":"PT1H","share":1.0,"privacy_url":"https://furni.example/privacy",
                  "message":{"en":"Hi {first_name}, thanks for writing to us.","de":"Hallo {first_name}, danke für deine Nachricht."}}},
          {"name":"everybody else","when":{},"ask":{"type":"csat","question_variant_id":"21","delay":"PT10M","share":0.5,"privacy_url":"https://furni.example/privacy","message":{"en":"How did we do?"}}}]}
        """;

    private static readonly Questions s_questions = new(SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([]).Build()).Settings!);

    // The place that is changed, what it becomes (null takes it away), and the message.
    private static readonly (string At, string? Json, string Message)[] s_faults =
    [
        ("recipient_interval_days", "366", "recipient_interval_days parameter is invalid: a whole number from 0 to 365."),
        ("after_dismissal_days", "-1", "after_dismissal_days parameter is invalid: a whole number from 0 to 365."),
        ("paused", "\"no\"", "paused parameter is invalid: true or false."),
        ("enabled", "\"off\"", "enabled parameter is invalid: true or false."),
        ("quiet_hours", "7", "quiet_hours parameter is invalid: an object."),
        ("quiet_hours.from", "\"24:00\"", "quiet_hours.from parameter is invalid: a time from 00:00 to 23:59."),
        ("quiet_hours.from", null, "quiet_hours.from parameter is missing."),
        ("quiet_hours.to", "\"21:00\"", "quiet_hours.to parameter is invalid: another time than from."),
        ("quiet_hours.to", null, "quiet_hours.to parameter is missing."),
        ("quiet_hours.days", "[]", "quiet_hours.days parameter is invalid: a list of 1 to 50 texts."),
        ("quiet_hours.days[1]", "\"holiday\"", "quiet_hours.days[1] parameter is invalid: one of mon, tue, wed, thu, fri, sat, sun."),
        ("quiet_hours.days", """["mon","tue","wed","thu","fri","sat","sun"]""", "quiet_hours.days parameter is invalid: not all seven: nobody would ever be asked."),
        ("quiet_hours.time_zone", null, "quiet_hours.time_zone parameter is missing."),
        ("quiet_hours.time_zone", "null", "quiet_hours.time_zone parameter is missing."),
        ("quiet_hours.time_zone", "\"Mars/Base\"", "quiet_hours.time_zone parameter is invalid: a time zone of the IANA list, such as Europe/Berlin."),
        ("quiet_hours.time_zone", "\"W. Europe Standard Time\"", "quiet_hours.time_zone parameter is invalid: a time zone of the IANA list, such as Europe/Berlin."),
        ("quiet_hours.time_zone", "\"/usr/share/zoneinfo/Europe/Berlin\"", "quiet_hours.time_zone parameter is invalid: a time zone of the IANA list, such as Europe/Berlin."),
        ("quiet_hours.time_zone", "\"../zoneinfo/Europe/Berlin\"", "quiet_hours.time_zone parameter is invalid: a time zone of the IANA list, such as Europe/Berlin."),
        ("quiet_hours.time_zone", "\"Europe/../Europe/Berlin\"", "quiet_hours.time_zone parameter is invalid: a time zone of the IANA list, such as Europe/Berlin."),
        ("quiet_hours.until", "1", "quiet_hours.until parameter is invalid: no such name; there are from, to, days, time_zone."),
        ("rules", null, "rules parameter is missing."),
        ("rules", "{}", "rules parameter is invalid: a list of at most 50 rules."),
        ("rules[0]", "1", "rules[0] parameter is invalid: an object."),
        ("rules[0].name", null, "rules[0].name parameter is missing."),
        ("rules[0].name", "null", "rules[0].name parameter is missing."),
        ("rules[0].name", "\"\"", "rules[0].name parameter is invalid: one line of 1 to 50 characters."),
        ("rules[0].name", $"\"{new string('n', 51)}\"", "rules[0].name parameter is invalid: one line of 1 to 50 characters."),
        ("rules[0].name", "\"vip by nps\"", "rules[1].name parameter is invalid: a name that no other rule has."),
        ("rules[0].ask", null, "rules[0].ask parameter is missing. Write null to ask nobody."),
        ("rules[0].ask", "true", "rules[0].ask parameter is invalid: an object, or null to ask nobody."),
        ("rules[0].wen", "{}", "rules[0].wen parameter is invalid: no such name; there are name, when, ask."),
        ("rules[0].when.tags_any", "\"internal\"", "rules[0].when.tags_any parameter is invalid: a list of 1 to 50 texts."),
        ("rules[0].when.tags_any[1]", "7", "rules[0].when.tags_any[1] parameter is invalid: a text without control characters."),
        ("rules[0].when.tags_none", $"[\"{new string('t', 33)}\"]", "rules[0].when.tags_none[0] parameter is invalid: one line of 1 to 32 characters."),
        ("rules[0].when.agents", $"[\"{new string('a', 101)}\"]", "rules[0].when.agents[0] parameter is invalid: one line of 1 to 100 characters."),
        ("rules[0].when.teams", "[\"a\\nb\"]", "rules[0].when.teams[0] parameter is invalid: one line of 1 to 100 characters."),
        ("rules[0].when.languages", "[\"deutsch\"]", "rules[0].when.languages[0] parameter is invalid: a language tag, such as de or pt-BR."),
        ("rules[0].when.channels", "[\"pigeon\"]", "rules[0].when.channels[0] parameter is invalid: one of built-in, email, webhook, conversation, x."),
        ("rules[0].when.connectors", "[\"\"]", "rules[0].when.connectors[0] parameter is invalid: one line of 1 to 100 characters."),
        ("rules[0].when.messages_min", "1.5", "rules[0].when.messages_min parameter is invalid: a whole number from 0 to 1000000."),
        ("rules[0].when.agent_messages_min", "\"2\"", "rules[0].when.agent_messages_min parameter is invalid: a whole number from 0 to 1000000."),
        ("rules[0].when.max_age", "\"P8D\"", "rules[0].when.max_age parameter is invalid: a duration from PT1S to P7D, such as PT10M or P1DT12H."),
        ("rules[0].when.external_id_prefix", "\" \"", "rules[0].when.external_id_prefix parameter is invalid: one line of 1 to 256 characters."),
        ("rules[0].when.tag_any", "[\"a\"]", "rules[0].when.tag_any parameter is invalid: no such name; there are tags_any, tags_all, tags_none, agents, teams, languages, channels, connectors, messages_min, agent_messages_min, max_age, external_id_prefix."),
        ("rules[1].ask.type", null, "rules[1].ask.type parameter is missing."),
        ("rules[1].ask.type", "\"NPS\"", "rules[1].ask.type parameter is invalid: csat or nps."),
        ("rules[1].ask.question_variant_id", "\"99\"", "rules[1].ask.question_variant_id parameter is invalid: a whole number from 0 to 9."),
        ("rules[2].ask.question_variant_id", "38", "rules[2].ask.question_variant_id parameter is invalid: a whole number from 0 to 37."),
        ("rules[1].ask.delay", "\"10 minutes\"", "rules[1].ask.delay parameter is invalid: a duration from PT0S to P14D, such as PT10M or P1DT12H."),
        ("rules[1].ask.delay", "\"P15D\"", "rules[1].ask.delay parameter is invalid: a duration from PT0S to P14D, such as PT10M or P1DT12H."),
        ("rules[1].ask.share", "1.1", "rules[1].ask.share parameter is invalid: a number from 0 to 1 with at most six decimals."),
        ("rules[1].ask.share", "0.0000001", "rules[1].ask.share parameter is invalid: a number from 0 to 1 with at most six decimals."),
        ("rules[1].ask.share", "\"0.5\"", "rules[1].ask.share parameter is invalid: a number from 0 to 1 with at most six decimals."),
        ("rules[1].ask.per_day", "0", "rules[1].ask.per_day parameter is invalid: a whole number from 1."),
        ("rules[1].ask.again", "1", "rules[1].ask.again parameter is invalid: true or false."),
        ("rules[1].ask.privacy_url", null, "rules[1].ask.privacy_url parameter is missing."),
        ("rules[1].ask.privacy_url", "\"ftp://a.example\"", "rules[1].ask.privacy_url parameter is invalid: an absolute http or https URL with a host and without credentials."),
        ("rules[1].ask.display_name", $"\"{new string('d', 21)}\"", "rules[1].ask.display_name parameter is invalid: one line of 1 to 20 characters."),
        ("rules[1].ask.message", null, "rules[1].ask.message parameter is missing."),
        ("rules[1].ask.message.en", null, "rules[1].ask.message.en parameter is missing."),
        ("rules[1].ask.message.de", "\" \"", "rules[1].ask.message.de parameter is invalid: not blank."),
        ("rules[1].ask.message.de", "\"a\\u0000b\"", "rules[1].ask.message.de parameter is invalid: a text without control characters."),
        ("rules[1].ask.message.deutsch", "\"Hallo\"", "rules[1].ask.message.deutsch parameter is invalid: by the tag of its language, such as en or pt-BR."),
        ("rules[1].ask.message.de", "\"Hallo {vorname}\"", "rules[1].ask.message.de parameter is invalid: no such placeholder as {vorname}; there are {first_name}, {name}, {sender}, {agent}, {external_id}."),
        ("rules[1].ask.message.de", "\"Hallo {first_name\"", "rules[1].ask.message.de parameter is invalid: every { has its }; {{ stands for a brace itself."),
        ("rules[1].ask.message.de", "\"Hallo {first_name|}\"", "rules[1].ask.message.de parameter is invalid: words for the case that there is no first_name, behind the bar."),
        ("rules[1].ask.message.de", "\"Von {agent}\"", "rules[1].ask.message.de parameter is invalid: {agent} leaves a hole where there is none: write {agent|our team}."),
        ("rules[1].ask.message.de", $"\"{new string('m', 9_951)}{{name}}\"", "rules[1].ask.message.de parameter is invalid: at most 10000 characters; with the longest names it becomes 10001."),
        ("rules[1].ask.tpye", "\"nps\"", "rules[1].ask.tpye parameter is invalid: no such name; there are type, question_variant_id, delay, share, per_day, again, privacy_url, display_name, message."),
        ("alerts", "3", "alerts parameter is invalid: an object."),
        ("alerts", "{\"nobody_asked_days\":0}", "alerts.nobody_asked_days parameter is invalid: a whole number from 1 to 90."),
        ("alerts", "{\"unfair\":true}", "alerts.unfair parameter is invalid: no such name; there are nobody_asked_days, unfair_agents."),
        ("alerts", "{\"unfair_agents\":1}", "alerts.unfair_agents parameter is invalid: true or false."),
        ("rule", "[]", "rule parameter is invalid: no such name; there are version, changed_at, changed_by, recipient_interval_days, after_dismissal_days, paused, enabled, quiet_hours, alerts, rules."),
    ];

    [Fact]
    public void The_example_says_what_it_says()
    {
        var rules = Good(Example).Rules;

        Assert.Equal((7, 30, false), (rules.RecipientIntervalDays, rules.AfterDismissalDays, rules.Paused));
        Assert.Equal((21 * 60, 8 * 60, "Europe/Berlin"), (rules.QuietHours!.From!.Value, rules.QuietHours.To, rules.QuietHours.Zone.Id));
        Assert.Equal(["never internal", "vip by nps", "everybody else"], rules.Rules.Select(rule => rule.Name));
        Assert.Null(rules.Rules[0].Request);
        var vip = rules.Rules[1].Request!;
        Assert.Equal((PromptType.Nps, 0, TimeSpan.FromHours(1), SamplingRate.All, null, false), (vip.Type, vip.QuestionVariant, vip.Delay, vip.Rate, vip.PerDay, vip.Again));
        var values = new MessageValues("Ana Maria", "Furni", null, "t1");
        Assert.Equal("Hallo Ana, danke für deine Nachricht.", vip.Message.For("de-AT").With(values));
        Assert.Equal("Hi Ana, thanks for writing to us.", vip.Message.For("fr").With(values));
        Assert.Equal("Hi Ana, thanks for writing to us.", vip.Message.For(null).With(values));
        Assert.Equal((21, 500_000), (rules.Rules[2].Request!.QuestionVariant, rules.Rules[2].Request!.Rate.Millionths));
    }

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        var rules = Good("""{"rules":[{"name":"all","ask":{"type":"csat","privacy_url":"https://a.example","message":{"EN":"Hello"}}}]}""").Rules;

        Assert.Equal((7, 30, false, null), (rules.RecipientIntervalDays, rules.AfterDismissalDays, rules.Paused, rules.QuietHours));
        var request = Assert.Single(rules.Rules).Request!;
        Assert.Equal((0, TimeSpan.FromMinutes(10), SamplingRate.All, null, false), (request.QuestionVariant, request.Delay, request.Rate, request.PerDay, request.Again));
    }

    [Fact]
    public void Every_fault_is_told_with_its_place_and_all_of_them_in_one_answer()
    {
        foreach (var (at, json, message) in s_faults)
        {
            var found = Faults(Changed(at, json));
            Assert.True(found.Contains(message), $"{at} = {json}: {string.Join(" · ", found)}");
            Assert.True(found.Length == 1, $"{at} = {json}: {string.Join(" · ", found)}");
        }

        var all = Changed("rules[1].ask.message.de", "\"{x}\"");
        all["rules"]![0]!["name"] = null;
        all["paused"] = 7;
        Assert.Equal(3, Faults(all).Length);
    }

    [Fact]
    public void What_stands_there_twice_is_refused()
    {
        Assert.Equal(["paused parameter is invalid: given more than once."], Faults("""{"paused":true,"rules":[],"paused":false}"""));
        Assert.Equal(
            ["rules[0].ask.message.EN parameter is invalid: given more than once."],
            Faults("""{"rules":[{"name":"a","ask":{"type":"csat","privacy_url":"https://a.example","message":{"en":"A","EN":"B"}}}]}"""));
    }

    [Fact]
    public void Fifty_rules_are_taken_and_fifty_one_are_refused()
    {
        string Of(int count) => $"{{\"rules\":[{string.Join(',', Enumerable.Range(0, count).Select(i => $"{{\"name\":\"r{i}\",\"ask\":null}}"))}]}}";

        Assert.Equal(50, Good(Of(50)).Rules.Rules.Count);
        Assert.Equal(["rules parameter is invalid: a list of at most 50 rules."], Faults(Of(51)));
    }

    [Fact]
    public void What_is_no_object_is_no_document()
    {
        foreach (var text in (string[])["", "[]", "7", "{\"\\ud800\":1}"]) Assert.True(Faults(text) is ["The body is invalid: not a JSON object."], text);
        foreach (var text in (string[])["{", "{\"rules\":[]", "{\"rules\":[],}"]) Assert.True(Faults(text) is [var told] && told.StartsWith("The body is invalid: not a JSON object: line 1, column ", StringComparison.Ordinal), text);
    }

    [Fact]
    public void A_document_that_was_read_can_be_sent_back_and_what_the_server_added_is_not_kept()
    {
        var sent = JsonNode.Parse(Example)!.AsObject();
        (sent["version"], sent["changed_at"], sent["changed_by"]) = (7, "Mon Jan 05 09:00:00 +0000 2026", "@furni");

        var read = Good(sent.ToJsonString());

        Assert.Equal(7, read.Version);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Example), JsonNode.Parse(read.Text)));
        Assert.Equal(3, RulesDocument.OfStored(read.Text).Rules.Count);
    }

    [Fact]
    public void A_condition_fits_when_all_of_it_does()
    {
        var plain = new ConversationFacts("ticket_1", "kenji", "returns", TagsOf("vip", "chair"), "de-AT", Channel.Email, "zendesk", 5, 2, TimeSpan.FromHours(2));
        (string When, bool Fits)[] cases =
        [
            ("{}", true),
            ("""{"tags_any":["x","chair"]}""", true), ("""{"tags_any":["x","hair"]}""", false),
            ("""{"tags_all":["vip","chair"]}""", true), ("""{"tags_all":["vip","x"]}""", false),
            ("""{"tags_none":["x"]}""", true), ("""{"tags_none":["x","vip"]}""", false),
            ("""{"agents":["zoe","kenji"]}""", true), ("""{"agents":["Kenji"]}""", false),
            ("""{"teams":["returns"]}""", true), ("""{"teams":["sales"]}""", false),
            ("""{"languages":["DE"]}""", true), ("""{"languages":["de-AT"]}""", true), ("""{"languages":["de-DE","d"]}""".Replace("d\"]", "da\"]", StringComparison.Ordinal), false),
            ("""{"channels":["email"]}""", true), ("""{"channels":["built-in","webhook"]}""", false),
            ("""{"connectors":["zendesk"]}""", true), ("""{"connectors":["front"]}""", false),
            ("""{"messages_min":5}""", true), ("""{"messages_min":6}""", false),
            ("""{"agent_messages_min":2}""", true), ("""{"agent_messages_min":3}""", false),
            ("""{"max_age":"PT2H"}""", true), ("""{"max_age":"PT1H"}""", false),
            ("""{"external_id_prefix":"ticket_"}""", true), ("""{"external_id_prefix":"Ticket_"}""", false),
            ("""{"tags_any":["vip"],"agents":["zoe"]}""", false), ("""{"tags_any":["vip"],"agents":["kenji"]}""", true),
        ];
        foreach (var (when, fits) in cases)
        {
            var rules = Good($$"""{"rules":[{"name":"r","when":{{when}},"ask":null}]}""").Rules;
            Assert.True(rules.FirstFor(plain, out var tooOld) is not null == fits, when);
            Assert.Equal(when.Contains("max_age", StringComparison.Ordinal) && !fits, tooOld);
        }

        // What is not known of a conversation fits nothing.
        var bare = new ConversationFacts("x", null, null, null, null, Channel.BuiltIn, null, null, null, TimeSpan.Zero);
        foreach (var (when, _) in cases.Where(one => one.When.Length > 2 && !one.When.Contains("tags_none", StringComparison.Ordinal) && !one.When.Contains("max_age", StringComparison.Ordinal) && !one.When.Contains("built-in", StringComparison.Ordinal)))
        {
            Assert.True(Good($$"""{"rules":[{"name":"r","when":{{when}},"ask":null}]}""").Rules.FirstFor(bare, out _) is null, when);
        }
    }

    [Fact]
    public void The_first_rule_that_fits_decides()
    {
        var rules = Good(Example).Rules;
        var all = new ConversationFacts("t", null, null, TagsOf("vip"), null, Channel.BuiltIn, null, null, 2, TimeSpan.Zero);

        Assert.Equal("vip by nps", rules.FirstFor(all, out _)!.Name);
        Assert.Equal("never internal", rules.FirstFor(all with { Tags = TagsOf("vip", "spam") }, out _)!.Name);
        Assert.Equal("everybody else", rules.FirstFor(all with { AgentMessages = 1 }, out _)!.Name);
    }

    [Fact]
    public void Long_lists_cost_a_close_little_more_than_short_ones()
    {
        // Fifty rules that do not fit, each with lists of one or of fifty texts that differ at their end alone.
        RuleSet Of(int many) => Good($"{{\"rules\":[{string.Join(',', Enumerable.Range(0, 50).Select(rule => $"{{\"name\":\"r{rule}\",\"ask\":null,\"when\":{{\"tags_none\":[{List("n", many)}],\"tags_any\":[{List("a", many)}]}}}}"))}]}}").Rules;
        string List(string kind, int many) => string.Join(',', Enumerable.Range(0, many).Select(i => $"\"a tag that is as long as any {kind}{i:00}\""));
        var facts = new ConversationFacts("t", null, null, TagsOf([.. Enumerable.Range(50, 10).Select(i => $"a tag that is as long as any a{i}")]), null, Channel.BuiltIn, null, null, null, TimeSpan.Zero);
        var (few, many) = (Of(1), Of(50));

        // The shortest of some rounds: whatever else the machine does.
        TimeSpan CostOf(RuleSet rules) => Enumerable.Range(0, 9).Min(_ =>
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < 100; i++) Assert.Null(rules.FirstFor(facts, out var _));
            return Stopwatch.GetElapsedTime(began);
        });

        CostOf(many);
        var (cheap, dear) = (CostOf(few), CostOf(many));
        Assert.True(dear < 10 * cheap, $"{dear} against {cheap}");
    }

    internal static Tags? TagsOf(params string[] tags) => Tags.OfStored(string.Join(',', tags));

    internal static RulesDocument Good(string json)
    {
        var read = RulesDocument.Parse(Encoding.UTF8.GetBytes(json), s_questions, out var errors);
        Assert.True(read is not null, string.Join(" · ", errors.All.Select(error => error.Message)));
        return read;
    }

    private static string[] Faults(JsonNode json) => Faults(json.ToJsonString());

    private static string[] Faults(string json)
    {
        Assert.Null(RulesDocument.Parse(Encoding.UTF8.GetBytes(json), s_questions, out var errors));
        return [.. errors.All.Select(error => error.Message)];
    }

    /// <summary>The example with one place changed.</summary>
    private static JsonObject Changed(string at, string? json)
    {
        var document = JsonNode.Parse(Example)!.AsObject();
        JsonNode place = document;
        var steps = at.Replace("[", ".[", StringComparison.Ordinal).Split('.');
        foreach (var step in steps[..^1]) place = (step[0] == '[' ? place[int.Parse(step[1..^1], CultureInfo.InvariantCulture)] : place[step] ??= new JsonObject())!;
        if (steps[^1] is ['[', ..] last) place.AsArray()[int.Parse(last[1..^1], CultureInfo.InvariantCulture)] = JsonNode.Parse(json!);
        else if (json is null) place.AsObject().Remove(steps[^1]);
        else place[steps[^1]] = JsonNode.Parse(json);
        return document;
    }
}
