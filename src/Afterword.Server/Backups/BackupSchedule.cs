using System.Security.Cryptography;
using Afterword.Server.Configuration;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>Takes a backup every so often (<c>Backup:Every</c>). Of several nodes, the one that has the lease takes it.</summary>
internal sealed partial class BackupSchedule(Store store, Settings settings, BackupEmail email, TimeProvider clock, ILogger<BackupSchedule> log) : BackgroundService
{
    private static readonly TimeSpan s_look = TimeSpan.FromMinutes(1);

    private readonly string _holder = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));

    /// <summary>Operators have not heard of a failure yet.</summary>
    private bool _untold;

    /// <summary>Takes one if it is due and nobody else takes it.</summary>
    /// <remarks>Not after a restore, until someone resumes: a copy that is only tried out would write to where its original's backups are, and delete those.</remarks>
    /// <returns>Whether one was taken, well or not.</returns>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        if (settings.Backup is not { Every: { } every, Directory: { } folder } || await OutboundPause.FindAsync(store.Main, stop) is not null) return false;
        if (await BackupRun.TryBeginAsync(store.Main, _holder, clock.GetUtcNow(), every, stop) is not { } begun) return false;

        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var over = new CancellationTokenSource();
        var holding = HoldAsync(lost, over.Token);
        try
        {
            if (begun.ServerEnded) await TellAsync(BackupRun.ServerEnded, isFirst: begun.FailedBefore is null, stop);
            await TakeAsync(folder, lost.Token);
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

            if (lost.IsCancellationRequested)
            {
                // It has found that this one did not end, and tells.
                Failed(log, "Another node took over.");
                return true;
            }

            var reason = string.Join(' ', ErrorReasons.Of(error));
            var ago = every > BackupRun.Again ? every - BackupRun.Again : TimeSpan.Zero;
            await BackupRun.FailAsync(store.Main, _holder, clock.GetUtcNow(), clock.GetUtcNow() - ago, reason, CancellationToken.None);
            await TellAsync(reason, isFirst: begun is { FailedBefore: null, ServerEnded: false }, stop);
        }
        finally
        {
            await over.CancelAsync();
            await holding;
        }

        return true;
    }

    private async Task TakeAsync(string folder, CancellationToken stop)
    {
        var kept = await new BackupFile(store.Main, clock).TakeIntoAsync(folder, settings.Backup.Keep, settings.Backup.ReadPassphrase(), _ => { }, stop);
        foreach (var one in kept.NotDeleted) NotDeleted(log, one);
        if (ErasureList.TryAdd(folder, await store.Main.ReadAsync(session => Erasures.ListAsync(session, stop), stop)) is { } unlisted) NotDeleted(log, unlisted);

        // It is there, whether or not the server stops now.
        var left = kept.NotDeleted.Count == 0 ? null : string.Join(' ', kept.NotDeleted);
        await BackupRun.SucceedAsync(store.Main, _holder, clock.GetUtcNow(), $"{Path.GetFullPath(kept.Path)} on {Environment.MachineName}", kept.Content.Bytes, left, CancellationToken.None);
        _untold = false;
    }

    /// <summary>Says in the log that a backup failed, and tells operators of the first one after a success, until a mail server took that.</summary>
    private async Task TellAsync(string reason, bool isFirst, CancellationToken stop)
    {
        Failed(log, reason);
        if (!isFirst && !_untold) return;

        _untold = true;
        try
        {
            _untold = !await email.SendAsync(reason, stop);
        }
        catch (Exception error) when (!stop.IsCancellationRequested)
        {
            RoundFailed(error);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        settings.Backup.Every is null ? Task.CompletedTask : PeriodicWork.RepeatAsync(s_look, clock, RunAsync, RoundFailed, stoppingToken, atOnce: true);

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

    [LoggerMessage(EventId = 1404, Level = LogLevel.Warning, Message = "The backup is taken, but {What}")]
    private static partial void NotDeleted(ILogger log, string what);

    [LoggerMessage(EventId = 1402, Level = LogLevel.Error, Message = "A look for whether a backup is due failed; the next one comes in a minute.")]
    private static partial void RoundFailed(ILogger log, Exception error);
}
