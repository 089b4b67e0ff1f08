using Afterword.Server.Admin.Pages;
using Afterword.Server.Allowlists;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.SetUp;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.Admin;

/// <summary>The apps that act for a sender. A token reads all of its answers, so its owners give and take them, and operators do not.</summary>
internal static class SenderAppEndpoints
{
    private const string Page = "apps";

    // Each is an app of the whole installation, and stays there when its tokens have ended.
    private const int MostApps = 50;
    private const string Created = "created app ";

    public static void MapSenderApps(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/apps", Show).For(Role.Owner);
        console.MapPost("/@{handle}/apps/add", Add).For(Role.Owner);
        console.MapPost("/@{handle}/apps/token", IssueToken).For(Role.Owner);
        console.MapPost("/@{handle}/apps/revoke", Revoke).For(Role.Owner);
        console.MapPost("/@{handle}/apps/password", RenewPassword).For(Role.Owner);
    }

    private static Task Show(HttpContext http, Membership membership) => ShowAsync(http, membership, 200, SubmittedForm.Nothing, http.TakeNotice(membership));

    private static async Task ShowAsync(HttpContext http, Membership membership, int status, SubmittedForm form, OneTimeNotice? notice)
    {
        var (services, stop) = (http.RequestServices, http.RequestAborted);
        var approved = await services.GetRequiredService<Apps>().ApprovedByAsync(membership.SenderId, stop);
        var business = (await services.GetRequiredService<Businesses>().FindAsync(membership.SenderId, stop))!;
        var customer = await services.GetRequiredService<UserAccounts>().FindAsync(SendRequest.ScreenNameOf(membership.Member), stop);
        await http.ShowConsoleAsync<SenderAppsPage>(membership, status, new()
        {
            [nameof(SenderAppsPage.Apps)] = approved.ConvertAll(app => new SenderAppsPage.Line(app.Id, app.Name, MayOf(app.Permission), app.Since, app.IsAllowed)),
            [nameof(SenderAppsPage.Form)] = form,
            [nameof(SenderAppsPage.Notice)] = notice,
            [nameof(SenderAppsPage.Keys)] = SetUpEndpoints.Shown(http, notice, business, customer?.Id),
        });
    }

    private static async Task Add(HttpContext http, Membership membership, Store store, Apps apps, AuditLog audit, SendRequest send, TimeProvider clock)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var (submittedForm, name) = (SubmittedForm.Of(form), form["name"].ToString().Trim());
        if (TextRules.WrongWithName(name) is { } wrong) submittedForm.Refuse("name", $"The name must be {wrong}.");
        if (submittedForm.IsWrong)
        {
            // Whoever is led through setting up stays there.
            if (form["page"] == "set-up") http.LeaveNotice(membership, "set-up", new("bad", $"No app was created. {submittedForm.ProblemWith("name")}"));
            else await ShowAsync(http, membership, 400, submittedForm, notice: null);
            return;
        }

        // The calls that are shown with the keys ask the person who reads them.
        await send.MakeCustomerAsync(membership, byEmail: null, stop);

        // Without a callback nobody can be led to the app's page to approve it.
        var isAllowed = membership.Member.IsOperator;
        var keys = await store.Main.WriteAsync(
            async session =>
            {
                // Held, so that of apps at once each counts those before it.
                await Allowlist.HoldTokensAsync(session, membership.SenderId, stop);
                if (await CountAsync(session, membership.SenderId, Snowflakes.FirstOf(clock.GetUtcNow().AddDays(-1)), stop) >= MostApps) return null;

                var app = await apps.AddAsync(session, name, [], isAllowed, stop);
                var token = (await apps.IssueTokenAsync(session, app.ConsumerKey, membership.SenderId, Permission.DirectMessages, stop))!;
                await audit.WriteAsync(session, membership, AuditAction.Changed, $"{Created}{name} ({app.ConsumerKey}) with a token", stop);
                await audit.WriteAsync(session, Workspace.Installation, membership.Member, AuditAction.Changed, $"created app {name} ({app.ConsumerKey}) for @{membership.Handle}{(isAllowed ? ", allowed" : ", not allowed yet")}", stop);
                return (AppKeys?)new AppKeys(app.ConsumerKey, app.ConsumerSecret, token.Token, token.TokenSecret);
            },
            stop);
        if (keys is null)
        {
            await ShowAsync(http, membership, 400, submittedForm.Refuse("name", FormattableString.Invariant($"There are {MostApps} apps here already, or as many were created in the last 24 hours. Remove one, or try again tomorrow.")), notice: null);
            return;
        }

        http.LeaveNotice(membership, form["page"] == "set-up" ? "set-up" : Page, new(
            "good", isAllowed ? $"These are the keys of {name}. They are shown only now." : $"These are the keys of {name}. They are shown only now. An operator allows the app under Apps before it may send requests.", keys.ToString()));
    }

    // Those that have a token here, or were created lately, whichever are more.
    private static Task<long> CountAsync(Session session, long sender, long since, CancellationToken stop) => session.Sql(
        $"""
        select max(many) from (
            select count(distinct app_id) as many from access_token where user_id = @sender and revoked_at is null
            union all select count(*) from audit where sender_id = @sender and deed = @changed and id >= @since and what like '{Created}%') as counted
        """)
        .Bind("sender", sender).Bind("changed", (long)AuditAction.Changed).Bind("since", since).FirstAsync(row => row.GetInt64(0), stop);

    private static async Task IssueToken(HttpContext http, Membership membership, Apps apps)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var (submittedForm, key) = (SubmittedForm.Of(form), form["key"].ToString().Trim());
        var permission = form["permission"].ToString() switch { "read" => Permission.Read, "write" => Permission.Write, "dm" => Permission.DirectMessages, _ => (Permission?)null };
        var app = (await apps.ListAsync(stop)).Find(one => one.ConsumerKey == key);
        if (app is null) submittedForm.Refuse("key", "There is no app with this consumer key. An operator registers one under Apps.");
        if (permission is null) submittedForm.Refuse("permission", "Choose what the token may do.");
        if (submittedForm.IsWrong)
        {
            await ShowAsync(http, membership, 400, submittedForm, notice: null);
            return;
        }

        var token = await http.MakeAsync(membership, $"issued a token of app {app!.Name} ({key})", async session =>
        {
            await Allowlist.HoldTokensAsync(session, membership.SenderId, stop);
            return await apps.IssueTokenAsync(session, key, membership.SenderId, permission!.Value, stop);
        });
        http.LeaveNotice(membership, Page, new("good", $"This is the token of @{membership.Handle} for {app.Name}, and behind it the token secret. They are shown only now.", $"{token!.Token} {token.TokenSecret}"));
    }

    private static async Task Revoke(HttpContext http, Membership membership, Apps apps, CredentialStore credentials)
    {
        var stop = http.RequestAborted;
        var found = WholeNumber.TryRead(http.Request.Form["app"].ToString(), out var id) ? (await apps.ApprovedByAsync(membership.SenderId, stop)).Find(app => app.Id == id) : null;
        if (found is null)
        {
            await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", "This app has no token here any more."));
            return;
        }

        if (!await http.IsConfirmedAsync(membership, new($"Remove {found.Name}?", "Its tokens for this account end within five seconds: it can neither send requests nor read answers any more. This cannot be undone; a new app has new keys.", "Remove", Page))) return;

        var ended = await http.MakeAsync(membership, $"ended the tokens of app {found.Name}", async session => (List<string>?)await apps.DisapproveAsync(session, membership.SenderId, id, stop));
        foreach (var token in ended!) credentials.Forget(token);
        http.LeaveNotice(membership, Page, new("good", $"The tokens of {found.Name} have ended."));
    }

    /// <summary>A link for the account's own password, for those who write as the business in Messages.</summary>
    private static async Task RenewPassword(HttpContext http, Membership membership, UserPasswords passwords, AuditLog audit, Settings settings)
    {
        if (!await http.IsConfirmedAsync(membership, new(
            $"Make a link for a new password of @{membership.Handle}?", "Anyone who opens it chooses the password with which this account signs in at Messages and lets apps in. It works once, within 24 hours. The present password works until then.", "Make a link", Page))) return;

        await audit.NoteAsync(membership, AuditAction.Changed, $"link for a new password of @{membership.Handle}", http.RequestAborted);
        var path = await passwords.IssueLinkAsync(membership.SenderId, dropsFactor: false, http.RequestAborted);
        http.LeaveNotice(membership, Page, new("good", $"This link lets its holder choose the password of @{membership.Handle}. It is shown only now, works once, and ends after 24 hours.", http.PublicBase(settings) + path));
    }

    private static string MayOf(Permission permission) => permission switch
    {
        Permission.Read => "reads",
        Permission.Write => "reads and writes",
        _ => "sends requests, reads and writes",
    };
}
