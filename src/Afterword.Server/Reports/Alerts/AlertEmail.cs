using System.Globalization;
using System.Text.Json;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Pages;
using MimeKit;

namespace Afterword.Server.Reports.Alerts;

/// <summary>An alert as an email: plain text, and HTML that fetches nothing from anywhere. Its subject tells no score, metric or text.</summary>
/// <remarks>A customer's words and name stay in the console, where it is asked who reads them, and written down.</remarks>
internal sealed class AlertEmail(Settings settings)
{
    private const string Why = "You get this because your address was chosen for alerts in the console. They are chosen here:";

    private const string WhyRules = "You get this because the rules say so, and your address was chosen for alerts in the console. It is chosen here:";

    /// <param name="delivery">What is told.</param>
    /// <param name="to">The person's address.</param>
    public Task<MimeMessage> ComposeAsync(AlertDelivery delivery, EmailAddress to)
    {
        var place = $"{settings.PublicBase}/console/@{delivery.Handle}";
        return NoticeEmail.ComposeAsync(WordsOf(delivery, place, ("Alerts", $"{place}/alerts")), to, settings, string.Create(CultureInfo.InvariantCulture, $"{delivery.Id}.{delivery.ReaderId}"));
    }

    private NoticeEmailTexts WordsOf(AlertDelivery delivery, string place, (string, string) choice)
    {
        var name = delivery.SenderName;
        switch (delivery.Kind)
        {
            case AlertKind.LowScore:
                var (type, most) = delivery.Type == PromptType.Csat ? ("CSAT", 5) : ("NPS", 10);
                var when = $"{new ConsoleTimes(ConsoleDays.Of(settings.TimeZone)).Minute(delivery.At)} ({settings.TimeZone})";
                return new(
                    $"A low score for {name}", $"A low score for {name}",
                    [string.Create(CultureInfo.InvariantCulture, $"A customer gave {delivery.Score} of {most} ({type}) on {when}.")],
                    [], "Read the answer", string.Create(CultureInfo.InvariantCulture, $"{place}/answers/{delivery.Subject}"), Why, choice);
            case AlertKind.FigureFell:
                return new(
                    $"A metric of {name} dropped", $"A metric of {name} dropped", [.. FactsOf(delivery).Fell!.Select(Describe)], [], "View metrics", $"{place}/overview?range=7", Why, choice);
            case AlertKind.NobodyAsked:
                return new(
                    $"Nobody is asked for {name}", $"Nobody is asked for {name}",
                    [
                        FactsOf(delivery).AskedLast is { Length: > 0 } last ? $"The rules last asked a customer on {last}." : "The rules have not asked a customer yet.",
                        "Either no conversation is closed any more, or something speaks against each of them. Automation says what, conversation by conversation.",
                    ],
                    [], "Look at the conversations", $"{place}/automation", WhyRules, choice);
            case AlertKind.UnfairAgents:
                var agents = FactsOf(delivery).UnfairAgents;
                return new(
                    $"Requests of {name} that chance does not explain", $"Requests of {name} that chance does not explain",
                    [
                        $"In the last four weeks the requests of {(agents == 1 ? "one agent" : string.Create(CultureInfo.InvariantCulture, $"{agents} agents"))} went beyond what chance makes of the rules: someone may pick whom to ask.",
                        "The Fairness page shows who it is and what was counted.",
                    ],
                    [], "Look at Fairness", $"{place}/fairness", WhyRules, choice);
            default:
                var week = FactsOf(delivery).Week!;
                var (from, to) = (DayOf(week.From), DayOf(week.To));
                return new(
                    $"{name}: the week of {MetricTexts.Day(from)}", $"{name}, {MetricTexts.Days(from, to)}",
                    [week.Figures.Count == 0 ? "Nobody was asked in this week, nor in the one before." : "Changes are compared with the week before. Days count by when the customers were asked."],
                    [.. week.Figures.Select(metric => new NoticeEmailLine(metric.Type == "csat" ? "CSAT requests" : "NPS requests", metric.Name, metric.Value, metric.Change, metric.Tone))],
                    "Open the Overview", $"{place}/overview?from={week.From}&to={week.To}", Why, choice);
        }
    }

    /// <summary>What is told of metrics.</summary>
    public static AlertFactsJson FactsOf(AlertDelivery delivery) => JsonSerializer.Deserialize(delivery.Facts!, AlertWire.Default.AlertFactsJson)!;

    /// <summary>A metric that dropped, in a sentence.</summary>
    public static string Describe(FigureFellJson fell) => fell.Type == "csat"
        ? string.Create(CultureInfo.InvariantCulture, $"CSAT of the last 7 days is {fell.Now:0.0}% ({fell.Answers} answers); in the 7 days before it was {fell.Before:0.0}% ({fell.AnswersBefore} answers).")
        : string.Create(CultureInfo.InvariantCulture, $"NPS of the last 7 days is {MetricTexts.Points(fell.Now / 100)} ({fell.Answers} answers); in the 7 days before it was {MetricTexts.Points(fell.Before / 100)} ({fell.AnswersBefore} answers).");

    private static long DayOf(string iso) => DateOnly.ParseExact(iso, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber;
}
