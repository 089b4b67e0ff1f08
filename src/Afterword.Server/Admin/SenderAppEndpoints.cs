using Afterword.Server.Access;
using Afterword.Server.Access.Console;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.People;
using Afterword.Server.Prompts;
using Afterword.Server.SetUp;
using Afterword.Server.Storage;

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

    private static Task Show(HttpContext http, Seat seat) => ShowAsync(http, seat, 200, Entered.Nothing, http.TakeNotice(seat));

    private static async Task ShowAsync(HttpContext http, Seat seat, int status, Entered entered, OneTimeNotice? notice)
    {
        var (services, stop) = (http.RequestServices, http.RequestAborted);
        var approved = await services.GetRequiredService<Apps>().ApprovedByAsync(seat.SenderId, stop);
        var business = (await services.GetRequiredService<Businesses>().FindAsync(seat.SenderId, stop))!;
        var customer = await services.GetRequiredService<Accounts>().FindAsync(SendRequest.ScreenNameOf(seat.Person), stop);
        await http.ShowConsoleAsync<SenderAppsPage>(seat, status, new()
        {
            [nameof(SenderAppsPage.Apps)] = approved.ConvertAll(app => new SenderAppsPage.Line(app.Id, app.Name, MayOf(app.Permission), app.Since, app.IsAllowed)),
            [nameof(SenderAppsPage.Entered)] = entered,
            [nameof(SenderAppsPage.Notice)] = notice,
            [nameof(SenderAppsPage.Keys)] = SetUpEndpoints.Shown(http, notice, business, customer?.Id),
        });
    }

    private static async Task Add(HttpContext http, Seat seat, Store store, Apps apps, AuditLog audit, SendRequest send, TimeProvider clock)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var (entered, name) = (Entered.Of(form), form["name"].ToString().Trim());
        if (TextRules.WrongWithName(name) is { } wrong) entered.Refuse("name", $"The name must be {wrong}.");
        if (entered.IsWrong)
        {
            // Whoever is led through setting up stays there.
            if (form["page"] == "set-up") http.LeaveNotice(seat, "set-up", new("bad", $"No app was created. {entered.ProblemWith("name")}"));
            else await ShowAsync(http, seat, 400, entered, notice: null);
            return;
        }

        // The calls that are shown with the keys ask the person who reads them.
        await send.MakeCustomerAsync(seat, byMail: null, stop);

        // Without a callback nobody can be led to the app's page to approve it.
        var isAllowed = seat.Person.IsOperator;
        var keys = await store.Main.WriteAsync(
            async session =>
            {
                // Held, so that of apps at once each counts those before it.
                await Allowlists.HoldTokensAsync(session, seat.SenderId, stop);
                if (await CountAsync(session, seat.SenderId, Snowflakes.FirstOf(clock.GetUtcNow().AddDays(-1)), stop) >= MostApps) return null;

                var app = await apps.AddAsync(session, name, [], isAllowed, stop);
                var token = (await apps.IssueTokenAsync(session, app.ConsumerKey, seat.SenderId, Permission.DirectMessages, stop))!;
                await audit.WriteAsync(session, seat, Deed.Changed, $"{Created}{name} ({app.ConsumerKey}) with a token", stop);
                await audit.WriteAsync(session, Place.Installation, seat.Person, Deed.Changed, $"created app {name} ({app.ConsumerKey}) for @{seat.Handle}{(isAllowed ? ", allowed" : ", not allowed yet")}", stop);
                return (AppKeys?)new AppKeys(app.ConsumerKey, app.ConsumerSecret, token.Token, token.TokenSecret);
            },
            stop);
        if (keys is null)
        {
            await ShowAsync(http, seat, 400, entered.Refuse("name", FormattableString.Invariant($"There are {MostApps} apps here already, or as many were created in the last 24 hours. Remove one, or try again tomorrow.")), notice: null);
            return;
        }

        http.LeaveNotice(seat, form["page"] == "set-up" ? "set-up" : Page, new(
            "good", isAllowed ? $"These are the keys of {name}. They are shown only now." : $"These are the keys of {name}. They are shown only now. An operator allows the app under Apps before it may send requests.", keys.ToString()));
    }

    // Those that have a token here, or were created lately, whichever are more.
    private static Task<long> CountAsync(Session session, long sender, long since, CancellationToken stop) => session.Sql(
        $"""
        select max(many) from (
            select count(distinct app_id) as many from access_token where user_id = @sender and revoked_at is null
            union all select count(*) from audit where sender_id = @sender and deed = @changed and id >= @since and what like '{Created}%') as counted
        """)
        .Bind("sender", sender).Bind("changed", (long)Deed.Changed).Bind("since", since).FirstAsync(row => row.GetInt64(0), stop);

    private static async Task IssueToken(HttpContext http, Seat seat, Apps apps)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var (entered, key) = (Entered.Of(form), form["key"].ToString().Trim());
        var permission = form["permission"].ToString() switch { "read" => Permission.Read, "write" => Permission.Write, "dm" => Permission.DirectMessages, _ => (Permission?)null };
        var app = (await apps.ListAsync(stop)).Find(one => one.ConsumerKey == key);
        if (app is null) entered.Refuse("key", "There is no app with this consumer key. An operator registers one under Apps.");
        if (permission is null) entered.Refuse("permission", "Choose what the token may do.");
        if (entered.IsWrong)
        {
            await ShowAsync(http, seat, 400, entered, notice: null);
            return;
        }

        var token = await http.MakeAsync(seat, $"issued a token of app {app!.Name} ({key})", async session =>
        {
            await Allowlists.HoldTokensAsync(session, seat.SenderId, stop);
            return await apps.IssueTokenAsync(session, key, seat.SenderId, permission!.Value, stop);
        });
        http.LeaveNotice(seat, Page, new("good", $"This is the token of @{seat.Handle} for {app.Name}, and behind it the token secret. They are shown only now.", $"{token!.Token} {token.TokenSecret}"));
    }

    private static async Task Revoke(HttpContext http, Seat seat, Apps apps, Credentials credentials)
    {
        var stop = http.RequestAborted;
        var found = WholeNumber.TryRead(http.Request.Form["app"].ToString(), out var id) ? (await apps.ApprovedByAsync(seat.SenderId, stop)).Find(app => app.Id == id) : null;
        if (found is null)
        {
            await ShowAsync(http, seat, 400, Entered.Nothing, new("bad", "This app has no token here any more."));
            return;
        }

        if (!await http.IsConfirmedAsync(seat, new($"Remove {found.Name}?", "Its tokens for this account end within five seconds: it can neither send requests nor read answers any more. This cannot be undone; a new app has new keys.", "Remove", Page))) return;

        var ended = await http.MakeAsync(seat, $"ended the tokens of app {found.Name}", async session => (List<string>?)await apps.DisapproveAsync(session, seat.SenderId, id, stop));
        foreach (var token in ended!) credentials.Forget(token);
        http.LeaveNotice(seat, Page, new("good", $"The tokens of {found.Name} have ended."));
    }

    /// <summary>A link for the account's own password, for those who write as the business in Messages.</summary>
    private static async Task RenewPassword(HttpContext http, Seat seat, UserPasswords passwords, AuditLog audit, Settings settings)
    {
        if (!await http.IsConfirmedAsync(seat, new(
            $"Make a link for a new password of @{seat.Handle}?", "Anyone who opens it chooses the password with which this account signs in at Messages and lets apps in. It works once, within 24 hours. The present password works until then.", "Make a link", Page))) return;

        await audit.NoteAsync(seat, Deed.Changed, $"link for a new password of @{seat.Handle}", http.RequestAborted);
        var path = await passwords.IssueLinkAsync(seat.SenderId, dropsFactor: false, http.RequestAborted);
        http.LeaveNotice(seat, Page, new("good", $"This link lets its holder choose the password of @{seat.Handle}. It is shown only now, works once, and ends after 24 hours.", http.PublicBase(settings) + path));
    }

    private static string MayOf(Permission permission) => permission switch
    {
        Permission.Read => "reads",
        Permission.Write => "reads and writes",
        _ => "sends requests, reads and writes",
    };
}
