using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Reports.FollowUps;

/// <summary>Low scores as a list to work through, for those who lead the people that customers spoke with.</summary>
internal static class FollowUpEndpoints
{
    private const int MostNote = 2_000;

    // A note of this length in the widest letters, as a form encodes them.
    private const int MaxForm = 32 * 1024;

    public static void MapFollowUp(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/follow-up", List).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/follow-up/choose", Choose).For(Role.Owner, Role.Supervisor);
        console.MapGet("/@{handle}/follow-up/{item}", Show).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/follow-up/{item}/assign", Assign).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/follow-up/{item}/done", Finish).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/follow-up/{item}/reopen", Reopen).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/follow-up/{item}/note", Note).WithMetadata(new AccessRule([Role.Owner, Role.Supervisor], SignInState.Member) { MaxForm = MaxForm });
    }

    private static async Task List(HttpContext http, Membership membership, FollowUpQueue followUps, AuditLog audit, Settings settings)
    {
        await audit.NoteAsync(membership, AuditAction.Saw, "follow-up", http.RequestAborted);
        await ListAsync(http, membership, followUps, settings, 200, problem: null);
    }

    private static async Task ListAsync(HttpContext http, Membership membership, FollowUpQueue followUps, Settings settings, int status, string? problem)
    {
        var query = FollowUpQuery.Read(http.Request.Query, membership.Member.Id);
        var (items, next) = await followUps.ListAsync(membership.SenderId, query, http.RequestAborted);
        await http.ShowConsoleAsync<FollowUpPage>(membership, status, new()
        {
            [nameof(FollowUpPage.Items)] = items,
            [nameof(FollowUpPage.Next)] = next?.ToString(),
            [nameof(FollowUpPage.IsFirst)] = query.After == FollowUpCursor.Start,
            [nameof(FollowUpPage.State)] = query.StateWord,
            [nameof(FollowUpPage.Who)] = query.Assignee,
            [nameof(FollowUpPage.Counts)] = await followUps.CountAsync(membership.SenderId, http.RequestAborted),
            [nameof(FollowUpPage.People)] = await followUps.PeopleAsync(membership.SenderId, http.RequestAborted),
            [nameof(FollowUpPage.AlertThresholds)] = await followUps.WatchAsync(membership.SenderId, http.RequestAborted),
            [nameof(FollowUpPage.When)] = ConsoleTimes.For(membership.Member, settings),
            [nameof(FollowUpPage.Problem)] = problem,
        });
    }

    private static async Task Choose(HttpContext http, Membership membership, FollowUpQueue followUps, Settings settings)
    {
        var form = http.Request.Form;
        if (ThresholdOf(form["csat"], 1, 5) is not { } csat || ThresholdOf(form["nps"], 0, 10) is not { } nps || !WholeNumber.TryRead(form["version"].ToString(), out var version))
        {
            await ListAsync(http, membership, followUps, settings, 400, "Choose a score of each scale, or none.");
        }
        else if (!await followUps.ChooseAsync(membership, csat, nps, version, http.RequestAborted)) await ListAsync(http, membership, followUps, settings, 409, Elsewhere);
        else http.SeeOther(membership.AddressOf("follow-up"));
    }

    /// <summary>A score of a scale, or <see cref="AlertThresholds.None"/>; null for anything else.</summary>
    internal static int? ThresholdOf(string? text, int lowest, int highest) => text switch
    {
        "none" => AlertThresholds.None,
        not null when WholeNumber.TryRead(text, out var score) && score >= lowest && score <= highest => (int)score,
        _ => null,
    };

    internal const string Elsewhere = "Somebody else has changed this meanwhile, and nothing of yours was done. Look at it as it is now, and choose again.";

    private static async Task Show(HttpContext http, string item, Membership membership, FollowUpQueue followUps, AuditLog audit, Settings settings)
    {
        if (WholeNumber.TryRead(item, out var prompt) && await followUps.FindAsync(membership.SenderId, prompt, http.RequestAborted) is { } found)
        {
            await audit.NoteAsync(membership, AuditAction.Saw, $"follow-up {item}", http.RequestAborted);
            await ShowAsync(http, membership, found, settings, 200, problem: null, note: null);
        }
        else await ConsoleAuthorization.ShowUnknownAsync(http);
    }

    private static Task ShowAsync(HttpContext http, Membership membership, FollowUpDetail found, Settings settings, int status, string? problem, string? note) =>
        http.ShowConsoleAsync<FollowUpItemPage>(membership, status, new()
        {
            [nameof(FollowUpItemPage.Detail)] = found,
            [nameof(FollowUpItemPage.When)] = ConsoleTimes.For(membership.Member, settings),
            [nameof(FollowUpItemPage.Problem)] = problem,
            [nameof(FollowUpItemPage.Note)] = note,
        });

    private static Task Assign(HttpContext http, string item, Membership membership, FollowUpQueue followUps, Settings settings) =>
        ChangeAsync(http, item, membership, followUps, settings, (prompt, version) =>
        {
            var to = http.Request.Form["person"].ToString();
            return WholeNumber.TryRead(to, out var person) || to.Length == 0
                ? followUps.AssignAsync(membership, prompt, version, to.Length == 0 ? null : person, http.RequestAborted)
                : Task.FromResult(FollowUpOutcome.Unknown);
        });

    private static Task Finish(HttpContext http, string item, Membership membership, FollowUpQueue followUps, Settings settings) =>
        ChangeAsync(http, item, membership, followUps, settings, (prompt, version) => followUps.FinishAsync(membership, prompt, version, done: true, http.RequestAborted));

    private static Task Reopen(HttpContext http, string item, Membership membership, FollowUpQueue followUps, Settings settings) =>
        ChangeAsync(http, item, membership, followUps, settings, (prompt, version) => followUps.FinishAsync(membership, prompt, version, done: false, http.RequestAborted));

    private static async Task ChangeAsync(HttpContext http, string item, Membership membership, FollowUpQueue followUps, Settings settings, Func<long, long, Task<FollowUpOutcome>> change)
    {
        var outcome = WholeNumber.TryRead(item, out var prompt) && WholeNumber.TryRead(http.Request.Form["version"].ToString(), out var version)
            ? await change(prompt, version)
            : FollowUpOutcome.Unknown;
        if (outcome == FollowUpOutcome.Done) http.SeeOther(AddressOf(membership, prompt));
        else if (await followUps.FindAsync(membership.SenderId, prompt, http.RequestAborted) is not { } found) await ConsoleAuthorization.ShowUnknownAsync(http);
        else if (outcome == FollowUpOutcome.Stale) await ShowAsync(http, membership, found, settings, 409, Elsewhere, note: null);
        else await ShowAsync(http, membership, found, settings, 400, "Choose one of the owners and supervisors.", note: null);
    }

    private static async Task Note(HttpContext http, string item, Membership membership, FollowUpQueue followUps, Settings settings)
    {
        if (!WholeNumber.TryRead(item, out var prompt) || await followUps.FindAsync(membership.SenderId, prompt, http.RequestAborted) is not { } found)
        {
            await ConsoleAuthorization.ShowUnknownAsync(http);
            return;
        }

        // Browsers send the line breaks of a text field as CRLF.
        var body = TextRules.Normalise(http.Request.Form["note"].ToString().ReplaceLineEndings("\n").Trim(), MostNote);
        var wrong = TextRules.HasForbidden(body) ? "The note has control characters in it."
            : TextRules.IsBlank(body) ? "The note is empty."
            : TextRules.LengthOf(body) > MostNote ? string.Create(CultureInfo.InvariantCulture, $"A note has at most {MostNote:N0} characters; this one has {TextRules.LengthOf(body):N0}.")
            : null;
        if (wrong is not null) await ShowAsync(http, membership, found, settings, 400, wrong, body);
        else if (await followUps.NoteAsync(membership, prompt, body, http.RequestAborted)) http.SeeOther(AddressOf(membership, prompt));
        else await ConsoleAuthorization.ShowUnknownAsync(http);
    }

    private static string AddressOf(Membership membership, long prompt) => string.Create(CultureInfo.InvariantCulture, $"{membership.AddressOf("follow-up")}/{prompt}");
}
