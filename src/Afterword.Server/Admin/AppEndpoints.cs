using System.Globalization;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Parsing;

namespace Afterword.Server.Admin;

/// <summary>The apps of the installation, for operators: registered, allowed, suspended, given new secrets.</summary>
internal static class AppEndpoints
{
    private const string Page = "apps";
    private const int MostCallbacks = 20;

    public static void MapConsoleApps(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/admin/apps", Show).For(Role.Operator);
        console.MapPost("/admin/apps/add", Add).For(Role.Operator);
        console.MapPost("/admin/apps/change", Change).For(Role.Operator);
    }

    private static Task Show(HttpContext http, Membership membership) => ShowAsync(http, membership, 200, SubmittedForm.Nothing, http.TakeNotice(membership));

    private static async Task ShowAsync(HttpContext http, Membership membership, int status, SubmittedForm form, OneTimeNotice? notice) => await http.ShowConsoleAsync<AppsPage>(membership, status, new()
    {
        [nameof(AppsPage.Apps)] = (await http.RequestServices.GetRequiredService<Apps>().ListAsync(http.RequestAborted)).ConvertAll(app => new AppsPage.Line(app.ConsumerKey, app.Name, app.Callbacks, app.Allowed, app.Suspended)),
        [nameof(AppsPage.Form)] = form,
        [nameof(AppsPage.Notice)] = notice,
    });

    private static async Task Add(HttpContext http, Membership membership, Apps apps)
    {
        var form = http.Request.Form;
        var (submittedForm, name) = (SubmittedForm.Of(form), form["name"].ToString().Trim());
        var callbacks = form["callbacks"].ToString().Split(['\r', '\n', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (TextRules.WrongWithName(name) is { } wrong) submittedForm.Refuse("name", $"The name must be {wrong}.");
        if (callbacks.Length > MostCallbacks) submittedForm.Refuse("callbacks", string.Create(CultureInfo.InvariantCulture, $"At most {MostCallbacks} addresses."));
        else if (Array.Find(callbacks, url => !Callback.MayBe(url)) is { } bad) submittedForm.Refuse("callbacks", $"\"{bad}\" is no callback. It must be a web address without a fragment, one with a scheme of the app's own, such as com.example.desk:/signed-in, or oob.");
        if (submittedForm.IsWrong)
        {
            await ShowAsync(http, membership, 400, submittedForm, notice: null);
            return;
        }

        var allowed = form["allowed"] == "yes";
        var app = await http.MakeAsync(membership, $"created app {name}{(allowed ? ", allowed" : "")}", async session => (NewApp?)await apps.AddAsync(session, name, callbacks, allowed, http.RequestAborted));
        http.LeaveNotice(membership, Page, new("good", $"This is the consumer key of {name}, and behind it the consumer secret. The secret is shown only now. An owner issues a token for it under Apps of the sender.", $"{app!.ConsumerKey} {app.ConsumerSecret}"));
    }

    private static async Task Change(HttpContext http, Membership membership, Apps apps)
    {
        var (key, act, stop) = (http.Request.Form["app"].ToString(), http.Request.Form["act"].ToString(), http.RequestAborted);
        if ((await apps.ListAsync(stop)).Find(app => app.ConsumerKey == key) is { } found && act is "allow" or "deny" or "suspend" or "resume" or "rotate" or "rotate-now")
        {
            if (QuestionOf(act, found) is { } asked && !await http.IsConfirmedAsync(membership, asked)) return;

            if (act is "rotate" or "rotate-now")
            {
                await RotateAsync(http, membership, apps, found, act == "rotate" ? TimeSpan.FromHours(24) : TimeSpan.Zero);
                return;
            }

            await http.ChangeAsync(membership, $"{act} app {found.Name} ({found.ConsumerKey})", session => act is "allow" or "deny"
                ? Apps.AllowAsync(session, key, act == "allow", stop)
                : apps.SuspendAsync(session, key, act == "suspend", stop));
        }

        http.SeeOther(membership.AddressOf(Page));
    }

    private static Confirmation? QuestionOf(string act, ListedApp app) => act switch
    {
        "deny" => new($"Deny {app.Name}?", "Nobody can ask for feedback through this app from now on. Its other calls still work. You can allow it again.", "Deny", Page),
        "suspend" => new($"Suspend {app.Name}?", "All calls of this app are refused from now on. You can resume it.", "Suspend", Page),
        "rotate" => new($"Make a new secret for {app.Name}?", "The current secret works alongside the new one for 24 hours, then stops. One that was replaced earlier stops at once. Be ready to change the app.", "Make a new secret", Page),
        "rotate-now" => new($"Replace the secret of {app.Name} at once?", "Calls that are signed with the current secret are refused within five seconds. Use this when it was stolen.", "Replace it", Page),
        _ => null,
    };

    private static async Task RotateAsync(HttpContext http, Membership membership, Apps apps, ListedApp app, TimeSpan overlap)
    {
        var secret = await http.MakeAsync(membership, $"new secret for app {app.Name} ({app.ConsumerKey})", session => apps.RotateSecretAsync(session, app.ConsumerKey, overlap, http.RequestAborted));
        http.LeaveNotice(membership, Page, new("good", $"This is the new consumer secret of {app.Name}. It is shown only now.", secret));
    }
}
