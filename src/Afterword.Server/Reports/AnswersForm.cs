using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Reports.Search;
using Afterword.Server.Users;

namespace Afterword.Server.Reports;

/// <summary>The filter of the pages, as it stands in their address.</summary>
internal sealed class AnswersForm
{
    private const string AfterLast = "not after the last day";
    private const string Wordless = "a text with a letter or a digit";

    /// <summary>What the form shows, besides the page's place: also what stays in the address of a filtered page.</summary>
    private static readonly string[] s_fields = ["q", "from", "to", "show", "type", "min_score", "max_score", "has_text", "test", "tag", "agent", "origin", "external_id", "customer"];

    /// <summary>Names of customers are filters only for those who may see them: a filter tells, by what it finds.</summary>
    private static readonly string[] s_named = ["external_id", "customer"];

    private AnswersForm(Filter filter, SearchQuery? search, long below, IReadOnlyDictionary<string, string> fields, IReadOnlyList<string> problems) =>
        (Filter, Search, Below, Fields, Problems) = (filter, search, below, fields, problems);

    public Filter Filter { get; }

    public SearchQuery? Search { get; }

    /// <summary>Only lower ids.</summary>
    public long Below { get; }

    /// <summary>What was typed, by field.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; }

    /// <summary>What is wrong, one sentence each.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>The filter as a query, without a question mark; empty when nothing is filtered.</summary>
    public string Query => string.Join('&', Fields.Select(one => $"{one.Key}={Uri.EscapeDataString(one.Value)}"));

    /// <summary>The filter for the audit log. What was looked for in texts may be someone's words, and what is typed for a handle may be an address.</summary>
    public string Description => Fields.Count == 0 ? "" : " with " + string.Join(", ", Fields.Select(one => one.Key switch
    {
        "q" => "a search",
        "customer" => UserAccounts.Bare(one.Value) is var handle && UserAccounts.Handle.IsMatch(handle) ? $"customer @{handle}" : "a customer",
        _ => $"{one.Key} {one.Value}",
    }));

    /// <param name="query">The address's, with its question mark.</param>
    /// <param name="membership">Who looks.</param>
    /// <param name="visibility">What they may see.</param>
    /// <param name="days">The console's days.</param>
    /// <param name="userAccounts">Finds the customer.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<AnswersForm> ReadAsync(QueryString query, Membership membership, Visibility visibility, ConsoleDays days, UserAccounts userAccounts, CancellationToken stop)
    {
        var given = new ParameterList();
        given.AddQuery(query.Value);
        var read = new ParameterReader(new RequestParameters(given));
        var filter = Filter.Parse(read, membership.SenderId);
        var show = read.Optional("show");
        filter = filter with
        {
            From = Day(read, "from") is { } from ? days.StartOf(from) : null,
            To = Day(read, "to") is { } to ? days.StartOf(to + 1) - 1 : null,
            Answered = show switch { "all" => null, "unanswered" => false, _ => true },
            Automatic = ReadOrigin(read),
        };
        if (filter.From > filter.To) read.Errors.Add(ApiError.Invalid("from", AfterLast));

        if (!visibility.Names) filter = filter with { ExternalId = null };
        else if (read.Optional("customer") is { } customer)
        {
            // Nobody has the id 0.
            filter = filter with { RecipientId = (await userAccounts.FindAsync(UserAccounts.Bare(customer), stop))?.Id ?? 0 };
        }

        var search = SearchQuery.Of(read.Optional("q"));
        if (search is null && !string.IsNullOrWhiteSpace(read.Optional("q"))) read.Errors.Add(ApiError.Invalid("q", Wordless));
        var fields = s_fields.Where(name => visibility.Names || !s_named.Contains(name))
            .Select(name => KeyValuePair.Create(name, read.Optional(name))).Where(field => field.Value is not null).ToDictionary(field => field.Key, field => field.Value!);
        return new(filter, search, read.OptionalId("before") ?? long.MaxValue, fields, [.. read.Errors.All.Select(error => Sentence(error.Message)).Distinct()]);
    }

    private static bool? ReadOrigin(ParameterReader read)
    {
        switch (read.Optional("origin"))
        {
            case null: return null;
            case Overview.ByHand: return false;
            case Overview.Automatic: return true;
            default:
                read.Errors.Add(ApiError.Invalid("origin", $"{Overview.Automatic} or {Overview.ByHand}"));
                return null;
        }
    }

    private static long? Day(ParameterReader read, string name)
    {
        if (read.Optional(name) is not { } text) return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1970 and < 9999) return day.DayNumber;

        read.Errors.Add(ApiError.Invalid(name, "a day such as 2026-01-31"));
        return null;
    }

    private static string Sentence(string message)
    {
        // What the API says of two parameters reads otherwise to someone with a form.
        if (message == ApiError.Invalid("min_score", Filter.AboveMost).Message) return "The lowest score is above the highest score.";
        if (message == ApiError.Invalid("from", AfterLast).Message) return "The first day is after the last day.";
        if (message == ApiError.Invalid("q", Wordless).Message) return "There is nothing to search for: type a letter or a digit.";

        foreach (var (name, label) in (ReadOnlySpan<(string, string)>)
            [
                ("from", "The first day"), ("to", "The last day"), ("type", "The type"), ("min_score", "The lowest score"), ("max_score", "The highest score"),
                ("has_text", "With or without a text"), ("test", "Tests"), ("tag", "The tag"), ("agent", "The agent"), ("origin", "Whoever requested"), ("external_id", "The reference"),
                ("customer", "The customer"), ("q", "The search"), ("show", "What is shown"), ("before", "The page"),
            ])
        {
            if (message.StartsWith($"{name} parameter is invalid: ", StringComparison.Ordinal)) return $"{label} must be {message[(name.Length + 23)..]}";
        }

        return message;
    }
}
