using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Parsing;
using Afterword.Server.Users;
using Afterword.Server.Webhooks.Pages;

namespace Afterword.Server.Webhooks;

/// <summary>The webhooks of all senders, for operators: where they lead and how they do, and nothing that was sent. Those that owners add wait here for approval.</summary>
internal static class OperatorPageEndpoints
{
    private const string Page = "webhooks";

    public static void MapOperatorWebhookPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/admin/webhooks", Show).For(Role.Operator);
        console.MapPost("/admin/webhooks/add", Add).For(Role.Operator);
        console.MapPost("/admin/webhooks/change", Change).For(Role.Operator);
    }

    private static Task Show(HttpContext http, Membership membership) => ShowAsync(http, membership, 200, SubmittedForm.Nothing, http.TakeNotice(membership));

    private static async Task ShowAsync(HttpContext http, Membership membership, int status, SubmittedForm form, OneTimeNotice? notice)
    {
        var services = http.RequestServices;
        var settings = services.GetRequiredService<Settings>();
        var all = await services.GetRequiredService<Endpoints>().ListAsync(null, null, http.RequestAborted);
        await http.ShowConsoleAsync<OperatorWebhooksPage>(membership, status, new()
        {
            [nameof(OperatorWebhooksPage.Webhooks)] = all.ConvertAll(listed => new OperatorWebhooksPage.Line(listed.ScreenName, WebhookView.Of(listed))),
            [nameof(OperatorWebhooksPage.Policy)] = settings.Webhooks.OwnersMayAdd switch { OwnerPolicy.Off => "off", OwnerPolicy.On => "on", _ => "approve" },
            [nameof(OperatorWebhooksPage.When)] = ConsoleTimes.For(membership.Member, settings),
            [nameof(OperatorWebhooksPage.Form)] = form,
            [nameof(OperatorWebhooksPage.Notice)] = notice,
        });
    }

    private static async Task Add(HttpContext http, Membership membership, Endpoints endpoints, UserAccounts accounts, AuditLog audit, WebhookSettings settings, EgressGuard guard)
    {
        var (form, stop) = (http.Request.Form, http.RequestAborted);
        var submittedForm = SubmittedForm.Of(form, "basic");
        if (await accounts.FindAsync(UserAccounts.Bare(form["sender"].ToString().Trim()), stop) is not { } sender)
        {
            await ShowAsync(http, membership, 400, submittedForm.Refuse("sender", "There is no user with this username."), notice: null);
            return;
        }

        if (EndpointForm.Read(form, submittedForm, settings, guard, await endpoints.ListAsync(sender.Id, null, stop)) is not var (url, basic))
        {
            await ShowAsync(http, membership, 400, submittedForm, notice: null);
            return;
        }

        // The path of an address may be its key.
        await audit.NoteAsync(sender.Id, membership.Member, AuditAction.Changed, $"webhook to {url.GetLeftPart(UriPartial.Authority)}: added, to be approved by an owner", stop);
        var added = await endpoints.AddAsync(sender.Id, url, basic, Approval.Needed, stop);
        http.LeaveNotice(membership, Page, new("good", $"The webhook was added. Nothing is sent before an owner of @{sender.ScreenName} approves it. This is the secret for its signatures; it is shown only now.", added.Secret.ToString()));
    }

    private static async Task Change(HttpContext http, Membership membership, Endpoints endpoints, AuditLog audit)
    {
        var (act, stop) = (http.Request.Form["act"].ToString(), http.RequestAborted);
        var found = WholeNumber.TryRead(http.Request.Form["webhook"].ToString(), out var id) ? (await endpoints.ListAsync(null, id, stop)).SingleOrDefault() : null;
        if (found is null || Refusal(act, found.Endpoint) is not null)
        {
            await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", found is null ? "There is no such webhook any more." : Refusal(act, found.Endpoint)!));
            return;
        }

        if (QuestionOf(act, found) is { } asked && !await http.IsConfirmedAsync(membership, asked)) return;

        var (what, said) = act switch
        {
            "approve" => ("approved by an operator", "It is approved. Everything that happens from now on is sent to it."),
            "refuse" => ("turned down by an operator", "It was turned down and removed."),
            "enable" => ("switched on", found.Endpoint.IsPolled ? "It is switched on. Its receiver can fetch what has happened." : "It is switched on. Events that waited are sent now."),
            "disable" => ("switched off", "It is switched off. Events are queued."),
            _ => ("removed by an operator", "The webhook was removed."),
        };
        var key = found.Endpoint.Key;
        await audit.NoteAsync(key.SenderId, membership.Member, AuditAction.Changed, string.Create(CultureInfo.InvariantCulture, $"webhook {key.Id}: {what}"), stop);
        var done = act switch
        {
            "approve" => await endpoints.ApproveAsync(key, Approver.Operator, stop),
            "enable" => await endpoints.EnableAsync(key, stop),
            "disable" => await endpoints.DisableAsync(key, "Switched off by an operator.", stop),
            _ => await endpoints.RemoveAsync(key, _ => { }, stop),
        };
        http.LeaveNotice(membership, Page, done ? new("good", said) : new("warn", "Someone else just changed this webhook, so nothing was done."));
    }

    private static string? Refusal(string act, Endpoint endpoint) => act switch
    {
        "approve" or "refuse" when endpoint is { IsApproved: false, AwaitsOperator: true } => null,
        "approve" or "refuse" => endpoint.IsApproved ? "It is approved already." : "An operator has added it, so an owner of the sender approves it.",
        "enable" or "disable" => endpoint.IsApproved ? null : "It waits for approval.",
        "remove" => null,
        _ => "Choose what to do.",
    };

    private static Confirmation? QuestionOf(string act, ListedEndpoint found) => act switch
    {
        "approve" => new($"Approve the webhook of @{found.ScreenName}?", $"{Name(found)}: every score and comment of @{found.ScreenName} is sent there from now on. The audit log says which owner added it. You can remove it later.", "Approve", Page),
        "refuse" => new($"Turn down the webhook of @{found.ScreenName}?", $"{Name(found)}: it is removed. The owner can add it again.", "Turn down", Page),
        "disable" => new($"Switch off the webhook of @{found.ScreenName}?", $"{Name(found)}: it gets nothing. Events are queued, and it gets them in order when it is switched on again.", "Switch off", Page),
        "remove" => new($"Remove the webhook of @{found.ScreenName}?", $"{Name(found)}: it gets nothing more{Lost(found)}. This cannot be undone.", "Remove", Page),
        _ => null,
    };

    private static string Name(ListedEndpoint found) => found.Endpoint.ShownAddress ?? "A webhook that is polled";

    private static string Lost(ListedEndpoint found) => found.Endpoint.IsPolled ? "" : string.Create(CultureInfo.InvariantCulture, $", and {found.Waiting:N0} events that wait for it are never sent");
}
