using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.SetUp.Pages;
using Afterword.Server.Users;

namespace Afterword.Server.SetUp;

/// <summary>A request by hand: for one customer, from the console, within the limits that calls have.</summary>
internal static class FirstRequestEndpoints
{
    private const string Page = "requests/new";

    // A message of the longest, in any script, percent-encoded.
    private const int MaxForm = 192 * 1024;

    public static void MapByHand(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/requests/new", Show).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/requests/new", Send).WithMetadata(new AccessRule([Role.Owner, Role.Supervisor], SignInState.Member) { MaxForm = MaxForm });
    }

    private static async Task Show(HttpContext http, Membership membership, Businesses businesses) =>
        await ShowAsync(http, membership, 200, (await businesses.FindAsync(membership.SenderId, http.RequestAborted))!, SubmittedForm.Nothing, http.TakeNotice(membership));

    private static Task ShowAsync(HttpContext http, Membership membership, int status, Business business, SubmittedForm form, OneTimeNotice? notice) => http.ShowConsoleAsync<FirstRequestPage>(membership, status, new()
    {
        [nameof(FirstRequestPage.PrivacyUrl)] = business.PrivacyUrl,
        [nameof(FirstRequestPage.Form)] = form,
        [nameof(FirstRequestPage.Notice)] = notice,
    });

    private static async Task Send(HttpContext http, Membership membership, Businesses businesses, UserAccounts accounts, SendRequest send)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var business = (await businesses.FindAsync(membership.SenderId, stop))!;
        var submittedForm = SubmittedForm.Of(form);
        var customer = await accounts.FindAsync(UserAccounts.Bare(form["to"].ToString().Trim()), stop);
        if (customer is null) submittedForm.Refuse("to", "There is no customer with this username. An operator adds one under Users.");

        var errors = new ApiErrors();
        var type = PromptTypes.Of(form["type"]);
        if (type is null) submittedForm.Refuse("type", "Choose a question.");

        // A browser sends a line end as two characters.
        var message = TextRules.ReadMessage("message", form["message"].ToString().Replace("\r\n", "\n", StringComparison.Ordinal), errors);
        if (errors.Any) submittedForm.Refuse("message", "Write 1 to 10,000 characters, not all of them blank.");
        var privacy = form["privacy_url"].ToString().Trim();
        if (PromptDraft.WrongWithPrivacyUrl(privacy) is { } bad) submittedForm.Refuse("privacy_url", $"The address must be {bad}.");
        if (submittedForm.IsWrong)
        {
            await ShowAsync(http, membership, 400, business, submittedForm, notice: null);
            return;
        }

        var draft = new PromptDraft(type!.Value, customer!.Id, message, privacy, ExternalId: null, QuestionVariant: 0, DisplayName: null, Test: false, IncludeCard: true);
        switch (await send.RunAsync(http, membership, business, draft, $"request to @{customer.ScreenName} by hand"))
        {
            case SendOutcome.Sent(var card):
                http.LeaveNotice(membership, Page, new("good", $"The request to @{customer.ScreenName} was sent. This is the link to its card, for the customer alone. It is shown only now.", card));
                break;
            case SendOutcome.Refused(var why):
                await ShowAsync(http, membership, 400, business, submittedForm, new("bad", why));
                break;
            case var other:
                throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }
}
