using Afterword.Server.Admin.Pages;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Parsing;

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

    private static async Task Show(HttpContext http, Membership membership, AuditLog audit)
    {
        var query = http.Request.Query;
        var action = Enum.GetValues<AuditAction>().Cast<AuditAction?>().FirstOrDefault(one => one!.Value.Word == query["deed"]);
        var before = WholeNumber.TryRead(query["before"].ToString(), out var id) ? id : long.MaxValue;
        var entries = await audit.ListAsync(membership.SenderId == Workspace.Installation ? null : membership.SenderId, action, before, PageLength + 1, http.RequestAborted);
        await http.ShowConsoleAsync<AuditPage>(membership, 200, new()
        {
            [nameof(AuditPage.Entries)] = entries.Take(PageLength).ToList(),
            [nameof(AuditPage.Only)] = action,
            [nameof(AuditPage.IsNewest)] = before == long.MaxValue,
            [nameof(AuditPage.Before)] = entries.Count > PageLength ? entries[PageLength - 1].Id : null,
        });
    }
}
