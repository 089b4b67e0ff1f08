using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;

namespace Afterword.Server.Prompts;

/// <summary>A create call whose every field has been checked. Nobody downstream checks again.</summary>
internal sealed record PromptDraft(
    PromptType Type, long RecipientId, string Message, string PrivacyUrl,
    string? ExternalId, int QuestionVariant, string? DisplayName, bool Test, bool IncludeCard, string? Agent = null, Tags? Tags = null)
{
    public const int PrivacyUrlLength = 2_048;
    public const int ExternalIdLength = 256;
    public const int DisplayNameLength = 20;
    public const int AgentLength = 100;

    /// <summary>Gives the draft, or null and in <paramref name="errors"/> everything that is wrong.</summary>
    public static PromptDraft? Parse(RequestParameters parameters, Questions questions, out ApiErrors errors)
    {
        var read = new ParameterReader(parameters);
        errors = read.Errors;

        var type = PromptTypes.Read(read, read.Required("type"));
        var recipient = read.RequiredId("to_user_id") ?? 0;
        var message = read.Required("message") is { } text ? TextRules.ReadMessage("message", text, errors) : "";
        var privacyUrl = ReadPrivacyUrl(read);
        var externalId = ReadShort(read, "external_id", ExternalIdLength);
        var variant = ReadVariant(read, type, questions);
        var displayName = ReadShort(read, "display_name", DisplayNameLength);
        var test = read.Truth("test");
        var includeCard = read.Truth("include_card");

        var agent = ReadLabel(read, "agent", AgentLength);
        var tags = Tags.Read(read, "tags");

        return errors.Any ? null : new(type!.Value, recipient, message, privacyUrl, externalId, variant, displayName, test, includeCard, agent, tags);
    }

    private static string ReadPrivacyUrl(ParameterReader read)
    {
        if (read.Required("privacy_url") is not { } text) return "";
        if (WrongWithPrivacyUrl(text) is { } wrong) read.Errors.Add(ApiError.Invalid("privacy_url", wrong));
        return text;
    }

    /// <summary>What a privacy policy's address must be, when it is not that; else null.</summary>
    public static string? WrongWithPrivacyUrl(string text)
    {
        if (text.Length > PrivacyUrlLength) return "at most 2,048 characters";

        return text.AsSpan().IndexOfAnyInRange('\0', ' ') >= 0 || TextRules.HasForbidden(text)
            || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url is not { Scheme: "http" or "https", Host.Length: > 0, UserInfo: "" }
            ? "an absolute http or https URL with a host and without credentials"
            : null;
    }

    /// <summary>Reads a text without control characters.</summary>
    public static string? ReadShort(ParameterReader read, string name, int most, bool required = false)
    {
        if ((required ? read.Required(name) : read.Optional(name)) is not { } text) return null;
        if (TextRules.HasForbidden(text)) read.Errors.Add(ApiError.Invalid(name, "no control characters but newline and tab"));

        text = TextRules.Normalise(text, most);
        if (TextRules.LengthOf(text) > most) read.Errors.Add(ApiError.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"at most {most} characters")));
        return text;
    }

    /// <summary>Reads what metrics are broken down by: one line without spaces around it.</summary>
    public static string? ReadLabel(ParameterReader read, string name, int most)
    {
        if (read.Optional(name)?.Trim() is not { Length: > 0 } text) return null;

        text = TextRules.Normalise(text, most);
        if (!TextRules.IsLabel(text, most)) read.Errors.Add(ApiError.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"one line of at most {most} characters")));
        return text;
    }

    private static int ReadVariant(ParameterReader read, PromptType? type, Questions questions)
    {
        // Without a type the wider range decides: a number beyond both is wrong in any case.
        var most = type is { } known ? questions.CountOf(known) - 1 : Math.Max(questions.CountOf(PromptType.Csat), questions.CountOf(PromptType.Nps)) - 1;
        return read.Whole("question_variant_id", 0, most, otherwise: 0);
    }
}
