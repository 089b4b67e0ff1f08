using Afterword.Server.Access.SignIn;
using Afterword.Server.Errors;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.People;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Messages.Inbox;

/// <summary>Messages: where users of the platform read, write and answer.</summary>
internal static class InboxEndpoints
{
    public static void AddInbox(this IServiceCollection services)
    {
        services.AddSingleton<Conversations>();
        services.AddSingleton<ReadThread>();
        services.AddSingleton<InboxMarks>();
        services.AddSingleton<InboxCards>();
        services.AddSingleton<InboxPages>();
        services.AddSingleton<LiveInbox>();
        services.AddHostedService(provider => provider.GetRequiredService<LiveInbox>());
    }

    public static void MapInbox(this IEndpointRouteBuilder routes)
    {
        var page = new HtmlPage();
        routes.MapGet(InboxAddress.List, List).WithMetadata(page).Describe(InboxReference.List);
        routes.MapGet(LiveStream.Address, LiveStream.ServeAsync).Describe(InboxReference.Live);
        routes.MapGet(InboxAddress.New, ShowNew).WithMetadata(page).Describe(InboxReference.ShowNew);
        routes.MapPost(InboxAddress.New, BeginNew).WithMetadata(page).Describe(InboxReference.BeginNew);
        routes.MapGet(InboxAddress.Settings, ShowSettings).WithMetadata(page).Describe(InboxReference.ShowSettings);
        routes.MapPost(InboxAddress.Settings, ChangeSettings).WithMetadata(page).Describe(InboxReference.ChangeSettings);
        routes.MapGet(InboxAddress.Offline, InboxPages.ShowOfflineAsync).WithMetadata(page).Describe(InboxReference.Offline);
        routes.MapThreads();
    }

    /// <summary>Leads to the sign-in page, and back afterwards.</summary>
    public static void AskToSignIn(HttpContext http) => http.Response.Redirect(SignInEndpoints.AddressFor(http.Request.Path + http.Request.QueryString));

    private static async Task List(HttpContext http, Visits visits, InboxPages pages)
    {
        if (await visits.WhoAsync(http) is { } visitor) await pages.ShowListAsync(http, visitor);
        else AskToSignIn(http);
    }

    private static async Task ShowNew(HttpContext http, Visits visits, InboxPages pages)
    {
        if (await visits.WhoAsync(http) is { } visitor) await pages.ShowNewAsync(http, visitor);
        else AskToSignIn(http);
    }

    private static async Task BeginNew(HttpContext http, Visits visits, Forms forms, Profiles profiles, InboxPages pages)
    {
        var visitor = await visits.WhoAsync(http);
        if (await forms.ReadAsync(http) is not { } form || visitor is null)
        {
            await InboxPages.ShowForeignAsync(http, visitor, InboxAddress.New);
            return;
        }

        var words = InboxPages.WordsFor(http, visitor);
        var typed = form["screen_name"].ToString().Trim();
        var peer = await profiles.FindAsync(visitor.UserId, new UserKey(null, Accounts.Bare(typed)), http.RequestAborted);
        if (peer is null) await pages.ShowNewAsync(http, visitor, typed, words.Nobody);
        else if (peer.Id == visitor.UserId) await pages.ShowNewAsync(http, visitor, typed, words.Yourself);
        else http.SeeOther(InboxAddress.Of(peer.ScreenName));
    }

    private static async Task ShowSettings(HttpContext http, Visits visits, InboxPages pages)
    {
        if (await visits.WhoAsync(http) is { } visitor) await pages.ShowSettingsAsync(http, visitor, isSaved: http.Request.Query.ContainsKey("saved"));
        else AskToSignIn(http);
    }

    private static async Task ChangeSettings(HttpContext http, Visits visits, Forms forms, Preferences preferences, StopAsking asking)
    {
        var visitor = await visits.WhoAsync(http);
        if (await forms.ReadAsync(http) is not { } form || visitor is null)
        {
            await InboxPages.ShowForeignAsync(http, visitor, InboxAddress.Settings);
            return;
        }

        if (WholeNumber.TryRead(form["ask_again"].ToString(), out var sender))
        {
            await asking.UndoAsync(sender, visitor.UserId, http.RequestAborted);
        }
        else if (form["accepts"].ToString() is Reach.Anyone or Reach.Following)
        {
            await preferences.ChangeAsync(visitor.UserId, form["accepts"].ToString(), Language.Find(form["language"].ToString())?.Tag, http.RequestAborted);
        }

        http.SeeOther($"{InboxAddress.Settings}?saved");
    }
}
