using Afterword.Server.Channels.Handover;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.Mail;
using Afterword.Server.Channels.X;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

internal static class ChannelServices
{
    public static void AddChannels(this IServiceCollection services)
    {
        services.AddSingleton<Dispatches>();
        services.AddSingleton<MailTokens>();
        services.AddSingleton<MailCarrier>();
        services.AddSingleton<HandoverCarrier>();
        services.AddSingleton<Handovers>();
        services.AddSingleton<ConversationCarrier>();
        services.AddSingleton<SenderHelpdesks>();
        services.AddSingleton<XCarrier>();
        services.AddSingleton<XAccounts>();
        services.AddSingleton<DispatchHistory>();
        services.AddSingleton<RetryDispatches>();
        services.AddSingleton<PruneDispatches>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Courier>(provider, (Func<double>)WebhookServices.Chance));
        services.AddHostedService(provider => provider.GetRequiredService<Courier>());
    }
}
