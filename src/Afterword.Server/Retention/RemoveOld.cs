using System.Diagnostics.Metrics;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Removes what senders do not want to keep any longer, a few rows at a time beside whatever else is written; or counts it.</summary>
internal sealed class RemoveOld
{
    // Of the time that the store spends on steps and requests together, a step and the pause behind it leave so much to requests.
    private const int PauseFactor = 5;

    private static readonly Member s_retention = new(0, "retention", "Retention", 0, []);

    private readonly Store _store;
    private readonly Settings _settings;
    private readonly AuditLog _audit;
    private readonly TimeProvider _clock;
    private readonly Counter<long> _removed;

    public RemoveOld(Store store, Settings settings, AuditLog audit, TimeProvider clock)
    {
        (_store, _settings, _audit, _clock) = (store, settings, audit, clock);
        _removed = store.Problems.Meter.CreateCounter<long>("afterword.retention.removed", "{rows}", "What was removed because a sender keeps it no longer, by kind.");
    }

    /// <summary>Called after each step; for tests, which end the process there.</summary>
    public Func<Task> StepDone { get; set; } = () => Task.CompletedTask;

    /// <summary>Removes what is too old of all senders, or of one, under the lease of <paramref name="holder"/>.</summary>
    /// <returns>What was removed; null when someone else has taken the lease.</returns>
    public async Task<RemovedCounts?> RunAsync(string holder, long? only, CancellationToken stop)
    {
        var all = RemovedCounts.Nothing;
        for (var after = (only ?? 1) - 1; ;)
        {
            if (await _store.Main.ReadAsync(session => SenderRetention.NextAsync(session, after, stop), stop) is not { } kept || (only is { } one && kept.SenderId != one)) return all;
            if (await RemoveAsync(holder, kept, stop) is not { } removed) return null;

            all += removed;
            after = kept.SenderId;
        }
    }

    /// <summary>Says what would go of a sender's if it kept it for no longer than that; changes nothing.</summary>
    /// <param name="sender">The sender.</param>
    /// <param name="periods">What it keeps, or might.</param>
    /// <param name="most">Looks at so many rows of each kind at most.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<Forecast> CountAsync(long sender, RetentionPeriods periods, long most, CancellationToken stop)
    {
        var kept = await _store.Main.ReadAsync(session => SenderRetention.OfAsync(session, sender, stop), stop);
        var (rows, atLeast) = (RemovedCounts.Nothing, false);
        foreach (var old in OldOf(kept with { Periods = periods }, areCounted: true))
        {
            while (await old.NextAsync(stop) is { } step)
            {
                rows += step.Found;
                if (old.Looked < most) continue;

                atLeast = true;
                break;
            }
        }

        return new(rows, atLeast);
    }

    private async Task<RemovedCounts?> RemoveAsync(string holder, SenderRetention kept, CancellationToken stop)
    {
        var all = RemovedCounts.Nothing;
        foreach (var old in OldOf(kept, areCounted: false))
        {
            while (await old.NextAsync(stop) is { } step)
            {
                var began = _clock.GetTimestamp();
                if (await _store.Main.WriteAsync(session => TakeAsync(session, holder, step, stop), stop) is not { } removed) return null;

                foreach (var (kind, count) in removed.Kinds.Where(one => one.Count > 0)) _removed.Add(count, new KeyValuePair<string, object?>("kind", kind));
                all += removed;
                await StepDone();
                await Task.Delay(_clock.GetElapsedTime(began) * PauseFactor, _clock, stop);
            }
        }

        if (!all.IsNothing) await _audit.NoteAsync(kept.SenderId, s_retention, AuditAction.Changed, $"removed {all}", stop);
        return all;
    }

    private async Task<RemovedCounts?> TakeAsync(Session session, string holder, OldStep step, CancellationToken stop)
    {
        if (!await RetentionRun.HoldAsync(session, holder, _clock.GetUtcNow(), stop)) return null;

        var removed = await step.RemoveAsync(session, stop);
        if (!removed.IsNothing) await RetentionRun.AddAsync(session, removed, stop);
        return removed;
    }

    private IEnumerable<OldRows> OldOf(SenderRetention kept, bool areCounted)
    {
        var now = _clock.GetUtcNow();
        if (kept.Periods.Texts is { } texts) yield return new OldTexts(_store.Main, kept, texts.Before(now).ToUnixTimeMilliseconds()) { AreCounted = areCounted };
        if (kept.Periods.Messages is { } messages) yield return new OldMessages(_store.Main, kept, messages.Before(now).ToUnixTimeMilliseconds()) { AreCounted = areCounted };
        if (kept.Periods.People is { } people) yield return new OldPeople(_store.Main, new(_store), kept, people.Before(now), now, _settings.CardLifetime) { AreCounted = areCounted };
    }
}
