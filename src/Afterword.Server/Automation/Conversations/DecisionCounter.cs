using System.Diagnostics.Metrics;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>Counts what the rules decide on conversations, and why.</summary>
internal sealed class DecisionCounter(Store store, Settings settings)
{
    private readonly Counter<long> _decisions = store.Problems.Meter.CreateCounter<long>("afterword.conversations", "{decisions}", "What was decided on conversations, and why.");

    /// <summary>Counts decisions when they are durable.</summary>
    public void Note(Session session, IEnumerable<Conversation> decided) => Note(session, decided.Select(one => (one.SenderId, one.Decision, one.Reason)));

    /// <inheritdoc cref="Note(Session, IEnumerable{Conversation})"/>
    public void NoteWithdrawn(Session session, IEnumerable<Scheduled> withdrawn) => Note(session, withdrawn.Select(one => (one.SenderId, Decision.Withdrawn, Reason.WrittenAgain)));

    private void Note(Session session, IEnumerable<(long Sender, Decision Decision, Reason Reason)> decided)
    {
        if (!_decisions.Enabled) return;

        var all = decided.ToArray();
        if (all.Length > 0) session.OnCommit(() => Array.ForEach(all, one => _decisions.Add(1, settings.Telemetry.Labels(one.Sender, new("decision", one.Decision.Word), new("reason", one.Reason.Word)))));
    }
}
