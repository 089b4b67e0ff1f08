using Afterword.Server.Storage;

namespace Afterword.Server.Users;

/// <summary>What a user has decided: who may write, in which language to be spoken to, and who may not ask for feedback.</summary>
/// <param name="Accepts"><see cref="MessagingPermission.Anyone"/> or <see cref="MessagingPermission.Following"/>.</param>
/// <param name="Language">A tag such as <c>pt</c>; null leaves it to the browser.</param>
/// <param name="Silenced">Senders that may not ask the user, by handle.</param>
internal sealed record UserPreference(string Accepts, string? Language, IReadOnlyList<SilencedSender> Silenced);

/// <summary>A sender that may not ask a user.</summary>
internal sealed record SilencedSender(long Id, string ScreenName, string Name);

/// <summary>Reads and changes what users have decided.</summary>
internal sealed class UserPreferences(Store store)
{
    public Task<UserPreference> ReadAsync(long user, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var (accepts, language) = await session.Sql("select accepts, language from account where id = @id")
                .Bind("id", user).FirstAsync(row => (row.GetString(0), row.TextOrNull(1)), stop);
            var silenced = await session.Sql(
                """
                select a.id, a.screen_name, a.name from contact c join account a on a.id = c.sender_id
                where c.user_id = @user and c.opted_out_at is not null
                order by a.screen_name_key
                """)
                .Bind("user", user).ListAsync(row => new SilencedSender(row.GetInt64(0), row.GetString(1), row.GetString(2)), stop);
            return new UserPreference(accepts, language, silenced);
        },
        stop);

    /// <param name="user">An existing user.</param>
    /// <param name="accepts"><see cref="MessagingPermission.Anyone"/> or <see cref="MessagingPermission.Following"/>.</param>
    /// <param name="language">The tag of one of our languages, or null.</param>
    /// <param name="stop">Gives up.</param>
    public Task ChangeAsync(long user, string accepts, string? language, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("update account set accepts = @accepts, language = @language where id = @id")
            .Bind("accepts", accepts).Bind("language", language).Bind("id", user).RunAsync(stop),
        stop);
}
