using Afterword.Server.Access.Console;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.People;
using Afterword.Server.Reports.Pages;

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

    /// <summary>What somebody in this seat may see of an answer.</summary>
    public static Sight Sight(this Seat seat) => seat.Role is Role.Owner or Role.Supervisor ? Reports.Sight.Full : Reports.Sight.Nameless;

    private static async Task List(HttpContext http, Seat seat, ListAnswers list, FillSearch fill, Accounts accounts, AuditLog audit, Settings settings)
    {
        var days = ConsoleDays.Of(settings.TimeZone);
        var form = await AnswersForm.ReadAsync(http.Request.QueryString, seat, seat.Sight(), days, accounts, http.RequestAborted);
        var found = new AnswersFound([], null, null);
        if (form.Problems.Count == 0)
        {
            await audit.NoteAsync(seat, Deed.Saw, $"answers{form.Description}", http.RequestAborted);
            found = await list.RunAsync(form.Filter, form.Search, seat.Sight(), form.Below, http.RequestAborted);
        }

        await http.ShowConsoleAsync<AnswersPage>(seat, form.Problems.Count == 0 ? 200 : 400, new()
        {
            [nameof(AnswersPage.Address)] = seat.AddressOf("answers"),
            [nameof(AnswersPage.ExportAddress)] = seat.AddressOf("export"),
            [nameof(AnswersPage.Query)] = form.Query,
            [nameof(AnswersPage.Fields)] = form.Fields,
            [nameof(AnswersPage.Problems)] = form.Problems,
            [nameof(AnswersPage.Found)] = found,
            [nameof(AnswersPage.IsFirst)] = form.Below == long.MaxValue,
            [nameof(AnswersPage.SeesNames)] = seat.Sight().Names,
            [nameof(AnswersPage.IsBehind)] = form.Search is not null && await fill.IsBehindAsync(seat.SenderId, http.RequestAborted),
            [nameof(AnswersPage.When)] = ConsoleTimes.For(seat.Person, settings),
        });
    }

    private static async Task Show(HttpContext http, string id, Seat seat, ShowAnswer show, AuditLog audit, Settings settings)
    {
        if (!WholeNumber.TryRead(id, out var number) || await show.RunAsync(seat.SenderId, number, seat.Sight(), http.RequestAborted) is not { } detail)
        {
            await ConsoleDoor.ShowUnknownAsync(http);
            return;
        }

        await audit.NoteAsync(seat, Deed.Saw, $"answer {id}", http.RequestAborted);
        await http.ShowConsoleAsync<AnswerPage>(seat, 200, new()
        {
            [nameof(AnswerPage.Address)] = seat.AddressOf("answers"),
            [nameof(AnswerPage.Detail)] = detail,
            [nameof(AnswerPage.SeesNames)] = seat.Sight().Names,
            [nameof(AnswerPage.SenderName)] = seat.SenderName,
            [nameof(AnswerPage.When)] = ConsoleTimes.For(seat.Person, settings),
        });
    }
}
