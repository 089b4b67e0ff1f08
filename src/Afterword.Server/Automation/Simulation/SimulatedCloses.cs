using System.Runtime.InteropServices;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Limits;

namespace Afterword.Server.Automation.Simulation;

/// <summary>Runs a draft over conversations as they were closed, in their order, and counts what would have happened.</summary>
/// <remarks>What only shows later is taken as it was: who could not be reached, or wrote again, is so in the simulation too.</remarks>
/// <param name="draft">The rules that are tried.</param>
/// <param name="leastInterval">How long every request must wait for after the one before, milliseconds.</param>
/// <param name="key">Draws for conversations that have no draw.</param>
internal sealed class SimulatedCloses(RuleSet draft, long leastInterval, byte[] key)
{
    public const int MostExamples = 20;

    private readonly Dictionary<(string? Rule, Reason Reason), long> _would = [];
    private readonly Dictionary<(string? Rule, Decision Decision, Reason Reason), long> _did = [];
    private readonly Dictionary<string, DayWindow> _budgets = new(StringComparer.Ordinal);
    private readonly List<(Conversation Conversation, string? Rule, Reason Reason)> _examples = [];
    private readonly long _interval = Math.Max(leastInterval, (long)draft.RecipientInterval.TotalMilliseconds);
    private readonly LastAsked _asked = new(Math.Max(leastInterval, (long)draft.RecipientInterval.TotalMilliseconds));

    public long Closes { get; private set; }

    /// <summary>By rule and reason; <see cref="Reason.None"/> is a request.</summary>
    public IReadOnlyDictionary<(string? Rule, Reason Reason), long> Would => _would;

    public IReadOnlyDictionary<(string? Rule, Decision Decision, Reason Reason), long> Did => _did;

    /// <summary>Conversations of which the draft would have decided otherwise.</summary>
    public IReadOnlyList<(Conversation Conversation, string? Rule, Reason Reason)> Examples => _examples;

    public long DifferentCount { get; private set; }

    /// <summary>A request that the draft has nothing to do with: from before the first close, or by hand.</summary>
    public void Asked(long customer, long at) => _asked.Note(customer, at);

    public void Close(Conversation closed)
    {
        Closes++;
        Count(_did, (closed.Rule, closed.Decision, closed.Reason));
        var (rule, reason) = Decide(closed);
        Count(_would, (rule, reason));

        // What is scheduled counts as asked: both lead to a request.
        var same = (reason == Reason.None) == closed.Decision is Decision.Asked or Decision.Scheduled && (reason == Reason.None || reason == closed.Reason);
        if (same) return;

        DifferentCount++;
        if (_examples.Count < MostExamples) _examples.Add((closed, rule, reason));
    }

    private (string? Rule, Reason Reason) Decide(Conversation closed)
    {
        var rule = draft.FirstFor(closed.Conversed(customersLanguage: null), out var isTooOld);
        if (rule?.Ask is not { } ask) return (rule?.Name, rule is not null ? Reason.RuleSaysNo : isTooOld ? Reason.TooOld : Reason.NoRule);
        if (closed.Reason is Reason.RecipientUnknown or Reason.RecipientSuspended or Reason.OptedOut or Reason.CannotDm or Reason.WrittenAgain or Reason.Reopened or Reason.DismissedRecently) return (rule.Name, closed.Reason);
        if (draft.Silence != Reason.None) return (rule.Name, draft.Silence);
        if (_interval > 0 && _asked[closed.RecipientId] is { } at && closed.CreatedAt < at + _interval) return (rule.Name, Reason.AskedRecently);
        if (closed.Reason == Reason.AlreadyAsked && !ask.Again) return (rule.Name, Reason.AlreadyAsked);

        var draw = closed.Draw ?? Draw.Of(key, closed.ExternalId);
        if (!draw.IsBelow(ask.Share)) return (rule.Name, Reason.SampledOut);

        var due = Math.Max(closed.CreatedAt, closed.ClosedAt + (long)ask.Delay.TotalMilliseconds);
        if (ask.PerDay is { } most && !Budget(rule.Name, due).TryCount(most)) return (rule.Name, Reason.Budget);

        _asked.Note(closed.RecipientId, due);
        return (rule.Name, Reason.None);
    }

    private DayWindow Budget(string rule, long at)
    {
        ref var window = ref CollectionsMarshal.GetValueRefOrAddDefault(_budgets, rule, out _);
        return window = window is null || at >= window.StartedAt + DayWindow.Length ? DayWindow.At(at, 0, 0) : window;
    }

    private static void Count<T>(Dictionary<T, long> counts, T what)
        where T : notnull => CollectionsMarshal.GetValueRefOrAddDefault(counts, what, out _)++;
}
