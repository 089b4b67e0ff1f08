using Afterword.Server.Access.Console;
using Afterword.Server.Hosting;
using Afterword.Server.People;
using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Reports;

/// <summary>People take answers along as a file; what they may not see is not in it.</summary>
internal static class ExportPageEndpoints
{
    public static void MapExportPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/export", Show).For(Role.Owner, Role.Supervisor, Role.Analyst);
        console.MapGet("/@{handle}/export/file", Send).For(Role.Owner, Role.Supervisor, Role.Analyst);
    }

    private static async Task Show(HttpContext http, Seat seat, Accounts accounts, Settings settings)
    {
        var form = await AnswersForm.ReadAsync(http.Request.QueryString, seat, seat.Sight(), ConsoleDays.Of(settings.TimeZone), accounts, http.RequestAborted);
        await ShowAsync(http, seat, form);
    }

    private static async Task Send(HttpContext http, Seat seat, ExportFeedback export, ConsoleSessions sessions, Accounts accounts, AuditLog audit, Settings settings, TimeProvider clock)
    {
        var form = await AnswersForm.ReadAsync(http.Request.QueryString, seat, seat.Sight(), ConsoleDays.Of(settings.TimeZone), accounts, http.RequestAborted);
        if (form.Problems.Count > 0)
        {
            await ShowAsync(http, seat, form);
            return;
        }

        if (!HttpMethods.IsHead(http.Request.Method)) await audit.NoteAsync(seat, Deed.Exported, $"answers{form.Description}", http.RequestAborted);

        // People open it in a spreadsheet.
        await http.SendAsync(export, new(form.Filter, seat.Handle, seat.Sight(), ByteOrderMark: true, Search: form.Search), clock, _ => http.StaySeatedAsync(seat, sessions));
    }

    /// <summary>A large file to a slow reader takes hours. Whoever loses the role, or is signed out, gets no more of it, and no whole file.</summary>
    public static async Task StaySeatedAsync(this HttpContext http, Seat seat, ConsoleSessions sessions)
    {
        if (await sessions.IsStillAsync(http, seat)) return;

        http.Abort();
        throw new OperationCanceledException("Whoever takes the file along may not have it any more.");
    }

    private static Task ShowAsync(HttpContext http, Seat seat, AnswersForm form) => http.ShowConsoleAsync<ExportPage>(seat, form.Problems.Count == 0 ? 200 : 400, new()
    {
        [nameof(ExportPage.Address)] = seat.AddressOf("export/file"),
        [nameof(ExportPage.AnswersAddress)] = seat.AddressOf("answers"),
        [nameof(ExportPage.Fields)] = form.Fields,
        [nameof(ExportPage.Problems)] = form.Problems,
        [nameof(ExportPage.SeesNames)] = seat.Sight().Names,
    });
}
