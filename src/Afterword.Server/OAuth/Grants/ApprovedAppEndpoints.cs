using System.Globalization;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.OAuth.Grants.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;
using Afterword.Server.SignIn;

namespace Afterword.Server.OAuth.Grants;

/// <summary>The apps that a user let in, and the way to take it back.</summary>
internal static class ApprovedAppEndpoints
{
    public const string Address = "/apps";

    public static void MapApprovedApps(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, List).WithMetadata(new HtmlPage()).Describe(GrantReference.Apps);
        routes.MapPost(Address, Revoke).WithMetadata(new HtmlPage()).Describe(GrantReference.Revoke);
    }

    private static async Task List(HttpContext http, UserSessions visits, SignedForms forms, Apps apps)
    {
        if (await visits.WhoAsync(http) is { } user) await ShowAsync(http, forms, apps, user, ended: null);
        else http.Response.Redirect(SignInEndpoints.Address);
    }

    private static async Task Revoke(HttpContext http, UserSessions visits, SignedForms forms, Apps apps, CredentialStore credentials)
    {
        var user = await visits.WhoAsync(http);
        if (await forms.ReadAsync(http) is not { } form || user is null)
        {
            await SignedForms.ShowForeignAsync(http, Address, user);
            return;
        }

        var approved = await apps.ApprovedByAsync(user.UserId, http.RequestAborted);
        var ended = WholeNumber.TryRead(form["app"].ToString(), out var id) ? approved.Find(app => app.Id == id) : null;
        if (ended is not null)
        {
            foreach (var token in await apps.DisapproveAsync(user.UserId, ended.Id, http.RequestAborted)) credentials.Forget(token);
        }

        await ShowAsync(http, forms, apps, user, ended?.Name);
    }

    private static async Task ShowAsync(HttpContext http, SignedForms forms, Apps apps, SignedInUser user, string? ended)
    {
        var approved = await apps.ApprovedByAsync(user.UserId, http.RequestAborted);
        var language = http.LanguageFor(user.Language);
        var words = GrantTexts.All.In(language);
        await http.ShowPageAsync<AppsPage>(200, words, new()
        {
            [nameof(AppsPage.Token)] = forms.TokenFor(http),
            [nameof(AppsPage.User)] = user,
            [nameof(AppsPage.Apps)] = approved.ConvertAll(app => new AppsPage.Line(
                app.Id.ToString(CultureInfo.InvariantCulture), app.Name, words.InShort(app.Permission, Dates.Day(app.Since, language)))),
            [nameof(AppsPage.Ended)] = ended,
        });
    }
}
