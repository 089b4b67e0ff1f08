using System.Globalization;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.Reports.Exports;
using Afterword.Server.Reports.FollowUps;
using Afterword.Server.Users;

namespace Afterword.Server.Automation.Pages;

/// <summary>What the rules decided, for those who lead the people that customers spoke with: the funnel, the list, one conversation, a file, and the switch.</summary>
internal static class AutomationPageEndpoints
{
    public static void MapAutomationPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/automation", Show).For(Role.Owner, Role.Supervisor);
        console.MapGet("/@{handle}/automation/file", Send).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/automation/switch", Switch).For(Role.Owner);
        console.MapGet("/@{handle}/automation/{conversation}", ShowOne).For(Role.Owner, Role.Supervisor);
    }

    private static Task Show(HttpContext http, Membership membership) => ShowAsync(http, membership, 200, problem: null, http.Request.Query["done"].ToString() switch
    {
        "on" => "Turned on, in a new version of the rules.",
        "off" => "Turned off, in a new version of the rules.",
        _ => null,
    });

    private static async Task ShowAsync(HttpContext http, Membership membership, int status, string? problem, string? saved = null)
    {
        var services = http.RequestServices;
        var settings = services.GetRequiredService<Settings>();
        var days = ConsoleDays.Of(settings.TimeZone);
        var form = await AutomationForm.ReadAsync(
            http.Request.QueryString, membership, days, services.GetRequiredService<TimeProvider>().GetUtcNow(), services.GetRequiredService<UserAccounts>(), http.RequestAborted);
        AutomationView? view = null;
        if (form.Problems.Count == 0)
        {
            await services.GetRequiredService<AuditLog>().NoteAsync(membership, AuditAction.Saw, $"automation{form.Description}", http.RequestAborted);
            var funnel = await services.GetRequiredService<ReadFunnel>().RunAsync(form.Filter, http.RequestAborted);
            var list = await services.GetRequiredService<Ledger>().RunAsync(form.List, form.Before, http.RequestAborted);
            view = new AutomationPages(membership, ConsoleTimes.For(membership.Member, settings)).View(form, settings.TimeZone, funnel, list);
        }

        await http.ShowConsoleAsync<AutomationPage>(membership, view is null ? 400 : status, new()
        {
            [nameof(AutomationPage.View)] = view,
            [nameof(AutomationPage.Typed)] = form.Fields.Where(field => field.Key != "range").ToDictionary(),
            [nameof(AutomationPage.Switch)] = await SwitchAsync(membership, services.GetRequiredService<ChangeRules>(), http.RequestAborted),
            [nameof(AutomationPage.Problems)] = problem is null ? form.Problems : [problem, .. form.Problems],
            [nameof(AutomationPage.Saved)] = saved,
        });
    }

    private static async Task<SwitchView> SwitchAsync(Membership membership, ChangeRules rules, CancellationToken stop)
    {
        var saved = await rules.FindAsync(membership.SenderId, stop);
        var silence = saved is null ? Reason.None : RulesDocument.OfStored(saved.Document).Silence;
        var (state, means) = silence switch
        {
            Reason.None => ("on", "Every close is decided by the rules."),
            Reason.Paused => ("paused", "Every close is still decided and kept, with the reason that requests were paused, and nobody is asked."),
            _ => ("off", "Every close is kept, every rule says no, and nobody is asked."),
        };
        return new(saved?.Version ?? 0, silence == Reason.None, state, means, membership.Role == Role.Owner);
    }

    private static async Task ShowOne(HttpContext http, string conversation, Membership membership, ListConversations conversations, Ledger ledger, ChangeRules rules, AuditLog audit, Settings settings)
    {
        if (!WholeNumber.TryRead(conversation, out var id) || await conversations.FindAsync(membership.SenderId, id, http.RequestAborted) is not { } one)
        {
            await ConsoleAuthorization.ShowUnknownAsync(http);
            return;
        }

        await audit.NoteAsync(membership, AuditAction.Saw, $"conversation {conversation}", http.RequestAborted);
        var saved = await rules.FindAsync(membership.SenderId, one.RulesVersion, http.RequestAborted);
        var lines = await ledger.OfOneAsync(one, http.RequestAborted);
        await http.ShowConsoleAsync<ConversationPage>(membership, 200, new()
        {
            [nameof(ConversationPage.View)] = new AutomationPages(membership, ConsoleTimes.For(membership.Member, settings))
                .View(one, lines.First(line => line.Id == one.Id), saved is null ? null : RulesDocument.OfStored(saved.Document), lines, await ledger.ByHandAsync(one, http.RequestAborted)),
        });
    }

    private static async Task Send(HttpContext http, Membership membership, ExportConversations export, ConsoleSessions sessions, UserAccounts accounts, AuditLog audit, Settings settings, TimeProvider clock)
    {
        var form = await AutomationForm.ReadAsync(http.Request.QueryString, membership, ConsoleDays.Of(settings.TimeZone), clock.GetUtcNow(), accounts, http.RequestAborted);
        if (form.Problems.Count > 0)
        {
            await ShowAsync(http, membership, 400, problem: null);
            return;
        }

        var headers = http.Response.Headers;
        headers.ContentType = "text/csv; charset=utf-8";
        headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"{membership.Handle}-conversations-{clock.GetUtcNow():yyyy-MM-dd}.csv\"");
        headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(http.Request.Method)) return;

        await audit.NoteAsync(membership, AuditAction.Exported, $"conversations{form.Description}", http.RequestAborted);
        await export.RunAsync(form.List, http.Response.Body, () => http.StaySignedInAsync(membership, sessions), http.RequestAborted);
    }

    private static async Task Switch(HttpContext http, Membership membership, ChangeRules rules)
    {
        var form = http.Request.Form;
        var on = form["on"].ToString() switch { "yes" => true, "no" => (bool?)false, _ => null };
        if (on is not { } wanted || form["confirm"] != "yes" || !WholeNumber.TryRead(form["version"].ToString(), out var version) || version == 0)
        {
            await ShowAsync(http, membership, 400, "Tick the box to confirm. Nothing was changed.");
            return;
        }

        switch (await rules.SwitchAsync(membership, version, wanted, http.RequestAborted))
        {
            case ChangeRulesOutcome.Saved:
                http.SeeOther($"{membership.AddressOf("automation")}?done={(wanted ? "on" : "off")}");
                break;
            default:
                await ShowAsync(http, membership, 409, FollowUpEndpoints.Elsewhere);
                break;
        }
    }
}
