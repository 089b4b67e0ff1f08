using System.Diagnostics.CodeAnalysis;
using Afterword.Server.Console;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Users;

namespace Afterword.Server.SetUp;

/// <summary>What customers read of a business, checked.</summary>
/// <param name="Name">The profile name.</param>
/// <param name="PrivacyUrl">Where its privacy policy is.</param>
/// <param name="Language">The tag of the language that its own account reads; null leaves it to the browser.</param>
internal sealed record BusinessDraft(string Name, string PrivacyUrl, string? Language)
{
    /// <summary>Reads the fields that opening and changing a business have in common, and notes what is wrong with them.</summary>
    public static bool TryRead(IFormCollection form, SubmittedForm submittedForm, [NotNullWhen(true)] out BusinessDraft? draft)
    {
        var (name, privacy, tag) = (form["name"].ToString().Trim(), TypedAddress.WithScheme(form["privacy_url"].ToString().Trim()), form["language"].ToString());
        if (TextRules.WrongWithName(name) is { } wrong) submittedForm.Refuse("name", $"The name must be {wrong}.");
        if (privacy.Length == 0) submittedForm.Refuse("privacy_url", "Each request shows where your privacy policy is. Enter its address.");
        else if (PromptDraft.WrongWithPrivacyUrl(privacy) is { } bad) submittedForm.Refuse("privacy_url", $"The address must be {bad}.");

        // One of those that the page offers, exactly: what is near to one is not what it says.
        if (tag.Length > 0 && !Languages.Language.All.Any(language => language.Tag == tag)) submittedForm.Refuse("language", "Choose a language of the list.");
        draft = submittedForm.IsWrong ? null : new(name, privacy, tag.Length == 0 ? null : tag);
        return draft is not null;
    }

    /// <summary>Reads the username of a business that is opened; empty after noting what is wrong with it.</summary>
    public static string ReadScreenName(IFormCollection form, SubmittedForm submittedForm)
    {
        var handle = UserAccounts.Bare(form["screen_name"].ToString().Trim());
        if (UserAccounts.Handle.IsMatch(handle)) return handle;

        submittedForm.Refuse("screen_name", "A username has 1 to 15 letters, digits and underscores, such as furni.");
        return "";
    }
}
