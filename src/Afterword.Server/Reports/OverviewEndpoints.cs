using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Pages;
using Afterword.Server.SetUp;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports;

/// <summary>The metrics in the console.</summary>
internal static class OverviewEndpoints
{
    public static void MapOverview(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/overview", Show).For(Role.Owner, Role.Supervisor, Role.Analyst);
        console.MapGet("/@{handle}/overview/live", LiveMetrics.ServeAsync).For(Role.Owner, Role.Supervisor, Role.Analyst);
        console.MapGet("/@{handle}/definitions", Define).For(Role.Owner, Role.Supervisor, Role.Analyst);
    }

    private static async Task Show(HttpContext http, Membership membership, Store store, Questions questions, TimeProvider clock)
    {
        var query = OverviewQuery.Read(http.Request.Query, out var problem);
        var overview = await Overview.ReadAsync(store.Main, membership.SenderId, query, clock.GetUtcNow(), http.RequestAborted);
        await http.ShowConsoleAsync<OverviewPage>(membership, 200, new()
        {
            [nameof(OverviewPage.View)] = overview is null ? null : new OverviewPages(membership, overview, questions, problem).View(),
            [nameof(OverviewPage.Stream)] = membership.AddressOf("overview/live"),
            [nameof(OverviewPage.SetUp)] = await SetUpProgress.ForOwnerAsync(http, membership),
        });
    }

    private static Task Define(HttpContext http, Membership membership) => http.ShowConsoleAsync<DefinitionsPage>(membership, 200, []);
}
