using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Parsing;

namespace Afterword.Server.Answers;

/// <summary>What a form of the card asks for, as far as it shows without the prompt.</summary>
internal abstract record CardForm
{
    // A text of 10,000 characters of four bytes each, percent-encoded, with room for its neighbours.
    private const int MaxForm = 128 * 1024;

    private CardForm()
    {
    }

    /// <summary>An answer, or closing the card. Whether the scale has the score shows with the prompt.</summary>
    internal sealed record Answer(AnswerRequest Request) : CardForm;

    /// <summary>A text, not looked at yet: that takes time, which nobody gets who has no card.</summary>
    internal sealed record Comment(string Text) : CardForm
    {
        public CardForm Read(CardKey key)
        {
            var errors = new ApiErrors();
            var comment = AnswerDraft.ReadText(Text, errors);
            if (!errors.Any) return new Answer(new(key, null, comment));

            return new Invalid(TextRules.LengthOf(Text) > TextRules.MessageLength ? CardProblem.TextTooLong : CardProblem.TextBlank, Text);
        }
    }

    internal sealed record OptOut : CardForm;

    internal sealed record OptIn : CardForm;

    /// <param name="Problem">What is wrong with it; null when it asks for nothing, which is a score or a text missing.</param>
    /// <param name="Typed">The text that was refused, or null.</param>
    internal sealed record Invalid(CardProblem? Problem, string? Typed) : CardForm;

    /// <summary>Reads a request's form; null when it is larger than any card's.</summary>
    public static async Task<IFormCollection?> ReadAsync(HttpContext http) =>
        http.Request.HasFormContentType ? await http.ReadFormWithinAsync(MaxForm, values: 8) : FormCollection.Empty;

    /// <summary>Understands a form.</summary>
    /// <param name="form">As <see cref="ReadAsync"/> gave it.</param>
    /// <param name="key">The card that it is for.</param>
    public static CardForm Parse(IFormCollection? form, CardKey key)
    {
        if (form is null) return new Invalid(CardProblem.TextTooLong, null);
        if (form.TryGetValue("asking", out var asking)) return asking.ToString() switch { "stop" => new OptOut(), "again" => new OptIn(), _ => new Invalid(null, null) };
        if (IsOneClick(form)) return new OptOut();
        if (form.ContainsKey("dismiss")) return new Answer(new(key, null, null, Dismiss: true));
        if (form.TryGetValue("score", out var score))
        {
            return int.TryParse(score, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? new Answer(new(key, number, null))
                : new Invalid(CardProblem.ScoreMissing, null);
        }

        return form.TryGetValue("text", out var text)
            ? new Comment(text.ToString())
            : new Invalid(null, null);
    }

    /// <summary>Whether a mail program sent it, at one click of its reader and without any page (RFC 8058, section 3.1).</summary>
    public static bool IsOneClick(IFormCollection? form) => form?["List-Unsubscribe"].ToString() == "One-Click";
}
