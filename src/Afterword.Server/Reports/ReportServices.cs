using Afterword.Server.Reports.Alerts;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Reports;

/// <summary>Reading results: figures and what they are counted from.</summary>
internal static class ReportServices
{
    public static void AddReports(this IServiceCollection services)
    {
        services.AddSingleton<ExportFeedback>();
        services.AddSingleton<ListAnswers>();
        services.AddSingleton<ShowAnswer>();
        services.AddSingleton<FillSearch>();
        services.AddSingleton<RebuildRollups>();
        services.AddHostedService<RollupKeeper>();
        services.AddHostedService<SearchKeeper>();
        services.AddSingleton<FollowUps>();
        services.AddSingleton<ChooseAlerts>();
        services.AddSingleton<FindAlerts>();
        services.AddSingleton<FindRuleAlerts>();
        services.AddSingleton<AlertDispatches>();
        services.AddSingleton<AlertMail>();
        services.AddSingleton<AlertHook>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<AlertSender>(provider, (Func<double>)WebhookServices.Chance));
        services.AddHostedService(provider => provider.GetRequiredService<AlertSender>());
    }
}
