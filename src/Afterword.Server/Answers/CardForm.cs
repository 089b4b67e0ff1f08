using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Prompts;

namespace Afterword.Server.Answers;

/// <summary>What a form of the card asks for, checked against the prompt that it was shown with.</summary>
internal abstract record CardForm
{
    // A text of 10,000 characters of four bytes each, percent-encoded, with room for its neighbours.
    private const int MaxForm = 128 * 1024;

    private CardForm()
    {
    }

    /// <summary>An answer, or closing the card.</summary>
    internal sealed record Answer(AnswerRequest Request) : CardForm;

    internal sealed record StopAsking : CardForm;

    internal sealed record AskAgain : CardForm;

    /// <param name="Problem">What is wrong with it.</param>
    /// <param name="Typed">The text that was refused, or null.</param>
    internal sealed record Wrong(CardProblem Problem, string? Typed) : CardForm;

    /// <summary>Reads a request's form; null when it is larger than any card's.</summary>
    public static async Task<IFormCollection?> ReadAsync(HttpContext http) =>
        http.Request.HasFormContentType ? await http.ReadFormWithinAsync(MaxForm, values: 8) : FormCollection.Empty;

    /// <summary>Understands a form.</summary>
    /// <param name="form">As <see cref="ReadAsync"/> gave it.</param>
    /// <param name="prompt">The prompt that whoever sent it may answer.</param>
    /// <param name="seen">The question as they read it.</param>
    public static CardForm Parse(IFormCollection? form, Prompt prompt, Question seen)
    {
        if (form is null) return new Wrong(CardProblem.TextTooLong, null);
        if (form.TryGetValue("asking", out var asking)) return asking.ToString() switch { "stop" => new StopAsking(), "again" => new AskAgain(), _ => Nothing(prompt) };
        if (IsOneClick(form)) return new StopAsking();
        if (form.ContainsKey("dismiss")) return new Answer(new(prompt.SenderId, prompt.Id, null, null, Dismiss: true));
        if (form.TryGetValue("score", out var score))
        {
            return int.TryParse(score, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && prompt.Type.Allows(number)
                ? new Answer(new(prompt.SenderId, prompt.Id, number, null, Seen: seen))
                : new Wrong(CardProblem.ScoreMissing, null);
        }

        return form.TryGetValue("text", out var text)
            ? ParseText(text.ToString(), prompt)
            : Nothing(prompt);
    }

    /// <summary>Whether a mail program sent it, at one click of its reader and without any page (RFC 8058, section 3.1).</summary>
    public static bool IsOneClick(IFormCollection? form) => form?["List-Unsubscribe"].ToString() == "One-Click";

    private static Wrong Nothing(Prompt prompt) => new(prompt.Score is null ? CardProblem.ScoreMissing : CardProblem.TextBlank, null);

    private static CardForm ParseText(string text, Prompt prompt)
    {
        var errors = new ApiErrors();
        var comment = AnswerDraft.ReadText(text, errors);
        if (!errors.Any) return new Answer(new(prompt.SenderId, prompt.Id, null, comment));

        return new Wrong(TextRules.LengthOf(text) > TextRules.MessageLength ? CardProblem.TextTooLong : CardProblem.TextBlank, text);
    }
}
