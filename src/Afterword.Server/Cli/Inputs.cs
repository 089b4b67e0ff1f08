using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Parsing;
using Afterword.Server.Users;

namespace Afterword.Server.Cli;

/// <summary>Arguments and options that several commands take, each checked while the command line is read.</summary>
internal static class Inputs
{
    public const string HandleName = "@handle";

    /// <summary>A handle, with or without @; its value is without.</summary>
    public static Argument<string> Handle(string description = "The user's handle, such as @furni.") => new(HandleName)
    {
        Description = description,
        CustomParser = result =>
        {
            var handle = UserAccounts.Bare(result.Tokens[0].Value);
            if (!UserAccounts.Handle.IsMatch(handle)) result.AddError(NotAHandle(result.Tokens[0].Value));
            return handle;
        },
    };

    public static Argument<string> ConsumerKey() => new("KEY") { Description = "The app's consumer key." };

    /// <summary>The id of something that is listed elsewhere.</summary>
    /// <param name="name">The argument's.</param>
    /// <param name="what">What it is the id of.</param>
    /// <param name="list">The command that lists them.</param>
    public static Argument<long> Id(string name, string what, string list) => new(name)
    {
        Description = $"The {what}'s id; see: {list}",
        CustomParser = result =>
        {
            if (long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return id;

            result.AddError($"\"{result.Tokens[0].Value}\" is not the id of a {what}, which is a number. See: {list}");
            return 0;
        },
    };

    /// <summary>An id or another number that counts something.</summary>
    public static Option<long?> Number(string name, string description, string helpName) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            if (long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;

            result.AddError($"{name} is \"{result.Tokens[0].Value}\"; it must be a number.");
            return null;
        },
    };

    public static Option<long?> Limit(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            if (long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1) return limit;

            result.AddError($"{name} is \"{result.Tokens[0].Value}\"; it must be a whole number, 1 or more.");
            return null;
        },
    };

    /// <param name="name">The option's.</param>
    /// <param name="description">Its help.</param>
    /// <param name="mostDays">No longer than that.</param>
    public static Option<TimeSpan?> Duration(string name, string description, int mostDays = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = "D",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!DurationText.TryParse(text, out var time)) result.AddError($"{name} is \"{text}\"; it must be a duration as [days.]hours:minutes:seconds, such as 12:00:00.");
            else if (time.TotalDays > mostDays) result.AddError($"{name} is longer than {mostDays} days.");
            else return time;

            return null;
        },
    };

    /// <summary>Notes what is wrong with a name that people will read.</summary>
    public static void CheckName(SymbolResult result, string what, string name)
    {
        if (TextRules.WrongWithName(name) is { } wrong) result.AddError($"{what} is \"{name}\"; it must be {wrong}.");
    }

    public static string NotAHandle(string text) => $"\"{text}\" is not a handle: 1 to 15 letters, digits and underscores, such as @furni.";

    public static string NotALanguage(string text) => $"\"{text}\" is not the tag of a language, such as de or pt-BR.";
}
