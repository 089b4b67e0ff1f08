using System.Globalization;
using Afterword.Server.Reference;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Privacy;

/// <summary>What the reference says of the routes of <see cref="ErasureEndpoints"/>.</summary>
internal static class ErasureReference
{
    private static readonly Parameter s_id = new("id", "The user's id.", ValueFormat.Id) { Required = true, Example = "2123906916869476352" };

    private static readonly ErasedJson s_erased = new(s_id.Example!, "erasure-mfzwizltoq2gk3dpmu4a", "2026-11-20T22:41:09.050Z", new(3, 2, 8, 3, 1, 2));

    public static Operation Erase() => new(Topic.Operating, "Erase a person")
    {
        Does =
            """
            Erases a user for good, in one step: account, messages in both directions, comments, references of conversations, sessions and tokens. Scores, times, agents and tags stay as a
            statistic, under the id of nobody. Those who follow the events of a sender get one `feedback.erased` for each request.

            A second call for the same id answers with the same receipt, without `counts`. An account that asks customers for feedback is not erased.
            """,
        Caller = "an operator, with an operator key",
        Parameters = [s_id],
        Replies = [Reply.Of("The person is erased. `counts` say how much there was.", PrivacyJson.Default.ErasedJson, s_erased)],
        Errors = [DocumentedError.RecipientUnknown, DocumentedError.Invalid],
    };

    /// <summary>As the route answers.</summary>
    public static ErasedJson Of(Erasure erasure, ErasedCounts? counts) =>
        new(erasure.UserId.ToString(CultureInfo.InvariantCulture), erasure.Receipt, WebhookJson.Iso(erasure.At.ToUnixTimeMilliseconds()), counts);
}
