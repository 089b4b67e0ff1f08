using Afterword.Server.Access;
using Afterword.Server.Access.Console;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Channels;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.People;
using Afterword.Server.Storage;

namespace Afterword.Server.Admin;

/// <summary>The operators' pages of senders and apps. Nothing on them tells of answers.</summary>
internal static class AdminEndpoints
{
    public static void MapConsoleAdmin(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/admin/senders", ShowSenders).For(Role.Operator);
        console.MapPost("/admin/senders/allow", Allow).For(Role.Operator);
        console.MapPost("/admin/senders/deny", Deny).For(Role.Operator);
        console.MapPost("/admin/senders/owner", InviteOwner).For(Role.Operator);
        console.MapGet("/admin/apps", ShowApps).For(Role.Operator);
        console.MapPost("/admin/apps/change", ChangeApp).For(Role.Operator);
    }

    private static Task ShowSenders(HttpContext http, Seat seat, OneTimeNotices notices) => ShowSendersAsync(http, seat, 200, notices.Take(http, seat.Person));

    private static async Task ShowSendersAsync(HttpContext http, Seat seat, int status, OneTimeNotice? notice)
    {
        var services = http.RequestServices;
        var senders = await services.GetRequiredService<Allowlists>().SendersAsync(http.RequestAborted);
        var people = await services.GetRequiredService<Persons>().ListAllAsync(http.RequestAborted);
        await http.ShowConsoleAsync<SendersPage>(seat, status, new()
        {
            [nameof(SendersPage.Senders)] = senders.ConvertAll(sender => new SendersPage.Line(
                sender.ScreenName, [.. people.Where(person => person.Places.Any(place => place.SenderId == sender.UserId && place.Role == Role.Owner)).Select(person => person.Mail)])),
            [nameof(SendersPage.Notice)] = notice,
        });
    }

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
        if (mail.Value.Equals(seat.Person.Mail, StringComparison.OrdinalIgnoreCase)) return new("bad", "You cannot make yourself the owner of a sender; another operator or an owner can.");

        return await persons.AddFirstOwnerAsync(seat, mail, account.Id, http.RequestAborted) switch
        {
            // An operator could be somebody's second address. Whom the sender's owners want to see answers, they say themselves.
            InviteOutcome.HasOwner => new("bad", $"@{account.ScreenName} has an owner, who invites all others."),
            InviteOutcome.Invited(_, var link) => await PeopleEndpoints.SendAsync(http, seat, mail.Value, link),
            InviteOutcome.BeganAnew(_, var link) => await PeopleEndpoints.SendAsync(http, seat, mail.Value, link, InviteOutcome.BeganAnew.Why(mail.Value) + " "),
            _ => new("good", $"{mail.Value} has an account already and is owner of @{account.ScreenName} now."),
        };
    });

    private static async Task ShowApps(HttpContext http, Seat seat, Apps apps) => await http.ShowConsoleAsync<AppsPage>(seat, 200, new()
    {
        [nameof(AppsPage.Apps)] = (await apps.ListAsync(http.RequestAborted)).ConvertAll(app => new AppsPage.Line(app.ConsumerKey, app.Name, app.Allowed, app.Suspended)),
    });

    private static async Task ChangeApp(HttpContext http, Seat seat, Apps apps)
    {
        var (key, act, stop) = (http.Request.Form["app"].ToString(), http.Request.Form["act"].ToString(), http.RequestAborted);
        if ((await apps.ListAsync(stop)).Find(app => app.ConsumerKey == key) is { } found && act is "allow" or "deny" or "suspend" or "resume")
        {
            Confirmation? asked = act switch
            {
                "deny" => new($"Deny {found.Name}?", "Nobody can ask for feedback through this app from now on. Its other calls still work. You can allow it again.", "Deny", "apps"),
                "suspend" => new($"Suspend {found.Name}?", "All calls of this app are refused from now on, whoever makes them. You can resume it.", "Suspend", "apps"),
                _ => null,
            };
            if (asked is not null && !await http.IsConfirmedAsync(seat, asked)) return;

            await DoAsync(http, seat, $"{act} app {found.Name} ({found.ConsumerKey})", session => act is "allow" or "deny"
                ? Apps.AllowAsync(session, key, act == "allow", stop)
                : apps.SuspendAsync(session, key, act == "suspend", stop));
        }

        http.SeeOther(seat.AddressOf("apps"));
    }

    // What is denied or invited is shown on the page after; null when a question was the answer.
    private static async Task WithAccountAsync(HttpContext http, Seat seat, Func<Account, Task<OneTimeNotice?>> act)
    {
        var handle = Accounts.Bare(http.Request.Form["sender"].ToString().Trim());
        var account = Accounts.Handle.IsMatch(handle) ? await http.RequestServices.GetRequiredService<Accounts>().FindAsync(handle, http.RequestAborted) : null;
        var notice = account is null ? new("bad", "There is no user with this handle. Users are added by: afterword user add") : await act(account);
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
