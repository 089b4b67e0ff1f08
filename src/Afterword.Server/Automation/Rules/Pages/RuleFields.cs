using System.Globalization;
using System.Text.Json.Nodes;

namespace Afterword.Server.Automation.Rules.Pages;

/// <summary>A message in one language, as it is typed.</summary>
public sealed record MessageField(string Tag, string Text);

/// <summary>A rule as the fields of its form. They hold what was typed, right or wrong, so that nothing is lost.</summary>
public sealed record RuleFields
{
    public string Name { get; init; } = "";

    /// <summary>What lists hold, one a line, by the name of their member.</summary>
    public IReadOnlyDictionary<string, string> Lists { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Channels { get; init; } = [];

    public string MessagesMin { get; init; } = "";

    public string AgentMessagesMin { get; init; } = "";

    public string MaxAge { get; init; } = "";

    /// <summary>What <see cref="MaxAge"/> counts, as <see cref="DelayUnit"/> does.</summary>
    public string MaxAgeUnit { get; init; } = "hours";

    public string Prefix { get; init; } = "";

    /// <summary>Whether someone is asked at all.</summary>
    public bool Asks { get; init; } = true;

    /// <summary>Type and number of the question, such as <c>csat 0</c>.</summary>
    public string Question { get; init; } = "csat 0";

    public string Delay { get; init; } = "10";

    /// <summary>What <see cref="Delay"/> counts, or <c>iso</c> where it says so itself.</summary>
    public string DelayUnit { get; init; } = "minutes";

    /// <summary>In percent.</summary>
    public string Share { get; init; } = "100";

    public string PerDay { get; init; } = "";

    public bool Again { get; init; }

    public string PrivacyUrl { get; init; } = "";

    public string DisplayName { get; init; } = "";

    public IReadOnlyList<MessageField> Messages { get; init; } = [new("en", "")];

    /// <summary>The conditions that are lists of texts, and what people call them.</summary>
    public static IReadOnlyList<(string Member, string Label, string Hint)> ListFields { get; } =
    [
        ("tags_any", "Any of these tags", "One per line."), ("tags_all", "All of these tags", "One per line."), ("tags_none", "None of these tags", "One per line."),
        ("agents", "Agents", "One per line. Empty: all of them."), ("teams", "Teams", "One per line. Empty: all of them."), ("languages", "Languages", "Tags such as de or pt-BR, one a line."),
        ("connectors", "Connectors", "One per line."),
    ];

    public static IReadOnlyList<string> Units { get; } = ["minutes", "hours", "days", "iso"];

    internal static RuleFields Of(IFormCollection form) => new()
    {
        Name = Line(form["name"].ToString()),
        Lists = ReadLists(form),
        Channels = [.. form["channel"].OfType<string>()],
        MessagesMin = form["messages_min"].ToString().Trim(),
        AgentMessagesMin = form["agent_messages_min"].ToString().Trim(),
        MaxAge = form["max_age"].ToString().Trim(),
        MaxAgeUnit = UnitOf(form["max_age_unit"].ToString()),
        Prefix = Line(form["external_id_prefix"].ToString()),
        Asks = form["asks"] != "no",
        Question = form["question"].ToString(),
        Delay = form["delay"].ToString().Trim(),
        DelayUnit = UnitOf(form["delay_unit"].ToString()),
        Share = form["share"].ToString().Trim().TrimEnd('%'),
        PerDay = form["per_day"].ToString().Trim(),
        Again = form["again"] == "yes",
        PrivacyUrl = form["privacy_url"].ToString().Trim(),
        DisplayName = Line(form["display_name"].ToString()),
        Messages = [.. form["language"].Zip(form["message"], (tag, text) => new MessageField(tag?.Trim() ?? "", (text ?? "").ReplaceLineEndings("\n")))],
    };

    internal static RuleFields Of(JsonObject rule)
    {
        var (when, ask) = (rule["when"] as JsonObject ?? new JsonObject(), rule["ask"] as JsonObject);
        var (age, ageUnit) = when["max_age"] is { } oldest ? DurationOf(Text(oldest)) : ("", "hours");
        var fields = new RuleFields
        {
            Name = Text(rule["name"]),
            Lists = ListFields.ToDictionary(list => list.Member, list => string.Join('\n', (when[list.Member] as JsonArray ?? new JsonArray()).Select(Text))),
            Channels = [.. (when["channels"] as JsonArray ?? new JsonArray()).Select(Text)],
            MessagesMin = Text(when["messages_min"]),
            AgentMessagesMin = Text(when["agent_messages_min"]),
            MaxAge = age,
            MaxAgeUnit = ageUnit,
            Prefix = Text(when["external_id_prefix"]),
            Asks = ask is not null,
        };
        if (ask is null) return fields;

        var (delay, unit) = DurationOf(ask["delay"] is { } given ? Text(given) : "PT10M");
        return fields with
        {
            Question = $"{Text(ask["type"])} {(ask["question_variant_id"] is { } variant ? Text(variant) : "0")}",
            Delay = delay,
            DelayUnit = unit,
            Share = ask["share"] is JsonValue share && share.TryGetValue<decimal>(out var part) ? (part * 100).ToString("0.######", CultureInfo.InvariantCulture) : "100",
            PerDay = Text(ask["per_day"]),
            Again = ask["again"] is JsonValue again && again.TryGetValue<bool>(out var isAgain) && isAgain,
            PrivacyUrl = Text(ask["privacy_url"]),
            DisplayName = Text(ask["display_name"]),
            Messages = [.. (ask["message"] as JsonObject ?? new JsonObject()).Select(message => new MessageField(message.Key, Text(message.Value)))],
        };
    }

    /// <summary>The rule as the document has it. What cannot be right is written as it was typed, so that whoever checks the document finds it.</summary>
    internal JsonObject ToJson()
    {
        var rule = new JsonObject { ["name"] = Name };
        var when = new JsonObject();
        foreach (var (member, _, _) in ListFields)
        {
            if (LinesOf(Lists.GetValueOrDefault(member, "")) is { Length: > 0 } lines) when[member] = new JsonArray([.. lines.Select(line => (JsonNode)line)]);
        }

        if (Channels.Count > 0) when["channels"] = new JsonArray([.. Channels.Select(channel => (JsonNode)channel)]);
        Put(when, "messages_min", MessagesMin, Whole);
        Put(when, "agent_messages_min", AgentMessagesMin, Whole);
        Put(when, "max_age", MaxAge, text => Iso(text, MaxAgeUnit));
        Put(when, "external_id_prefix", Prefix, text => text);
        rule["when"] = when;
        rule["ask"] = Asks ? AskJson() : null;
        return rule;
    }

    private JsonObject AskJson()
    {
        var ask = new JsonObject { ["type"] = Question.Split(' ')[0] };
        Put(ask, "question_variant_id", Question.Contains(' ', StringComparison.Ordinal) ? Question[(Question.IndexOf(' ', StringComparison.Ordinal) + 1)..] : "", text => text);
        Put(ask, "delay", Delay, text => Iso(text, DelayUnit));
        Put(ask, "share", Share, text => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) ? percent / 100 : text);
        Put(ask, "per_day", PerDay, Whole);
        if (Again) ask["again"] = true;
        Put(ask, "privacy_url", PrivacyUrl, text => text);
        Put(ask, "display_name", DisplayName, text => text);

        var messages = new JsonObject();
        foreach (var (tag, text) in Messages.Where(message => message.Tag.Length > 0 || message.Text.Length > 0))
        {
            // The name must be one, and twice the same is one too many: it is named as it was typed, and refused.
            var name = tag.Length == 0 ? "–" : tag;
            messages[messages.ContainsKey(name) ? $"{name} (again)" : name] = text;
        }

        ask["message"] = messages;
        return ask;
    }

    private static string UnitOf(string given) => Units.Contains(given) ? given : "iso";

    private static JsonNode Iso(string text, string unit) => unit == "iso" || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var many) ? text : unit switch
    {
        "hours" => string.Create(CultureInfo.InvariantCulture, $"PT{many}H"),
        "days" => string.Create(CultureInfo.InvariantCulture, $"P{many}D"),
        _ => string.Create(CultureInfo.InvariantCulture, $"PT{many}M"),
    };

    private static (string Number, string Unit) DurationOf(string iso) => IsoDuration.TryParse(iso, out var time) switch
    {
        true when time >= TimeSpan.FromDays(1) && time.Ticks % TimeSpan.TicksPerDay == 0 => (Say(time.TotalDays), "days"),
        true when time >= TimeSpan.FromHours(1) && time.Ticks % TimeSpan.TicksPerHour == 0 => (Say(time.TotalHours), "hours"),
        true when time.Ticks % TimeSpan.TicksPerMinute == 0 => (Say(time.TotalMinutes), "minutes"),
        _ => (iso, "iso"),
    };

    private static void Put(JsonObject json, string member, string text, Func<string, JsonNode> write)
    {
        if (text.Length > 0) json[member] = write(text);
    }

    private static JsonNode Whole(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : text;

    private static Dictionary<string, string> ReadLists(IFormCollection form) => new()
    {
        ["tags_any"] = form["tags_any"].ToString(), ["tags_all"] = form["tags_all"].ToString(), ["tags_none"] = form["tags_none"].ToString(), ["agents"] = form["agents"].ToString(),
        ["teams"] = form["teams"].ToString(), ["languages"] = form["languages"].ToString(), ["connectors"] = form["connectors"].ToString(),
    };

    private static string[] LinesOf(string text) => text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string Line(string text) => text.ReplaceLineEndings(" ").Trim();

    private static string Text(JsonNode? node) => node is null ? "" : node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node.ToJsonString();

    private static string Say(double number) => number.ToString("0", CultureInfo.InvariantCulture);
}
