using System.Text;
using Afterword.Server.Answers;
using Afterword.Server.Storage;

namespace Afterword.Server.Channels;

/// <summary>A request that is to go through a channel.</summary>
/// <param name="CardBase">The public address that the card's link begins with.</param>
/// <param name="Card">The card's link, of which the prompt keeps a hash alone.</param>
internal sealed record NewChannelDelivery(long SenderId, long PromptId, Channel Channel, string CardBase, CardLink Card)
{
    /// <summary>Writes them in the transaction that stores the prompts, and wakes the store's listeners once they are durable.</summary>
    public static void Write(Session session, Store store, IReadOnlyList<NewChannelDelivery> deliveries, long now)
    {
        // Most requests go nowhere but to Messages, and cost nothing here.
        if (deliveries.Count == 0) return;

        session.Then(
            """
            insert into dispatch (sender_id, prompt_id, channel, state, due_at, attempts, failures, fence, card_base, token)
            select sender_id, prompt_id, channel, 0, due_at, 0, 0, 0, card_base, token from {rows}
            """,
            Rows.Of(deliveries).Long("sender_id", d => d.SenderId).Long("prompt_id", d => d.PromptId).Long("channel", d => (long)d.Channel)
                .Long("due_at", _ => now).Text("card_base", d => d.CardBase).Bytes("token", d => Seal(store.Secrets, d.Card)));
        session.OnCommit(() => store.ChannelNotifier.Notify(0, 0));
    }

    /// <summary>A card's token as it is kept until it was sent.</summary>
    public static byte[] Seal(Secrets secrets, CardLink card) => secrets.Protect(Encoding.ASCII.GetBytes(card.ToString()));

    public static string Unseal(Secrets secrets, byte[] token) => Encoding.ASCII.GetString(secrets.Unprotect(token));
}
