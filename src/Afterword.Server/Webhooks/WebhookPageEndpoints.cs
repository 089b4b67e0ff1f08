using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.Webhooks.Pages;

namespace Afterword.Server.Webhooks;

/// <summary>A sender's webhooks in the console: owners change them, supervisors look.</summary>
internal static class WebhookPageEndpoints
{
    private const int Shown = 50;
    private const int MostOfSender = 50;

    public static void MapWebhookPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/webhooks", List).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/webhooks", Add).For(Role.Owner);
        console.MapGet("/@{handle}/webhooks/{webhook}", Show).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/webhooks/{webhook}/approve", Approve).For(Role.Owner);
        console.MapPost("/@{handle}/webhooks/{webhook}/refuse", Refuse).For(Role.Owner);
        console.MapPost("/@{handle}/webhooks/{webhook}/remove", Remove).For(Role.Owner);
        console.MapPost("/@{handle}/webhooks/{webhook}/test", Test).For(Role.Owner);
        console.MapPost("/@{handle}/webhooks/{webhook}/rotate", Rotate).For(Role.Owner);
        console.MapPost("/@{handle}/webhooks/{webhook}/enable", Enable).For(Role.Owner);
        console.MapPost("/@{handle}/webhooks/{webhook}/disable", Disable).For(Role.Owner);
        console.MapPost("/@{handle}/webhooks/{webhook}/alerts", SetAlerts).For(Role.Owner);
        console.MapPost("/@{handle}/webhooks/{webhook}/replay", Replay).For(Role.Owner);
    }

    private static Task List(HttpContext http, Membership membership) => ListAsync(http, membership, 200, SubmittedForm.Nothing, http.TakeNotice(membership));

    private static async Task ListAsync(HttpContext http, Membership membership, int status, SubmittedForm form, OneTimeNotice? notice)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        await http.ShowConsoleAsync<WebhooksPage>(membership, status, new()
        {
            [nameof(WebhooksPage.Webhooks)] = (await http.RequestServices.GetRequiredService<Endpoints>().ListAsync(membership.SenderId, null, http.RequestAborted)).ConvertAll(WebhookView.Of),
            [nameof(WebhooksPage.When)] = ConsoleTimes.For(membership.Member, settings),
            [nameof(WebhooksPage.MayAdd)] = MayAdd(membership, settings),
            [nameof(WebhooksPage.Waits)] = Needed(membership, settings) != Approval.NotNeeded,
            [nameof(WebhooksPage.Form)] = form,
            [nameof(WebhooksPage.Notice)] = notice,
        });
    }

    private static bool MayAdd(Membership membership, Settings settings) => membership.Role == Role.Owner && (settings.Webhooks.OwnersMayAdd != OwnerPolicy.Off || membership.Member.IsOperator);

    // An owner who is an operator would only approve it themselves.
    private static Approval Needed(Membership membership, Settings settings) => settings.Webhooks.OwnersMayAdd == OwnerPolicy.On || membership.Member.IsOperator ? Approval.NotNeeded : Approval.NeededByOperator;

    private static async Task Add(HttpContext http, Membership membership, Endpoints endpoints, Settings settings, EgressGuard guard)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var submittedForm = SubmittedForm.Of(form, "basic");
        if (!MayAdd(membership, settings))
        {
            await ListAsync(http, membership, 400, submittedForm, new("bad", "On this server, operators add webhooks."));
            return;
        }

        if (EndpointForm.Read(form, submittedForm, settings.Webhooks, guard, await endpoints.ListAsync(membership.SenderId, null, stop)) is not var (url, basic))
        {
            await ListAsync(http, membership, 400, submittedForm, notice: null);
            return;
        }

        // The path of an address may be its key.
        var needed = Needed(membership, settings);
        var added = await http.MakeAsync(membership, $"webhook to {url.GetLeftPart(UriPartial.Authority)}: added{(needed == Approval.NotNeeded ? "" : ", to be approved by an operator")}", async session =>
            await endpoints.HoldAndCountAsync(session, membership.SenderId, stop) < MostOfSender ? (NewEndpoint?)await endpoints.AddAsync(session, membership.SenderId, url, basic, WebhookFormat.Events, needed, stop) : null);
        if (added is null)
        {
            await ListAsync(http, membership, 400, submittedForm.Refuse("url", FormattableString.Invariant($"There are {MostOfSender} webhooks already. Remove one first.")), notice: null);
            return;
        }

        var waits = added.IsApproved ? "" : " Nothing is sent before an operator approves it.";
        http.LeaveNotice(membership, "webhooks", new("good", $"The webhook was added. This is the secret that signs what it is sent; it is shown only now.{waits}", added.Secret.ToString()));
    }

    private static async Task Remove(HttpContext http, string webhook, Membership membership, Endpoints endpoints, AuditLog audit)
    {
        if (await FindAsync(http, webhook, membership, endpoints) is not { } found) return;

        if (!await http.IsConfirmedAsync(membership, Ask(found, "Remove this webhook?", Removal(found), "Remove"))) return;

        await audit.NoteAsync(membership, AuditAction.Changed, $"webhook {webhook}: removed", http.RequestAborted);
        await endpoints.RemoveAsync(found.Endpoint.Key, _ => { }, http.RequestAborted);
        http.LeaveNotice(membership, "webhooks", new("good", "The webhook was removed."));
    }

    private static string Removal(ListedEndpoint found) => found.Endpoint.IsPolled
        ? "Its receiver can fetch nothing more. This cannot be undone; a new webhook has a new secret."
        : string.Create(CultureInfo.InvariantCulture, $"It gets nothing more, and {found.Waiting:N0} events that wait for it are never sent. This cannot be undone; a new webhook has a new secret.");

    private static async Task Show(HttpContext http, string webhook, Membership membership, Endpoints endpoints, AuditLog audit, OneTimeNotices notices)
    {
        if (await FindAsync(http, webhook, membership, endpoints) is not { } found) return;

        // The requests hold answers.
        await audit.NoteAsync(membership, AuditAction.Saw, $"events of webhook {webhook}", http.RequestAborted);
        await ShowAsync(http, membership, found, 200, notices.Take(http, membership.Member) is { } left ? new(left.Kind, left.Text, left.Secret) : null);
    }

    private static async Task ShowAsync(HttpContext http, Membership membership, ListedEndpoint found, int status, WebhookNotice? notice)
    {
        var services = http.RequestServices;
        var (history, settings) = (services.GetRequiredService<DeliveryHistory>(), services.GetRequiredService<Settings>());
        var dead = http.Request.Query["dead"] == "1";
        var deliveries = await history.LatestAsync(found.Endpoint.Key, dead, Shown, http.RequestAborted);
        var requests = await history.RequestsAsync(found.Endpoint.Key, deliveries, told => told.BodyFor(found.Room, settings.PublicBase), http.RequestAborted);
        var days = ConsoleDays.Of(settings.TimeZone);
        var chosen = membership.Role == Role.Owner ? ReplayDays.Read(name => http.Request.Query[name]) : null;
        var replayed = chosen is null ? 0 : await services.GetRequiredService<ReplayDeliveries>().CountAsync(found.Endpoint.Key, chosen.In(days), http.RequestAborted);
        await http.ShowConsoleAsync<WebhookPage>(membership, status, new()
        {
            [nameof(WebhookPage.Webhook)] = WebhookView.Of(found),
            [nameof(WebhookPage.Deliveries)] = deliveries,
            [nameof(WebhookPage.Requests)] = requests.ToDictionary(one => one.Key, one => Indented.Of(one.Value)),
            [nameof(WebhookPage.When)] = ConsoleTimes.For(membership.Member, settings),
            [nameof(WebhookPage.Replay)] = chosen is null ? null : new ReplayView(ReplayDays.Text(chosen.From), ReplayDays.Text(chosen.To), chosen.DeadOnly, replayed),
            [nameof(WebhookPage.Overlap)] = Overlap(settings),
            [nameof(WebhookPage.DeadOnly)] = dead,
            [nameof(WebhookPage.Notice)] = notice,
        });
    }

    private static async Task Approve(HttpContext http, string webhook, Membership membership, Endpoints endpoints)
    {
        if (await FindAsync(http, webhook, membership, endpoints) is not { } waiting) return;

        if (waiting.Endpoint is { IsApproved: false, AwaitsOperator: true }) await ShowAsync(http, membership, waiting, 400, new("bad", "An owner has added it, so an operator approves it."));
        else await ApproveAsync(http, webhook, membership, endpoints);
    }

    private static Task ApproveAsync(HttpContext http, string webhook, Membership membership, Endpoints endpoints) => DoAsync(http, webhook, membership, endpoints, "approved", async found =>
        await endpoints.ApproveAsync(found.Endpoint.Key, Approver.Owner, http.RequestAborted)
            ? new WebhookNotice("good", found.Endpoint.IsPolled ? "It is approved. Its receiver can fetch what happens from now on." : "It is approved. What happens from now on is sent to it.")
            : new WebhookNotice("warn", "Another owner has approved it already."));

    private static async Task Refuse(HttpContext http, string webhook, Membership membership, Endpoints endpoints, AuditLog audit)
    {
        if (await FindAsync(http, webhook, membership, endpoints) is not { } found) return;

        if (found.Endpoint.IsApproved)
        {
            await ShowAsync(http, membership, found, 400, new("bad", "It is approved already. Switch it off if it is to get nothing more."));
            return;
        }

        if (!await http.IsConfirmedAsync(membership, Ask(found, "Turn down this webhook?", $"It is removed. The operator can ask again{(found.Endpoint.IsPolled ? "" : " with the same address")}.", "Turn down"))) return;

        await audit.NoteAsync(membership, AuditAction.Changed, $"webhook {webhook}: turned down", http.RequestAborted);
        await endpoints.RemoveAsync(found.Endpoint.Key, _ => { }, http.RequestAborted);
        http.SeeOther(membership.AddressOf("webhooks"));
    }

    private static Task Test(HttpContext http, string webhook, Membership membership, Endpoints endpoints, SendTestEvent test) => DoAsync(http, webhook, membership, endpoints, "sent a test event", async found =>
        await test.RunAsync(found.Endpoint.Key, http.RequestAborted) is var (taken, attempt)
            ? new WebhookNotice(taken ? "good" : "bad", Describe(taken, found), Attempt: attempt)
            : null, onlyApproved: true, onlySent: true);

    private static string Describe(bool taken, ListedEndpoint found) => taken
        ? $"The endpoint took the test event over.{(found is { Waiting: > 0, Endpoint.IsActive: true } ? " What waits for it is sent now." : "")}"
        : "The endpoint did not take the test event over.";

    private static Task Rotate(HttpContext http, string webhook, Membership membership, Endpoints endpoints, Settings settings) => DoAsync(
        http, webhook, membership, endpoints, "new secret",
        async found => await endpoints.RotateAsync(found.Endpoint.Key, http.RequestAborted) is { } secret
            ? new WebhookNotice("good", "This is the new secret. It is shown only now; give it to the receiver.", secret.ToString())
            : null,
        found => Ask(found, "Make a new secret?", $"The current secret keeps signing alongside the new one for {Overlap(settings)}, then stops. One that was replaced earlier stops at once. Be ready to change the receiver.", "Make a new secret"));

    private static Task Enable(HttpContext http, string webhook, Membership membership, Endpoints endpoints) => DoAsync(http, webhook, membership, endpoints, "switched on", async found =>
        await endpoints.EnableAsync(found.Endpoint.Key, http.RequestAborted) ? new WebhookNotice("good", found.Endpoint.IsPolled ? "It is switched on. Its receiver can fetch what has happened." : "It is switched on. What waits for it is sent now.") : null, onlyApproved: true);

    private static Task Disable(HttpContext http, string webhook, Membership membership, Endpoints endpoints) => DoAsync(
        http, webhook, membership, endpoints, "switched off",
        async found => await endpoints.DisableAsync(found.Endpoint.Key, "Switched off in the console.", http.RequestAborted)
            ? new WebhookNotice("warn", "It is switched off. What happens from now on waits for it.")
            : null,
        found => Ask(
            found, "Switch off this webhook?",
            found.Endpoint.IsPolled ? "Its receiver can fetch nothing. What happens from now on is kept, and can be fetched when it is switched on again."
                : "Nothing is sent to it. What happens from now on waits, and is sent in order when it is switched on again.",
            "Switch off"));

    private static Task SetAlerts(HttpContext http, string webhook, Membership membership, Endpoints endpoints)
    {
        var on = http.Request.Form["on"] == "yes";
        return DoAsync(http, webhook, membership, endpoints, on ? "gets alerts" : "gets no alerts", async found => await endpoints.SetAlertsAsync(found.Endpoint.Key, on, http.RequestAborted)
            ? new WebhookNotice("good", on ? "It gets alerts from now on, besides the events." : "It gets no more alerts.")
            : null, onlyApproved: true, onlySent: true);
    }

    private static async Task Replay(HttpContext http, string webhook, Membership membership, Endpoints endpoints, ReplayDeliveries replay, Settings settings)
    {
        var form = http.Request.Form;
        (ReplayRange Range, string What)? chosen = form["dead"] == "yes" ? (new(null, 0, long.MaxValue, DeadOnly: true), "sent failed deliveries again")
            : WholeNumber.TryRead(form["event"].ToString(), out var id) ? (new(id, 0, long.MaxValue, DeadOnly: false), $"sent event {id} again")
            : ReplayDays.Read(name => form[name]) is { } days ? (days.In(ConsoleDays.Of(settings.TimeZone)), $"sent {(days.DeadOnly ? "failed deliveries" : "all events")} from {ReplayDays.Text(days.From)} to {ReplayDays.Text(days.To)} again")
            : null;
        if (chosen is not var (range, what))
        {
            if (await FindAsync(http, webhook, membership, endpoints) is { } found) await ShowAsync(http, membership, found, 400, new("bad", "Choose what is sent again: an event, all failed deliveries, or the events of some days."));
            return;
        }

        await DoAsync(http, webhook, membership, endpoints, what, async found =>
        {
            var many = await replay.RunAsync(found.Endpoint.Key, range, _ => { }, http.RequestAborted);
            return many switch
            {
                0 => new("bad", "There is no such event any more."),
                1 => new("good", "The event is sent again now."),
                _ => new("good", string.Create(CultureInfo.InvariantCulture, $"{many:N0} events are sent again now.")),
            };
        }, onlyApproved: true, onlySent: true);
    }

    /// <summary>Does something to an endpoint, after it was written down who does it, and leads to the page that says what came of it.</summary>
    private static async Task DoAsync(
        HttpContext http, string webhook, Membership membership, Endpoints endpoints, string what, Func<ListedEndpoint, Task<WebhookNotice?>> act, Func<ListedEndpoint, Confirmation>? ask = null, bool onlyApproved = false,
        bool onlySent = false)
    {
        if (await FindAsync(http, webhook, membership, endpoints) is not { } found) return;

        if (onlyApproved && !found.Endpoint.IsApproved)
        {
            await ShowAsync(http, membership, found, 400, new("bad", found.Endpoint.AwaitsOperator ? "It waits until an operator approves it." : "It waits for approval. Approve it first."));
            return;
        }

        if (onlySent && found.Endpoint.IsPolled)
        {
            await ShowAsync(http, membership, found, 400, new("bad", "Nothing is sent to it, for its receiver polls."));
            return;
        }

        if (ask is not null && !await http.IsConfirmedAsync(membership, ask(found))) return;

        var services = http.RequestServices;
        await services.GetRequiredService<AuditLog>().NoteAsync(membership, AuditAction.Changed, $"webhook {webhook}: {what}", http.RequestAborted);
        var notice = await act(found);
        if (notice is null) await ConsoleAuthorization.ShowUnknownAsync(http);

        // What the endpoint answered to a test is too much to be handed on; another test does no harm.
        else if (notice.Kind != "bad" && notice.Attempt is null) services.GetRequiredService<OneTimeNotices>().Leave(http, membership.Member, $"{membership.AddressOf("webhooks")}/{webhook}", new(notice.Kind, notice.Text, notice.Secret));
        else if (await FindAsync(http, webhook, membership, endpoints) is { } now) await ShowAsync(http, membership, now, notice.Kind == "bad" && notice.Attempt is null ? 400 : 200, notice);
    }

    private static Confirmation Ask(ListedEndpoint found, string question, string consequence, string button) =>
        new(question, $"{found.Endpoint.ShownAddress ?? "A webhook that is polled"}: {consequence}", button, string.Create(CultureInfo.InvariantCulture, $"webhooks/{found.Endpoint.Key.Id}"));

    private static string Overlap(Settings settings) => settings.Webhooks.SecretOverlap.TotalHours.ToString("0.#", CultureInfo.InvariantCulture) + " hours";

    /// <summary>Gives the sender's endpoint, or null after the page for what is not there was shown.</summary>
    private static async Task<ListedEndpoint?> FindAsync(HttpContext http, string webhook, Membership membership, Endpoints endpoints)
    {
        var found = WholeNumber.TryRead(webhook, out var id) ? (await endpoints.ListAsync(membership.SenderId, id, http.RequestAborted)).SingleOrDefault() : null;
        if (found is null) await ConsoleAuthorization.ShowUnknownAsync(http);
        return found;
    }
}
