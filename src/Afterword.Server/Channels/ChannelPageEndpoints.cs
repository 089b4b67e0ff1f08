using System.Globalization;
using Afterword.Server.Access.Console;
using Afterword.Server.Channels.Handover;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.Pages;
using Afterword.Server.Channels.X;
using Afterword.Server.Embed;
using Afterword.Server.Hosting;
using Afterword.Server.People;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

/// <summary>How a sender's requests reach its customers: by link, by mail, by its own means, and in its own pages. Its owners choose.</summary>
internal static class ChannelPageEndpoints
{
    private const string Page = "channels";
    private const int MostOrigins = 100;

    public static void MapChannelPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/channels", Show).For(Role.Owner);
        console.MapPost("/@{handle}/channels/handover", SetHandover).For(Role.Owner);
        console.MapPost("/@{handle}/channels/handover/remove", RemoveHandover).For(Role.Owner);
        console.MapPost("/@{handle}/channels/handover/test", TestHandover).For(Role.Owner);
        console.MapPost("/@{handle}/channels/embed", AllowOrigin).For(Role.Owner);
        console.MapPost("/@{handle}/channels/embed/remove", DenyOrigin).For(Role.Owner);
        console.MapPost("/@{handle}/channels/retry", Retry).For(Role.Owner);
    }

    private static Task Show(HttpContext http, Seat seat) => ShowAsync(http, seat, 200, Entered.Nothing, http.TakeNotice(seat));

    internal static async Task ShowAsync(HttpContext http, Seat seat, int status, Entered entered, OneTimeNotice? notice)
    {
        var (services, stop) = (http.RequestServices, http.RequestAborted);
        var settings = services.GetRequiredService<Settings>();
        await http.ShowConsoleAsync<ChannelsPage>(seat, status, new()
        {
            [nameof(ChannelsPage.MailFrom)] = settings.Mail?.From.Value,
            [nameof(ChannelsPage.Handover)] = await services.GetRequiredService<Handovers>().OfAsync(seat.SenderId, stop) is { } place ? new ChannelsPage.Address(place.Url, place.HasBasic) : null,
            [nameof(ChannelsPage.MaySetHandover)] = MaySet(seat, settings),
            [nameof(ChannelsPage.Helpdesks)] = (await services.GetRequiredService<SenderHelpdesks>().PlacesAsync(seat.SenderId, stop)).ConvertAll(place => new AccessSections.Desk(place.Kind.Name, place.Kind.Title, place.Url)),
            [nameof(ChannelsPage.HasX)] = await services.GetRequiredService<XAccounts>().HasAsync(seat.SenderId, stop),
            [nameof(ChannelsPage.Origins)] = await services.GetRequiredService<EmbedOrigins>().OfAsync(seat.SenderId, stop),
            [nameof(ChannelsPage.Base)] = http.PublicBase(settings),
            [nameof(ChannelsPage.Failed)] = await services.GetRequiredService<DispatchHistory>().CountDeadAsync(seat.SenderId, ChannelsPage.MostFailed + 1, stop),
            [nameof(ChannelsPage.Entered)] = entered,
            [nameof(ChannelsPage.Notice)] = notice,
        });
    }

    // Messages and card links leave the installation for this address, as events do for a webhook's. It has no approval to wait for.
    internal static bool MaySet(Seat seat, Settings settings) => settings.Webhooks.OwnersMayAdd == OwnerPolicy.On || seat.Person.IsOperator;

    private static async Task SetHandover(HttpContext http, Seat seat, Handovers handovers, Settings settings, EgressGuard guard)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var entered = Entered.Of(form, "basic");
        if (!MaySet(seat, settings))
        {
            await ShowAsync(http, seat, 400, entered, new("bad", "An operator of this server sets this address."));
            return;
        }

        if (EndpointForm.Read(form, entered, settings.Webhooks, guard) is not var (url, basic))
        {
            await ShowAsync(http, seat, 400, entered, notice: null);
            return;
        }

        var before = await handovers.OfAsync(seat.SenderId, stop);
        if (before is not null && !await http.IsConfirmedAsync(seat, new(
            "Replace the address of your own system?", $"Requests go to {url.Host} from now on, those that wait included. {new Uri(before.Url).Host} gets no more, and its secret signs nothing any more.", "Replace", Page))) return;

        var secret = await http.MakeAsync(seat, $"requests are handed over to {url.GetLeftPart(UriPartial.Authority)}", async session => (NewSecret?)await handovers.SetAsync(session, seat.SenderId, url, basic, stop));
        http.LeaveNotice(seat, Page, new("good", "Saved. This is the secret that signs what your system is sent. It is shown only now.", secret!.ToString()));
    }

    private static async Task RemoveHandover(HttpContext http, Seat seat, Handovers handovers)
    {
        if (await handovers.OfAsync(seat.SenderId, http.RequestAborted) is { } place)
        {
            if (!await http.IsConfirmedAsync(seat, new(
                $"Hand nothing more over to {new Uri(place.Url).Host}?", "Requests for customers of this channel wait until there is an address again. The secret is lost; a new address has a new one.", "Remove", Page))) return;

            await http.ChangeAsync(seat, "requests are no longer handed over", session => Handovers.RemoveAsync(session, seat.SenderId, http.RequestAborted));
        }

        http.LeaveNotice(seat, Page, new("good", "Your own system gets no more requests."));
    }

    private static async Task TestHandover(HttpContext http, Seat seat, Handovers handovers, HandoverCarrier carrier, Accounts accounts, Store store, AuditLog audit, TimeProvider clock)
    {
        var stop = http.RequestAborted;
        if (await handovers.TargetAsync(seat.SenderId, stop) is not { } target || await accounts.FindAsync(seat.Handle, stop) is not { } account)
        {
            await ShowAsync(http, seat, 400, Entered.Nothing, new("bad", "There is no address any more."));
            return;
        }

        await audit.NoteAsync(seat, Deed.Changed, "handed a test request over", stop);
        var party = new Party(account.Id, account.ScreenName, account.Name, null, account.Mail, account.Suspended);
        var attempt = await carrier.SendTestAsync(target, party, store.Ids.NextPair(), clock.GetUtcNow().ToUnixTimeMilliseconds(), stop);
        http.LeaveNotice(seat, Page, attempt.Outcome == AttemptOutcome.Sent
            ? new("good", string.Create(CultureInfo.InvariantCulture, $"Your system accepted the test request in {attempt.Took} ms."))
            : new("bad", $"Your system did not accept the test request: {attempt.Error}"));
    }

    private static async Task AllowOrigin(HttpContext http, Seat seat, EmbedOrigins origins)
    {
        var (entered, stop) = (Entered.Of(http.Request.Form), http.RequestAborted);
        var site = http.Request.Form["origin"].ToString().Trim();

        // As people write addresses.
        if (site.Length > 0 && !site.Contains("://", StringComparison.Ordinal)) site = $"https://{site}";
        var (origin, wrong) = PageOrigin.Read(site);
        if (wrong is not null) entered.Refuse("origin", $"It must be {wrong}.");
        else if ((await origins.OfAsync(seat.SenderId, stop)).Count >= MostOrigins) entered.Refuse("origin", string.Create(CultureInfo.InvariantCulture, $"At most {MostOrigins} sites."));
        if (entered.IsWrong)
        {
            await ShowAsync(http, seat, 400, entered, notice: null);
            return;
        }

        await http.ChangeAsync(seat, $"pages of {origin} may show cards", session => origins.AllowAsync(session, seat.SenderId, origin!.Value, stop));
        http.LeaveNotice(seat, Page, new("good", $"Pages of {origin} may show your cards."));
    }

    private static async Task DenyOrigin(HttpContext http, Seat seat)
    {
        if (PageOrigin.Read(http.Request.Form["origin"].ToString()).Origin is { } origin)
        {
            if (!await http.IsConfirmedAsync(seat, new($"Remove {origin}?", "Its pages show no more of your cards, immediately. Customers can still answer by the link. You can add it again.", "Remove", Page))) return;

            await http.ChangeAsync(seat, $"pages of {origin} may no longer show cards", session => EmbedOrigins.DenyAsync(session, seat.SenderId, origin, http.RequestAborted));
        }

        http.LeaveNotice(seat, Page, new("good", "Saved. It applies immediately."));
    }

    private static async Task Retry(HttpContext http, Seat seat, RetryDispatches retry, AuditLog audit)
    {
        if (!await http.IsConfirmedAsync(seat, new("Send failed requests again?", "Each card gets a new link; one that was handed out before no longer works.", "Send again", Page))) return;

        await audit.NoteAsync(seat, Deed.Changed, "sent failed requests again", http.RequestAborted);
        var revived = await retry.RunAsync(seat.SenderId, null, http.RequestAborted);
        http.LeaveNotice(seat, Page, new("good", string.Create(CultureInfo.InvariantCulture, $"{revived:N0} requests are sent again.")));
    }
}
