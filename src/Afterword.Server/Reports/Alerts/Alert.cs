using System.Text.Json;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Alerts;

/// <summary>What an alert is about. The numbers are stored.</summary>
internal enum AlertKind
{
    /// <summary>A score at or below the threshold; its subject is the prompt.</summary>
    LowScore = 1,

    /// <summary>The metric of seven days fell; its subject is the day.</summary>
    FigureFell = 2,

    /// <summary>The report of a week; its subject is the first day of the week.</summary>
    Weekly = 3,

    /// <summary>The rules have asked nobody for long; its subject is the Monday of the week in which it is told.</summary>
    NobodyAsked = 4,

    /// <summary>The requests of agents go beyond what chance makes of the rules; its subject is the Monday on which it was looked at.</summary>
    UnfairAgents = 5,
}

/// <summary>Something to tell a sender's people. Sender, kind and subject keep it single, however many nodes find it out.</summary>
/// <param name="Subject">What it is about: see <see cref="AlertKind"/>.</param>
/// <param name="Facts">What it tells, as JSON, where that is not in the store for good.</param>
internal sealed record Alert(long SenderId, AlertKind Kind, long Subject, long Id, long At, string? Facts)
{
    public static Alert OfScore(Store store, Prompt prompt) => new(prompt.SenderId, AlertKind.LowScore, prompt.Id, store.Ids.Next(), prompt.ScoreAt!.Value, null);

    /// <param name="now">When it was found out, Unix milliseconds.</param>
    public static Alert New(Store store, long sender, AlertKind kind, long subject, long now, AlertFactsJson facts) =>
        new(sender, kind, subject, store.Ids.Next(), now, JsonSerializer.Serialize(facts, AlertWire.Default.AlertFactsJson));

    /// <summary>Writes alerts in a transaction of their own.</summary>
    public static Task WriteAsync(Store store, List<Alert> alerts, CancellationToken stop) => store.Main.WriteAsync(
        session =>
        {
            Write(session, store, alerts);
            return Task.FromResult(alerts.Count);
        },
        stop);

    /// <summary>Writes alerts in the transaction that finds them out, and wakes the store's listeners once they are durable.</summary>
    public static void Write(Session session, Store store, IReadOnlyList<Alert> alerts)
    {
        if (alerts.Count == 0) return;

        session.Then(
            """
            insert into alert (sender_id, kind, subject, id, at, state, facts)
            select sender_id, kind, subject, id, at, 0, facts from {rows} where true
            on conflict (sender_id, kind, subject) do nothing
            """,
            Rows.Of(alerts).Long("sender_id", a => a.SenderId).Long("kind", a => (long)a.Kind).Long("subject", a => a.Subject).Long("id", a => a.Id)
                .Long("at", a => a.At).Text("facts", a => a.Facts));
        session.OnCommit(() => store.AlertNotifier.Notify(0, 0));
    }
}
