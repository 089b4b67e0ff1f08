using Afterword.Server.Reports.Alerts;
using Afterword.Server.Reports.Exports;
using Afterword.Server.Reports.FollowUps;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Reports.Search;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Reports;

/// <summary>Reading results: metrics and what they are counted from.</summary>
internal static class ReportServices
{
    public static void AddReports(this IServiceCollection services)
    {
        services.AddSingleton<ExportFeedback>();
        services.AddSingleton<ListAnswers>();
        services.AddSingleton<ShowAnswer>();
        services.AddSingleton<BackfillSearch>();
        services.AddSingleton<RebuildRollups>();
        services.AddHostedService<RollupWorker>();
        services.AddHostedService<SearchIndexWorker>();
        services.AddSingleton<FollowUpQueue>();
        services.AddSingleton<ChooseAlerts>();
        services.AddSingleton<FindAlerts>();
        services.AddSingleton<FindRuleAlerts>();
        services.AddSingleton<AlertDeliveries>();
        services.AddSingleton<AlertEmail>();
        services.AddSingleton<AlertWebhook>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<AlertWorker>(provider, (Func<double>)WebhookServices.Chance));
        services.AddHostedService(provider => provider.GetRequiredService<AlertWorker>());
    }
}
