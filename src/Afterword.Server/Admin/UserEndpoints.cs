using System.Globalization;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Allowlists;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting;
using Afterword.Server.Languages;
using Afterword.Server.Parsing;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Admin;

/// <summary>The users of the platform, for operators: those who ask and those who are asked. It shows how they are reached, and nothing that they wrote or answered.</summary>
internal static class UserEndpoints
{
    private const string Page = "users";
    private const int PageLength = 50;

    public static void MapConsoleUsers(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/admin/users", Show).For(Role.Operator);
        console.MapPost("/admin/users/add", Add).For(Role.Operator);
        console.MapPost("/admin/users/reach", ChangeReach).For(Role.Operator);
        console.MapPost("/admin/users/change", Change).For(Role.Operator);
    }

    private static async Task Show(HttpContext http, Membership membership, AuditLog audit)
    {
        // The page has the addresses of customers.
        await audit.NoteAsync(membership, AuditAction.Saw, "users", http.RequestAborted);
        await ShowAsync(http, membership, 200, SubmittedForm.Nothing, http.TakeNotice(membership));
    }

    private static async Task ShowAsync(HttpContext http, Membership membership, int status, SubmittedForm form, OneTimeNotice? notice)
    {
        var (services, query, stop) = (http.RequestServices, http.Request.Query, http.RequestAborted);
        var (userAccounts, lists) = (services.GetRequiredService<UserAccounts>(), services.GetRequiredService<Allowlist>());
        var search = UserAccounts.Bare(query["q"].ToString().Trim());
        var after = UserAccounts.Bare(query["after"].ToString());
        if (!UserAccounts.Handle.IsMatch(after)) after = "";
        var found = search.Length == 0 ? await userAccounts.ListAsync(after, PageLength + 1, stop) : await userAccounts.FindNamedAsync(search, stop);
        var exempt = (await lists.ExemptAsync(stop)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        await http.ShowConsoleAsync<UsersPage>(membership, status, new()
        {
            [nameof(UsersPage.Users)] = found.Take(PageLength).Select(user => LineOf(user, exempt)).ToList(),
            [nameof(UsersPage.Search)] = search,
            [nameof(UsersPage.After)] = found.Count > PageLength ? found[PageLength - 1].ScreenName : null,
            [nameof(UsersPage.IsFirst)] = after.Length == 0,
            [nameof(UsersPage.Chosen)] = await userAccounts.FindAsync(UserAccounts.Bare(form.Value("user") ?? query["user"].ToString()), stop) is { } chosen ? LineOf(chosen, exempt) : null,
            [nameof(UsersPage.HasEmail)] = services.GetRequiredService<Settings>().Mail is not null,
            [nameof(UsersPage.Languages)] = Language.All.Select(language => language.Tag).ToList(),
            [nameof(UsersPage.Form)] = form,
            [nameof(UsersPage.Notice)] = notice,
        });
    }

    private static UsersPage.Line LineOf(User user, HashSet<string> exempt) => new(
        user.Id.ToString(CultureInfo.InvariantCulture), user.ScreenName, user.Name, user.Channel.Name, user.Email, user.XUserId?.ToString(CultureInfo.InvariantCulture), user.Language, user.Suspended, exempt.Contains(user.ScreenName));

    private static async Task Add(HttpContext http, Membership membership, UserAccounts accounts, Settings settings)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var submittedForm = SubmittedForm.Of(form);
        var (handle, name, tag) = (UserAccounts.Bare(form["screen_name"].ToString().Trim()), form["name"].ToString().Trim(), form["language"].ToString());
        if (!UserAccounts.Handle.IsMatch(handle)) submittedForm.Refuse("screen_name", "A username has 1 to 15 letters, digits and underscores, such as maja.");
        if (TextRules.WrongWithName(name) is { } wrong) submittedForm.Refuse("name", $"The name must be {wrong}.");
        if (tag.Length > 0 && !Language.All.Any(language => language.Tag == tag)) submittedForm.Refuse("language", "Choose a language of the list.");
        var by = ReadReach(form, submittedForm, settings);
        if (!submittedForm.IsWrong)
        {
            var user = new NewUser(handle, name, Password: null, Users.MessagingPermission.Anyone) { Language = tag.Length == 0 ? null : tag, ChannelAvailability = by! };
            if (await http.MakeAsync(membership, $"added user @{handle}", session => accounts.AddAsync(session, user, stop)) is { } added)
            {
                http.LeaveNotice(membership, Page, new("good", $"@{added.ScreenName} was added. Its id, for calls of the API, is {added.Id.ToString(CultureInfo.InvariantCulture)}."));
                return;
            }

            submittedForm.Refuse("screen_name", $"@{handle} is taken.");
        }

        await ShowAsync(http, membership, 400, submittedForm, notice: null);
    }

    private static async Task ChangeReach(HttpContext http, Membership membership, UserAccounts accounts, Store store, Settings settings)
    {
        var form = SubmittedForm.Of(http.Request.Form);
        if (await accounts.FindAsync(UserAccounts.Bare(http.Request.Form["user"].ToString()), http.RequestAborted) is not { } user)
        {
            await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", "There is no such user."));
            return;
        }

        // Links for a new password are mailed there. With the password of an account that asks, someone can let an app read its answers, which operators do not.
        if (await IsSenderAsync(store, user, http.RequestAborted))
        {
            await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", $"@{user.ScreenName} is a sender, whose address is changed from a shell: afterword user channel @{user.ScreenName} …"));
            return;
        }

        if (ReadReach(http.Request.Form, form, settings) is not { } by)
        {
            await ShowAsync(http, membership, 400, form, notice: null);
            return;
        }

        await http.ChangeAsync(membership, $"how requests reach @{user.ScreenName}: {by.Channel.Name}", session => accounts.ReachByAsync(session, user.ScreenName, by, http.RequestAborted));
        http.LeaveNotice(membership, Page, new("good", $"Saved. Requests to @{user.ScreenName} are sent that way from now on."));
    }

    private static async Task Change(HttpContext http, Membership membership, UserAccounts accounts, Allowlist lists, Store store, UserPasswords passwords, AuditLog audit, Settings settings)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var act = form["act"].ToString();
        if (await accounts.FindAsync(UserAccounts.Bare(form["user"].ToString()), stop) is not { } user)
        {
            await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", "There is no such user."));
            return;
        }

        if (act == "password" && await IsSenderAsync(store, user, stop))
        {
            await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", $"@{user.ScreenName} is a sender. Its owner makes such a link, under Apps."));
            return;
        }

        if (QuestionOf(act, user) is { } asked && !await http.IsConfirmedAsync(membership, asked)) return;

        var handle = user.ScreenName;
        var done = act switch
        {
            "suspend" => await ChangeAsync($"suspended user @{handle}", session => accounts.SuspendAsync(session, handle, true, stop), $"@{handle} is suspended."),
            "resume" => await ChangeAsync($"resumed user @{handle}", session => accounts.SuspendAsync(session, handle, false, stop), $"@{handle} is active again."),
            "exempt" => await ChangeAsync($"exempt @{handle} from the time between requests", session => lists.ExemptAsync(session, user.Id, stop), $"@{handle} may be sent requests at any time."),
            "limit" => await ChangeAsync($"ended the exemption of @{handle}", session => Allowlist.EndExemptionAsync(session, user.Id, stop), $"@{handle} gets requests at the usual pace again."),
            "password" => await LinkAsync(),
            _ => new("bad", "Choose what to do."),
        };
        if (done.Kind == "bad") await ShowAsync(http, membership, 400, SubmittedForm.Nothing, done);
        else http.LeaveNotice(membership, Page, done);

        async Task<OneTimeNotice> ChangeAsync(string what, Func<Session, Task<int>> change, string said)
        {
            await http.ChangeAsync(membership, what, change);
            return new("good", said);
        }

        async Task<OneTimeNotice> LinkAsync()
        {
            await audit.NoteAsync(membership, AuditAction.Changed, $"link for a new password of @{handle}", stop);
            var path = await passwords.IssueLinkAsync(user.Id, dropsFactor: false, stop);
            return new("good", $"Give this link to @{handle} and to nobody else. It is shown only now, works once, and ends after 24 hours.", http.PublicBase(settings) + path);
        }
    }

    private static Task<bool> IsSenderAsync(Store store, User user, CancellationToken stop) => store.Main.ReadAsync(session => AuditLog.IsSenderAsync(session, user.Id, stop), stop);

    private static Confirmation? QuestionOf(string act, User user) => act switch
    {
        "suspend" => new($"Suspend @{user.ScreenName}?", "They can neither call nor be sent requests, and are signed out, until you resume them.", "Suspend", Page),
        "password" => new($"Make a link for a new password of @{user.ScreenName}?", "Anyone who opens it chooses the password and reads the messages of this account. The present password works until then. This is in the audit log.", "Make a link", Page),
        _ => null,
    };

    private static ChannelAvailability? ReadReach(IFormCollection form, SubmittedForm submittedForm, Settings settings)
    {
        var (channel, email, x) = (form["channel"].ToString(), form["mail"].ToString().Trim(), form["x_user_id"].ToString().Trim());
        EmailAddress? address = null;
        if (ChannelNames.Find(channel) is not { } found) submittedForm.Refuse("channel", "Choose how requests reach this user.");
        else if (email.Length > 0 && !EmailAddress.TryParse(email, out address)) submittedForm.Refuse("mail", "This is not an email address.");
        else if (found == Channel.Email && address is null) submittedForm.Refuse("mail", "Enter the address that requests are mailed to.");
        else if (found == Channel.Email && settings.Mail is null) submittedForm.Refuse("channel", "No mail server is set up. See Email.");
        else if (found == Channel.X && x.Length == 0) submittedForm.Refuse("x_user_id", "Enter the id that requests are sent to.");
        else if (x.Length > 0 && (!WholeNumber.TryRead(x, out var id) || id == 0)) submittedForm.Refuse("x_user_id", "An id of X is digits, such as 2244994945; the name behind the @ is something else.");
        return submittedForm.IsWrong ? null : ChannelAvailability.Read(channel, email.Length == 0 ? null : email, x.Length == 0 ? null : x).Reachability;
    }
}
