namespace Afterword.Server.Reports;

/// <summary>Reading results.</summary>
internal static class ReportEndpoints
{
    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        routes.MapExport();
        routes.MapAnswerPages();
        routes.MapExportPages();
    }
}
