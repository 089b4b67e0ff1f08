using System.Globalization;
using System.Text.Json.Nodes;

namespace Afterword.Server.Automation.Rules.Pages;

/// <summary>What holds for all rules, as the fields of its form.</summary>
public sealed record GeneralFields(string Interval, string AfterDismissal, string From, string To, IReadOnlyList<string> Days, string Zone)
{
    public static IReadOnlyList<(string Word, string Name)> AllDays { get; } =
        [("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday"), ("fri", "Friday"), ("sat", "Saturday"), ("sun", "Sunday")];

    internal static GeneralFields Of(IFormCollection form) => new(
        form["recipient_interval_days"].ToString().Trim(), form["after_dismissal_days"].ToString().Trim(), form["quiet_from"].ToString().Trim(), form["quiet_to"].ToString().Trim(),
        [.. form["quiet_day"].OfType<string>()], form["time_zone"].ToString().Trim());

    internal static GeneralFields Of(JsonObject document)
    {
        var quiet = document["quiet_hours"] as JsonObject ?? new JsonObject();
        return new(
            document["recipient_interval_days"]?.ToJsonString() ?? RuleSet.DefaultInterval.ToString(CultureInfo.InvariantCulture),
            document["after_dismissal_days"]?.ToJsonString() ?? RuleSet.DefaultAfterDismissal.ToString(CultureInfo.InvariantCulture),
            Text(quiet["from"]), Text(quiet["to"]), [.. (quiet["days"] as JsonArray ?? new JsonArray()).Select(day => Text(day).ToLowerInvariant())], Text(quiet["time_zone"]));
    }

    internal void Write(JsonObject document)
    {
        document["recipient_interval_days"] = Whole(Interval);
        document["after_dismissal_days"] = Whole(AfterDismissal);
        document.Remove("quiet_hours");
        if (From.Length + To.Length + Days.Count == 0) return;

        var quiet = new JsonObject();
        if (From.Length > 0) quiet["from"] = From;
        if (To.Length > 0) quiet["to"] = To;
        if (Days.Count > 0) quiet["days"] = new JsonArray([.. Days.Select(day => (JsonNode)day)]);
        if (Zone.Length > 0) quiet["time_zone"] = Zone;
        document["quiet_hours"] = quiet;
    }

    private static JsonNode Whole(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : text;

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
