using Afterword.Server.Channels;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Privacy;
using Afterword.Server.Prompts;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server;

/// <summary>Small regular work: forgets what is old, renews the key ring.</summary>
internal sealed partial class MaintenanceWorker(
    Store store, StoreMonitor watch, NonceStore nonceStore, Apps apps, RequestTokens requestTokens, UserSessions userSessions, KnownBrowsers knownBrowsers, ResetLinks resetLinks, ConsoleSessions consoleSessions,
    Invitations invitations, Passkeys passkeys, PruneDeliveries deliveries,
    PruneChannelDeliveries dispatches, PruneConnectorEvents connectorEvents, ErasePerson erase, TimeProvider clock, ILogger<MaintenanceWorker> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(30);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicWork.RepeatAsync(s_every, clock, RunAsync, RoundFailed, stoppingToken);

    private async Task RunAsync(CancellationToken stop)
    {
        store.Faults.TellRest();

        // What is forgotten by a wrong clock is gone.
        if (watch.Because is not null) return;

        await nonceStore.PurgeAsync(stop);
        await apps.PurgeAsync(stop);
        await requestTokens.PurgeAsync(stop);
        await userSessions.PurgeAsync(stop);
        await knownBrowsers.PurgeAsync(stop);
        await resetLinks.PurgeAsync(stop);
        await consoleSessions.PurgeAsync(stop);
        await invitations.PurgeAsync(stop);
        await passkeys.PurgeAsync(stop);
        await Idempotency.PurgeAsync(store.Main, clock.GetUtcNow(), stop);
        await deliveries.RunAsync(stop);
        await dispatches.RunAsync(stop);
        await connectorEvents.RunAsync(stop);
        await erase.RunUnsettledAsync(stop);
        store.Secrets.EnsureKey();
    }

    private void RoundFailed(Exception error)
    {
        if (!store.Faults.Tell(error)) RoundFailed(log, error);
    }

    [LoggerMessage(EventId = 1101, Level = LogLevel.Error, Message = "A round of upkeep failed; the next one comes in half a minute.")]
    private static partial void RoundFailed(ILogger log, Exception error);
}
