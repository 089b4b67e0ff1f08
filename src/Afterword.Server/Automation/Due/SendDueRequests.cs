using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Changes;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Due;

/// <summary>A conversation that is due.</summary>
internal readonly record struct DueKey(long SenderId, long Id);

/// <summary>Asks about what is due, after looking at everything again: message, card, event, deliveries and what became of the conversation are stored together.</summary>
internal sealed class SendDueRequests
{
    private readonly Store _store;
    private readonly KeptRules _rules;
    private readonly Questions _questions;
    private readonly Settings _settings;
    private readonly TimeProvider _clock;
    private readonly WriteGroup<DueKey, bool> _group;
    private readonly DecisionCounter _decisions;

    public SendDueRequests(Store store, KeptRules rules, Questions questions, Settings settings, DecisionCounter decisions, TimeProvider clock)
    {
        (_store, _rules, _questions, _settings, _decisions, _clock) = (store, rules, questions, settings, decisions, clock);
        _group = store.Main.Group<DueKey, bool>(key => key.SenderId, RunAsync);
    }

    /// <returns>False when there was nothing to do any more: another node was faster, or the conversation went on.</returns>
    /// <remarks>A queue that is full is told by the task, as all that fails: those that found room go on.</remarks>
    public async Task<bool> RunAsync(DueKey key) => await _group.RunAsync(key);

    private async Task<bool[]> RunAsync(Session session, IReadOnlyList<DueKey> keys)
    {
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var batch = new DueBatch(now);
        var senders = keys.Select(key => key.SenderId).Distinct().ToArray();

        // First the lock of the senders, then that of the rows: what is found holds until the commit, and two nodes never ask twice.
        await session.EachAsync([.. ChangeLog.Stamp(senders, now, batch.States), batch.Prompts.Webhooks(senders), batch.Conversations(keys), batch.Senders(senders)], CancellationToken.None);
        batch.Prompts.Open(batch.States);
        var due = batch.Found.OrderBy(one => one.DueAt).ThenBy(one => one.Id).ToArray();
        await session.EachAsync(batch.Facts.Lookups(due, one => one.SenderId, Draft, InPlace), CancellationToken.None);
        batch.Facts.Rules = await _rules.ReadAsync(session, batch.Facts.Versions);

        for (var i = 0; i < due.Length; i++)
        {
            var rules = due[i].RulesVersion == batch.Facts.RulesOf(due[i].SenderId).Version
                ? batch.Facts.RulesOf(due[i].SenderId)
                : await _rules.ReadAsync(session, due[i].SenderId, due[i].RulesVersion, batch.Facts.Versions[due[i].SenderId].SealedKey);
            batch.Change(Settle(batch, due[i], i, rules.Rules) with { UpdatedAt = batch.States[due[i].SenderId].Stamp });
        }

        batch.Write(session, _store);
        _decisions.Note(session, batch.Settled);
        var done = due.Select(one => one.Id).ToHashSet();
        return [.. keys.Select(key => done.Contains(key.Id))];
    }

    private Conversation Settle(DueBatch batch, Conversation due, int place, RuleSet rules)
    {
        if (batch.SenderOf(due.SenderId) is not { } sender) return Ended(due, Reason.SenderNotAllowed);

        // Whoever waited for a limit is told so, and whoever waited for a server.
        var latest = due.PlannedAt!.Value + (long)_settings.Automation.TooLate.TotalMilliseconds;
        if (batch.Now > latest) return Ended(due, due.DueAt > due.PlannedAt ? Reason.Limit : Reason.TooLate);

        var facts = batch.Facts.RecipientOf(place);
        var rule = rules.Find(due.Rule);
        var input = new DecisionInput(
            batch.Now, due.SenderId, due.RecipientId, due.Test, due.ClosedAt, due.Conversed(facts.Language), facts, batch.Prompts.LastAskedAt(due.SenderId, due.RecipientId, facts),
            batch.WasAsked(place, due), _settings.Limits.IntervalFor(sender.Grant), rules, due.Draw, batch.Facts.WindowsOf(due.SenderId));
        if (Decide.OnDue(input, rule, due.CreatedAt, batch.Facts.RulesOf(due.SenderId).Rules.Silence) is var reason && reason != Reason.None) return Ended(due, reason);

        return Ask(batch, due, facts, rules, rule!, sender, latest);
    }

    private Conversation Ask(DueBatch batch, Conversation due, RecipientFacts facts, RuleSet rules, Rule rule, DueSender sender, long latest)
    {
        // After an outage it may be night by now. What comes late waits for the morning, as if it had been planned so.
        if (Decide.Opening(rules, batch.Now) is var opening && opening > batch.Now) return due with { PlannedAt = opening, DueAt = opening };

        var (request, window) = (rule.Request!, batch.Prompts.WindowOf(due.SenderId));
        var most = _settings.Limits.CreatesFor(sender.Grant);
        if (window.StateFor(most) is { Remaining: 0 } full)
        {
            var next = Decide.Opening(rules, full.ResetsAt);
            return next > latest ? Ended(due, Reason.Limit) : due with { DueAt = next };
        }

        if (!due.Test && request.PerDay is { } perDay && !batch.BudgetOf(due.SenderId, rule.Name).TryCount(perDay)) return Ended(due, Reason.Budget);

        window.TryCount(most);
        var message = request.Message.For(due.Language ?? facts.Language).With(new(facts.Name!, sender.Name, due.Agent, due.ExternalId));
        var draft = new PromptDraft(
            request.Type, due.RecipientId, message, due.PrivacyUrl ?? request.PrivacyUrl, due.ExternalId, request.QuestionVariant < _questions.CountOf(request.Type) ? request.QuestionVariant : 0,
            due.DisplayName ?? request.DisplayName, due.Test, IncludeCard: false, due.Agent, due.Tags);
        var (prompt, _) = batch.Prompts.Add(_store, _questions, new(due.SenderId, sender.Name, draft, facts, due.CardBase, due.Language, Automatic: true));
        return due with { Decision = Decision.Asked, Reason = Reason.None, NextEligibleAt = null, PromptId = prompt.Id };
    }

    private static Conversation Ended(Conversation due, Reason reason) => due with { Decision = reason.Outcome, Reason = reason };

    private static CloseDraft Draft(Conversation one) => new(
        one.RecipientId, one.ExternalId, one.Agent, one.Team, one.Tags, one.Language, one.ClosedAt, one.Messages, one.AgentMessages, one.DisplayName, one.PrivacyUrl, one.Test, one.Connector);

    /// <summary>As it was decided when it was closed.</summary>
    private static string? InPlace(Conversation one) => one is { Connector: not null, Channel: Channel.Conversation } ? one.ExternalId : null;
}

/// <summary>Who asks.</summary>
internal sealed record DueSender(string Name, SenderGrant Grant);
