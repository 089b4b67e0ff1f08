using System.Globalization;
using System.Text.Json;
using Afterword.Server.Channels;
using Afterword.Server.Languages;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;

namespace Afterword.Server.Automation.Rules;

/// <summary>Reads one rule.</summary>
internal static class RuleReader
{
    private const int NameLength = 50;
    private const int MostMessages = 1_000_000;
    private const string AskOrNobody = "an object, or null to ask nobody";

    private static readonly TimeSpan s_longestDelay = TimeSpan.FromDays(14);
    private static readonly TimeSpan s_oldest = TimeSpan.FromDays(7);
    private static readonly TimeSpan s_usualDelay = TimeSpan.FromMinutes(10);

    /// <returns>The rule, or null where it has no name; what else is wrong with it is noted.</returns>
    public static Rule? Read(RulePart part, Func<PromptType, int> variants)
    {
        var name = part.Label("name", NameLength);
        if (name is null && !part.Has("name")) part.Missing("name");

        var when = part.Object("when") is { } condition ? ReadCondition(condition) : new Condition();
        if (!part.Names("ask")) part.Missing("ask", " Write null to ask nobody.");
        var request = part.Object("ask", AskOrNobody) is { } asked ? ReadAsk(asked, variants) : null;
        part.RefuseOthers();
        return name is null ? null : new(name, when, request);
    }

    private static Condition ReadCondition(RulePart part)
    {
        var condition = new Condition
        {
            TagsAny = part.Labels("tags_any", Tags.TagLength),
            TagsAll = part.Labels("tags_all", Tags.TagLength),
            TagsNone = part.Labels("tags_none", Tags.TagLength),
            Agents = part.Labels("agents", PromptDraft.AgentLength),
            Teams = part.Labels("teams", PromptDraft.AgentLength),
            Languages = part.List("languages", (place, tag) => Known(part, place, Language.IsTag(tag) ? tag : null, "a language tag, such as de or pt-BR")),
            Channels = part.List("channels", (place, channel) => ReadChannel(part, place, channel))?.OfType<Channel>().ToArray(),
            Connectors = part.Labels("connectors", PromptDraft.AgentLength),
            MessagesMin = (int?)part.Whole("messages_min", 0, MostMessages),
            AgentMessagesMin = (int?)part.Whole("agent_messages_min", 0, MostMessages),
            MaxAge = part.Duration("max_age", TimeSpan.FromSeconds(1), s_oldest),
            ExternalIdPrefix = part.Label("external_id_prefix", PromptDraft.ExternalIdLength),
        };
        part.RefuseOthers();
        return condition;
    }

    private static RuleRequest? ReadAsk(RulePart part, Func<PromptType, int> variants)
    {
        var type = PromptTypes.Of(part.Text("type"));
        if (type is null && !part.Has("type")) part.Missing("type");
        else if (type is null) part.Wrong("type", "csat or nps");

        var variant = ReadVariant(part, type, variants);
        var delay = part.Duration("delay", TimeSpan.Zero, s_longestDelay) ?? s_usualDelay;
        var rate = ReadShare(part);
        var perDay = part.Whole("per_day", 1, long.MaxValue / 2);
        var again = part.Truth("again");
        var privacyUrl = part.Text("privacy_url");
        if (privacyUrl is null && !part.Has("privacy_url")) part.Missing("privacy_url");
        else if (privacyUrl is not null && PromptDraft.WrongWithPrivacyUrl(privacyUrl) is { } wrong) part.Wrong("privacy_url", wrong);

        var displayName = part.Label("display_name", PromptDraft.DisplayNameLength);
        var message = ReadMessages(part);
        part.RefuseOthers();
        return type is null || message is null ? null : new(type.Value, variant, delay, rate, perDay, again, privacyUrl ?? "", displayName, message);
    }

    // As a number or a text: the API itself writes it as a text.
    private static int ReadVariant(RulePart part, PromptType? type, Func<PromptType, int> variants)
    {
        if (part.Find("question_variant_id") is not { } member) return 0;

        var most = type is { } known ? variants(known) : Math.Max(variants(PromptType.Csat), variants(PromptType.Nps));
        var text = member.ValueKind == JsonValueKind.String ? part.Text("question_variant_id") : member.GetRawText();
        if (text is not null && WholeNumber.TryRead(text, out var variant) && variant < most) return (int)variant;

        part.Wrong("question_variant_id", string.Create(CultureInfo.InvariantCulture, $"a whole number from 0 to {most - 1}"));
        return 0;
    }

    private static SamplingRate ReadShare(RulePart part)
    {
        if (part.Find("share") is not { } member) return SamplingRate.All;
        if (member.ValueKind == JsonValueKind.Number && member.TryGetDecimal(out var share) && share is >= 0 and <= 1
            && share * SamplingRate.Whole is var millionths && millionths == decimal.Truncate(millionths))
        {
            return new((int)millionths);
        }

        part.Wrong("share", "a number from 0 to 1 with at most six decimals");
        return SamplingRate.All;
    }

    private static MessageTexts? ReadMessages(RulePart ask)
    {
        if (ask.Object("message") is not { } part)
        {
            if (!ask.Has("message")) ask.Missing("message");
            return null;
        }

        var byTag = new Dictionary<string, MessageTemplate>(StringComparer.OrdinalIgnoreCase);
        foreach (var (tag, json) in part.Members())
        {
            if (!Language.IsTag(tag)) part.Wrong(TextRules.Cut(tag, NameLength), "by the tag of its language, such as en or pt-BR");
            else if (ReadMessage(part, tag, json) is { } message && !byTag.TryAdd(tag, message)) part.Wrong(tag, "given more than once");
        }

        if (!part.Members().Any(member => member.Name.Equals(MessageTexts.English, StringComparison.OrdinalIgnoreCase))) part.Missing(MessageTexts.English);
        return byTag.ContainsKey(MessageTexts.English) ? new(byTag) : null;
    }

    private static MessageTemplate? ReadMessage(RulePart part, string tag, JsonElement json)
    {
        if (part.TextOf(tag, json) is not { } text) return null;

        text = TextRules.Normalise(text, TextRules.MessageLength);
        if (TextRules.IsBlank(text)) part.Wrong(tag, "not blank");

        var wrong = new List<string>();
        var template = MessageTemplate.Parse(text, wrong);
        foreach (var reason in wrong) part.Wrong(tag, reason);
        if (template.LongestLength > TextRules.MessageLength)
        {
            part.Wrong(tag, string.Create(CultureInfo.InvariantCulture, $"at most {TextRules.MessageLength} characters; with the longest names it becomes {template.LongestLength}"));
        }

        return template;
    }

    private static Channel? ReadChannel(RulePart part, string place, string name)
    {
        var channel = ChannelNames.Find(name);
        if (channel is null) part.Wrong(place, $"one of {string.Join(", ", ChannelNames.All)}");
        return channel;
    }

    private static string? Known(RulePart part, string place, string? text, string reason)
    {
        if (text is null) part.Wrong(place, reason);
        return text;
    }
}
