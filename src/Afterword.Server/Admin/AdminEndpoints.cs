using Afterword.Server.Access;
using Afterword.Server.Access.Console;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Channels;
using Afterword.Server.Hosting;
using Afterword.Server.People;
using Afterword.Server.Storage;

namespace Afterword.Server.Admin;

/// <summary>The operators' page of senders. Nothing on it tells of answers.</summary>
internal static class AdminEndpoints
{
    public static void MapConsoleAdmin(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/admin/senders", ShowSenders).For(Role.Operator);
        console.MapPost("/admin/senders/allow", Allow).For(Role.Operator);
        console.MapPost("/admin/senders/deny", Deny).For(Role.Operator);
        console.MapPost("/admin/senders/owner", InviteOwner).For(Role.Operator);
        console.MapPost("/admin/senders/limits", ChangeLimits).For(Role.Operator);
    }

    private static Task ShowSenders(HttpContext http, Seat seat) => ShowSendersAsync(http, seat, 200, http.TakeNotice(seat));

    private static async Task ShowSendersAsync(HttpContext http, Seat seat, int status, OneTimeNotice? notice, Entered? limits = null)
    {
        var services = http.RequestServices;
        var senders = await services.GetRequiredService<Allowlists>().SendersAsync(http.RequestAborted);
        var people = await services.GetRequiredService<Persons>().ListAllAsync(http.RequestAborted);
        var chosen = limits?.Value("sender") ?? http.Request.Query["limits"].ToString();
        var settings = services.GetRequiredService<Settings>().Limits;
        await http.ShowConsoleAsync<SendersPage>(seat, status, new()
        {
            [nameof(SendersPage.Senders)] = senders.ConvertAll(sender => new SendersPage.Line(
                sender.ScreenName, [.. people.Where(person => person.Places.Any(place => place.SenderId == sender.UserId && place.Role == Role.Owner)).Select(person => person.Mail)],
                LimitsForm.WordsOf(sender.Limits))),
            [nameof(SendersPage.Limits)] = senders.Find(sender => sender.ScreenName.Equals(chosen, StringComparison.OrdinalIgnoreCase)) is { } found ? LimitsForm.Of(found, settings) : null,
            [nameof(SendersPage.Entered)] = limits ?? Entered.Nothing,
            [nameof(SendersPage.Notice)] = notice,
        });
    }

    private static Task ChangeLimits(HttpContext http, Seat seat, Allowlists lists) => WithAccountAsync(http, seat, async account =>
    {
        if (!(await lists.SendersAsync(http.RequestAborted)).Exists(sender => sender.UserId == account.Id)) return new("bad", $"@{account.ScreenName} may not ask for feedback. Allow it first.");

        var entered = Entered.Of(http.Request.Form);
        if (LimitsForm.Read(http.Request.Form, entered) is not { } limits)
        {
            await ShowSendersAsync(http, seat, 400, notice: null, entered);
            return null;
        }

        await DoAsync(http, seat, $"limits of sender @{account.ScreenName}: {LimitsForm.WordsOf(limits) ?? "those of the settings"}", session => lists.AllowSenderAsync(session, seat.Person, account.Id, limits, http.RequestAborted));
        return new("good", $"Saved. The limits of @{account.ScreenName} apply within five seconds.");
    });

    private static Task Allow(HttpContext http, Seat seat, Allowlists lists) => WithAccountAsync(http, seat, async account =>
    {
        // One on the list keeps its limits.
        if ((await lists.SendersAsync(http.RequestAborted)).Exists(sender => sender.UserId == account.Id)) return new("good", $"@{account.ScreenName} is on the list already.");

        await DoAsync(http, seat, $"allowed sender @{account.ScreenName}", session => lists.AllowSenderAsync(session, seat.Person, account.Id, new(null, null, null, null), http.RequestAborted));
        return new("good", $"@{account.ScreenName} may ask for feedback.");
    });

    private static Task Deny(HttpContext http, Seat seat) => WithAccountAsync(http, seat, async account =>
    {
        if (!await http.IsConfirmedAsync(seat, new(
            $"Deny @{account.ScreenName}?", "Their requests are refused from now on. Cards that are out can still be answered, and their console stays. You can allow them again; limits of their own are lost.", "Deny", "senders"))) return null;

        await DoAsync(http, seat, $"denied sender @{account.ScreenName}", session => Allowlists.DenySenderAsync(session, account.Id, http.RequestAborted));
        return new("good", $"@{account.ScreenName} may not ask for feedback any more.");
    });

    private static Task InviteOwner(HttpContext http, Seat seat, Persons persons) => WithAccountAsync(http, seat, async account =>
    {
        if (!EmailAddress.TryParse(http.Request.Form["mail"].ToString().Trim(), out var mail)) return new("bad", "This is not a mail address.");

        // Operators see no answers unless somebody else lets them.
        if (mail.Value.Equals(seat.Person.Mail, StringComparison.OrdinalIgnoreCase)) return new("bad", "You cannot make yourself the owner of a sender that is there already; another operator or an owner can.");

        return await InviteOwnerAsync(http, seat, persons, account, mail);
    });

    /// <summary>Invites the first owner of a sender, and says what became of it, with the link to be passed on.</summary>
    public static async Task<OneTimeNotice> InviteOwnerAsync(HttpContext http, Seat seat, Persons persons, Account account, EmailAddress mail) =>
        await persons.AddFirstOwnerAsync(seat, mail, account.Id, http.RequestAborted) switch
        {
            // An operator could be somebody's second address. Whom the sender's owners want to see answers, they say themselves.
            InviteOutcome.HasOwner => new("bad", $"@{account.ScreenName} has an owner, who invites all others."),
            InviteOutcome.Invited(_, var link) => await PeopleEndpoints.SendAsync(http, seat, mail.Value, link),
            InviteOutcome.BeganAnew(_, var link) => await PeopleEndpoints.SendAsync(http, seat, mail.Value, link, InviteOutcome.BeganAnew.Why(mail.Value) + " "),
            _ => new("good", $"{mail.Value} has an account already and is owner of @{account.ScreenName} now."),
        };

    // What is denied or invited is shown on the page after; null when a question was the answer.
    private static async Task WithAccountAsync(HttpContext http, Seat seat, Func<Account, Task<OneTimeNotice?>> act)
    {
        var handle = Accounts.Bare(http.Request.Form["sender"].ToString().Trim());
        var account = Accounts.Handle.IsMatch(handle) ? await http.RequestServices.GetRequiredService<Accounts>().FindAsync(handle, http.RequestAborted) : null;
        var notice = account is null ? new("bad", "There is no user with this username. Add one under Users, or open a business.") : await act(account);
        if (notice is { Kind: "bad" }) await ShowSendersAsync(http, seat, 400, notice);
        else if (notice is not null) http.RequestServices.GetRequiredService<OneTimeNotices>().Leave(http, seat.Person, seat.AddressOf("senders"), notice);
    }

    private static Task DoAsync(HttpContext http, Seat seat, string what, Func<Session, Task<int>> deed) => http.RequestServices.GetRequiredService<Store>().Main.WriteAsync(
        async session =>
        {
            await deed(session);
            return await http.RequestServices.GetRequiredService<AuditLog>().WriteAsync(session, seat, Deed.Changed, what, http.RequestAborted);
        },
        http.RequestAborted);
}
