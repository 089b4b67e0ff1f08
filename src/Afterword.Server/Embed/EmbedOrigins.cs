using Afterword.Server.Storage;

namespace Afterword.Server.Embed;

/// <summary>A page that may show a sender's cards.</summary>
internal sealed record AllowedEmbed(long SenderId, string ScreenName, PageOrigin Origin);

/// <summary>Which pages may show whose cards.</summary>
internal sealed class EmbedOrigins(Store store, TimeProvider clock)
{
    /// <summary>Allowing twice is no error.</summary>
    public Task AllowAsync(long sender, PageOrigin origin, CancellationToken stop) => store.Main.WriteAsync(session => AllowAsync(session, sender, origin, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public Task<int> AllowAsync(Session session, long sender, PageOrigin origin, CancellationToken stop) =>
        session.Sql("insert into embed_origin (sender_id, origin, added_at) values (@sender, @origin, @now) on conflict (sender_id, origin) do nothing")
            .Bind("sender", sender).Bind("origin", origin.Text).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop);

    /// <returns>False when it was not allowed.</returns>
    public async Task<bool> DenyAsync(long sender, PageOrigin origin, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => DenyAsync(session, sender, origin, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public static Task<int> DenyAsync(Session session, long sender, PageOrigin origin, CancellationToken stop) =>
        session.Sql("delete from embed_origin where sender_id = @sender and origin = @origin").Bind("sender", sender).Bind("origin", origin.Text).RunAsync(stop);

    /// <summary>The pages that may show the cards of one sender.</summary>
    public Task<List<string>> OfAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select origin from embed_origin where sender_id = @sender order by origin").Bind("sender", sender).ListAsync(row => row.GetString(0), stop), stop);

    public Task<List<AllowedEmbed>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select e.sender_id, a.screen_name, e.origin
            from embed_origin e join account a on a.id = e.sender_id order by a.screen_name_key, e.origin
            """).ListAsync(row => new AllowedEmbed(row.GetInt64(0), row.GetString(1), new(row.GetString(2))), stop),
        stop);

    /// <summary>Whether a browser on this page may show the sender's cards. It is read each time, so that a denial holds at once on every node.</summary>
    /// <param name="sender">Whose card it is.</param>
    /// <param name="origin">What the browser sent as <c>Origin</c>.</param>
    /// <param name="stop">Gives up.</param>
    public Task<bool> AllowsAsync(long sender, string origin, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select 1 from embed_origin where sender_id = @sender and origin = @origin")
            .Bind("sender", sender).Bind("origin", origin).FirstAsync(_ => true, stop),
        stop);
}
