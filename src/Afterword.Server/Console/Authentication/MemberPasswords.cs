using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Authentication;

/// <summary>Sets the password of a person who forgot the old one.</summary>
internal sealed class MemberPasswords(Store store, ResetLinks links, AuditLog audit, TimeProvider clock)
{
    /// <summary>Takes a mailed link: the person has this password from now on, and is signed out everywhere.</summary>
    /// <returns>The person; null when the link is used or too old.</returns>
    public Task<long?> TakeLinkAsync(string key, PasswordHash password, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (await links.TakeAsync(session, AccountKind.Person, key, stop) is not { OwnerId: var person }) return (long?)null;

            // The second factor stays, and so do the locks of wrong codes: a mailbox is no way around it. Whoever has none was
            // proved by the email; one that is there may be of someone who was not.
            var email = await session.Sql(
                """
                update person set password_hash = @hash, failed_sign_ins = 0, locked_until = null,
                    proved_at = case when totp_secret is null and not exists (select 1 from passkey k where k.person_id = person.id) then @now else proved_at end
                where id = @id returning mail
                """)
                .Bind("hash", password.Text).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).Bind("id", person).FirstAsync(row => row.GetString(0), stop);
            if (email is null) return null;

            await session.Sql("delete from console_session where person_id = @id").Bind("id", person).RunAsync(stop);
            await KnownBrowsers.ForgetAsync(session, AccountKind.Person, person, stop);
            await audit.WriteAsync(session, Workspace.Installation, new Member(person, email, "", 0, []), AuditAction.Changed, "forgotten password, by a mailed link", stop);
            return (long?)person;
        },
        stop);
}
