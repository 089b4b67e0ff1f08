using Afterword.Server.Access.Console;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Hosting;
using Afterword.Server.Reports;
using Afterword.Server.SetUp;

namespace Afterword.Server.Admin.Health;

internal static class HealthPageEndpoints
{
    /// <summary>What is looked at for metrics and for the page.</summary>
    public static void AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<Backlog>();
        services.AddHostedService(provider => provider.GetRequiredService<Backlog>());
        services.AddSingleton<Vitals>();
        services.AddHostedService(provider => provider.GetRequiredService<Vitals>());
        services.AddSingleton<ReportHealth>();
    }

    public static void MapConsoleHealth(this IEndpointRouteBuilder routes) => routes.MapConsole().MapGet("/admin/health", Show).For(Role.Operator);

    private static async Task Show(HttpContext http, Seat seat, ReportHealth report, Settings settings, TimeProvider clock) => await http.ShowConsoleAsync<HealthPage>(seat, 200, new()
    {
        [nameof(HealthPage.Report)] = await report.RunAsync(ConsoleTimes.For(seat.Person, settings), http.RequestAborted),
        [nameof(HealthPage.When)] = ConsoleTimes.For(seat.Person, settings),
        [nameof(HealthPage.Now)] = clock.GetUtcNow(),
        [nameof(HealthPage.SetUp)] = await SetUpProgress.ForOperatorAsync(http, seat),
    });
}
