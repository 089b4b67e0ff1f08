using Afterword.Server.Access.Console;
using Afterword.Server.Errors;
using Afterword.Server.People;
using Afterword.Server.Prompts;
using Afterword.Server.SetUp.Pages;

namespace Afterword.Server.SetUp;

/// <summary>A request by hand: for one customer, from the console, within the limits that calls have.</summary>
internal static class ByHandEndpoints
{
    private const string Page = "requests/new";

    // A message of the longest, in any script, percent-encoded.
    private const int MaxForm = 192 * 1024;

    public static void MapByHand(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/requests/new", Show).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/requests/new", Send).WithMetadata(new Entry([Role.Owner, Role.Supervisor], EntryStage.Seat) { MaxForm = MaxForm });
    }

    private static async Task Show(HttpContext http, Seat seat, Businesses businesses) =>
        await ShowAsync(http, seat, 200, (await businesses.FindAsync(seat.SenderId, http.RequestAborted))!, Entered.Nothing, http.TakeNotice(seat));

    private static Task ShowAsync(HttpContext http, Seat seat, int status, Business business, Entered entered, OneTimeNotice? notice) => http.ShowConsoleAsync<ByHandPage>(seat, status, new()
    {
        [nameof(ByHandPage.PrivacyUrl)] = business.PrivacyUrl,
        [nameof(ByHandPage.Entered)] = entered,
        [nameof(ByHandPage.Notice)] = notice,
    });

    private static async Task Send(HttpContext http, Seat seat, Businesses businesses, Accounts accounts, SendRequest send)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var business = (await businesses.FindAsync(seat.SenderId, stop))!;
        var entered = Entered.Of(form);
        var customer = await accounts.FindAsync(Accounts.Bare(form["to"].ToString().Trim()), stop);
        if (customer is null) entered.Refuse("to", "There is no customer with this username. An operator adds one under Users.");

        var errors = new ApiErrors();
        var type = PromptTypes.Of(form["type"]);
        if (type is null) entered.Refuse("type", "Choose a question.");

        // A browser sends a line end as two characters.
        var message = TextRules.ReadMessage("message", form["message"].ToString().Replace("\r\n", "\n", StringComparison.Ordinal), errors);
        if (errors.Any) entered.Refuse("message", "Write 1 to 10,000 characters, not all of them blank.");
        var privacy = form["privacy_url"].ToString().Trim();
        if (PromptDraft.WrongWithPrivacyUrl(privacy) is { } bad) entered.Refuse("privacy_url", $"The address must be {bad}.");
        if (entered.IsWrong)
        {
            await ShowAsync(http, seat, 400, business, entered, notice: null);
            return;
        }

        var draft = new PromptDraft(type!.Value, customer!.Id, message, privacy, ExternalId: null, QuestionVariant: 0, DisplayName: null, Test: false, IncludeCard: true);
        switch (await send.RunAsync(http, seat, business, draft, $"request to @{customer.ScreenName} by hand"))
        {
            case SendOutcome.Sent(var card):
                http.LeaveNotice(seat, Page, new("good", $"The request to @{customer.ScreenName} was sent. This is the link to its card, for the customer alone. It is shown only now.", card));
                break;
            case SendOutcome.Refused(var why):
                await ShowAsync(http, seat, 400, business, entered, new("bad", why));
                break;
            case var other:
                throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }
}
