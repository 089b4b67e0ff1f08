using System.Globalization;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Allowlists;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;

namespace Afterword.Server.Admin;

/// <summary>The limits of one sender, as an operator reads and writes them. An empty one is that of the settings.</summary>
internal static class LimitsForm
{
    // As the settings have it: what is added to it stays a number.
    private const long Most = long.MaxValue / 2;
    private const int MostDays = 3_650;

    public static LimitsView Of(AllowedSender sender, LimitSettings usual) => new(
        sender.ScreenName, Text(sender.Limits.CreatesPerDay), IntervalOf(sender.Limits), Text(sender.Limits.Shows), Text(sender.Limits.Events),
        Text(usual.CreatesPerDay)!, usual.RecipientInterval.ToString("c", CultureInfo.InvariantCulture), Text(usual.ShowPer15Minutes)!, Text(usual.EventsPer15Minutes)!);

    /// <summary>What is not as in the settings; null for nothing.</summary>
    public static string? WordsOf(SenderGrant limits)
    {
        var own = new (string Name, string? Value)[]
        {
            ("requests in 24 hours", Text(limits.CreatesPerDay)), ("between requests to one customer", IntervalOf(limits)), ("shows", Text(limits.Shows)), ("events", Text(limits.Events)),
        };
        var words = string.Join(", ", own.Where(limit => limit.Value is not null).Select(limit => $"{limit.Value} {limit.Name}"));
        return words.Length == 0 ? null : words;
    }

    /// <summary>Gives the limits, or null after noting what is wrong.</summary>
    public static SenderGrant? Read(IFormCollection form, SubmittedForm submittedForm)
    {
        long? interval = null;
        var text = form["interval"].ToString().Trim();
        if (text.Length > 0)
        {
            if (DurationText.TryParse(text, out var time) && time.TotalDays <= MostDays) interval = (long)time.TotalMilliseconds;
            else submittedForm.Refuse("interval", string.Create(CultureInfo.InvariantCulture, $"Write a duration of at most {MostDays} days, such as 12:00:00 or 1.00:00:00."));
        }

        var limits = new SenderGrant(Number("creates"), interval, Number("shows"), Number("events"));
        return submittedForm.IsWrong ? null : limits;

        long? Number(string field)
        {
            var given = form[field].ToString().Trim();
            if (given.Length == 0) return null;
            if (WholeNumber.TryRead(given, out var number) && number is >= 1 and <= Most) return number;

            submittedForm.Refuse(field, "Write a whole number, 1 or more, or nothing.");
            return null;
        }
    }

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string? IntervalOf(SenderGrant limits) => limits.RecipientIntervalMillis is { } millis ? TimeSpan.FromMilliseconds(millis).ToString("c", CultureInfo.InvariantCulture) : null;
}
