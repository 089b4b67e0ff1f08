using System.Globalization;
using Afterword.Server.Admin;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Configuration;
using Afterword.Server.Connectors;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Embed;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.Prompts;
using Afterword.Server.SetUp.Pages;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.SetUp;

/// <summary>From nothing to the first answer: an operator opens a business, and its owner is led to the first answer.</summary>
internal static class SetUpEndpoints
{
    private const string Page = "set-up";

    public static void AddSetUp(this IServiceCollection services)
    {
        services.AddSingleton<Businesses>();
        services.AddSingleton<SendRequest>();
    }

    public static void MapSetUp(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/admin/set-up", ShowOpening).For(Role.Operator);
        console.MapPost("/admin/set-up", Open).For(Role.Operator);
        console.MapGet("/@{handle}/set-up", Show).For(Role.Owner);
        console.MapPost("/@{handle}/set-up/business", Change).For(Role.Owner);
        console.MapPost("/@{handle}/set-up/request", SendToMyself).For(Role.Owner);
    }

    private static Task ShowOpening(HttpContext http, Membership membership) => ShowOpeningAsync(http, membership, 200, SubmittedForm.Nothing);

    private static Task ShowOpeningAsync(HttpContext http, Membership membership, int status, SubmittedForm form) => http.ShowConsoleAsync<OpenBusinessPage>(membership, status, new()
    {
        [nameof(OpenBusinessPage.Form)] = form,
        [nameof(OpenBusinessPage.Languages)] = LanguageChoices,
        [nameof(OpenBusinessPage.Zone)] = http.RequestServices.GetRequiredService<Settings>().TimeZone,
        [nameof(OpenBusinessPage.Own)] = membership.Member.Workspaces.Where(place => place.Role == Role.Owner).ToList(),
    });

    private static async Task Open(HttpContext http, Membership membership, Businesses businesses, Memberships persons)
    {
        var form = http.Request.Form;
        var submittedForm = SubmittedForm.Of(form);
        var handle = BusinessDraft.ReadScreenName(form, submittedForm);
        var owns = form["owner"] != "other";
        EmailAddress? owner = null;
        if (!owns && !EmailAddress.TryParse(form["mail"].ToString().Trim(), out owner)) submittedForm.Refuse("mail", "Enter the owner's email address.");
        else if (owner?.Value.Equals(membership.Member.Email, StringComparison.OrdinalIgnoreCase) == true) submittedForm.Refuse("mail", "This is your own address. Choose that you run the business yourself.");

        if (!BusinessDraft.TryRead(form, submittedForm, out var draft))
        {
            await ShowOpeningAsync(http, membership, 400, submittedForm);
            return;
        }

        if (await businesses.OpenAsync(membership, handle, draft, owns, http.RequestAborted) is not { } user)
        {
            await ShowOpeningAsync(http, membership, 400, submittedForm.Refuse("screen_name", $"@{handle} is taken. Choose another username; one who is there already may send requests once you allow it under Senders."));
            return;
        }

        if (owns) http.SeeOther($"{ConsoleAddress.Root}/@{user.ScreenName}/{Page}");
        else http.LeaveNotice(membership, "senders", await AdminEndpoints.InviteOwnerAsync(http, membership, persons, user, owner!));
    }

    private static Task Show(HttpContext http, Membership membership) => ShowAsync(http, membership, 200, SubmittedForm.Nothing, http.TakeNotice(membership));

    private static async Task ShowAsync(HttpContext http, Membership membership, int status, SubmittedForm form, OneTimeNotice? notice)
    {
        var (services, stop) = (http.RequestServices, http.RequestAborted);
        var (store, settings, userAccounts) = (services.GetRequiredService<Store>(), services.GetRequiredService<Settings>(), services.GetRequiredService<UserAccounts>());
        var business = (await services.GetRequiredService<Businesses>().FindAsync(membership.SenderId, stop))!;
        var customer = await userAccounts.FindAsync(SendRequest.ScreenNameOf(membership.Member), stop);
        await http.ShowConsoleAsync<SetUpPage>(membership, status, new()
        {
            [nameof(SetUpPage.Progress)] = (await SetUpProgress.ReadAsync(store, settings, membership.SenderId, stop)).Steps(membership.AddressOf(Page)),
            [nameof(SetUpPage.Form)] = form,
            [nameof(SetUpPage.Notice)] = notice,
            [nameof(SetUpPage.Keys)] = Shown(http, notice, business, customer?.Id),
            [nameof(SetUpPage.Name)] = business.Name,
            [nameof(SetUpPage.PrivacyUrl)] = business.PrivacyUrl,
            [nameof(SetUpPage.Language)] = business.Language,
            [nameof(SetUpPage.Languages)] = LanguageChoices,
            [nameof(SetUpPage.Zone)] = settings.TimeZone,
            [nameof(SetUpPage.MayAsk)] = business.Limits is not null,
            [nameof(SetUpPage.EmailFrom)] = settings.Mail?.From.Value,
            [nameof(SetUpPage.Reach)] = ReachOf(await services.GetRequiredService<RelayAddresses>().OfAsync(membership.SenderId, stop), await services.GetRequiredService<EmbedOrigins>().OfAsync(membership.SenderId, stop)),
            [nameof(SetUpPage.Request)] = customer is null ? null : await FindRequestAsync(store, membership.SenderId, customer.Id, stop),
            [nameof(SetUpPage.Silence)] = await SilenceAsync(http, membership),
            [nameof(SetUpPage.Stream)] = membership.AddressOf("overview/live"),
        });
    }

    // A sender whose programs say themselves whom to ask needs no rules.
    private static async Task<RulesSilence?> SilenceAsync(HttpContext http, Membership membership) =>
        (await http.RequestServices.GetRequiredService<FindConnector>().ListAsync(membership.SenderId, http.RequestAborted)).Count == 0
            ? null
            : await http.RequestServices.GetRequiredService<ChangeRules>().SilenceAsync(membership.SenderId, http.RequestAborted);

    /// <summary>The keys that a notice brings, with calls that ask the person who reads them.</summary>
    public static ShownKeys? Shown(HttpContext http, OneTimeNotice? notice, Business business, long? customer)
    {
        if (!AppKeys.TryParse(notice?.Secret, out var keys)) return null;

        var settings = http.RequestServices.GetRequiredService<Settings>();
        return ShownKeys.Of(keys, customer is { } recipient && business.PrivacyUrl is { } privacy ? new ReadyCalls(keys, http.PublicBase(settings), recipient, privacy).All() : []);
    }

    private static async Task Change(HttpContext http, Membership membership, Businesses businesses)
    {
        var form = SubmittedForm.Of(http.Request.Form);
        if (!BusinessDraft.TryRead(http.Request.Form, form, out var draft))
        {
            await ShowAsync(http, membership, 400, form, notice: null);
            return;
        }

        await businesses.ChangeAsync(membership, draft, http.RequestAborted);
        http.LeaveNotice(membership, Page, new("good", "Saved. It applies to requests from now on."));
    }

    private static async Task SendToMyself(HttpContext http, Membership membership, Businesses businesses, SendRequest send, Settings settings)
    {
        var byEmail = settings.Mail is not null && http.Request.Form["by"] == "email";
        var business = (await businesses.FindAsync(membership.SenderId, http.RequestAborted))!;
        switch (await send.ToMyselfAsync(http, membership, business, byEmail))
        {
            case SendOutcome.Sent(var card):
                http.LeaveNotice(membership, Page, new("good", byEmail ? $"Your request is on its way to {membership.Member.Email}. You can open its card here, too." : "Your request was sent. Open its card, as your customer would.", card));
                break;
            case SendOutcome.Refused(var why):
                await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", why));
                break;
            case var other:
                throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }

    /// <summary>The languages that a business can have, each with its name.</summary>
    private static IReadOnlyList<KeyValuePair<string, string>> LanguageChoices { get; } = [.. Language.All.Select(language => KeyValuePair.Create(language.Tag, LanguageNames.Of(language.Tag))).OrderBy(choice => choice.Value, StringComparer.Ordinal)];

    private static List<string> ReachOf(RelayAddress? handover, List<string> origins) =>
    [
        .. handover is null ? (string[])[] : [$"Your own system, at {new Uri(handover.Url).Host}"],
        .. origins.Count == 0 ? (string[])[] : [$"Your website, on {string.Join(", ", origins.Take(3))}{(origins.Count > 3 ? "…" : "")}"],
    ];

    // The latest request to the person who looks is among the latest of all, or long forgotten.
    private static Task<OwnRequest?> FindRequestAsync(Store store, long sender, long customer, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select score, type, comment, dismissed_at from (select id, recipient_id, score, type, comment, dismissed_at from prompt where sender_id = @sender order by id desc limit 200) as newest
            where recipient_id = @customer order by id desc limit 1
            """)
            .Bind("sender", sender).Bind("customer", customer)
            .FirstAsync(
                row => new OwnRequest(
                    row.IsDBNull(0) ? null : string.Create(CultureInfo.InvariantCulture, $"{row.GetInt32(0)} of {((PromptType)row.GetInt32(1)).HighestScore}"), row.TextOrNull(2), !row.IsDBNull(3)),
                stop),
        stop);
}
