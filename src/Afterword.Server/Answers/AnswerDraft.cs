using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;

namespace Afterword.Server.Answers;

/// <summary>What a recipient sent, checked for itself; whether the score fits the prompt's type shows when the prompt is known.</summary>
internal sealed record AnswerDraft(int? Score, string? Text)
{
    /// <summary>Gives the draft, or null and in the reader's errors everything that is wrong.</summary>
    public static AnswerDraft? Parse(ParameterReader read)
    {
        var score = read.Optional("score");
        var text = read.Optional("text");
        if (score is null && text is null && !read.Errors.Any) read.Errors.Add(ApiError.Missing("score"));

        int? number = null;
        if (score is not null)
        {
            if (score.Length <= 2 && WholeNumber.TryRead(score, out var parsed)) number = (int)parsed;
            else read.Errors.Add(ApiError.Invalid("score", "a whole number"));
        }

        var comment = text is null ? null : ReadText(text, read.Errors);
        return read.Errors.Any ? null : new(number, comment);
    }

    /// <summary>Trims and checks a text.</summary>
    public static string? ReadText(string text, ApiErrors errors)
    {
        // Browsers send the line ends of a text box as CR LF (HTML, section 4.10.22.7); one newline is what was typed.
        text = TextRules.Normalise(text.Replace("\r\n", "\n", StringComparison.Ordinal).Trim(), TextRules.MessageLength);
        if (TextRules.HasForbidden(text)) errors.Add(ApiError.Invalid("text", "no control characters but newline and tab"));
        else if (TextRules.IsBlank(text)) errors.Add(ApiError.Invalid("text", "not blank"));
        else if (TextRules.LengthOf(text) > TextRules.MessageLength) errors.Add(ApiError.Invalid("text", "at most 10,000 characters"));
        return text;
    }

    /// <summary>The refusal of a score that the prompt's scale does not have.</summary>
    public static ApiError OutOfRange(PromptType type) =>
        ApiError.Invalid("score", string.Create(CultureInfo.InvariantCulture, $"a whole number from {type.LowestScore} to {type.HighestScore}"));
}
