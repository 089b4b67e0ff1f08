using Afterword.Server.Access.Console;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Errors;

namespace Afterword.Server.Admin;

/// <summary>The audit log: of one sender for its owners, of the whole installation for operators.</summary>
internal static class AuditEndpoints
{
    private const int PageLength = 50;

    public static void MapConsoleAudit(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/audit", Show).For(Role.Owner);
        console.MapGet("/admin/audit", Show).For(Role.Operator);
    }

    private static async Task Show(HttpContext http, Seat seat, AuditLog audit)
    {
        var query = http.Request.Query;
        var deed = Enum.GetValues<Deed>().Cast<Deed?>().FirstOrDefault(one => one!.Value.Word == query["deed"]);
        var before = WholeNumber.TryRead(query["before"].ToString(), out var id) ? id : long.MaxValue;
        var entries = await audit.ListAsync(seat.SenderId == Place.Installation ? null : seat.SenderId, deed, before, PageLength + 1, http.RequestAborted);
        await http.ShowConsoleAsync<AuditPage>(seat, 200, new()
        {
            [nameof(AuditPage.Entries)] = entries.Take(PageLength).ToList(),
            [nameof(AuditPage.Only)] = deed,
            [nameof(AuditPage.IsNewest)] = before == long.MaxValue,
            [nameof(AuditPage.Before)] = entries.Count > PageLength ? entries[PageLength - 1].Id : null,
        });
    }
}
