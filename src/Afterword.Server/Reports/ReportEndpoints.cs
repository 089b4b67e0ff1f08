using Afterword.Server.Reports.Alerts;
using Afterword.Server.Reports.Exports;
using Afterword.Server.Reports.FollowUps;
using Afterword.Server.Reports.MetricsApi;

namespace Afterword.Server.Reports;

/// <summary>Reading results.</summary>
internal static class ReportEndpoints
{
    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        routes.MapExport();
        routes.MapMetrics();
        routes.MapOverview();
        routes.MapAnswerPages();
        routes.MapExportPages();
        routes.MapFollowUp();
        routes.MapAlerts();
    }
}
