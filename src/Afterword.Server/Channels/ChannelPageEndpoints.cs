using System.Globalization;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.Pages;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Channels.X;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Embed;
using Afterword.Server.Hosting;
using Afterword.Server.Parsing;
using Afterword.Server.Storage;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

/// <summary>How a sender's requests reach its customers: by link, by email, by its own means, and in its own pages. Its owners choose.</summary>
internal static class ChannelPageEndpoints
{
    private const string Page = "channels";
    private const int MostOrigins = 100;

    public static void MapChannelPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/channels", Show).For(Role.Owner);
        console.MapPost("/@{handle}/channels/handover", SetRelay).For(Role.Owner);
        console.MapPost("/@{handle}/channels/handover/remove", RemoveRelay).For(Role.Owner);
        console.MapPost("/@{handle}/channels/handover/test", TestRelay).For(Role.Owner);
        console.MapPost("/@{handle}/channels/embed", AllowOrigin).For(Role.Owner);
        console.MapPost("/@{handle}/channels/embed/remove", DenyOrigin).For(Role.Owner);
        console.MapPost("/@{handle}/channels/retry", Retry).For(Role.Owner);
    }

    private static Task Show(HttpContext http, Membership membership) => ShowAsync(http, membership, 200, SubmittedForm.Nothing, http.TakeNotice(membership));

    internal static async Task ShowAsync(HttpContext http, Membership membership, int status, SubmittedForm form, OneTimeNotice? notice)
    {
        var (services, stop) = (http.RequestServices, http.RequestAborted);
        var settings = services.GetRequiredService<Settings>();
        await http.ShowConsoleAsync<ChannelsPage>(membership, status, new()
        {
            [nameof(ChannelsPage.EmailFrom)] = settings.Mail?.From.Value,
            [nameof(ChannelsPage.Relay)] = await services.GetRequiredService<RelayAddresses>().OfAsync(membership.SenderId, stop) is { } place ? new ChannelsPage.Address(place.Url, place.HasBasic) : null,
            [nameof(ChannelsPage.MaySetRelay)] = MaySet(membership, settings),
            [nameof(ChannelsPage.Helpdesks)] = (await services.GetRequiredService<SenderHelpdesks>().PlacesAsync(membership.SenderId, stop)).ConvertAll(place => new AccessSections.Desk(place.Kind.Name, place.Kind.Title, place.Url)),
            [nameof(ChannelsPage.HasX)] = await services.GetRequiredService<XAccounts>().HasAsync(membership.SenderId, stop),
            [nameof(ChannelsPage.Origins)] = await services.GetRequiredService<EmbedOrigins>().OfAsync(membership.SenderId, stop),
            [nameof(ChannelsPage.Base)] = http.PublicBase(settings),
            [nameof(ChannelsPage.Failed)] = await services.GetRequiredService<ChannelDeliveryHistory>().CountDeadAsync(membership.SenderId, ChannelsPage.MostFailed + 1, stop),
            [nameof(ChannelsPage.Form)] = form,
            [nameof(ChannelsPage.Notice)] = notice,
        });
    }

    // Messages and card links leave the installation for this address, as events do for a webhook's. It has no approval to wait for.
    internal static bool MaySet(Membership membership, Settings settings) => settings.Webhooks.OwnersMayAdd == OwnerPolicy.On || membership.Member.IsOperator;

    private static async Task SetRelay(HttpContext http, Membership membership, RelayAddresses handovers, Settings settings, EgressGuard guard)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var submittedForm = SubmittedForm.Of(form, "basic");
        if (!MaySet(membership, settings))
        {
            await ShowAsync(http, membership, 400, submittedForm, new("bad", "An operator of this server sets this address."));
            return;
        }

        if (EndpointForm.Read(form, submittedForm, settings.Webhooks, guard) is not var (url, basic))
        {
            await ShowAsync(http, membership, 400, submittedForm, notice: null);
            return;
        }

        var before = await handovers.OfAsync(membership.SenderId, stop);
        if (before is not null && !await http.IsConfirmedAsync(membership, new(
            "Replace the address of your own system?", $"Requests go to {url.Host} from now on, those that wait included. {new Uri(before.Url).Host} gets no more, and its secret signs nothing any more.", "Replace", Page))) return;

        var secret = await http.MakeAsync(membership, $"requests are handed over to {url.GetLeftPart(UriPartial.Authority)}", async session => (RotateSecret?)await handovers.SetAsync(session, membership.SenderId, url, basic, stop));
        http.LeaveNotice(membership, Page, new("good", "Saved. This is the secret that signs what your system is sent. It is shown only now.", secret!.ToString()));
    }

    private static async Task RemoveRelay(HttpContext http, Membership membership, RelayAddresses handovers)
    {
        if (await handovers.OfAsync(membership.SenderId, http.RequestAborted) is { } place)
        {
            if (!await http.IsConfirmedAsync(membership, new(
                $"Hand nothing more over to {new Uri(place.Url).Host}?", "Requests for customers of this channel wait until there is an address again. The secret is lost; a new address has a new one.", "Remove", Page))) return;

            await http.ChangeAsync(membership, "requests are no longer handed over", session => RelayAddresses.RemoveAsync(session, membership.SenderId, http.RequestAborted));
        }

        http.LeaveNotice(membership, Page, new("good", "Your own system gets no more requests."));
    }

    private static async Task TestRelay(HttpContext http, Membership membership, RelayAddresses handovers, RelayTransport carrier, UserAccounts accounts, Store store, AuditLog audit, TimeProvider clock)
    {
        var stop = http.RequestAborted;
        if (await handovers.TargetAsync(membership.SenderId, stop) is not { } target || await accounts.FindAsync(membership.Handle, stop) is not { } user)
        {
            await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", "There is no address any more."));
            return;
        }

        await audit.NoteAsync(membership, AuditAction.Changed, "handed a test request over", stop);
        var party = new DeliveryParty(user.Id, user.ScreenName, user.Name, null, user.Email, user.Suspended);
        var attempt = await carrier.SendTestAsync(target, party, store.Ids.NextPair(), clock.GetUtcNow().ToUnixTimeMilliseconds(), stop);
        http.LeaveNotice(membership, Page, attempt.Outcome == AttemptOutcome.Sent
            ? new("good", string.Create(CultureInfo.InvariantCulture, $"Your system accepted the test request in {attempt.Took} ms."))
            : new("bad", $"Your system did not accept the test request: {attempt.Error}"));
    }

    private static async Task AllowOrigin(HttpContext http, Membership membership, EmbedOrigins origins)
    {
        var (form, stop) = (SubmittedForm.Of(http.Request.Form), http.RequestAborted);
        var (origin, wrong) = PageOrigin.Read(TypedAddress.WithScheme(http.Request.Form["origin"].ToString().Trim()));
        if (wrong is not null) form.Refuse("origin", $"It must be {wrong}.");
        else if ((await origins.OfAsync(membership.SenderId, stop)).Count >= MostOrigins) form.Refuse("origin", string.Create(CultureInfo.InvariantCulture, $"At most {MostOrigins} sites."));
        if (form.IsWrong)
        {
            await ShowAsync(http, membership, 400, form, notice: null);
            return;
        }

        await http.ChangeAsync(membership, $"pages of {origin} may show cards", session => origins.AllowAsync(session, membership.SenderId, origin!.Value, stop));
        http.LeaveNotice(membership, Page, new("good", $"Pages of {origin} may show your cards."));
    }

    private static async Task DenyOrigin(HttpContext http, Membership membership)
    {
        if (PageOrigin.Read(http.Request.Form["origin"].ToString()).Origin is { } origin)
        {
            if (!await http.IsConfirmedAsync(membership, new($"Remove {origin}?", "Its pages show no more of your cards, immediately. Customers can still answer by the link. You can add it again.", "Remove", Page))) return;

            await http.ChangeAsync(membership, $"pages of {origin} may no longer show cards", session => EmbedOrigins.DenyAsync(session, membership.SenderId, origin, http.RequestAborted));
        }

        http.LeaveNotice(membership, Page, new("good", "Saved. It applies immediately."));
    }

    private static async Task Retry(HttpContext http, Membership membership, RetryChannelDeliveries retry, AuditLog audit)
    {
        if (!await http.IsConfirmedAsync(membership, new("Send failed requests again?", "Each card gets a new link; one that was handed out before no longer works.", "Send again", Page))) return;

        await audit.NoteAsync(membership, AuditAction.Changed, "sent failed requests again", http.RequestAborted);
        var revived = await retry.RunAsync(membership.SenderId, null, http.RequestAborted);
        http.LeaveNotice(membership, Page, new("good", string.Create(CultureInfo.InvariantCulture, $"{revived:N0} requests are sent again.")));
    }
}
