using System.Globalization;
using System.Text;
using Afterword.Client.Wire;

namespace Afterword.Samples.WebhookReceiver;

/// <summary>An event as one line for a person.</summary>
internal static class EventLine
{
    public static string Of(FeedbackEventJson change)
    {
        var feedback = change.Feedback;
        var what = change.EventType switch
        {
            "feedback.created" => "asked",
            "feedback.updated" => "answer of",
            var other => other,
        };
        var line = new StringBuilder($"{Time(change.CreatedAt)}  {what} {feedback.ToUserId}  {feedback.Type}");

        if (feedback.Response?.Score is { } score) line.Append(CultureInfo.InvariantCulture, $" {score.Value}");
        if (feedback.Response?.Text is { } text) line.Append("  \"").Append(text.Value).Append('"');
        if (feedback.ExternalId is { } reference) line.Append("  ").Append(reference);
        if (feedback.Test) line.Append("  (test)");

        // A customer wrote some of this. Neither a line break nor an escape sequence of theirs reaches the terminal.
        for (var i = 0; i < line.Length; i++)
        {
            if (char.IsControl(line[i]) || line[i] is '\u2028' or '\u2029') line[i] = ' ';
        }

        return line.ToString();
    }

    private static string Time(string date) =>
        TwitterDate.TryParse(date, out var instant) ? instant.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : date;
}
