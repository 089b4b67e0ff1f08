using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Rules;

/// <summary>A sender's rules as they were sent, and what they say.</summary>
/// <param name="Version">The version that the document says it is; null when it does not say.</param>
/// <param name="Text">The document without what the server adds to it, in JSON.</param>
/// <param name="Rules">What it says.</param>
internal sealed record RulesDocument(long? Version, string Text, RuleSet Rules)
{
    private const int MostRules = 50;
    private const int MostSilentDays = 90;

    // What the server says of a version beside it. Whoever changes what was read sends it back, too.
    private static readonly string[] s_added = ["version", "changed_at", "changed_by"];

    /// <summary>Reads a document that someone sends.</summary>
    /// <returns>The document, or null and in <paramref name="errors"/> everything that is wrong, each with its place.</returns>
    /// <param name="body">JSON.</param>
    /// <param name="questions">What can be asked.</param>
    /// <param name="errors">Receives what is wrong.</param>
    /// <param name="readBesides">Reads what a call has besides the rules.</param>
    public static RulesDocument? Parse(ReadOnlyMemory<byte> body, Questions questions, out ApiErrors errors, Action<RulePart>? readBesides = null)
    {
        errors = new ApiErrors();
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                var part = new RulePart("", document.RootElement, errors);
                readBesides?.Invoke(part);
                var (version, rules) = Read(part, questions.CountOf);
                return errors.Any ? null : new(version, WithoutAdded(document.RootElement), rules);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second stands for a member's name that is no text.
            errors = new ApiErrors();
        }

        errors.Add(JsonMistake.In(body));
        return null;
    }

    /// <summary>Reads a document that was saved. A question that is no more is asked as the first one.</summary>
    public static RuleSet OfStored(string text)
    {
        var errors = new ApiErrors();
        using var document = JsonDocument.Parse(text);
        var (_, rules) = Read(new RulePart("", document.RootElement, errors), _ => int.MaxValue);
        return errors.Any ? throw new InvalidOperationException($"Rules that were saved cannot be read: {errors.All[0].Message}") : rules;
    }

    private static (long? Version, RuleSet Rules) Read(RulePart body, Func<PromptType, int> variants)
    {
        var version = body.Whole("version", 0, long.MaxValue);
        foreach (var name in s_added) body.Find(name);

        var interval = body.Whole("recipient_interval_days", 0, 365) ?? RuleSet.DefaultInterval;
        var dismissal = body.Whole("after_dismissal_days", 0, 365) ?? RuleSet.DefaultAfterDismissal;
        var paused = body.Truth("paused");
        var enabled = body.Truth("enabled", otherwise: true);
        var quiet = body.Object("quiet_hours") is { } hours ? ReadQuietHours(hours) : null;
        var alerts = body.Object("alerts") is { } told ? ReadAlerts(told) : RuleAlerts.None;
        var rules = ReadRules(body, variants);
        body.RefuseOthers();
        return (version, new((int)interval, (int)dismissal, paused, quiet, rules) { Enabled = enabled, Alerts = alerts });
    }

    private static RuleAlerts ReadAlerts(RulePart part)
    {
        var alerts = new RuleAlerts((int?)part.Whole("nobody_asked_days", 1, MostSilentDays), part.Truth("unfair_agents"));
        part.RefuseOthers();
        return alerts;
    }

    private static QuietHours? ReadQuietHours(RulePart part)
    {
        var (from, to) = (ReadTime(part, "from"), ReadTime(part, "to"));
        var days = part.List("days", (place, day) => ReadDay(part, place, day));
        var zone = ReadZone(part);
        if (part.Has("from") != part.Has("to")) part.Missing(part.Has("from") ? "to" : "from");
        if (from is not null && from == to) part.Wrong("to", "another time than from");
        if (!part.Has("from") && !part.Has("to") && days is null) part.Missing("from");

        var quiet = (days ?? []).Select(day => day!.Value).ToHashSet();
        if (quiet.Count == 7) part.Wrong("days", "not all seven: nobody would ever be asked");
        part.RefuseOthers();
        return zone is null ? null : new(from, to ?? 0, quiet, zone);
    }

    private static int? ReadTime(RulePart part, string name)
    {
        if (part.Text(name) is not { } text) return null;
        if (TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return (time.Hour * 60) + time.Minute;

        part.Wrong(name, "a time from 00:00 to 23:59");
        return null;
    }

    private static DayOfWeek? ReadDay(RulePart part, string place, string text)
    {
        foreach (var day in Enum.GetValues<DayOfWeek>())
        {
            if (day.ToString()[..3].Equals(text, StringComparison.OrdinalIgnoreCase)) return day;
        }

        part.Wrong(place, "one of mon, tue, wed, thu, fri, sat, sun");
        return null;
    }

    private static TimeZoneInfo? ReadZone(RulePart part)
    {
        if (part.Text("time_zone") is not { } name)
        {
            if (!part.Has("time_zone")) part.Missing("time_zone");
            return null;
        }

        // Windows' own names are known on every system: what is stored must mean the same on each.
        if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId) return zone;

        part.Wrong("time_zone", "a time zone of the IANA list, such as Europe/Berlin");
        return null;
    }

    private static List<Rule> ReadRules(RulePart body, Func<PromptType, int> variants)
    {
        var rules = new List<Rule>();
        if (body.Find("rules") is not { } list)
        {
            body.Missing("rules");
            return rules;
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MostRules)
        {
            body.Wrong("rules", string.Create(CultureInfo.InvariantCulture, $"a list of at most {MostRules} rules"));
            return rules;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, json) in list.EnumerateArray().Index())
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"rules[{at}]");
            if (json.ValueKind != JsonValueKind.Object) body.Wrong(place, "an object");
            else if (RuleReader.Read(body.Part(place, json), variants) is { } rule)
            {
                if (!names.Add(rule.Name)) body.Wrong($"{place}.name", "a name that no other rule has");
                rules.Add(rule);
            }
        }

        return rules;
    }

    private static string WithoutAdded(JsonElement document)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach (var member in document.EnumerateObject().Where(member => !s_added.Contains(member.Name))) member.WriteTo(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
