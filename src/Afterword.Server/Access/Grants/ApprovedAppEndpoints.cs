using System.Globalization;
using Afterword.Server.Access.Grants.Pages;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Errors;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Reference;

namespace Afterword.Server.Access.Grants;

/// <summary>The apps that a user let in, and the way to take it back.</summary>
internal static class ApprovedAppEndpoints
{
    public const string Address = "/apps";

    public static void MapApprovedApps(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, List).WithMetadata(new HtmlPage()).Describe(GrantReference.Apps);
        routes.MapPost(Address, Revoke).WithMetadata(new HtmlPage()).Describe(GrantReference.Revoke);
    }

    private static async Task List(HttpContext http, Visits visits, Forms forms, Apps apps)
    {
        if (await visits.WhoAsync(http) is { } visitor) await ShowAsync(http, forms, apps, visitor, ended: null);
        else http.Response.Redirect(SignInEndpoints.Address);
    }

    private static async Task Revoke(HttpContext http, Visits visits, Forms forms, Apps apps, Credentials credentials)
    {
        var visitor = await visits.WhoAsync(http);
        if (await forms.ReadAsync(http) is not { } form || visitor is null)
        {
            await Forms.ShowForeignAsync(http, Address, visitor);
            return;
        }

        var approved = await apps.ApprovedByAsync(visitor.UserId, http.RequestAborted);
        var ended = WholeNumber.TryRead(form["app"].ToString(), out var id) ? approved.Find(app => app.Id == id) : null;
        if (ended is not null)
        {
            foreach (var token in await apps.DisapproveAsync(visitor.UserId, ended.Id, http.RequestAborted)) credentials.Forget(token);
        }

        await ShowAsync(http, forms, apps, visitor, ended?.Name);
    }

    private static async Task ShowAsync(HttpContext http, Forms forms, Apps apps, Visitor visitor, string? ended)
    {
        var approved = await apps.ApprovedByAsync(visitor.UserId, http.RequestAborted);
        var language = http.LanguageFor(visitor.Language);
        var words = GrantWords.All.In(language);
        await http.ShowPageAsync<AppsPage>(200, words, new()
        {
            [nameof(AppsPage.Token)] = forms.TokenFor(http),
            [nameof(AppsPage.Visitor)] = visitor,
            [nameof(AppsPage.Apps)] = approved.ConvertAll(app => new AppsPage.Line(
                app.Id.ToString(CultureInfo.InvariantCulture), app.Name, words.InShort(app.Permission, Dates.Day(app.Since, language)))),
            [nameof(AppsPage.Ended)] = ended,
        });
    }
}
