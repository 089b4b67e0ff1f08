using Afterword.Server.Access;
using Afterword.Server.Access.Console;
using Afterword.Server.Access.Grants;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Channels;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Hosting;

/// <summary>Small regular work: forgets what is old, renews the key ring.</summary>
internal sealed partial class Upkeep(
    Store store, StoreWatch watch, Admissions admissions, Apps apps, RequestTokens requestTokens, Visits visits, KnownBrowsers knownBrowsers, ResetLinks resetLinks, ConsoleSessions consoleSessions,
    Invitations invitations, Passkeys passkeys, PruneDeliveries deliveries,
    PruneDispatches dispatches, TimeProvider clock, ILogger<Upkeep> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_every, clock);
        while (await WaitAsync(timer, stoppingToken))
        {
            store.Faults.TellRest();
            try
            {
                // What is forgotten by a wrong clock is gone.
                if (watch.Because is not null) continue;

                await admissions.PurgeAsync(stoppingToken);
                await apps.PurgeAsync(stoppingToken);
                await requestTokens.PurgeAsync(stoppingToken);
                await visits.PurgeAsync(stoppingToken);
                await knownBrowsers.PurgeAsync(stoppingToken);
                await resetLinks.PurgeAsync(stoppingToken);
                await consoleSessions.PurgeAsync(stoppingToken);
                await invitations.PurgeAsync(stoppingToken);
                await passkeys.PurgeAsync(stoppingToken);
                await Idempotency.PurgeAsync(store.Main, clock.GetUtcNow(), stoppingToken);
                await deliveries.RunAsync(stoppingToken);
                await dispatches.RunAsync(stoppingToken);
                store.Secrets.EnsureKey();
            }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                if (!store.Faults.Tell(error)) RoundFailed(log, error);
            }
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(EventId = 1101, Level = LogLevel.Error, Message = "A round of upkeep failed; the next one comes in half a minute.")]
    private static partial void RoundFailed(ILogger log, Exception error);
}
