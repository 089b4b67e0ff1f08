using Afterword.Server.Prompts;
using Afterword.Server.Reports.Alerts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.FollowUps;

/// <summary>What follows from low scores, in the transaction that records them: an item to follow up, and an alert.</summary>
internal sealed class LowScores
{
    private readonly Dictionary<long, AlertThresholds> _alertThresholdsList = [];

    /// <summary>Finds what the senders' people look out for. Most have chosen nothing, and pay for the lookup alone.</summary>
    public Lookup Lookup(IReadOnlyList<long> senders) => new(
        $$"""select w.sender_id, {{AlertThresholds.Columns}} from {rows} join watch w on w.sender_id = item.sender_id""",
        Rows.Of(senders).Long("sender_id", sender => sender),
        row => _alertThresholdsList[row.GetInt64(0)] = AlertThresholds.Read(row, 1));

    /// <param name="session">The transaction.</param>
    /// <param name="store">The store.</param>
    /// <param name="scored">Prompts that get their score in this transaction.</param>
    public void Write(Session session, Store store, IReadOnlyList<Prompt> scored)
    {
        session.Then(
            """
            insert into follow_up (sender_id, prompt_id, state, scored_at, version)
            select sender_id, prompt_id, 0, scored_at, 0 from {rows}
            """,
            Rows.Of(scored.Where(prompt => Of(prompt).IsFollowed(prompt)).ToArray())
                .Long("sender_id", p => p.SenderId).Long("prompt_id", p => p.Id).Long("scored_at", p => p.ScoreAt!.Value));
        Alert.Write(session, store, [.. scored.Where(prompt => Of(prompt).IsTold(prompt)).Select(prompt => Alert.OfScore(store, prompt))]);
    }

    private AlertThresholds Of(Prompt prompt) => _alertThresholdsList.GetValueOrDefault(prompt.SenderId, AlertThresholds.Default);
}
