using Afterword.Server.Allowlists;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.SetUp;

/// <summary>A business as its own people see it.</summary>
/// <param name="Name">The profile name.</param>
/// <param name="PrivacyUrl">Where its privacy policy is; null when nobody has said.</param>
/// <param name="Language">The tag of the language that its account reads, or null.</param>
/// <param name="Limits">Its place on the allowlist of senders; null when it may not ask.</param>
/// <param name="IsSuspended">Whether an operator has suspended its account: nothing is sent for it.</param>
internal sealed record Business(string Name, string? PrivacyUrl, string? Language, SenderGrant? Limits, bool IsSuspended);

/// <summary>Opens businesses, and keeps what their customers read of them.</summary>
internal sealed class Businesses(Store store, UserAccounts userAccounts, Allowlist allowlist, Memberships memberships, AuditLog audit)
{
    /// <summary>Adds an account that may ask customers. The operator who opens it may become its owner: there are no answers yet that someone else has asked for.</summary>
    /// <param name="by">The operator.</param>
    /// <param name="screenName">The new username.</param>
    /// <param name="draft">What customers read of it.</param>
    /// <param name="owns">Whether the operator becomes its owner.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The account; null when there is one of that name, whose answers may be others'.</returns>
    public Task<User?> OpenAsync(Membership by, string screenName, BusinessDraft draft, bool owns, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (await userAccounts.AddAsync(session, new(screenName, draft.Name, Password: null, MessagingPermission.Anyone) { Language = draft.Language }, stop) is not { } user) return null;

            await session.Sql("update account set privacy_url = @privacy where id = @id").Bind("privacy", draft.PrivacyUrl).Bind("id", user.Id).RunAsync(stop);
            await allowlist.AllowSenderAsync(session, by.Member, user.Id, new(null, null, null, null), stop);
            await audit.WriteAsync(session, by, AuditAction.Changed, $"opened the business @{user.ScreenName}{(owns ? " and became its owner" : "")}", stop);
            await audit.WriteAsync(session, user.Id, by.Member, AuditAction.Changed, "opened the business", stop);
            if (owns) await memberships.OwnNewSenderAsync(session, by.Member, user.Id, stop);
            return user;
        },
        stop);

    /// <summary>Changes what customers read of a business.</summary>
    public Task ChangeAsync(Membership by, BusinessDraft draft, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            await session.Sql("update account set name = @name, privacy_url = @privacy, language = @language where id = @id")
                .Bind("name", draft.Name).Bind("privacy", draft.PrivacyUrl).Bind("language", draft.Language).Bind("id", by.SenderId).RunAsync(stop);
            return await audit.WriteAsync(session, by, AuditAction.Changed, "name, privacy policy and language of the business", stop);
        },
        stop);

    public Task<Business?> FindAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select a.name, a.privacy_url, a.language, s.user_id, s.creates_per_day, s.recipient_interval, s.shows, s.events, a.suspended_at
            from account a left join sender s on s.user_id = a.id where a.id = @id
            """)
            .Bind("id", sender).FirstAsync(
                row => new Business(
                    row.GetString(0), row.TextOrNull(1), row.TextOrNull(2),
                    row.IsDBNull(3) ? null : new(row.LongOrNull(4), row.LongOrNull(5), row.LongOrNull(6), row.LongOrNull(7)), !row.IsDBNull(8)),
                stop),
        stop);
}
