using System.CommandLine;
using System.Globalization;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reports;

namespace Afterword.Server.Cli;

/// <summary>The options by which a command says which feedback is meant.</summary>
internal sealed class FilterOptions
{
    private readonly Option<long?> _from = Time("--from", "Asked on this day (UTC) or at this instant, or later.", endOfDay: false);
    private readonly Option<long?> _to = Time("--to", "Asked on this day (UTC) or at this instant, or earlier.", endOfDay: true);
    private readonly Option<PromptType?> _type = OneOf<PromptType?>("--type", "Of one type alone: csat or nps.", ("csat", PromptType.Csat), ("nps", PromptType.Nps));
    private readonly Option<int?> _least = Score("--min-score", "With this score or a higher one.");
    private readonly Option<int?> _most = Score("--max-score", "With this score or a lower one.");
    private readonly Option<bool?> _hasText = OneOf<bool?>("--has-text", "With a text, or without: true or false.", ("true", true), ("false", false));
    private readonly Option<bool?> _answered = OneOf<bool?>("--answered", "With a score or a text, or with neither: true or false.", ("true", true), ("false", false));
    private readonly Option<TestFeedback> _test = OneOf(
        "--test", "Tests: false leaves them out, which is the default; true means them alone, all them too.",
        ("false", TestFeedback.Without), ("true", TestFeedback.Alone), ("all", TestFeedback.With));

    private readonly Option<string?> _tag = Text("--tag", "With this tag among its own.");
    private readonly Option<string?> _agent = Text("--agent", "Of this agent.");
    private readonly Option<string?> _externalId = Text("--external-id", "With this reference of the sender's.");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_from, _to, _type, _least, _most, _hasText, _answered, _test, _tag, _agent, _externalId]) command.Options.Add(option);
    }

    /// <exception cref="CommandException">Two of them leave nothing.</exception>
    public Filter Of(ParseResult parsed, long sender)
    {
        var filter = new Filter(
            sender, parsed.GetValue(_from), parsed.GetValue(_to), parsed.GetValue(_type), parsed.GetValue(_least), parsed.GetValue(_most),
            parsed.GetValue(_hasText), parsed.GetValue(_test), parsed.GetValue(_tag), parsed.GetValue(_agent), parsed.GetValue(_externalId), parsed.GetValue(_answered));
        if (filter.From > filter.To) throw new CommandException(ExitCode.WrongUse, "--from is after --to.");
        if (filter.MinScore > filter.MaxScore) throw new CommandException(ExitCode.WrongUse, "--min-score is above --max-score.");
        return filter;
    }

    private static Option<long?> Time(string name, string description, bool endOfDay) => new(name)
    {
        Description = description,
        HelpName = "T",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                var start = new DateTimeOffset(day, default, default).ToUnixTimeMilliseconds();
                return endOfDay ? start + 86_399_999 : start;
            }

            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) return Math.Max(0, time.ToUnixTimeMilliseconds());

            result.AddError($"{name} is \"{text}\"; it must be a day such as 2026-01-31, or an instant such as 2026-01-31T09:00:00Z.");
            return null;
        },
    };

    private static Option<int?> Score(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            if (WholeNumber.TryRead(result.Tokens[0].Value, out var score) && score <= Filter.HighestScore) return (int)score;

            result.AddError($"{name} is \"{result.Tokens[0].Value}\"; it must be a whole number from 0 to 10.");
            return null;
        },
    };

    private static Option<T> OneOf<T>(string name, string description, params (string Word, T Value)[] words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words.Select(word => word.Word)),
        CustomParser = result =>
        {
            foreach (var (word, value) in words)
            {
                if (word == result.Tokens[0].Value) return value;
            }

            result.AddError($"{name} is \"{result.Tokens[0].Value}\"; it must be one of {string.Join(", ", words.Select(word => word.Word))}.");
            return default!;
        },
    };

    private static Option<string?> Text(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TEXT",
        CustomParser = result =>
        {
            var text = TextRules.Normalise(result.Tokens[0].Value, Filter.TextLength);
            if (TextRules.HasForbidden(text)) result.AddError($"{name} must have no control characters but newline and tab.");
            else if (text.Length is 0 || TextRules.LengthOf(text) > Filter.TextLength) result.AddError($"{name} must be 1 to {Filter.TextLength} characters.");
            return text;
        },
    };
}
