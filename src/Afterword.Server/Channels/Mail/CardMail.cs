using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Afterword.Server.Answers;
using Afterword.Server.Answers.Pages;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using MimeKit;
using MimeKit.Utils;

namespace Afterword.Server.Channels.Mail;

/// <summary>One answer that a mail offers.</summary>
/// <param name="Label">As it is read out, such as <c>4 – Satisfied</c>.</param>
/// <param name="Link">Opens the card with this score chosen and nothing recorded.</param>
public sealed record MailAnswer(int Score, string Label, string Tone, string Link);

/// <summary>A request for feedback as a mail: plain text, and HTML that fetches nothing from anywhere.</summary>
internal static partial class CardMail
{
    // Keeps a name apart from the writing direction around it, in mails that cannot say so in markup.
    private const char Isolate = '\u2068';
    private const char EndIsolate = '\u2069';

    // RFC 5322 folds longer lines; a subject that nobody sees the end of helps nobody.
    private const int MostSubject = 150;

    /// <param name="dispatch">What is asked, of whom.</param>
    /// <param name="cardUrl">The card's link.</param>
    /// <param name="to">The recipient's address.</param>
    /// <param name="settings">Section <c>Mail</c>.</param>
    /// <param name="platform">The platform's name.</param>
    public static async Task<MimeMessage> ComposeAsync(Dispatch dispatch, string cardUrl, EmailAddress to, MailSettings settings, string platform)
    {
        var language = Language.Find(dispatch.Recipient.Language) ?? Language.English;
        var (words, card) = (MailWords.All.In(language), CardWords.All.In(language));
        var prompt = dispatch.Prompt;
        var name = prompt.DisplayName ?? dispatch.Sender.Name;
        var scale = Scale.Of(prompt.Type == PromptType.Nps);
        MailAnswer[] answers = [.. scale.Scores.Select(score => new MailAnswer(
            score, scale.Label(score, card), scale.Tone(score), string.Create(CultureInfo.InvariantCulture, $"{cardUrl}?score={score}")))];
        string Fill(string word) => FillWith(word, null);
        string FillWith(string word, string? link) => Place().Replace(word, place => place.Value switch
        {
            "{sender}" => Isolate + name + EndIsolate,
            "{platform}" => platform,
            "{link}" when link is not null => link,
            var other => other,
        });

        var mail = NewMail(settings, dispatch.Sender.Name, to, OneLine(words.Subject.Replace("{sender}", name, StringComparison.Ordinal)), MessageId(prompt.Id, cardUrl));
        try
        {
            SetHeaders(mail, cardUrl);
            SetBody(mail, Plain(dispatch, answers, cardUrl, words, FillWith), await PageAnswers.MarkupAsync<CardMailPage>(new()
            {
                [nameof(CardMailPage.Words)] = words, [nameof(CardMailPage.Card)] = card, [nameof(CardMailPage.Message)] = dispatch.Message, [nameof(CardMailPage.Question)] = prompt.Question,
                [nameof(CardMailPage.IsNps)] = prompt.Type == PromptType.Nps, [nameof(CardMailPage.Answers)] = answers, [nameof(CardMailPage.CardUrl)] = cardUrl,
                [nameof(CardMailPage.StopUrl)] = StopUrl(cardUrl), [nameof(CardMailPage.PrivacyUrl)] = prompt.PrivacyUrl, [nameof(CardMailPage.Fill)] = (Func<string, string>)Fill,
            }));
            return mail;
        }
        catch
        {
            mail.Dispose();
            throw;
        }
    }

    /// <summary>A mail that asks nothing, to try out the mail server.</summary>
    public static MimeMessage ComposeTest(EmailAddress to, MailSettings settings, string platform, string host)
    {
        var words = MailWords.All.In(Language.English);
        var mail = NewMail(settings, platform, to, OneLine(words.TestSubject.Replace("{platform}", platform, StringComparison.Ordinal)), MimeUtils.GenerateMessageId(host));
        mail.Headers.Add("Auto-Submitted", "auto-generated");
        mail.Body = Part("plain", words.TestText.Replace("{platform}", platform, StringComparison.Ordinal));
        return mail;
    }

    /// <summary>The same for every attempt, so that whoever gets the mail twice can show it once.</summary>
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

    /// <summary>A mail to one address, with nothing in it yet.</summary>
    public static MimeMessage NewMail(MailSettings settings, string name, EmailAddress to, string subject, string id)
    {
        var mail = new MimeMessage { Subject = subject, MessageId = id };
        mail.From.Add(new MailboxAddress(OneLine(settings.FromName ?? name), settings.From.Value));
        mail.To.Add(new MailboxAddress(null, to.Value));
        return mail;
    }

    private static void SetHeaders(MimeMessage mail, string cardUrl)
    {
        // RFC 3834: no vacation note answers it. No Precedence: RFC 2076 discourages it, and "bulk" ends in the wrong folder.
        mail.Headers.Add("Auto-Submitted", "auto-generated");
        mail.Headers.Add("X-Auto-Response-Suppress", "All");

        // Opening the link shows the card, where requests can be stopped; posting to it stops them at once, which RFC 8058
        // allows over https alone. It stands in one line: folded before the link, some readers would find a blank in it.
        var stop = new Header(HeaderId.ListUnsubscribe, "");
        stop.SetRawValue(Encoding.ASCII.GetBytes($" <{cardUrl}>\r\n"));
        mail.Headers.Add(stop);
        if (cardUrl.StartsWith("https://", StringComparison.Ordinal)) mail.Headers.Add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    }

    /// <summary>Gives a mail its two forms.</summary>
    public static void SetBody(MimeMessage mail, string plain, string html) => mail.Body = new MultipartAlternative(Part("plain", plain), Part("html", html));

    private static TextPart Part(string subtype, string text)
    {
        var part = new TextPart(subtype) { ContentTransferEncoding = ContentEncoding.QuotedPrintable };
        part.SetText(Encoding.UTF8, WireLines(text));
        return part;
    }

    // RFC 2045, section 6.7: the line breaks of a text are CRLF. A bare one would be encoded as a letter.
    private static string WireLines(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace("\n", "\r\n", StringComparison.Ordinal);

    private static string Plain(Dispatch dispatch, IEnumerable<MailAnswer> answers, string cardUrl, MailWords words, Func<string, string?, string> fill) => string.Join(
        "\n\n",
        dispatch.Message, dispatch.Prompt.Question, words.PlainChoose,
        string.Join('\n', answers.Select(answer => words.PlainAnswer.Replace("{label}", answer.Label, StringComparison.Ordinal).Replace("{link}", answer.Link, StringComparison.Ordinal))),
        string.Join('\n',
            "-- ", fill(words.PlainPrivacy, dispatch.Prompt.PrivacyUrl), fill(words.PlainStop, StopUrl(cardUrl)), fill(words.Why, null)));

    // All places at once: what comes in may look like a place itself.
    [GeneratedRegex(@"\{[a-z]+\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Place();
}
