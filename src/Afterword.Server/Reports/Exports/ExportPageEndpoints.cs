using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Pages;
using Afterword.Server.Users;

namespace Afterword.Server.Reports.Exports;

/// <summary>People take answers along as a file; what they may not see is not in it.</summary>
internal static class ExportPageEndpoints
{
    public static void MapExportPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/export", Show).For(Role.Owner, Role.Supervisor, Role.Analyst);
        console.MapGet("/@{handle}/export/file", Send).For(Role.Owner, Role.Supervisor, Role.Analyst);
    }

    private static async Task Show(HttpContext http, Membership membership, UserAccounts accounts, Settings settings)
    {
        var form = await AnswersForm.ReadAsync(http.Request.QueryString, membership, membership.GetVisibility(), ConsoleDays.Of(settings.TimeZone), accounts, http.RequestAborted);
        await ShowAsync(http, membership, form);
    }

    private static async Task Send(HttpContext http, Membership membership, ExportFeedback export, ConsoleSessions sessions, UserAccounts accounts, AuditLog audit, Settings settings, TimeProvider clock)
    {
        var form = await AnswersForm.ReadAsync(http.Request.QueryString, membership, membership.GetVisibility(), ConsoleDays.Of(settings.TimeZone), accounts, http.RequestAborted);
        if (form.Problems.Count > 0)
        {
            await ShowAsync(http, membership, form);
            return;
        }

        if (!HttpMethods.IsHead(http.Request.Method)) await audit.NoteAsync(membership, AuditAction.Exported, $"answers{form.Description}", http.RequestAborted);

        // People open it in a spreadsheet.
        await http.SendAsync(export, new(form.Filter, membership.Handle, membership.GetVisibility(), ByteOrderMark: true, Search: form.Search), clock, _ => http.StaySignedInAsync(membership, sessions));
    }

    /// <summary>A large file to a slow reader takes hours. Whoever loses the role, or is signed out, gets no more of it, and no whole file.</summary>
    public static async Task StaySignedInAsync(this HttpContext http, Membership membership, ConsoleSessions sessions)
    {
        if (await sessions.IsStillAsync(http, membership)) return;

        http.Abort();
        throw new OperationCanceledException("Whoever takes the file along may not have it any more.");
    }

    private static Task ShowAsync(HttpContext http, Membership membership, AnswersForm form) => http.ShowConsoleAsync<ExportPage>(membership, form.Problems.Count == 0 ? 200 : 400, new()
    {
        [nameof(ExportPage.Address)] = membership.AddressOf("export/file"),
        [nameof(ExportPage.AnswersAddress)] = membership.AddressOf("answers"),
        [nameof(ExportPage.Fields)] = form.Fields,
        [nameof(ExportPage.Problems)] = form.Problems,
        [nameof(ExportPage.SeesNames)] = membership.GetVisibility().Names,
    });
}
