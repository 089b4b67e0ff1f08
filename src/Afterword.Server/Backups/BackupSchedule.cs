using System.Security.Cryptography;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>Takes a backup every so often (<c>Backup:Every</c>). Of several nodes, the one that has the lease takes it.</summary>
internal sealed partial class BackupSchedule(Store store, Settings settings, TimeProvider clock, ILogger<BackupSchedule> log) : BackgroundService
{
    private static readonly TimeSpan s_look = TimeSpan.FromMinutes(1);

    // What was full or unplugged may be well again long before the next one would come.
    private static readonly TimeSpan s_again = TimeSpan.FromHours(1);

    private readonly string _holder = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));

    /// <summary>Takes one if it is due and nobody else takes it.</summary>
    /// <returns>Whether one was taken, well or not.</returns>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        if (settings.Backup is not { Every: { } every, Directory: { } folder } backup || !await BackupRun.TryBeginAsync(store.Main, _holder, clock.GetUtcNow(), every, stop)) return false;

        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var over = new CancellationTokenSource();
        var holding = HoldAsync(lost, over.Token);
        try
        {
            var (path, content, _) = await new BackupFile(store.Main, clock).TakeIntoAsync(folder, backup.Keep, backup.ReadPassphrase(), _ => { }, lost.Token);
            await BackupRun.SucceedAsync(store.Main, _holder, clock.GetUtcNow(), path, content.Bytes, stop);
        }
#pragma warning disable CA1031 // whatever it is, the operator hears of it and the server goes on
        catch (Exception error)
#pragma warning restore CA1031
        {
            var reason = stop.IsCancellationRequested ? "the server was stopped" : lost.IsCancellationRequested ? "another node took over" : string.Join(' ', ErrorReasons.Of(error));
            if (!stop.IsCancellationRequested) Failed(log, reason);

            // One that was stopped is due at once for whoever comes next.
            var ago = stop.IsCancellationRequested ? every : every > s_again ? every - s_again : TimeSpan.Zero;
            await BackupRun.FailAsync(store.Main, _holder, clock.GetUtcNow(), clock.GetUtcNow() - ago, reason, CancellationToken.None);
        }
        finally
        {
            await over.CancelAsync();
            await holding;
        }

        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings.Backup.Every is null) return;

        using var timer = new PeriodicTimer(s_look, clock);
        try
        {
            do
            {
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
                try
                {
                    await RunAsync(stoppingToken);
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    if (!store.Faults.Tell(error)) RoundFailed(log, error);
                }
#pragma warning restore CA1031
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <summary>Renews the lease until the backup is over; when it is lost, the backup ends.</summary>
    private async Task HoldAsync(CancellationTokenSource lost, CancellationToken over)
    {
        while (true)
        {
            try
            {
                await Task.Delay(BackupRun.LeaseLength / 4, clock, over);
                if (await BackupRun.RenewAsync(store.Main, _holder, clock.GetUtcNow(), over)) continue;

                await lost.CancelAsync();
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (store.Faults.Tell(error))
            {
                // The lease lasts for three more tries.
            }
        }
    }

    [LoggerMessage(EventId = 1401, Level = LogLevel.Error, Message = "The backup failed: {Reason} The next try comes within the hour, or when Backup:Every is over if that is sooner.")]
    private static partial void Failed(ILogger log, string reason);

    [LoggerMessage(EventId = 1402, Level = LogLevel.Error, Message = "A look for whether a backup is due failed; the next one comes in a minute.")]
    private static partial void RoundFailed(ILogger log, Exception error);
}
