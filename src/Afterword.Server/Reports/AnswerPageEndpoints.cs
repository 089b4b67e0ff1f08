using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Parsing;
using Afterword.Server.Reports.Pages;
using Afterword.Server.Reports.Search;
using Afterword.Server.Users;

namespace Afterword.Server.Reports;

/// <summary>The answers, for those who may see them: all of them in a list, and one with all that belongs to it.</summary>
internal static class AnswerPageEndpoints
{
    public static void MapAnswerPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/answers", List).For(Role.Owner, Role.Supervisor, Role.Analyst);
        console.MapGet("/@{handle}/answers/{id}", Show).For(Role.Owner, Role.Supervisor, Role.Analyst);
    }

    /// <summary>What someone in this membership may see of an answer.</summary>
    public static Visibility GetVisibility(this Membership membership) => membership.Role is Role.Owner or Role.Supervisor ? Reports.Visibility.Full : Reports.Visibility.Nameless;

    private static async Task List(HttpContext http, Membership membership, ListAnswers list, BackfillSearch fill, UserAccounts accounts, AuditLog audit, Settings settings)
    {
        var days = ConsoleDays.Of(settings.TimeZone);
        var form = await AnswersForm.ReadAsync(http.Request.QueryString, membership, membership.GetVisibility(), days, accounts, http.RequestAborted);
        var found = new AnswersFound([], null, null);
        if (form.Problems.Count == 0)
        {
            await audit.NoteAsync(membership, AuditAction.Saw, $"answers{form.Description}", http.RequestAborted);
            found = await list.RunAsync(form.Filter, form.Search, membership.GetVisibility(), form.Below, http.RequestAborted);
        }

        await http.ShowConsoleAsync<AnswersPage>(membership, form.Problems.Count == 0 ? 200 : 400, new()
        {
            [nameof(AnswersPage.Address)] = membership.AddressOf("answers"),
            [nameof(AnswersPage.ExportAddress)] = membership.AddressOf("export"),
            [nameof(AnswersPage.Query)] = form.Query,
            [nameof(AnswersPage.Fields)] = form.Fields,
            [nameof(AnswersPage.Problems)] = form.Problems,
            [nameof(AnswersPage.Found)] = found,
            [nameof(AnswersPage.IsFirst)] = form.Below == long.MaxValue,
            [nameof(AnswersPage.SeesNames)] = membership.GetVisibility().Names,
            [nameof(AnswersPage.IsBehind)] = form.Search is not null && await fill.IsBehindAsync(membership.SenderId, http.RequestAborted),
            [nameof(AnswersPage.When)] = ConsoleTimes.For(membership.Member, settings),
        });
    }

    private static async Task Show(HttpContext http, string id, Membership membership, ShowAnswer show, AuditLog audit, Settings settings)
    {
        if (!WholeNumber.TryRead(id, out var number) || await show.RunAsync(membership.SenderId, number, membership.GetVisibility(), http.RequestAborted) is not { } detail)
        {
            await ConsoleAuthorization.ShowUnknownAsync(http);
            return;
        }

        await audit.NoteAsync(membership, AuditAction.Saw, $"answer {id}", http.RequestAborted);
        await http.ShowConsoleAsync<AnswerPage>(membership, 200, new()
        {
            [nameof(AnswerPage.Address)] = membership.AddressOf("answers"),
            [nameof(AnswerPage.Detail)] = detail,
            [nameof(AnswerPage.SeesNames)] = membership.GetVisibility().Names,
            [nameof(AnswerPage.SenderName)] = membership.SenderName,
            [nameof(AnswerPage.When)] = ConsoleTimes.For(membership.Member, settings),
        });
    }
}
