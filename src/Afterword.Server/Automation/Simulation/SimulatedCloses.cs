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
/// <param name="key">Draws for conversations that have no draw, and tells tickets apart: the sender's, if there is one.</param>
internal sealed class SimulatedCloses(RuleSet draft, long leastInterval, IReadOnlySet<long> exempt, byte[] key)
{
    public const int MostExamples = 20;

    private readonly Dictionary<(string? Rule, Reason Reason), long> _would = [];
    private readonly Dictionary<(string? Rule, Decision Decision, Reason Reason), long> _did = [];
    private readonly Dictionary<string, DayWindow> _budgets = new(StringComparer.Ordinal);
    private readonly List<(Conversation Conversation, string? Rule, Reason Reason)> _examples = [];
    private readonly long _interval = Math.Max(leastInterval, (long)draft.RecipientInterval.TotalMilliseconds);
    private readonly LastAsked _asked = new(Math.Max(leastInterval, (long)draft.RecipientInterval.TotalMilliseconds));

    // Tickets that somebody was asked about, by their draws.
    private readonly HashSet<long> _askedAbout = [];
    private readonly PriorityQueue<Waiting, (long Due, int Number)> _waiting = new();

    // Of those that wait, as many as can still become examples.
    private readonly Dictionary<int, Conversation> _kept = [];
    private int _scheduled;

    public long Closes { get; private set; }

    /// <summary>By rule and reason; <see cref="Reason.None"/> is a request.</summary>
    public IReadOnlyDictionary<(string? Rule, Reason Reason), long> Would => _would;

    public IReadOnlyDictionary<(string? Rule, Decision Decision, Reason Reason), long> Did => _did;

    /// <summary>Conversations of which the draft would have decided otherwise.</summary>
    public IReadOnlyList<(Conversation Conversation, string? Rule, Reason Reason)> Examples => _examples;

    public long DifferentCount { get; private set; }

    /// <summary>A request that the draft has nothing to do with: from before the first close, or by hand.</summary>
    /// <param name="externalId">The ticket that it was about; null where nobody said.</param>
    public void Asked(long customer, long at, string? externalId)
    {
        Settle(at);
        Note(customer, at, externalId is null ? null : Draw.Of(key, externalId));
    }

    /// <summary>A close.</summary>
    /// <param name="customersLanguage">Where that of the conversation is not known.</param>
    public void Close(Conversation closed, string? customersLanguage)
    {
        Settle(closed.CreatedAt);
        Closes++;
        Count(_did, (closed.Rule, closed.Decision, closed.Reason));

        var rule = draft.FirstFor(closed.Conversed(customersLanguage), out var isTooOld);
        var draw = closed.Draw ?? Draw.Of(key, closed.ExternalId);
        if (OnClose(closed, rule, isTooOld, draw) is var reason && reason != Reason.None) Tell(rule?.Name, reason, closed.Decision, closed.Reason, closed);
        else Schedule(closed, rule!, draw);
    }

    /// <summary>Nothing happens any more. What is not due yet counts as asked, as it does for what did happen.</summary>
    public void Finish(long now)
    {
        Settle(now);
        while (_waiting.TryDequeue(out var one, out var place)) End(one, place.Number, one.Later);
    }

    private Reason OnClose(Conversation closed, Rule? rule, bool isTooOld, Draw draw)
    {
        var was = closed.PlannedAt is null ? closed.Reason : Reason.None;
        if (was is Reason.RecipientUnknown or Reason.RecipientSuspended or Reason.OptedOut or Reason.CannotDm) return was;
        if (IsTooSoon(closed.RecipientId, closed.CreatedAt)) return Reason.AskedRecently;
        if (was == Reason.WrittenAgain || (was == Reason.DismissedRecently && draft.AfterDismissalDays > 0)) return was;
        if (rule?.Ask is not { } ask) return rule is not null ? Reason.RuleSaysNo : isTooOld ? Reason.TooOld : Reason.NoRule;
        if (!ask.Again && (was == Reason.AlreadyAsked || _askedAbout.Contains(draw.Bits))) return Reason.AlreadyAsked;
        if (draft.Silence != Reason.None) return draft.Silence;
        if (ask.PerDay is { } most && WindowOf(rule.Name, closed.CreatedAt) is { } window && window.Used >= most && DueAt(closed, ask) < window.StartedAt + DayWindow.Length) return Reason.Budget;

        return draw.IsBelow(ask.Share) ? Reason.None : Reason.SampledOut;
    }

    private void Schedule(Conversation closed, Rule rule, Draw draw)
    {
        var later = closed is { PlannedAt: not null, Reason: Reason.RecipientUnknown or Reason.RecipientSuspended or Reason.OptedOut or Reason.CannotDm or Reason.DismissedRecently or Reason.WrittenAgain or Reason.Reopened }
            ? closed.Reason
            : Reason.None;
        if (_examples.Count + _kept.Count < MostExamples) _kept[_scheduled] = closed;
        _waiting.Enqueue(
            new(closed.RecipientId, draw.Bits, (byte)PlaceOf(rule), (byte)later, (byte)closed.Decision, (byte)closed.Reason), (DueAt(closed, rule.Ask!), _scheduled++));
    }

    /// <summary>Asks about what has become due up to a time.</summary>
    private void Settle(long time)
    {
        while (_waiting.TryPeek(out var one, out var place) && place.Due <= time)
        {
            _waiting.Dequeue();
            End(one, place.Number, OnDue(one, place.Due));
        }
    }

    private Reason OnDue(in Waiting one, long due)
    {
        var rule = draft.Rules[one.Rule];
        if (one.Later != Reason.None) return one.Later;
        if (IsTooSoon(one.Customer, due)) return Reason.AskedRecently;
        if (rule.Ask is { Again: false } && _askedAbout.Contains(one.Ticket)) return Reason.AlreadyAsked;
        if (rule.Ask!.PerDay is { } most && !(_budgets[rule.Name] = WindowOf(rule.Name, due) ?? DayWindow.At(due, 0, 0)).TryCount(most)) return Reason.Budget;

        Note(one.Customer, due, new(one.Ticket));
        return Reason.None;
    }

    private void End(in Waiting one, int number, Reason reason)
    {
        _kept.Remove(number, out var example);
        Tell(draft.Rules[one.Rule].Name, reason, (Decision)one.Did, (Reason)one.DidBecause, example);
    }

    private void Tell(string? rule, Reason reason, Decision did, Reason because, Conversation? example)
    {
        Count(_would, (rule, reason));

        // What is scheduled counts as asked: both lead to a request.
        var same = (reason == Reason.None) == did is Decision.Asked or Decision.Scheduled && (reason == Reason.None || reason == because);
        if (same) return;

        DifferentCount++;
        if (example is not null && _examples.Count < MostExamples) _examples.Add((example, rule, reason));
    }

    private bool IsTooSoon(long customer, long at) => _interval > 0 && !exempt.Contains(customer) && _asked[customer] is { } last && at < last + _interval;

    private void Note(long customer, long at, Draw? ticket)
    {
        _asked.Note(customer, at);
        if (ticket is { } draw) _askedAbout.Add(draw.Bits);
    }

    private long DueAt(Conversation closed, Ask ask) => Decide.Opening(draft, Math.Max(closed.CreatedAt, closed.ClosedAt + (long)ask.Delay.TotalMilliseconds));

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

    /// <summary>A scheduled conversation: as little as there may be many.</summary>
    /// <param name="Rule">Its place in the draft.</param>
    /// <param name="Because">What spoke against it later, as it did; a <see cref="Reason"/>.</param>
    /// <param name="Did">What was decided.</param>
    /// <param name="DidBecause">Why.</param>
    private readonly record struct Waiting(long Customer, long Ticket, byte Rule, byte Because, byte Did, byte DidBecause)
    {
        public Reason Later => (Reason)Because;
    }
}
