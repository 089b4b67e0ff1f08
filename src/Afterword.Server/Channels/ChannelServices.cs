using Afterword.Server.Channels.Email;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Channels.X;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

internal static class ChannelServices
{
    public static void AddChannels(this IServiceCollection services)
    {
        services.AddSingleton<ChannelDeliveries>();
        services.AddSingleton<EmailTokens>();
        services.AddSingleton<EmailTransport>();
        services.AddSingleton<RelayTransport>();
        services.AddSingleton<RelayAddresses>();
        services.AddSingleton<HelpdeskTransport>();
        services.AddSingleton<SenderHelpdesks>();
        services.AddSingleton<XTransport>();
        services.AddSingleton<XAccounts>();
        services.AddSingleton<ChannelDeliveryHistory>();
        services.AddSingleton<RetryChannelDeliveries>();
        services.AddSingleton<PruneChannelDeliveries>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ChannelWorker>(provider, (Func<double>)WebhookServices.Chance));
        services.AddHostedService(provider => provider.GetRequiredService<ChannelWorker>());
    }
}
