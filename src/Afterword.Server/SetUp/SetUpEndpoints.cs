using System.Globalization;
using Afterword.Server.Access.Console;
using Afterword.Server.Admin;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Handover;
using Afterword.Server.Connectors;
using Afterword.Server.Embed;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Languages;
using Afterword.Server.People;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Pages;
using Afterword.Server.SetUp.Pages;
using Afterword.Server.Storage;

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

    private static Task ShowOpening(HttpContext http, Seat seat) => ShowOpeningAsync(http, seat, 200, Entered.Nothing);

    private static Task ShowOpeningAsync(HttpContext http, Seat seat, int status, Entered entered) => http.ShowConsoleAsync<OpenBusinessPage>(seat, status, new()
    {
        [nameof(OpenBusinessPage.Entered)] = entered,
        [nameof(OpenBusinessPage.Languages)] = LanguageChoices,
        [nameof(OpenBusinessPage.Zone)] = http.RequestServices.GetRequiredService<Settings>().TimeZone,
        [nameof(OpenBusinessPage.Own)] = seat.Person.Places.Where(place => place.Role == Role.Owner).ToList(),
    });

    private static async Task Open(HttpContext http, Seat seat, Businesses businesses, Persons persons)
    {
        var form = http.Request.Form;
        var entered = Entered.Of(form);
        var handle = BusinessDraft.ReadScreenName(form, entered);
        var owns = form["owner"] != "other";
        EmailAddress? owner = null;
        if (!owns && !EmailAddress.TryParse(form["mail"].ToString().Trim(), out owner)) entered.Refuse("mail", "Enter the owner's email address.");
        else if (owner?.Value.Equals(seat.Person.Mail, StringComparison.OrdinalIgnoreCase) == true) entered.Refuse("mail", "This is your own address. Choose that you run the business yourself.");

        if (!BusinessDraft.TryRead(form, entered, out var draft))
        {
            await ShowOpeningAsync(http, seat, 400, entered);
            return;
        }

        if (await businesses.OpenAsync(seat, handle, draft, owns, http.RequestAborted) is not { } account)
        {
            await ShowOpeningAsync(http, seat, 400, entered.Refuse("screen_name", $"@{handle} is taken. Choose another username; one who is there already may send requests once you allow it under Senders."));
            return;
        }

        if (owns) http.SeeOther($"{ConsoleAddress.Root}/@{account.ScreenName}/{Page}");
        else http.LeaveNotice(seat, "senders", await AdminEndpoints.InviteOwnerAsync(http, seat, persons, account, owner!));
    }

    private static Task Show(HttpContext http, Seat seat) => ShowAsync(http, seat, 200, Entered.Nothing, http.TakeNotice(seat));

    private static async Task ShowAsync(HttpContext http, Seat seat, int status, Entered entered, OneTimeNotice? notice)
    {
        var (services, stop) = (http.RequestServices, http.RequestAborted);
        var (store, settings, accounts) = (services.GetRequiredService<Store>(), services.GetRequiredService<Settings>(), services.GetRequiredService<Accounts>());
        var business = (await services.GetRequiredService<Businesses>().FindAsync(seat.SenderId, stop))!;
        var customer = await accounts.FindAsync(SendRequest.ScreenNameOf(seat.Person), stop);
        await http.ShowConsoleAsync<SetUpPage>(seat, status, new()
        {
            [nameof(SetUpPage.Progress)] = (await SetUpProgress.ReadAsync(store, settings, seat.SenderId, stop)).Steps(seat.AddressOf(Page)),
            [nameof(SetUpPage.Entered)] = entered,
            [nameof(SetUpPage.Notice)] = notice,
            [nameof(SetUpPage.Keys)] = Shown(http, notice, business, customer?.Id),
            [nameof(SetUpPage.Name)] = business.Name,
            [nameof(SetUpPage.PrivacyUrl)] = business.PrivacyUrl,
            [nameof(SetUpPage.Language)] = business.Language,
            [nameof(SetUpPage.Languages)] = LanguageChoices,
            [nameof(SetUpPage.Zone)] = settings.TimeZone,
            [nameof(SetUpPage.MayAsk)] = business.Limits is not null,
            [nameof(SetUpPage.MailFrom)] = settings.Mail?.From.Value,
            [nameof(SetUpPage.Reach)] = ReachOf(await services.GetRequiredService<Handovers>().OfAsync(seat.SenderId, stop), await services.GetRequiredService<EmbedOrigins>().OfAsync(seat.SenderId, stop)),
            [nameof(SetUpPage.Request)] = customer is null ? null : await FindRequestAsync(store, seat.SenderId, customer.Id, stop),
            [nameof(SetUpPage.Silence)] = await SilenceAsync(http, seat),
            [nameof(SetUpPage.Stream)] = seat.AddressOf("overview/live"),
        });
    }

    // A sender whose programs say themselves whom to ask needs no rules.
    private static async Task<RulesSilence?> SilenceAsync(HttpContext http, Seat seat) =>
        (await http.RequestServices.GetRequiredService<FindConnector>().ListAsync(seat.SenderId, http.RequestAborted)).Count == 0
            ? null
            : RulesSilence.Of(await http.RequestServices.GetRequiredService<ChangeRules>().FindAsync(seat.SenderId, http.RequestAborted));

    /// <summary>The keys that a notice brings, with calls that ask the person who reads them.</summary>
    public static ShownKeys? Shown(HttpContext http, OneTimeNotice? notice, Business business, long? customer)
    {
        if (!AppKeys.TryParse(notice?.Secret, out var keys)) return null;

        var settings = http.RequestServices.GetRequiredService<Settings>();
        return ShownKeys.Of(keys, customer is { } recipient && business.PrivacyUrl is { } privacy ? new ReadyCalls(keys, http.PublicBase(settings), recipient, privacy).All() : []);
    }

    private static async Task Change(HttpContext http, Seat seat, Businesses businesses)
    {
        var entered = Entered.Of(http.Request.Form);
        if (!BusinessDraft.TryRead(http.Request.Form, entered, out var draft))
        {
            await ShowAsync(http, seat, 400, entered, notice: null);
            return;
        }

        await businesses.ChangeAsync(seat, draft, http.RequestAborted);
        http.LeaveNotice(seat, Page, new("good", "Saved. It applies to requests from now on."));
    }

    private static async Task SendToMyself(HttpContext http, Seat seat, Businesses businesses, SendRequest send, Settings settings)
    {
        var byMail = settings.Mail is not null && http.Request.Form["by"] == "email";
        var business = (await businesses.FindAsync(seat.SenderId, http.RequestAborted))!;
        switch (await send.ToMyselfAsync(http, seat, business, byMail))
        {
            case SendOutcome.Sent(var card):
                http.LeaveNotice(seat, Page, new("good", byMail ? $"Your request is on its way to {seat.Person.Mail}. You can open its card here, too." : "Your request was sent. Open its card, as your customer would.", card));
                break;
            case SendOutcome.Refused(var why):
                await ShowAsync(http, seat, 400, Entered.Nothing, new("bad", why));
                break;
            case var other:
                throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }

    /// <summary>The languages that a business can have, each with its name.</summary>
    private static IReadOnlyList<KeyValuePair<string, string>> LanguageChoices { get; } = [.. Language.All.Select(language => KeyValuePair.Create(language.Tag, LanguageNames.Of(language.Tag))).OrderBy(choice => choice.Value, StringComparer.Ordinal)];

    private static List<string> ReachOf(HandoverPlace? handover, List<string> origins) =>
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
