using System.Globalization;
using Afterword.Server.Access.Console;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Reports;

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
        console.MapPost("/@{handle}/follow-up/{item}/note", Note).WithMetadata(new Entry([Role.Owner, Role.Supervisor], EntryStage.Seat) { MaxForm = MaxForm });
    }

    private static async Task List(HttpContext http, Seat seat, FollowUps followUps, AuditLog audit, Settings settings)
    {
        await audit.NoteAsync(seat, Deed.Saw, "follow-up", http.RequestAborted);
        await ListAsync(http, seat, followUps, settings, 200, problem: null);
    }

    private static async Task ListAsync(HttpContext http, Seat seat, FollowUps followUps, Settings settings, int status, string? problem)
    {
        var query = FollowUpQuery.Read(http.Request.Query, seat.Person.Id);
        var (items, next) = await followUps.ListAsync(seat.SenderId, query, http.RequestAborted);
        await http.ShowConsoleAsync<FollowUpPage>(seat, status, new()
        {
            [nameof(FollowUpPage.Items)] = items,
            [nameof(FollowUpPage.Next)] = next?.ToString(),
            [nameof(FollowUpPage.IsFirst)] = query.After == FollowUpPlace.Start,
            [nameof(FollowUpPage.State)] = query.StateWord,
            [nameof(FollowUpPage.Who)] = query.Assignee,
            [nameof(FollowUpPage.Counts)] = await followUps.CountAsync(seat.SenderId, http.RequestAborted),
            [nameof(FollowUpPage.People)] = await followUps.PeopleAsync(seat.SenderId, http.RequestAborted),
            [nameof(FollowUpPage.Watch)] = await followUps.WatchAsync(seat.SenderId, http.RequestAborted),
            [nameof(FollowUpPage.When)] = ConsoleTimes.For(seat.Person, settings),
            [nameof(FollowUpPage.Problem)] = problem,
        });
    }

    private static async Task Choose(HttpContext http, Seat seat, FollowUps followUps, Settings settings)
    {
        var form = http.Request.Form;
        if (ThresholdOf(form["csat"], 1, 5) is not { } csat || ThresholdOf(form["nps"], 0, 10) is not { } nps || !WholeNumber.TryRead(form["version"].ToString(), out var version))
        {
            await ListAsync(http, seat, followUps, settings, 400, "Choose a score of each scale, or none.");
        }
        else if (!await followUps.ChooseAsync(seat, csat, nps, version, http.RequestAborted)) await ListAsync(http, seat, followUps, settings, 409, Elsewhere);
        else http.SeeOther(seat.AddressOf("follow-up"));
    }

    /// <summary>A score of a scale, or <see cref="Watch.None"/>; null for anything else.</summary>
    internal static int? ThresholdOf(string? text, int lowest, int highest) => text switch
    {
        "none" => Watch.None,
        not null when WholeNumber.TryRead(text, out var score) && score >= lowest && score <= highest => (int)score,
        _ => null,
    };

    internal const string Elsewhere = "Somebody else has changed this meanwhile, and nothing of yours was done. Look at it as it is now, and choose again.";

    private static async Task Show(HttpContext http, string item, Seat seat, FollowUps followUps, AuditLog audit, Settings settings)
    {
        if (WholeNumber.TryRead(item, out var prompt) && await followUps.FindAsync(seat.SenderId, prompt, http.RequestAborted) is { } found)
        {
            await audit.NoteAsync(seat, Deed.Saw, $"follow-up {item}", http.RequestAborted);
            await ShowAsync(http, seat, found, settings, 200, problem: null, note: null);
        }
        else await ConsoleDoor.ShowUnknownAsync(http);
    }

    private static Task ShowAsync(HttpContext http, Seat seat, FollowUpDetail found, Settings settings, int status, string? problem, string? note) =>
        http.ShowConsoleAsync<FollowUpItemPage>(seat, status, new()
        {
            [nameof(FollowUpItemPage.Detail)] = found,
            [nameof(FollowUpItemPage.When)] = ConsoleTimes.For(seat.Person, settings),
            [nameof(FollowUpItemPage.Problem)] = problem,
            [nameof(FollowUpItemPage.Note)] = note,
        });

    private static Task Assign(HttpContext http, string item, Seat seat, FollowUps followUps, Settings settings) =>
        ChangeAsync(http, item, seat, followUps, settings, (prompt, version) =>
        {
            var to = http.Request.Form["person"].ToString();
            return WholeNumber.TryRead(to, out var person) || to.Length == 0
                ? followUps.AssignAsync(seat, prompt, version, to.Length == 0 ? null : person, http.RequestAborted)
                : Task.FromResult(FollowUpOutcome.Unknown);
        });

    private static Task Finish(HttpContext http, string item, Seat seat, FollowUps followUps, Settings settings) =>
        ChangeAsync(http, item, seat, followUps, settings, (prompt, version) => followUps.FinishAsync(seat, prompt, version, done: true, http.RequestAborted));

    private static Task Reopen(HttpContext http, string item, Seat seat, FollowUps followUps, Settings settings) =>
        ChangeAsync(http, item, seat, followUps, settings, (prompt, version) => followUps.FinishAsync(seat, prompt, version, done: false, http.RequestAborted));

    private static async Task ChangeAsync(HttpContext http, string item, Seat seat, FollowUps followUps, Settings settings, Func<long, long, Task<FollowUpOutcome>> change)
    {
        var outcome = WholeNumber.TryRead(item, out var prompt) && WholeNumber.TryRead(http.Request.Form["version"].ToString(), out var version)
            ? await change(prompt, version)
            : FollowUpOutcome.Unknown;
        if (outcome == FollowUpOutcome.Done) http.SeeOther(AddressOf(seat, prompt));
        else if (await followUps.FindAsync(seat.SenderId, prompt, http.RequestAborted) is not { } found) await ConsoleDoor.ShowUnknownAsync(http);
        else if (outcome == FollowUpOutcome.Stale) await ShowAsync(http, seat, found, settings, 409, Elsewhere, note: null);
        else await ShowAsync(http, seat, found, settings, 400, "Choose one of the owners and supervisors.", note: null);
    }

    private static async Task Note(HttpContext http, string item, Seat seat, FollowUps followUps, Settings settings)
    {
        if (!WholeNumber.TryRead(item, out var prompt) || await followUps.FindAsync(seat.SenderId, prompt, http.RequestAborted) is not { } found)
        {
            await ConsoleDoor.ShowUnknownAsync(http);
            return;
        }

        // Browsers send the line breaks of a text field as CRLF.
        var body = TextRules.Normalise(http.Request.Form["note"].ToString().ReplaceLineEndings("\n").Trim(), MostNote);
        var wrong = TextRules.HasForbidden(body) ? "The note has control characters in it."
            : TextRules.IsBlank(body) ? "The note is empty."
            : TextRules.LengthOf(body) > MostNote ? string.Create(CultureInfo.InvariantCulture, $"A note has at most {MostNote:N0} characters; this one has {TextRules.LengthOf(body):N0}.")
            : null;
        if (wrong is not null) await ShowAsync(http, seat, found, settings, 400, wrong, body);
        else if (await followUps.NoteAsync(seat, prompt, body, http.RequestAborted)) http.SeeOther(AddressOf(seat, prompt));
        else await ConsoleDoor.ShowUnknownAsync(http);
    }

    private static string AddressOf(Seat seat, long prompt) => string.Create(CultureInfo.InvariantCulture, $"{seat.AddressOf("follow-up")}/{prompt}");
}
