using Afterword.Server.Admin.Pages;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.SetUp;

namespace Afterword.Server.Admin.Health;

internal static class HealthPageEndpoints
{
    /// <summary>What is looked at for metrics and for the page.</summary>
    public static void AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<BacklogMetrics>();
        services.AddHostedService(provider => provider.GetRequiredService<BacklogMetrics>());
        services.AddSingleton<HealthMetrics>();
        services.AddHostedService(provider => provider.GetRequiredService<HealthMetrics>());
        services.AddSingleton<ReportHealth>();
    }

    public static void MapConsoleHealth(this IEndpointRouteBuilder routes) => routes.MapConsole().MapGet("/admin/health", Show).For(Role.Operator);

    private static async Task Show(HttpContext http, Membership membership, ReportHealth report, Settings settings, TimeProvider clock) => await http.ShowConsoleAsync<HealthPage>(membership, 200, new()
    {
        [nameof(HealthPage.Report)] = await report.RunAsync(ConsoleTimes.For(membership.Member, settings), http.RequestAborted),
        [nameof(HealthPage.When)] = ConsoleTimes.For(membership.Member, settings),
        [nameof(HealthPage.Now)] = clock.GetUtcNow(),
        [nameof(HealthPage.SetUp)] = await SetUpProgress.ForOperatorAsync(http, membership),
    });
}
