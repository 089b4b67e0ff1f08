using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.Reports.FollowUps;

namespace Afterword.Server.Reports.Alerts;

/// <summary>What a sender's people are told without looking, and whom, as owners and supervisors choose.</summary>
internal static class AlertEndpoints
{
    private const int MostPoints = 100;

    // A field for each person who may get alerts.
    private const int MaxFields = 1_000;
    private const int MaxForm = 64 * 1024;

    public static void MapAlerts(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/alerts", Show).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/alerts", Save).WithMetadata(new AccessRule([Role.Owner, Role.Supervisor], SignInState.Member) { MaxForm = MaxForm, MaxFields = MaxFields });
    }

    private static Task Show(HttpContext http, Membership membership) => ShowAsync(http, membership, 200, problem: null, saved: http.Request.Query["done"] == "yes");

    /// <param name="entered">What was chosen, where it is refused for one field of it: the rest is not to be chosen again.</param>
    private static async Task ShowAsync(HttpContext http, Membership membership, int status, string? problem, bool saved = false, IFormCollection? entered = null)
    {
        var services = http.RequestServices;
        var (choose, settings) = (services.GetRequiredService<ChooseAlerts>(), services.GetRequiredService<Settings>());
        var (alertThresholds, readers, told) = await choose.ReadAsync(membership.SenderId, http.RequestAborted);
        if (entered is not null)
        {
            alertThresholds = Entered(entered, alertThresholds);
            readers = [.. readers.Select(reader => reader with { Gets = entered["reader"].Contains(reader.Id.ToString(CultureInfo.InvariantCulture)) })];
        }

        await http.ShowConsoleAsync<AlertsPage>(membership, status, new()
        {
            [nameof(AlertsPage.AlertThresholds)] = alertThresholds,
            [nameof(AlertsPage.Readers)] = readers,
            [nameof(AlertsPage.Told)] = told,
            [nameof(AlertsPage.When)] = ConsoleTimes.For(membership.Member, settings),
            [nameof(AlertsPage.Zone)] = settings.TimeZone,
            [nameof(AlertsPage.HasEmail)] = settings.Mail is not null,
            [nameof(AlertsPage.Problem)] = problem,
            [nameof(AlertsPage.WrongFall)] = entered is not null && PointsOf(entered["fall"].ToString()) is null ? entered["fall"].ToString() : null,
            [nameof(AlertsPage.Saved)] = saved,
        });
    }

    private static async Task Save(HttpContext http, Membership membership, ChooseAlerts choose, TimeProvider clock)
    {
        var form = http.Request.Form;
        if (FollowUpEndpoints.ThresholdOf(form["csat"], 1, 5) is not { } csat || FollowUpEndpoints.ThresholdOf(form["nps"], 0, 10) is not { } nps
            || !WholeNumber.TryRead(form["version"].ToString(), out var version))
        {
            await ShowAsync(http, membership, 400, "Choose a score of each scale, or none.", entered: form);
            return;
        }

        if (PointsOf(form["fall"].ToString()) is not { } fall)
        {
            await ShowAsync(http, membership, 400, string.Create(CultureInfo.InvariantCulture, $"A fall is a whole number of points from 1 to {MostPoints}, or empty for no alert."), entered: form);
            return;
        }

        var readers = form["reader"].Select(text => WholeNumber.TryRead(text ?? "", out var id) ? id : 0).ToArray();
        var choice = new AlertThresholds(0, 0, csat, nps, fall, form["weekly"] == "yes" ? clock.GetUtcNow().ToUnixTimeMilliseconds() : null, version);
        if (await choose.SaveAsync(membership, choice, readers, http.RequestAborted)) http.SeeOther(membership.AddressOf("alerts") + "?done=yes");
        else await ShowAsync(http, membership, 409, FollowUpEndpoints.Elsewhere);
    }

    // What cannot be read stays as it is stored.
    private static AlertThresholds Entered(IFormCollection form, AlertThresholds stored) => stored with
    {
        AlertCsat = FollowUpEndpoints.ThresholdOf(form["csat"], 1, 5) ?? stored.AlertCsat,
        AlertNps = FollowUpEndpoints.ThresholdOf(form["nps"], 0, 10) ?? stored.AlertNps,
        FallPoints = PointsOf(form["fall"].ToString()) ?? stored.FallPoints,
        WeeklySince = form["weekly"] == "yes" ? stored.WeeklySince ?? 0 : null,
    };

    private static int? PointsOf(string text) => text.Trim() switch
    {
        "" => AlertThresholds.None,
        var digits when WholeNumber.TryRead(digits, out var points) && points is >= 1 and <= MostPoints => (int)points,
        _ => null,
    };
}
