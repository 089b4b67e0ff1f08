using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Pages;
using MimeKit;

namespace Afterword.Server.Channels.Email;

/// <summary>What an email to someone of the console says, however it is laid out.</summary>
/// <param name="Sentences">What happened.</param>
/// <param name="Lines">Metrics.</param>
/// <param name="LinkText">Says where the link leads.</param>
/// <param name="Why">Why the reader gets it.</param>
/// <param name="Choice">Where they choose that they do, or do not, by its name; null where there is no choice.</param>
public sealed record NoticeEmailTexts(
    string Subject, string Heading, IReadOnlyList<string> Sentences, IReadOnlyList<NoticeEmailLine> Lines, string LinkText, string Link, string Why, (string Name, string Address)? Choice = null);

/// <summary>A metric with its change.</summary>
/// <param name="Group">What it is calculated from.</param>
/// <param name="Name">What it is.</param>
/// <param name="Value">As people read it.</param>
/// <param name="Change">Since the week before.</param>
/// <param name="Tone"><c>good</c>, <c>bad</c> or empty.</param>
public sealed record NoticeEmailLine(string Group, string Name, string Value, string Change, string Tone);

/// <summary>An email to someone of the console: plain text, and HTML that fetches nothing from anywhere.</summary>
internal static class NoticeEmail
{
    /// <param name="words">What it says.</param>
    /// <param name="to">To whom.</param>
    /// <param name="settings">With a mail server, and so with a public address.</param>
    /// <param name="id">The same for every attempt, so that whoever gets the email twice can show it once.</param>
    public static async Task<MimeMessage> ComposeAsync(NoticeEmailTexts words, EmailAddress to, Settings settings, string id)
    {
        var email = CardEmail.NewEmail(settings.Mail!, settings.Platform, to, CardEmail.OneLine(words.Subject), $"{id}@{settings.PublicUrl!.IdnHost}");
        try
        {
            email.Headers.Add("Auto-Submitted", "auto-generated");
            email.Headers.Add("X-Auto-Response-Suppress", "All");
            CardEmail.SetBody(email, Plain(words), await PageResponses.MarkupAsync<NoticeEmailPage>(new() { [nameof(NoticeEmailPage.Words)] = words }));
            return email;
        }
        catch
        {
            email.Dispose();
            throw;
        }
    }

    private static string Plain(NoticeEmailTexts words) => string.Join(
        "\n\n",
        [
            words.Heading, .. words.Sentences,
            .. words.Lines.GroupBy(line => line.Group).Select(group => string.Join('\n', [group.Key, .. group.Select(line => $"  {line.Name}: {line.Value}, {line.Change}")])),
            $"{words.LinkText}: {words.Link}", string.Create(CultureInfo.InvariantCulture, $"-- \n{words.Why}{(words.Choice is { } choice ? $"\n{choice.Address}" : "")}"),
        ]);
}
