using Afterword.Server.Admin.Pages;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting;
using Afterword.Server.Parsing;
using Afterword.Server.SignIn;

namespace Afterword.Server.Admin;

/// <summary>Who may do what in a sender's console, as its owners decide; and who the operators are, as operators decide.</summary>
internal static class MemberEndpoints
{
    public static void MapConsolePeople(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        foreach (var (page, role) in new[] { ("/@{handle}/people", Role.Owner), ("/admin/people", Role.Operator) })
        {
            console.MapGet(page, Show).For(role);
            console.MapPost($"{page}/invite", Invite).For(role);
            console.MapPost($"{page}/link", RenewLink).For(role);
            console.MapPost($"{page}/remove", Remove).For(role);
            console.MapPost($"{page}/sign-out", SignOut).For(role);
        }

        console.MapPost("/@{handle}/people/role", ChangeRole).For(Role.Owner);
        console.MapPost("/admin/people/reset", Reset).For(Role.Operator);
    }

    private static Task Show(HttpContext http, Membership membership, Memberships persons, OneTimeNotices notices) => ShowAsync(http, membership, persons, 200, notices.Take(http, membership.Member));

    private static async Task Invite(HttpContext http, Membership membership, Memberships persons)
    {
        var form = http.Request.Form;
        var name = form["name"].ToString().Trim();
        var role = membership.Role == Role.Operator ? Role.Operator : RoleOf(form["role"]);
        if (!EmailAddress.TryParse(form["mail"].ToString().Trim(), out var email)) await RefuseAsync("This is not an email address.");
        else if (name.Length > 0 && TextRules.WrongWithName(name) is { } wrong) await RefuseAsync($"The name must be {wrong}.");
        else if (role is not { } given) await RefuseAsync("Choose a role.");
        else await TellAsync(await persons.InviteAsync(membership, email, name.Length == 0 ? null : name, given, http.RequestAborted));

        Task RefuseAsync(string problem) => ShowAsync(http, membership, persons, 400, new("bad", problem));

        async Task ShowLinkAsync(string link, string before = "") => Leave(http, membership, await SendAsync(http, membership, email.Value, link, before));

        Task TellAsync(InviteOutcome outcome) => outcome switch
        {
            InviteOutcome.Invited(_, var link) => ShowLinkAsync(link),
            InviteOutcome.InvitedAgain(_, var link) => ShowLinkAsync(link, InviteOutcome.InvitedAgain.Why(email.Value) + " "),
            InviteOutcome.Joined => LeaveAsync($"{email.Value} has an account already and can come in with it."),
            InviteOutcome.AlreadyMember => RefuseAsync($"{email.Value} has a role here already. Change it in the list."),
            InviteOutcome.MemberElsewhere => RefuseAsync($"{email.Value} belongs to another sender's console too. An operator can add them here: afterword person add {email.Value} --role … --sender @{membership.Handle}"),
            InviteOutcome.TooMany => RefuseAsync("Too many of the addresses invited here in the last 24 hours belong to other senders. Try again tomorrow, or ask an operator to add them."),
            var other => throw new System.Diagnostics.UnreachableException(other.ToString()),
        };

        Task LeaveAsync(string text)
        {
            Leave(http, membership, new("good", text));
            return Task.CompletedTask;
        }
    }

    private static async Task RenewLink(HttpContext http, Membership membership, Memberships persons)
    {
        var link = IdOf(http) is { } person ? await persons.RenewLinkAsync(membership, person, http.RequestAborted) : null;
        if (link is null) await ShowAsync(http, membership, persons, 400, new("bad", "There is no link for this person: they have chosen a password, or belong to another sender's console too."));
        else Leave(http, membership, await SendAsync(http, membership, await EmailOfAsync(http, persons), link, "The link before no longer works. "));
    }

    private static async Task ChangeRole(HttpContext http, Membership membership, Memberships persons)
    {
        if (IdOf(http) is { } person && RoleOf(http.Request.Form["role"]) is { } role) await TellAsync(http, membership, persons, await persons.ChangeRoleAsync(membership, person, role, http.RequestAborted));
        else await TellAsync(http, membership, persons, ChangeOutcome.Unknown);
    }

    private static async Task Remove(HttpContext http, Membership membership, Memberships persons)
    {
        var loss = membership.Role == Role.Operator
            ? "They can no longer run this installation, effective immediately. Operator keys that they made go on: revoke those under Operator keys."
            : $"They lose access to @{membership.Handle} immediately. Keys and webhooks that they made go on: end those under Apps and Webhooks.";
        var isLast = IdOf(http) is { } one && await persons.HasOneRoleAsync(one, http.RequestAborted);
        var rest = isLast ? "It is their only role, so their account is deleted, with its password, passkeys and recovery codes." : membership.Role == Role.Operator ? "Roles at senders stay." : "Roles at other senders stay.";
        if (!await IsConfirmedAsync(http, membership, persons, "Remove", $"{loss} {rest}")) return;

        await TellAsync(http, membership, persons, IdOf(http) is { } person ? await persons.RemoveAsync(membership.Member, membership.SenderId, person, keepLast: true, http.RequestAborted) : ChangeOutcome.Unknown);
    }

    private static async Task SignOut(HttpContext http, Membership membership, Memberships persons, ILogger<Memberships> log)
    {
        var outcome = ChangeOutcome.Unknown;
        if (IdOf(http) is { } person)
        {
            (outcome, _) = await persons.SignOutAsync(membership.Member, membership.SenderId, person, http.RequestAborted);
            if (outcome == ChangeOutcome.Done) EndedSessions.OfAnother(log, membership.Member.Id, person);
        }

        await TellAsync(http, membership, persons, outcome);
    }

    private static async Task Reset(HttpContext http, Membership membership, Memberships persons, ILogger<Memberships> log)
    {
        if (!await IsConfirmedAsync(http, membership, persons, "Reset", "Their password, second factors and sessions end immediately, at every sender. You get a link for them to choose a new password.")) return;

        if (IdOf(http) is { } person && person != membership.Member.Id && await persons.ResetAsync(membership.Member, person, http.RequestAborted) is { } link)
        {
            EndedSessions.OfAnother(log, membership.Member.Id, person);
            Leave(http, membership, await SendAsync(http, membership, await EmailOfAsync(http, persons), link, "Password, second factors and sessions of this person have ended. "));
        }
        else await ShowAsync(http, membership, persons, 400, new("bad", "There is no such person, or it is yourself: change your own password under Account."));
    }

    /// <summary>Sends a link to choose a password to whom it is for, and says what became of that, with the link to be passed on.</summary>
    public static async Task<OneTimeNotice> SendAsync(HttpContext http, Membership membership, string mail, string path, string before = "")
    {
        var services = http.RequestServices;
        var how = await services.GetRequiredService<InvitationEmail>().SendAsync(membership, mail, path) switch
        {
            null => $"Send this link to {mail}.",
            { Outcome: AttemptOutcome.Sent } => $"The link was sent to {mail}; pass it on yourself if the email does not arrive.",
            { Outcome: AttemptOutcome.Uncertain } unsure => $"It is unclear whether the email to {mail} was accepted ({unsure.Error}). Send this link yourself.",
            var failed => $"The email to {mail} was not accepted: {failed.Error} Send this link yourself.",
        };
        return new("good", $"{before}{how} It is shown only now, works once, and ends after 7 days.", http.PublicBase(services.GetRequiredService<Settings>()) + path);
    }

    private static async Task<string> EmailOfAsync(HttpContext http, Memberships persons) => await persons.EmailOfAsync(IdOf(http)!.Value, http.RequestAborted) ?? "";

    private static Task TellAsync(HttpContext http, Membership membership, Memberships persons, ChangeOutcome outcome)
    {
        if (outcome != ChangeOutcome.Done)
        {
            var problem = outcome switch
            {
                ChangeOutcome.LastOne => $"Somebody else must be {membership.Role.Word} first: nobody would be left to run this place.",
                ChangeOutcome.Elsewhere => "This person has a role elsewhere too, so only an operator can sign them out. Removing them here takes effect at once.",
                _ => "This person has no role here any more.",
            };
            return ShowAsync(http, membership, persons, 400, new("bad", problem));
        }

        Leave(http, membership, new("good", "Saved. The change applies immediately."));
        return Task.CompletedTask;
    }

    private static void Leave(HttpContext http, Membership membership, OneTimeNotice notice) => http.RequestServices.GetRequiredService<OneTimeNotices>().Leave(http, membership.Member, membership.AddressOf("people"), notice);

    // Nobody is asked about someone who is not there, as the answer says; and an owner reads no address of someone elsewhere.
    private static async Task<bool> IsConfirmedAsync(HttpContext http, Membership membership, Memberships persons, string does, string consequence)
    {
        if (IdOf(http) is not { } person) return true;

        var email = membership.Role == Role.Operator ? await persons.EmailOfAsync(person, http.RequestAborted) : (await persons.ListAsync(membership.SenderId, http.RequestAborted)).Find(one => one.Id == person)?.Email;
        return email is null || await http.IsConfirmedAsync(membership, new($"{does} {email}?", consequence, does, "people"));
    }

    private static async Task ShowAsync(HttpContext http, Membership membership, Memberships persons, int status, OneTimeNotice? notice) => await http.ShowConsoleAsync<MembersPage>(membership, status, new()
    {
        [nameof(MembersPage.People)] = await persons.ListAsync(membership.SenderId, http.RequestAborted),
        [nameof(MembersPage.Others)] = membership.Role == Role.Operator ? (await persons.ListAllAsync(http.RequestAborted)).FindAll(person => person.Workspaces.Any(place => place.SenderId != Workspace.Installation)) : [],
        [nameof(MembersPage.Notice)] = notice,
    });

    private static long? IdOf(HttpContext http) => WholeNumber.TryRead(http.Request.Form["person"].ToString(), out var id) ? id : null;

    private static Role? RoleOf(string? word) => Roles.Read(word) is { } role && Roles.OfSenders.Contains(role) ? role : null;
}
