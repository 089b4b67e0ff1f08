using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Afterword.Server.Answers;
using Afterword.Server.Answers.Pages;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using MimeKit;
using MimeKit.Utils;

namespace Afterword.Server.Channels.Email;

/// <summary>One answer that an email offers.</summary>
/// <param name="Label">As it is read out, such as <c>4 – Satisfied</c>.</param>
/// <param name="Link">Opens the card with this score chosen and nothing recorded.</param>
public sealed record EmailScoreLink(int Score, string Label, string Tone, string Link);

/// <summary>A request for feedback as an email: plain text, and HTML that fetches nothing from anywhere.</summary>
internal static partial class CardEmail
{
    // Keeps a name apart from the writing direction around it, in emails that cannot say so in markup.
    private const char Isolate = '\u2068';
    private const char EndIsolate = '\u2069';

    // RFC 5322 folds longer lines; a subject that nobody sees the end of helps nobody.
    private const int MostSubject = 150;

    /// <param name="delivery">What is asked, of whom.</param>
    /// <param name="cardUrl">The card's link.</param>
    /// <param name="to">The recipient's address.</param>
    /// <param name="settings">Section <c>Mail</c>.</param>
    /// <param name="platform">The platform's name.</param>
    public static async Task<MimeMessage> ComposeAsync(ChannelDelivery delivery, string cardUrl, EmailAddress to, MailSettings settings, string platform)
    {
        var language = Language.Find(delivery.Recipient.Language) ?? Language.English;
        var (words, card) = (EmailTexts.All.In(language), CardTexts.All.In(language));
        var prompt = delivery.Prompt;
        var name = prompt.DisplayName ?? delivery.Sender.Name;
        var scale = Scale.Of(prompt.Type == PromptType.Nps);
        EmailScoreLink[] answers = [.. scale.Scores.Select(score => new EmailScoreLink(
            score, scale.Label(score, card), scale.Tone(score), string.Create(CultureInfo.InvariantCulture, $"{cardUrl}?score={score}")))];
        string Fill(string word) => FillWith(word, null);
        string FillWith(string word, string? link) => Place().Replace(word, place => place.Value switch
        {
            "{sender}" => Isolate + name + EndIsolate,
            "{platform}" => platform,
            "{link}" when link is not null => link,
            var other => other,
        });

        var email = NewEmail(settings, delivery.Sender.Name, to, OneLine(words.Subject.Replace("{sender}", name, StringComparison.Ordinal)), MessageId(prompt.Id, cardUrl));
        try
        {
            SetHeaders(email, cardUrl);
            SetBody(email, Plain(delivery, answers, cardUrl, words, FillWith), await PageResponses.MarkupAsync<CardEmailPage>(new()
            {
                [nameof(CardEmailPage.Words)] = words, [nameof(CardEmailPage.Card)] = card, [nameof(CardEmailPage.Message)] = delivery.Message, [nameof(CardEmailPage.Question)] = prompt.Question,
                [nameof(CardEmailPage.IsNps)] = prompt.Type == PromptType.Nps, [nameof(CardEmailPage.Answers)] = answers, [nameof(CardEmailPage.CardUrl)] = cardUrl,
                [nameof(CardEmailPage.StopUrl)] = StopUrl(cardUrl), [nameof(CardEmailPage.PrivacyUrl)] = prompt.PrivacyUrl, [nameof(CardEmailPage.Fill)] = (Func<string, string>)Fill,
            }));
            return email;
        }
        catch
        {
            email.Dispose();
            throw;
        }
    }

    /// <summary>An email that asks nothing, to try out the mail server.</summary>
    public static MimeMessage ComposeTest(EmailAddress to, MailSettings settings, string platform, string host)
    {
        var words = EmailTexts.All.In(Language.English);
        var email = NewEmail(settings, platform, to, OneLine(words.TestSubject.Replace("{platform}", platform, StringComparison.Ordinal)), MimeUtils.GenerateMessageId(host));
        email.Headers.Add("Auto-Submitted", "auto-generated");
        email.Body = Part("plain", words.TestText.Replace("{platform}", platform, StringComparison.Ordinal));
        return email;
    }

    /// <summary>The same for every attempt, so that whoever gets the email twice can show it once.</summary>
    public static string MessageId(long prompt, string cardUrl) => string.Create(CultureInfo.InvariantCulture, $"{prompt}@{new Uri(cardUrl).IdnHost}");

    /// <summary>What a header can hold: one line, without what ends a line anywhere.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length >= MostSubject) break;

            // Half a surrogate pair comes out of the enumeration as U+FFFD, which is harmless.
            var breaks = Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            line.Append(breaks ? " " : rune.ToString());
        }

        // In a header "=?" begins an encoded word: what looks like one would be decoded, line breaks and all.
        return line.ToString().Trim().Replace("=?", "= ?", StringComparison.Ordinal);
    }

    /// <summary>The place on the card's page where its recipient ends the sender's requests.</summary>
    private static string StopUrl(string cardUrl) => $"{cardUrl}#{CardPages.AskingId}";

    /// <summary>An email to one address, with nothing in it yet.</summary>
    public static MimeMessage NewEmail(MailSettings settings, string name, EmailAddress to, string subject, string id)
    {
        var email = new MimeMessage { Subject = subject, MessageId = id };
        email.From.Add(new MailboxAddress(OneLine(settings.FromName ?? name), settings.From.Value));
        email.To.Add(new MailboxAddress(null, to.Value));
        return email;
    }

    private static void SetHeaders(MimeMessage email, string cardUrl)
    {
        // RFC 3834: no vacation note answers it. No Precedence: RFC 2076 discourages it, and "bulk" ends in the wrong folder.
        email.Headers.Add("Auto-Submitted", "auto-generated");
        email.Headers.Add("X-Auto-Response-Suppress", "All");

        // Opening the link shows the card, where requests can be stopped; posting to it stops them at once, which RFC 8058
        // allows over https alone. It stands in one line: folded before the link, some readers would find a blank in it.
        var stop = new Header(HeaderId.ListUnsubscribe, "");
        stop.SetRawValue(Encoding.ASCII.GetBytes($" <{cardUrl}>\r\n"));
        email.Headers.Add(stop);
        if (cardUrl.StartsWith("https://", StringComparison.Ordinal)) email.Headers.Add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    }

    /// <summary>Gives an email its two forms.</summary>
    public static void SetBody(MimeMessage email, string plain, string html) => email.Body = new MultipartAlternative(Part("plain", plain), Part("html", html));

    private static TextPart Part(string subtype, string text)
    {
        var part = new TextPart(subtype) { ContentTransferEncoding = ContentEncoding.QuotedPrintable };
        part.SetText(Encoding.UTF8, WireLines(text));
        return part;
    }

    // RFC 2045, section 6.7: the line breaks of a text are CRLF. A bare one would be encoded as a letter.
    private static string WireLines(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace("\n", "\r\n", StringComparison.Ordinal);

    private static string Plain(ChannelDelivery delivery, IEnumerable<EmailScoreLink> answers, string cardUrl, EmailTexts words, Func<string, string?, string> fill) => string.Join(
        "\n\n",
        delivery.Message, delivery.Prompt.Question, words.PlainChoose,
        string.Join('\n', answers.Select(answer => words.PlainAnswer.Replace("{label}", answer.Label, StringComparison.Ordinal).Replace("{link}", answer.Link, StringComparison.Ordinal))),
        string.Join('\n',
            "-- ", fill(words.PlainPrivacy, delivery.Prompt.PrivacyUrl), fill(words.PlainStop, StopUrl(cardUrl)), fill(words.Why, null)));

    // All places at once: what comes in may look like a place itself.
    [GeneratedRegex(@"\{[a-z]+\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Place();
}
