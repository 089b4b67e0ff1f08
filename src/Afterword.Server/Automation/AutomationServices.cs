using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Due;
using Afterword.Server.Automation.Fairness;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Automation.Pages;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Automation.Rules.Pages;
using Afterword.Server.Automation.Simulation;

namespace Afterword.Server.Automation;

internal static class AutomationServices
{
    public static void AddAutomation(this IServiceCollection services)
    {
        services.AddSingleton<DecisionCounter>();
        services.AddSingleton<KeptRules>();
        services.AddSingleton<ChangeRules>();
        services.AddSingleton<CloseConversation>();
        services.AddSingleton<ReopenConversation>();
        services.AddSingleton<ListConversations>();
        services.AddSingleton<CanPrompt>();
        services.AddSingleton<SimulateRules>();
        services.AddSingleton<RulePages>();
        services.AddSingleton<ReadFunnel>();
        services.AddSingleton<ReadFairness>();
        services.AddSingleton<Ledger>();
        services.AddSingleton<ExportConversations>();
        services.AddSingleton<SendDueRequests>();
        services.AddSingleton<DueConversations>();
        services.AddSingleton<DueRequestWorker>();
        services.AddHostedService(services => services.GetRequiredService<DueRequestWorker>());
    }

    public static void MapAutomation(this IEndpointRouteBuilder routes)
    {
        routes.MapConversations();
        routes.MapRules();
        routes.MapSimulation();
        routes.MapAutomationPages();
        routes.MapRulePages();
        routes.MapFairness();
    }
}
