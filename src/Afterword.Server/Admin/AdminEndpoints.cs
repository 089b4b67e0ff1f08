using Afterword.Server.Admin.Pages;
using Afterword.Server.Allowlists;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Users;

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

    private static Task ShowSenders(HttpContext http, Membership membership) => ShowSendersAsync(http, membership, 200, http.TakeNotice(membership));

    private static async Task ShowSendersAsync(HttpContext http, Membership membership, int status, OneTimeNotice? notice, SubmittedForm? limits = null)
    {
        var services = http.RequestServices;
        var senders = await services.GetRequiredService<Allowlist>().SendersAsync(http.RequestAborted);
        var people = await services.GetRequiredService<Memberships>().ListAllAsync(http.RequestAborted);
        var chosen = limits?.Value("sender") ?? http.Request.Query["limits"].ToString();
        var settings = services.GetRequiredService<Settings>().Limits;
        await http.ShowConsoleAsync<SendersPage>(membership, status, new()
        {
            [nameof(SendersPage.Senders)] = senders.ConvertAll(sender => new SendersPage.Line(
                sender.ScreenName, [.. people.Where(person => person.Workspaces.Any(place => place.SenderId == sender.UserId && place.Role == Role.Owner)).Select(person => person.Email)],
                LimitsForm.WordsOf(sender.Limits))),
            [nameof(SendersPage.Limits)] = senders.Find(sender => sender.ScreenName.Equals(chosen, StringComparison.OrdinalIgnoreCase)) is { } found ? LimitsForm.Of(found, settings) : null,
            [nameof(SendersPage.Form)] = limits ?? SubmittedForm.Nothing,
            [nameof(SendersPage.Notice)] = notice,
        });
    }

    private static Task ChangeLimits(HttpContext http, Membership membership, Allowlist lists) => WithAccountAsync(http, membership, async account =>
    {
        if (!(await lists.SendersAsync(http.RequestAborted)).Exists(sender => sender.UserId == account.Id)) return new("bad", $"@{account.ScreenName} may not ask for feedback. Allow it first.");

        var form = SubmittedForm.Of(http.Request.Form);
        if (LimitsForm.Read(http.Request.Form, form) is not { } limits)
        {
            await ShowSendersAsync(http, membership, 400, notice: null, form);
            return null;
        }

        await DoAsync(http, membership, $"limits of sender @{account.ScreenName}: {LimitsForm.WordsOf(limits) ?? "those of the settings"}", session => lists.AllowSenderAsync(session, membership.Member, account.Id, limits, http.RequestAborted));
        return new("good", $"Saved. The limits of @{account.ScreenName} apply within five seconds.");
    });

    private static Task Allow(HttpContext http, Membership membership, Allowlist lists) => WithAccountAsync(http, membership, async account =>
    {
        // One on the list keeps its limits.
        if ((await lists.SendersAsync(http.RequestAborted)).Exists(sender => sender.UserId == account.Id)) return new("good", $"@{account.ScreenName} is on the list already.");

        await DoAsync(http, membership, $"allowed sender @{account.ScreenName}", session => lists.AllowSenderAsync(session, membership.Member, account.Id, new(null, null, null, null), http.RequestAborted));
        return new("good", $"@{account.ScreenName} may ask for feedback.");
    });

    private static Task Deny(HttpContext http, Membership membership) => WithAccountAsync(http, membership, async account =>
    {
        if (!await http.IsConfirmedAsync(membership, new(
            $"Deny @{account.ScreenName}?", "Their requests are refused from now on. Cards that are out can still be answered, and their console stays. You can allow them again; limits of their own are lost.", "Deny", "senders"))) return null;

        await DoAsync(http, membership, $"denied sender @{account.ScreenName}", session => Allowlist.DenySenderAsync(session, account.Id, http.RequestAborted));
        return new("good", $"@{account.ScreenName} may not ask for feedback any more.");
    });

    private static Task InviteOwner(HttpContext http, Membership membership, Memberships persons) => WithAccountAsync(http, membership, async account =>
    {
        if (!EmailAddress.TryParse(http.Request.Form["mail"].ToString().Trim(), out var email)) return new("bad", "This is not an email address.");

        // Operators see no answers unless someone else lets them.
        if (email.Value.Equals(membership.Member.Email, StringComparison.OrdinalIgnoreCase)) return new("bad", "You cannot make yourself the owner of a sender that is there already; another operator or an owner can.");

        return await InviteOwnerAsync(http, membership, persons, account, email);
    });

    /// <summary>Invites the first owner of a sender, and says what became of it, with the link to be passed on.</summary>
    public static async Task<OneTimeNotice> InviteOwnerAsync(HttpContext http, Membership membership, Memberships persons, User account, EmailAddress mail) =>
        await persons.AddFirstOwnerAsync(membership, mail, account.Id, http.RequestAborted) switch
        {
            // An operator could be someone's second address. Whom the sender's owners want to see answers, they say themselves.
            InviteOutcome.HasOwner => new("bad", $"@{account.ScreenName} has an owner, who invites all others."),
            InviteOutcome.Invited(_, var link) => await MemberEndpoints.SendAsync(http, membership, mail.Value, link),
            InviteOutcome.InvitedAgain(_, var link) => await MemberEndpoints.SendAsync(http, membership, mail.Value, link, InviteOutcome.InvitedAgain.Why(mail.Value) + " "),
            _ => new("good", $"{mail.Value} has an account already and is owner of @{account.ScreenName} now."),
        };

    // What is denied or invited is shown on the page after; null when a question was the answer.
    private static async Task WithAccountAsync(HttpContext http, Membership membership, Func<User, Task<OneTimeNotice?>> act)
    {
        var handle = UserAccounts.Bare(http.Request.Form["sender"].ToString().Trim());
        var user = UserAccounts.Handle.IsMatch(handle) ? await http.RequestServices.GetRequiredService<UserAccounts>().FindAsync(handle, http.RequestAborted) : null;
        var notice = user is null ? new("bad", "There is no user with this username. Add one under Users, or open a business.") : await act(user);
        if (notice is { Kind: "bad" }) await ShowSendersAsync(http, membership, 400, notice);
        else if (notice is not null) http.RequestServices.GetRequiredService<OneTimeNotices>().Leave(http, membership.Member, membership.AddressOf("senders"), notice);
    }

    private static Task DoAsync(HttpContext http, Membership membership, string what, Func<Session, Task<int>> deed) => http.RequestServices.GetRequiredService<Store>().Main.WriteAsync(
        async session =>
        {
            await deed(session);
            return await http.RequestServices.GetRequiredService<AuditLog>().WriteAsync(session, membership, AuditAction.Changed, what, http.RequestAborted);
        },
        http.RequestAborted);
}
