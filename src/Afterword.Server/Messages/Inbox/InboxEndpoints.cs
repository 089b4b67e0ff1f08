using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.SignIn;
using Afterword.Server.Users;

namespace Afterword.Server.Messages.Inbox;

/// <summary>Messages: where users of the platform read, write and answer.</summary>
internal static class InboxEndpoints
{
    public static void AddInbox(this IServiceCollection services)
    {
        services.AddSingleton<InboxConversations>();
        services.AddSingleton<ReadThread>();
        services.AddSingleton<InboxVersions>();
        services.AddSingleton<InboxCards>();
        services.AddSingleton<InboxPages>();
        services.AddSingleton<LiveUpdates>();
        services.AddHostedService(provider => provider.GetRequiredService<LiveUpdates>());
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

    private static async Task List(HttpContext http, UserSessions visits, InboxPages pages)
    {
        if (await visits.WhoAsync(http) is { } user) await pages.ShowListAsync(http, user);
        else AskToSignIn(http);
    }

    private static async Task ShowNew(HttpContext http, UserSessions visits, InboxPages pages)
    {
        if (await visits.WhoAsync(http) is { } user) await pages.ShowNewAsync(http, user);
        else AskToSignIn(http);
    }

    private static async Task BeginNew(HttpContext http, UserSessions visits, SignedForms forms, UserProfiles profiles, InboxPages pages)
    {
        var user = await visits.WhoAsync(http);
        if (await forms.ReadAsync(http) is not { } form || user is null)
        {
            await InboxPages.ShowForeignAsync(http, user, InboxAddress.New);
            return;
        }

        var words = InboxPages.WordsFor(http, user);
        var typed = form["screen_name"].ToString().Trim();
        var peer = await profiles.FindAsync(user.UserId, new UserKey(null, UserAccounts.Bare(typed)), http.RequestAborted);
        if (peer is null) await pages.ShowNewAsync(http, user, typed, words.Nobody);
        else if (peer.Id == user.UserId) await pages.ShowNewAsync(http, user, typed, words.Yourself);
        else http.SeeOther(InboxAddress.Of(peer.ScreenName));
    }

    private static async Task ShowSettings(HttpContext http, UserSessions visits, InboxPages pages)
    {
        if (await visits.WhoAsync(http) is { } user) await pages.ShowSettingsAsync(http, user, isSaved: http.Request.Query.ContainsKey("saved"));
        else AskToSignIn(http);
    }

    private static async Task ChangeSettings(HttpContext http, UserSessions visits, SignedForms forms, UserPreferences preferences, OptOut asking)
    {
        var user = await visits.WhoAsync(http);
        if (await forms.ReadAsync(http) is not { } form || user is null)
        {
            await InboxPages.ShowForeignAsync(http, user, InboxAddress.Settings);
            return;
        }

        if (WholeNumber.TryRead(form["ask_again"].ToString(), out var sender))
        {
            await asking.UndoAsync(sender, user.UserId, http.RequestAborted);
        }
        else if (form["accepts"].ToString() is MessagingPermission.Anyone or MessagingPermission.Following)
        {
            await preferences.ChangeAsync(user.UserId, form["accepts"].ToString(), Language.Find(form["language"].ToString())?.Tag, http.RequestAborted);
        }

        http.SeeOther($"{InboxAddress.Settings}?saved");
    }
}
