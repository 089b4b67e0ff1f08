using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Channels;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reports;
using Afterword.Server.Users;

namespace Afterword.Server.Automation.Funnels;

/// <summary>What someone wants to see of closed conversations, as it stands in the address of a page.</summary>
internal sealed class AutomationForm
{
    /// <summary>The field that names the breakdown of which all values are shown, and not only the first.</summary>
    public const string All = "all";

    private const string BeforeFirst = "not before the first day";

    private static readonly string[] s_fields = ["range", "from", "to", "test", "agent", "team", "tag", "rule", "language", "channel", "decision", "reason", "find", All];

    private AutomationForm(ConversationFilter filter, ConversationFilter list, long firstDay, long lastDay, int? range, long before, IReadOnlyDictionary<string, string> fields, IReadOnlyList<string> problems) =>
        (Filter, List, FirstDay, LastDay, Range, Before, Fields, Problems) = (filter, list, firstDay, lastDay, range, before, fields, problems);

    /// <summary>The conversations of the period.</summary>
    public ConversationFilter Filter { get; }

    /// <summary>The conversations of the list: where one is looked for, the period does not count.</summary>
    public ConversationFilter List { get; }

    public long FirstDay { get; }

    /// <summary>The last day, included.</summary>
    public long LastDay { get; }

    /// <summary>So many days up to today; null for others.</summary>
    public int? Range { get; }

    /// <summary>The list goes on behind this conversation.</summary>
    public long Before { get; }

    /// <summary>What was given, by field.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; }

    /// <summary>What is wrong, one sentence each.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>The filter for the audit log. What was looked for may be someone's name.</summary>
    public string Description => Fields.Keys.All(name => name == All) ? "" : " with " + string.Join(", ", Fields.Where(one => one.Key != All).Select(one => one.Key == "find" ? "a search" : $"{one.Key} {one.Value}"));

    /// <summary>The address's query, with its question mark, with one field changed.</summary>
    /// <param name="name">The field.</param>
    /// <param name="value">Its new value; null takes it away.</param>
    public string With(string name, string? value) => With((name, value));

    /// <inheritdoc cref="With(string, string?)"/>
    public string With(params (string Name, string? Value)[] changes)
    {
        var kept = s_fields.Where(name => !Array.Exists(changes, change => change.Name == name)).Select(name => (Name: name, Value: Fields.GetValueOrDefault(name)));
        return "?" + string.Join('&', kept.Concat(changes).Where(field => field.Value is not null).Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value!)}"));
    }

    /// <param name="query">The address's, with its question mark.</param>
    /// <param name="membership">Who looks.</param>
    /// <param name="days">The console's days.</param>
    /// <param name="now">The present.</param>
    /// <param name="userAccounts">Finds the customer.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<AutomationForm> ReadAsync(QueryString query, Membership membership, ConsoleDays days, DateTimeOffset now, UserAccounts userAccounts, CancellationToken stop)
    {
        var given = new ParameterList();
        given.AddQuery(query.Value);
        var read = new ParameterReader(new RequestParameters(given));
        var (first, last, range) = ReadDays(read, days.DayOf(now.ToUnixTimeMilliseconds()));
        var filter = new ConversationFilter(membership.SenderId, days.StartOf(first), days.StartOf(last + 1) - 1, read.Truth("test"))
        {
            Agent = PromptDraft.ReadLabel(read, "agent", CloseDraft.LabelLength),
            Team = PromptDraft.ReadLabel(read, "team", CloseDraft.LabelLength),
            Tag = PromptDraft.ReadLabel(read, "tag", Tags.TagLength),
            Rule = PromptDraft.ReadLabel(read, "rule", CloseDraft.LabelLength),
            Language = ReadLanguage(read),
            Channel = ReadChannel(read),
        };
        var decisions = ConversationsFilter.ReadDecision(read);
        filter = filter with { Decision = decisions.Decision, Reason = decisions.Reason };
        var list = await FindAsync(PromptDraft.ReadShort(read, "find", PromptDraft.ExternalIdLength)?.Trim() ?? "", filter, userAccounts, stop);
        var before = read.OptionalId("before") ?? long.MaxValue;

        var fields = s_fields.Select(name => KeyValuePair.Create(name, read.Optional(name))).Where(field => field.Value is not null).ToDictionary(field => field.Key, field => field.Value!);
        return new(filter, list, first, last, range, before, fields, [.. read.Errors.All.Select(error => Sentence(error.Message)).Distinct()]);
    }

    private static async Task<ConversationFilter> FindAsync(string find, ConversationFilter filter, UserAccounts userAccounts, CancellationToken stop)
    {
        if (find.Length == 0 || TextRules.HasForbidden(find)) return filter;

        var ever = new ConversationFilter(filter.SenderId, 0, ConversationFilter.Ever, filter.Test);

        // Nobody has the id 0.
        return find[0] == '@' ? ever with { RecipientId = (await userAccounts.FindAsync(UserAccounts.Bare(find), stop))?.Id ?? 0 } : ever with { ExternalId = find };
    }

    private static (long First, long Last, int? Range) ReadDays(ParameterReader read, long today)
    {
        var (from, to) = (Day(read, "from"), Day(read, "to"));
        var range = read.OptionalWhole("range", 1, 365);
        if (range is { } days && !OverviewQuery.Ranges.Contains(days)) read.Errors.Add(ApiError.Invalid("range", $"one of {string.Join(", ", OverviewQuery.Ranges)}"));
        if (from is null && to is null)
        {
            var length = range ?? OverviewQuery.DefaultRange;
            return (length == 365 ? DateOnly.FromDayNumber((int)today).AddMonths(-12).DayNumber + 1 : today - length + 1, today, length);
        }

        var (first, last) = (from ?? Math.Min(to!.Value, today) - OverviewQuery.DefaultRange + 1, to ?? Math.Max(today, from!.Value));
        if (last < first) read.Errors.Add(ApiError.Invalid("to", BeforeFirst));
        else if (last - first >= OverviewQuery.LongestRange) read.Errors.Add(ApiError.Invalid("from", string.Create(CultureInfo.InvariantCulture, $"at most {OverviewQuery.LongestRange:N0} days before the last")));
        return (first, last, null);
    }

    private static long? Day(ParameterReader read, string name)
    {
        if (read.Optional(name) is not { } text) return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 2000 and < 2200) return day.DayNumber;

        read.Errors.Add(ApiError.Invalid(name, "a day such as 2026-01-31"));
        return null;
    }

    private static string? ReadLanguage(ParameterReader read)
    {
        if (read.Optional("language") is not { } tag) return null;
        if (Languages.Language.IsTag(tag)) return tag;

        read.Errors.Add(ApiError.Invalid("language", "a language tag, such as de or pt-BR"));
        return null;
    }

    private static Channel? ReadChannel(ParameterReader read)
    {
        if (read.Optional("channel") is not { } name) return null;
        if (ChannelNames.Find(name) is { } channel) return channel;

        read.Errors.Add(ApiError.Invalid("channel", $"one of {string.Join(", ", ChannelNames.All)}"));
        return null;
    }

    private static string Sentence(string message) =>
        message == ApiError.Invalid("to", BeforeFirst).Message ? "The first day is after the last day."
        : message.Length == 0 ? message : char.ToUpperInvariant(message[0]) + message[1..].Replace(" parameter is invalid: ", " must be ", StringComparison.Ordinal);
}
