using Afterword.Server.Automation.Funnels;
using Afterword.Server.Automation.Pages;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Users;

namespace Afterword.Server.Automation.Fairness;

/// <summary>Whether anybody picks who is asked, for those who lead the agents.</summary>
internal static class FairnessEndpoints
{
    public static void MapFairness(this IEndpointRouteBuilder routes) => routes.MapConsole().MapGet("/@{handle}/fairness", Show).For(Role.Owner, Role.Supervisor);

    private static async Task Show(HttpContext http, Membership membership, ReadFairness fairness, UserAccounts accounts, AuditLog audit, ChangeRules rules, Settings settings, TimeProvider clock)
    {
        var days = ConsoleDays.Of(settings.TimeZone);
        var form = await AutomationForm.ReadAsync(http.Request.QueryString, membership, days, clock.GetUtcNow(), accounts, http.RequestAborted);
        FairnessView? view = null;
        if (form.Problems.Count == 0)
        {
            await audit.NoteAsync(membership, AuditAction.Saw, $"fairness{form.Description}", http.RequestAborted);
            view = new FairnessPages(membership, ConsoleTimes.For(membership.Member, settings)).View(form, await fairness.RunAsync(form.Filter.OfPeriod, http.RequestAborted));
        }

        await http.ShowConsoleAsync<FairnessPage>(membership, view is null ? 400 : 200, new()
        {
            [nameof(FairnessPage.View)] = view, [nameof(FairnessPage.Problems)] = form.Problems, [nameof(FairnessPage.Typed)] = form.Fields,
            [nameof(FairnessPage.Silence)] = await SilenceAsync(rules, membership.SenderId, http.RequestAborted),
        });
    }

    private static async Task<string?> SilenceAsync(ChangeRules rules, long sender, CancellationToken stop) =>
        await rules.FindAsync(sender, stop) is { } saved && RulesSilence.TextOf(RulesDocument.OfStored(saved.Document)) is { } silence ? $"{silence}." : null;
}
