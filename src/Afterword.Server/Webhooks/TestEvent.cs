using Afterword.Server.Changes;
using Afterword.Server.Prompts;

namespace Afterword.Server.Webhooks;

/// <summary>An event that never happened, for trying out an endpoint: a request for feedback marked as a test, from the sender to itself.</summary>
internal sealed record TestEvent(long Id, byte[] Body)
{
    /// <param name="sender">Whose endpoint it is for.</param>
    /// <param name="pair">Two ids that follow each other, for the request and its message.</param>
    /// <param name="id">The id of the event.</param>
    /// <param name="now">Unix milliseconds.</param>
    public static TestEvent Of(long sender, long pair, long id, long now)
    {
        var prompt = new Prompt(
            sender, pair, sender, pair + 1, PromptType.Csat, Test: true, 0, "", "https://example.com/privacy", "test_event", null, now, now, null, null, null, null, null);
        return new(id, new OutboxEntry(new(sender, now, id, ChangeKind.Created, pair), prompt).Body());
    }
}
