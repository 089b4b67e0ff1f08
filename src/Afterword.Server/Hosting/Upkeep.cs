using Afterword.Server.Access;
using Afterword.Server.Access.Console;
using Afterword.Server.Access.Grants;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Channels;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Privacy;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Hosting;

/// <summary>Small regular work: forgets what is old, renews the key ring.</summary>
internal sealed partial class Upkeep(
    Store store, StoreWatch watch, Admissions admissions, Apps apps, RequestTokens requestTokens, Visits visits, KnownBrowsers knownBrowsers, ResetLinks resetLinks, ConsoleSessions consoleSessions,
    Invitations invitations, Passkeys passkeys, PruneDeliveries deliveries,
    PruneDispatches dispatches, PruneConnectorEvents connectorEvents, ErasePerson erase, TimeProvider clock, ILogger<Upkeep> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(30);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Rounds.RepeatAsync(s_every, clock, RunAsync, RoundFailed, stoppingToken);

    private async Task RunAsync(CancellationToken stop)
    {
        store.Faults.TellRest();

        // What is forgotten by a wrong clock is gone.
        if (watch.Because is not null) return;

        await admissions.PurgeAsync(stop);
        await apps.PurgeAsync(stop);
        await requestTokens.PurgeAsync(stop);
        await visits.PurgeAsync(stop);
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
