using Afterword.Server.Reports.Alerts;

namespace Afterword.Server.Reports;

/// <summary>Reading results.</summary>
internal static class ReportEndpoints
{
    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        routes.MapExport();
        routes.MapOverview();
        routes.MapAnswerPages();
        routes.MapExportPages();
        routes.MapFollowUp();
        routes.MapAlerts();
    }
}
