using System.Globalization;
using Afterword.Client.Wire;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Configuration;
using Afterword.Server.Errors;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>The dry run of a close: what it would decide, by the same code, with nothing written.</summary>
internal sealed class CanPrompt(Store store, KeptRules rules, Settings settings, TimeProvider clock)
{
    private static readonly string[] s_rulesAskedBy = ["external_id", "agent", "team", "tags", "language", "messages", "agent_messages", "closed_at"];

    /// <summary>Gives what is asked for, or null after noting what is wrong with it.</summary>
    /// <param name="asksRules">Whether anything is said of the conversation, so that the rules are asked too.</param>
    public static CloseDraft? Parse(RequestParameters parameters, DateTimeOffset now, out bool asksRules, out ApiErrors errors)
    {
        var read = new ParameterReader(parameters);
        errors = read.Errors;
        var recipient = read.RequiredId("to_user_id") ?? 0;
        var externalId = PromptDraft.ReadShort(read, "external_id", PromptDraft.ExternalIdLength) ?? "";
        var draft = CloseDraft.ReadCommon(read, now) with { RecipientId = recipient, ExternalId = externalId };

        // What a close is called with may be tried here as it is.
        read.RefuseUnknown("display_name", "privacy_url");
        asksRules = Array.Exists(s_rulesAskedBy, name => parameters.Read(name, out _) != ParameterSource.Nothing);
        return errors.Any ? null : draft;
    }

    public Task<CanPromptJson> RunAsync(Caller sender, CloseDraft draft, bool asksRules, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            var facts = new DecisionFacts(now);
            var window = DayWindow.At(now, 0, 0);
            Conversation? head = null;
            await session.EachAsync(
                [
                    .. facts.Lookups<CloseDraft>([draft], _ => sender.UserId, one => one, one => one.InPlace),
                    new(
                        "select s.window_started_at, s.window_used from {rows} join sender_state s on s.sender_id = item.sender_id",
                        Rows.Of([sender.UserId]).Long("sender_id", one => one), row => window = DayWindow.At(now, row.GetInt64(0), row.GetInt64(1))),
                    CloseBatch.Peek([(sender.UserId, draft.Test, draft.ExternalId)], found => head = found),
                ],
                stop);
            facts.Rules = await rules.ReadAsync(session, facts.Versions);
            var input = facts.Of(0, sender.UserId, draft, now, settings.Limits.IntervalFor(sender.Sender));
            return Tell(input, Decide.OnClose(input), window.StateFor(settings.Limits.CreatesFor(sender.Sender)), asksRules, head is { Decision: Decision.Scheduled } ? head : null);
        },
        stop);

    private static CanPromptJson Tell(DecisionInput input, Verdict verdict, LimitState day, bool asksRules, Conversation? scheduled)
    {
        var checks = new List<CheckJson>();
        Add(Check.Recipient);
        Add(Check.OptedOut);
        Add(Check.CanDm);
        Add(Check.RecipientInterval, input.AskedAt is { } asked ? Say($"asked on {Prompt.Date(asked)}; {IntervalOf(input)}") : IntervalOf(input));
        Add(Check.Dismissal, input.Facts.DismissedAt is { } dismissed ? Say($"dismissed a card on {Prompt.Date(dismissed)}; left alone until {Prompt.Date(dismissed + (long)input.Rules.AfterDismissal.TotalMilliseconds)}") : null);

        // The rules wait for the limit; whoever asks by hand is refused.
        var isFull = day.Remaining == 0;
        checks.Add(new("day_limit", asksRules || !isFull, Say($"{day.Used:N0} of {day.Limit:N0}{(isFull && asksRules ? "; the request waits" : "")}")));
        if (!asksRules)
        {
            var failing = First(verdict, Check.Dismissal);
            return failing == Reason.None && isFull
                ? new(false, Reason.Limit.Word, Prompt.Date(day.ResetsAt), null, checks)
                : new(failing == Reason.None, WordOf(failing), failing == Reason.None ? null : Date(verdict.NextOf(Check.Dismissal)), null, checks);
        }

        Add(Check.Conversation, scheduled is null ? null : "it is scheduled already, and a close is only counted");
        Add(Check.Rule, verdict.Rule?.Name);
        Add(Check.Budget, verdict.Rule?.Request?.PerDay is { } most ? Say($"{input.Windows.GetValueOrDefault(verdict.Rule.Name)?.Used ?? 0:N0} of {most:N0}") : null);
        if (verdict.Rule?.Request is { } request && input.Draw is { } draw) Add(Check.Sample, Say($"{draw.Value:0.######} {(draw.IsBelow(request.Rate) ? "<" : "≥")} {request.Rate.Value:0.######}"));
        if (scheduled is not null) return new(true, null, null, Date(scheduled.DueAt), checks);

        return new(
            verdict.Reason == Reason.None, WordOf(verdict.Reason), verdict.Reason == Reason.None ? null : Date(verdict.NextEligibleAt), verdict.Reason == Reason.None ? Date(verdict.DueAt) : null, checks);

        void Add(Check check, string? detail = null) => checks.Add(new(check.Word, verdict[check] == Reason.None, verdict[check] == Reason.None || detail is not null ? detail : verdict[check].Word));
    }

    private static Reason First(Verdict verdict, Check last)
    {
        for (var check = Check.Recipient; check <= last; check++)
        {
            if (verdict[check] != Reason.None) return verdict[check];
        }

        return Reason.None;
    }

    private static string IntervalOf(DecisionInput input) => input switch
    {
        { Test: true } => "tests have no interval",
        { Facts.Exempt: true } => "may be asked at any time",
        { Rules.RecipientIntervalDays: 0, LeastInterval: 0 } => "no limit",
        _ when input.Rules.RecipientInterval.TotalMilliseconds >= input.LeastInterval => Say($"one request in {input.Rules.RecipientIntervalDays} days"),
        _ => Say($"one request in {TimeSpan.FromMilliseconds(input.LeastInterval).TotalHours:0.##} hours"),
    };

    private static string? WordOf(Reason reason) => reason == Reason.None ? null : reason.Word;

    private static string? Date(long? millis) => millis is { } at ? Prompt.Date(at) : null;

    private static string Say(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);
}
