using System.Text.Json.Serialization;
using Afterword.Server.Languages;

namespace Afterword.Server.SignIn.Pages;

/// <summary>The words of a user's own page and of the pages for those who forgot their password. A word may hold <c>{platform}</c>, <c>{browser}</c> or <c>{date}</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AccountTexts : Texts
{
    internal static readonly Section<AccountTexts> All = new("account", AccountTextsJson.Default.AccountTexts);

    public required string Title { get; init; }
    public required string Password { get; init; }
    public required string CurrentPassword { get; init; }
    public required string NewPassword { get; init; }
    public required string PasswordHint { get; init; }
    public required string ChangePassword { get; init; }
    public required string Changed { get; init; }
    public required string WrongCurrent { get; init; }
    public required string TooShort { get; init; }
    public required string TooLong { get; init; }
    public required string TooCommon { get; init; }
    public required string TooPersonal { get; init; }

    public required string Visits { get; init; }
    public required string ThisBrowser { get; init; }
    public required string OtherProgram { get; init; }
    public required string Since { get; init; }
    public required string End { get; init; }
    public required string EndOf { get; init; }
    public required string EndOthers { get; init; }
    public required string VisitsHint { get; init; }

    public required string Forgotten { get; init; }
    public required string ForgottenTitle { get; init; }
    public required string ForgottenHint { get; init; }
    public required string SendLink { get; init; }
    public required string Sent { get; init; }
    public required string ChooseTitle { get; init; }
    public required string LinkGone { get; init; }
    public required string LinkGoneDetail { get; init; }
    public required string BackToSignIn { get; init; }
    public required string MailSubject { get; init; }
    public required string MailText { get; init; }
    public required string MailWhy { get; init; }

    public required string Factor { get; init; }
    public required string FactorOn { get; init; }
    public required string FactorOff { get; init; }
    public required string SetUp { get; init; }
    public required string Remove { get; init; }
    public required string SetUpDetail { get; init; }
    public required string ByHand { get; init; }
    public required string SixDigits { get; init; }
    public required string Code { get; init; }
    public required string CodeHint { get; init; }
    public required string WrongCode { get; init; }
    public required string GoOn { get; init; }
    public required string CodesTitle { get; init; }
    public required string CodesDetail { get; init; }
    public required string Kept { get; init; }
    public required string Needed { get; init; }
    public required string NeedsLink { get; init; }

    internal string Of(PasswordProblem flaw) => flaw switch
    {
        PasswordProblem.TooShort => TooShort,
        PasswordProblem.TooLong => TooLong,
        PasswordProblem.TooCommon => TooCommon,
        _ => TooPersonal,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AccountTexts))]
internal sealed partial class AccountTextsJson : JsonSerializerContext;
