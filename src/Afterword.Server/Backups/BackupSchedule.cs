using System.Security.Cryptography;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>Takes a backup every so often (<c>Backup:Every</c>). Of several nodes, the one that has the lease takes it.</summary>
internal sealed partial class BackupSchedule(Store store, Settings settings, BackupMail mail, TimeProvider clock, ILogger<BackupSchedule> log) : BackgroundService
{
    private static readonly TimeSpan s_look = TimeSpan.FromMinutes(1);

    private readonly string _holder = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));

    /// <summary>Takes one if it is due and nobody else takes it.</summary>
    /// <returns>Whether one was taken, well or not.</returns>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        if (settings.Backup is not { Every: { } every, Directory: { } folder } backup) return false;

        var before = await store.Main.ReadAsync(session => BackupRun.FindAsync(session, stop), stop);
        if (!await BackupRun.TryBeginAsync(store.Main, _holder, clock.GetUtcNow(), every, stop)) return false;

        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var over = new CancellationTokenSource();
        var holding = HoldAsync(lost, over.Token);
        try
        {
            var (path, content, _) = await new BackupFile(store.Main, clock).TakeIntoAsync(folder, backup.Keep, backup.ReadPassphrase(), _ => { }, lost.Token);

            // It is there, whether or not the server stops now.
            await BackupRun.SucceedAsync(store.Main, _holder, clock.GetUtcNow(), path, content.Bytes, CancellationToken.None);
        }
#pragma warning disable CA1031 // whatever it is, the operator hears of it and the server goes on
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (stop.IsCancellationRequested)
            {
                await BackupRun.GiveBackAsync(store.Main, _holder, CancellationToken.None);
                return true;
            }

            var reason = lost.IsCancellationRequested ? "Another node took over." : string.Join(' ', ErrorReasons.Of(error));
            Failed(log, reason);
            var ago = every > BackupRun.Again ? every - BackupRun.Again : TimeSpan.Zero;
            await BackupRun.FailAsync(store.Main, _holder, clock.GetUtcNow(), clock.GetUtcNow() - ago, reason, CancellationToken.None);
            if (before is not { FailedAt: not null }) await mail.SendAsync(reason, stop);
        }
        finally
        {
            await over.CancelAsync();
            await holding;
        }

        return true;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        settings.Backup.Every is null ? Task.CompletedTask : Rounds.RepeatAsync(s_look, clock, RunAsync, RoundFailed, stoppingToken, atOnce: true);

    private void RoundFailed(Exception error)
    {
        if (!store.Faults.Tell(error)) RoundFailed(log, error);
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
