using Afterword.Server.Connectors.Deliveries;

namespace Afterword.Server.Connectors;

internal static class ConnectorServices
{
    public static void AddConnectors(this IServiceCollection services)
    {
        services.AddSingleton<ConnectorGate>();
        services.AddSingleton<FindConnector>();
        services.AddSingleton<ChangeConnectors>();
        services.AddSingleton<DecideEvents>();
        services.AddSingleton<ReceiveDelivery>();
        services.AddSingleton<ConnectorEvents>();
        services.AddSingleton<PruneConnectorEvents>();
    }

    public static void MapConnectors(this IEndpointRouteBuilder routes)
    {
        routes.MapConnectorAddresses();
        routes.MapConnectorPages();
    }
}
