using System.Runtime.InteropServices;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Limits;

namespace Afterword.Server.Automation.Simulation;

/// <summary>Runs a draft over conversations as they were closed, in their order, and counts what would have happened: at the close, and once more when it is due.</summary>
/// <remarks>
/// It asks what <see cref="Decide"/> asks, in the same order. What only shows later is taken as it was: who could not be reached, or wrote again, is so in the
/// simulation too.
/// </remarks>
/// <param name="draft">The rules that are tried.</param>
/// <param name="leastInterval">How long every request must wait for after the one before, milliseconds.</param>
/// <param name="exempt">Customers who may be asked at any time.</param>
internal sealed class SimulatedCloses(RuleSet draft, long leastInterval, IReadOnlySet<long> exempt)
{
    public const int MostExamples = 20;

    private readonly Dictionary<(string? Rule, Reason Reason), long> _would = [];
    private readonly Dictionary<(string? Rule, Decision Decision, Reason Reason), long> _did = [];
    private readonly Dictionary<string, DayWindow> _budgets = new(StringComparer.Ordinal);
    private readonly List<(long Id, string? Rule, Reason Reason)> _different = [];
    private readonly List<(Conversation Conversation, string? Rule, Reason Reason)> _examples = [];
    private readonly long _interval = Math.Max(leastInterval, (long)draft.RecipientInterval.TotalMilliseconds);
    private readonly LastRequests _asked = new(Math.Max(leastInterval, (long)draft.RecipientInterval.TotalMilliseconds));

    // Tickets that someone was asked about, by their draws.
    private readonly Tickets _askedAbout = new();
    private readonly WaitingCloses _waiting = new();

    // Of those that wait, as many as can still become examples.
    private readonly Dictionary<int, long> _kept = [];
    private int _scheduled;

    public long Closes { get; private set; }

    /// <summary>By rule and reason; <see cref="Reason.None"/> is a request.</summary>
    public IReadOnlyDictionary<(string? Rule, Reason Reason), long> Would => _would;

    public IReadOnlyDictionary<(string? Rule, Decision Decision, Reason Reason), long> Did => _did;

    /// <summary>Conversations of which the draft would have decided otherwise.</summary>
    public IReadOnlyList<(Conversation Conversation, string? Rule, Reason Reason)> Examples => _examples;

    /// <summary>The ids of those that are to be <see cref="Examples"/>.</summary>
    public IReadOnlyList<(long Id, string? Rule, Reason Reason)> Different => _different;

    public long DifferentCount { get; private set; }

    /// <summary>A request that the draft has nothing to do with: from before the first close, or by hand.</summary>
    /// <param name="ticket">The draw of the ticket that it was about; null where nobody said.</param>
    public void Asked(long customer, long at, Draw? ticket)
    {
        Settle(at);
        Note(customer, at, ticket);
    }

    /// <summary>Keeps one of <see cref="Different"/> to be shown.</summary>
    public void Show(Conversation conversation, string? rule, Reason reason) => _examples.Add((conversation, rule, reason));

    public void Close(in SimulatedClose closed)
    {
        Settle(closed.CreatedAt);
        Closes++;
        Count(_did, (closed.Rule, closed.Decision, closed.Reason));

        var rule = draft.FirstFor(closed.Facts, out var isTooOld);
        if (OnClose(closed, rule, isTooOld) is var reason && reason != Reason.None) Tell(rule?.Name, reason, closed.Decision, closed.Reason, closed.Id);
        else Schedule(closed, rule!);
    }

    /// <summary>Nothing happens any more. What is not due yet counts as asked, as it does for what did happen.</summary>
    public void Finish(long now)
    {
        Settle(now);
        while (_waiting.TryDequeue(long.MaxValue, out var one, out _)) End(one, one.Later);
    }

    private Reason OnClose(in SimulatedClose closed, Rule? rule, bool isTooOld)
    {
        var was = closed.WasPlanned ? Reason.None : closed.Reason;
        if (was is Reason.RecipientUnknown or Reason.RecipientSuspended or Reason.OptedOut or Reason.CannotDm) return was;
        if (IsTooSoon(closed.RecipientId, closed.CreatedAt)) return Reason.AskedRecently;
        if (was == Reason.WrittenAgain || (was == Reason.DismissedRecently && draft.AfterDismissalDays > 0)) return was;
        if (rule?.Request is not { } request) return rule is not null ? Reason.RuleSaysNo : isTooOld ? Reason.TooOld : Reason.NoRule;
        if (!request.Again && (was == Reason.AlreadyAsked || _askedAbout.Contains(closed.Draw.Bits))) return Reason.AlreadyAsked;
        if (draft.Silence != Reason.None) return draft.Silence;
        if (request.PerDay is { } most && WindowOf(rule.Name, closed.CreatedAt) is { } window && window.Used >= most && DueAt(closed, request) < window.StartedAt + DayWindow.Length) return Reason.Budget;

        return closed.Draw.IsBelow(request.Rate) ? Reason.None : Reason.SampledOut;
    }

    private void Schedule(in SimulatedClose closed, Rule rule)
    {
        var later = closed is { WasPlanned: true, Reason: Reason.RecipientUnknown or Reason.RecipientSuspended or Reason.OptedOut or Reason.CannotDm or Reason.DismissedRecently or Reason.WrittenAgain or Reason.Reopened }
            ? closed.Reason
            : Reason.None;
        if (_different.Count + _kept.Count < MostExamples) _kept[_scheduled] = closed.Id;
        _waiting.Enqueue(
            new(closed.RecipientId, closed.Draw.Bits, _scheduled++, (byte)PlaceOf(rule), (byte)later, (byte)closed.Decision, (byte)closed.Reason), DueAt(closed, rule.Request!));
    }

    /// <summary>Asks about what has become due up to a time.</summary>
    private void Settle(long time)
    {
        while (_waiting.TryDequeue(time, out var one, out var due)) End(one, OnDue(one, due));
    }

    private Reason OnDue(in WaitingClose one, long due)
    {
        var rule = draft.Rules[one.Rule];
        if (one.Later != Reason.None) return one.Later;
        if (IsTooSoon(one.Customer, due)) return Reason.AskedRecently;
        if (rule.Request is { Again: false } && _askedAbout.Contains(one.Ticket)) return Reason.AlreadyAsked;
        if (rule.Request!.PerDay is { } most && !(_budgets[rule.Name] = WindowOf(rule.Name, due) ?? DayWindow.At(due, 0, 0)).TryCount(most)) return Reason.Budget;

        Note(one.Customer, due, new(one.Ticket));
        return Reason.None;
    }

    private void End(in WaitingClose one, Reason reason) =>
        Tell(draft.Rules[one.Rule].Name, reason, (Decision)one.Did, (Reason)one.DidBecause, _kept.Remove(one.Number, out var id) ? id : null);

    private void Tell(string? rule, Reason reason, Decision did, Reason because, long? example)
    {
        Count(_would, (rule, reason));

        // What is scheduled counts as asked: both lead to a request.
        var same = (reason == Reason.None) == did is Decision.Asked or Decision.Scheduled && (reason == Reason.None || reason == because);
        if (same) return;

        DifferentCount++;
        if (example is { } id && _different.Count < MostExamples) _different.Add((id, rule, reason));
    }

    private bool IsTooSoon(long customer, long at) => _interval > 0 && !exempt.Contains(customer) && _asked[customer] is { } last && at < last + _interval;

    private void Note(long customer, long at, Draw? ticket)
    {
        _asked.Note(customer, at);
        if (ticket is { } draw) _askedAbout.Add(draw.Bits);
    }

    private long DueAt(in SimulatedClose closed, RuleRequest request) => Decide.Opening(draft, Math.Max(closed.CreatedAt, closed.ClosedAt + (long)request.Delay.TotalMilliseconds));

    /// <summary>The present 24 hours of a rule; null where it has not asked in them.</summary>
    private DayWindow? WindowOf(string rule, long at) => _budgets.TryGetValue(rule, out var window) && at < window.StartedAt + DayWindow.Length ? window : null;

    private int PlaceOf(Rule rule)
    {
        var place = 0;
        while (!ReferenceEquals(draft.Rules[place], rule)) place++;
        return place;
    }

    private static void Count<T>(Dictionary<T, long> counts, T what)
        where T : notnull => CollectionsMarshal.GetValueRefOrAddDefault(counts, what, out _)++;
}
