using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.Channels.Helpdesks;

/// <summary>A helpdesk of a sender as operators see it: without its token.</summary>
internal sealed record ListedHelpdesk(string ScreenName, HelpdeskKind Kind, string Url);

/// <summary>The helpdesks of senders: one of each kind at most.</summary>
internal sealed class SenderHelpdesks(Store store, TimeProvider clock)
{
    /// <summary>Sets a sender's helpdesk. One of the same kind that was there before is replaced, token and all; what waits for conversations elsewhere is cancelled.</summary>
    /// <returns>How many requests were cancelled.</returns>
    public Task<int> SetAsync(long sender, Helpdesk desk, CancellationToken stop) => store.Main.WriteAsync(session => SetAsync(session, sender, desk, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<int> SetAsync(Session session, long sender, Helpdesk desk, CancellationToken stop)
    {
        var before = await session.Sql("select url, account from helpdesk where sender_id = @sender and kind = @kind").Bind("sender", sender).Bind("kind", (long)desk.Kind)
            .FirstAsync(row => (Url: row.GetString(0), Account: row.TextOrNull(1)), stop);
        var calledOff = before.Url is not null && IsElsewhere(before.Url, before.Account, desk) ? await CallOffAsync(session, sender, desk.Kind, stop) : 0;
        await session.Sql(
            """
            insert into helpdesk (sender_id, kind, url, account, token, added_at) values (@sender, @kind, @url, @account, @token, @now)
            on conflict (sender_id, kind) do update set url = excluded.url, account = excluded.account, token = excluded.token, added_at = excluded.added_at, held_until = 0
            """)
            .Bind("sender", sender).Bind("kind", (long)desk.Kind).Bind("url", desk.Url.AbsoluteUri).Bind("account", desk.Account).Bind("token", store.Secrets.Protect(Encoding.ASCII.GetBytes(desk.Token)))
            .Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop);
        return calledOff;
    }

    /// <summary>Takes a sender's access away. What waits is cancelled: the next helpdesk of the kind may be another one, where the same numbers are other people's.</summary>
    /// <param name="sender">Whose.</param>
    /// <param name="kind">Of which kind; null for all.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>False when there was none.</returns>
    public async Task<bool> RemoveAsync(long sender, HelpdeskKind? kind, CancellationToken stop) => 0 < await store.Main.WriteAsync(session => RemoveAsync(session, sender, kind, stop), stop);

    /// <summary>The same within a transaction.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> RemoveAsync(Session session, long sender, HelpdeskKind? kind, CancellationToken stop)
    {
        var known = await session.Sql("select kind from helpdesk where sender_id = @sender and kind = coalesce(@kind, kind)").Bind("sender", sender).Bind("kind", (long?)kind)
            .ListAsync(row => (HelpdeskKind)row.GetInt32(0), stop);
        foreach (var one in known) await CallOffAsync(session, sender, one, stop);
        return await session.Sql("delete from helpdesk where sender_id = @sender and kind = coalesce(@kind, kind)").Bind("sender", sender).Bind("kind", (long?)kind).RunAsync(stop);
    }

    /// <summary>The helpdesks of one sender, without their tokens.</summary>
    public Task<List<ListedHelpdesk>> PlacesAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select a.screen_name, h.kind, h.url from helpdesk h join account a on a.id = h.sender_id where h.sender_id = @sender order by h.kind").Bind("sender", sender)
            .ListAsync(row => new ListedHelpdesk(row.GetString(0), (HelpdeskKind)row.GetInt32(1), row.GetString(2)), stop),
        stop);

    public Task<List<ListedHelpdesk>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select a.screen_name, h.kind, h.url from helpdesk h join account a on a.id = h.sender_id order by a.screen_name_key, h.kind")
            .ListAsync(row => new ListedHelpdesk(row.GetString(0), (HelpdeskKind)row.GetInt32(1), row.GetString(2)), stop),
        stop);

    /// <summary>Finds the conversations into which can be posted: those of helpdesks to which their senders have given access.</summary>
    /// <param name="items">The batch.</param>
    /// <param name="sender">Whose conversation it is.</param>
    /// <param name="externalId">How it is called; null for one that is not looked for.</param>
    /// <param name="found">Takes the places of those that were found.</param>
    public static Lookup Lookup<T>(IReadOnlyList<T> items, Func<T, long> sender, Func<T, string?> externalId, Action<int> found) => new(
        "select item.place from {rows} join helpdesk h on h.sender_id = item.sender_id and h.kind = item.kind",
        Rows.Of(items).Place().Long("sender_id", sender).LongOrNull("kind", item => (long?)ConversationId.Find(externalId(item))?.Kind),
        row => found((int)row.GetInt64(0)));

    /// <summary>Whether a sender has given access to its helpdesk of a kind.</summary>
    public Task<bool> HasAsync(long sender, HelpdeskKind kind, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select 1 from helpdesk where sender_id = @sender and kind = @kind").Bind("sender", sender).Bind("kind", (long)kind).FirstAsync(_ => true, stop), stop);

    /// <summary>The helpdesks of a sender, unsealed.</summary>
    public async Task<List<Helpdesk>> OfAsync(long sender, CancellationToken stop)
    {
        var found = await store.Main.ReadAsync(
            session => session.Sql("select kind, url, account, token from helpdesk where sender_id = @sender order by kind").Bind("sender", sender)
                .ListAsync(row => (Kind: (HelpdeskKind)row.GetInt32(0), Url: row.GetString(1), Account: row.TextOrNull(2), Token: row.GetBytes(3)), stop),
            stop);
        return found.ConvertAll(one => new Helpdesk(one.Kind, new Uri(one.Url), one.Account, Encoding.ASCII.GetString(store.Secrets.Unprotect(one.Token))));
    }

    // Chatwoot counts the conversations of each account for itself. Elsewhere the account is a person.
    private static bool IsElsewhere(string url, string? account, Helpdesk desk) => url != desk.Url.AbsoluteUri || (desk.Kind == HelpdeskKind.Chatwoot && account != desk.Account);

    private Task<int> CallOffAsync(Session session, long sender, HelpdeskKind kind, CancellationToken stop) => ChannelDeliveries.CallOffConversationsAsync(
        session, sender, kind, $"The sender's {kind.Name} is another one now, or none.", clock.GetUtcNow(), stop);
}
