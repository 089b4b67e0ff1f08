using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Afterword.Client.Wire;

namespace Afterword.Client.Tests.Wire;

/// <summary>Every wire shape against a golden file, byte for byte. A file ends with a line break, the wire does not.</summary>
public sealed class WireJsonTests
{
    private const string Then = "Mon Jan 04 19:45:37 +0000 2016";
    private const string Later = "Tue Jan 05 08:00:01 +0000 2016";

    private static readonly FeedbackJson s_feedback = new(
        Then, Then, "684095374270562304", "nps", false, "684095374270562305", "1212121212121", "343434343434",
        "https://mybusiness.domain/privacy", "ticket_5555", "3", "MyBusinessName");

    private static readonly FeedbackResponseJson s_response = new(new(Later, 9), new(Later, "Très bien <3 & \"schnell\" + 日本 😀\n"));

    [Fact]
    public void A_feedback_is_written_as_documented() => Matches("feedback", s_feedback, WireJson.Default.FeedbackJson);

    [Fact]
    public void Fields_that_were_not_given_are_absent() =>
        Matches("feedback-bare", s_feedback with { ExternalId = null, DisplayName = null }, WireJson.Default.FeedbackJson);

    [Fact]
    public void A_feedback_with_an_answer_ends_with_it() =>
        Matches("feedback-answered", s_feedback with { UpdatedAt = Later, Response = s_response }, WireJson.Default.FeedbackJson);

    [Fact]
    public void A_card_that_was_asked_for_comes_last() =>
        Matches(
            "feedback-card",
            s_feedback with { CardUrl = "https://feedback.example/f/2kq7Xw_9-z", CardToken = "2kq7Xw_9-z" },
            WireJson.Default.FeedbackJson);

    [Fact]
    public void A_response_holds_score_and_text() => Matches("response", s_response, WireJson.Default.FeedbackResponseJson);

    [Fact]
    public void A_response_may_hold_a_score_alone() =>
        Matches("response-score", s_response with { Text = null }, WireJson.Default.FeedbackResponseJson);

    [Fact]
    public void A_score_is_a_number() => Matches("score", new ScoreJson(Later, 0), WireJson.Default.ScoreJson);

    [Fact]
    public void A_text_is_escaped_for_JSON_and_not_for_HTML() => Matches("text", s_response.Text!, WireJson.Default.TextJson);

    [Fact]
    public void An_event_carries_its_feedback() =>
        Matches("event", new FeedbackEventJson("feedback.created", Then, s_feedback), WireJson.Default.FeedbackEventJson);

    [Fact]
    public void A_page_lists_events_and_names_the_next() =>
        Matches(
            "events-page",
            new EventsPageJson(
                [
                    new("feedback.created", Then, s_feedback),
                    new("feedback.updated", Later, s_feedback with { UpdatedAt = Later, Response = s_response }),
                ],
                "b3BhcXVl"),
            WireJson.Default.EventsPageJson);

    [Fact]
    public void The_last_page_has_an_empty_cursor() =>
        Matches("events-page-last", new EventsPageJson([], ""), WireJson.Default.EventsPageJson);

    [Fact]
    public void An_error_has_a_code_and_a_message() =>
        Matches("error", new ErrorJson(34, "Sorry, that page does not exist."), WireJson.Default.ErrorJson);

    [Fact]
    public void All_wrong_parameters_are_in_one_answer() =>
        Matches(
            "errors",
            new ErrorsJson([new(38, "type parameter is missing."), new(44, "external_id parameter is invalid: at most 256 characters.")]),
            WireJson.Default.ErrorsJson);

    [Fact]
    public void A_conversation_is_read_and_written_without_what_is_not_known() =>
        Matches(
            "conversation",
            new ConversationJson(
                "684095374270562304", "ticket_5555", "343434343434", "kenji", "returns", ["vip"], "de", null, false, Then, Then, Then, 1, "scheduled", null, "everybody else", 7, 0.5, 0.331287, Later, null, null),
            WireJson.Default.ConversationJson);

    [Fact]
    public void A_dry_run_lists_its_checks() =>
        Matches(
            "can-prompt",
            new CanPromptJson(false, "asked_recently", Later, null, [new("recipient", true, null), new("recipient_interval", false, "one request in 7 days")]),
            WireJson.Default.CanPromptJson);

    [Fact]
    public void A_rule_that_asks_nobody_says_so() =>
        Matches(
            "rules",
            new RulesJson(
                7, Then, "@furni", 7, 30, false, null, new("21:00", "08:00", ["sat", "sun"], "Europe/Berlin"), new(NobodyAskedDays: 3),
                [
                    new("never internal", new(TagsAny: ["internal", "spam"]), null),
                    new(
                        "everybody else", null,
                        new("csat", "21", "PT10M", 0.5, null, null, "https://mybusiness.domain/privacy", null, new Dictionary<string, string> { ["en"] = "Hi {first_name}, how did we do?", ["de"] = "Hallo {first_name}, wie war es?" })),
                ]),
            WireJson.Default.RulesJson);

    [Fact]
    public void A_simulation_has_what_would_have_been_beside_what_was() =>
        Matches(
            "simulation",
            new SimulationJson(30, 1200, [new("everybody else", "asked", null, 590), new("everybody else", "skipped", "sampled_out", 610)], [new(null, "skipped", "no_rule", 1200)], 289, []),
            WireJson.Default.SimulationJson);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"events":[]}""")]
    [InlineData("""{"events":null,"next_cursor":""}""")]
    [InlineData("""{"events":[],"next_cursor":null}""")]
    [InlineData("""{"events":[{}],"next_cursor":""}""")]
    public void A_page_cut_short_is_not_taken_for_the_last(string page) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(page, WireJson.Default.EventsPageJson));

    [Fact]
    public void A_field_added_later_disturbs_no_client()
    {
        var feedback = JsonSerializer.Deserialize(
            Encoding.UTF8.GetString(Golden("feedback")).Replace("{", "{\"new\":[1],", StringComparison.Ordinal), WireJson.Default.FeedbackJson);
        Assert.Equal(s_feedback, feedback);
    }

    private static void Matches<T>(string name, T value, JsonTypeInfo<T> type)
    {
        var golden = Golden(name);
        Assert.Equal(Encoding.UTF8.GetString(golden), JsonSerializer.Serialize(value, type));
        Assert.Equal(golden, JsonSerializer.SerializeToUtf8Bytes(value, type));

        var written = new ArrayBufferWriter<byte>();
        WireJson.Write(written, value, type);
        Assert.Equal(golden, written.WrittenSpan.ToArray());

        Assert.Equal(golden, JsonSerializer.SerializeToUtf8Bytes(JsonSerializer.Deserialize(golden, type)!, type));
    }

    internal static byte[] Golden(string name)
    {
        using var file = typeof(WireJsonTests).Assembly.GetManifestResourceStream($"golden/{name}.json")
            ?? throw new FileNotFoundException($"There is no golden file '{name}'.");

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        Assert.Equal((byte)'\n', bytes[^1]);
        return bytes[..^1];
    }
}
