using System.Net;
using System.Security.Cryptography;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Webhooks.Polling;

namespace Afterword.Server.Webhooks;

internal static class WebhookServices
{
    public static void AddWebhooks(this IServiceCollection services)
    {
        services.AddSingleton(provider => provider.GetRequiredService<Settings>().Webhooks);
        services.AddSingleton<Resolve>(_ => Dns.GetHostAddressesAsync);
        services.AddSingleton<EgressGuard>();
        services.AddSingleton<OutgoingConnections>();
        services.AddSingleton<GuardedHttp>();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton(provider => new RetrySchedule(provider.GetRequiredService<Settings>().Webhooks.RetrySchedule, Chance));
        services.AddSingleton<Leases>();
        services.AddSingleton<Settlements>();
        services.AddSingleton<RetryNow>();
        services.AddSingleton<Endpoints>();
        services.AddSingleton<ReplayDeliveries>();
        services.AddSingleton<DeliveryHistory>();
        services.AddSingleton<SendTestEvent>();
        services.AddSingleton<PruneDeliveries>();
        services.AddSingleton<PollEvents>();
        services.AddSingleton<PollGate>();
        services.AddSingleton<WebhookWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<WebhookWorker>());
    }

    /// <summary>Gives numbers from 0 up to 1.</summary>
    public static double Chance() => RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);
}
