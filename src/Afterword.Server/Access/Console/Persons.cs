using Afterword.Server.Channels;
using Afterword.Server.Storage;

namespace Afterword.Server.Access.Console;

/// <summary>A person as a place's list shows it.</summary>
/// <param name="Id">The person's id.</param>
/// <param name="Mail">The mail address.</param>
/// <param name="Name">What others read.</param>
/// <param name="Role">What the person may there.</param>
/// <param name="HasPassword">False until the invitation was taken.</param>
/// <param name="SeenAt">When a browser of the person was last used, as far as it is known; null for never.</param>
public sealed record ListedPerson(long Id, string Mail, string Name, Role Role, bool HasPassword, DateTimeOffset? SeenAt);

/// <summary>The people of the console, and what they may where.</summary>
internal sealed class Persons(Store store, AuditLog audit, TimeProvider clock)
{
    /// <summary>Gives a person a role at a place; one who is not known yet is added, and can do nothing before taking an invitation.</summary>
    /// <param name="mail">What the person signs in with.</param>
    /// <param name="name">What others read; an existing person keeps the old one.</param>
    /// <param name="senderId">The sender, or <see cref="Place.Installation"/>.</param>
    /// <param name="role">What the person may there from now on.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The person's id.</returns>
    public Task<long> AddAsync(EmailAddress mail, string name, long senderId, Role role, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var id = await FindOrAddAsync(session, mail, name, stop);
            await GiveAsync(session, id, senderId, role, stop);
            return id;
        },
        stop);

    /// <summary>Those with a role at a place, by name.</summary>
    public Task<List<ListedPerson>> ListAsync(long senderId, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select p.id, p.mail, p.name, r.role, case when p.password_hash is null then 0 else 1 end, (select max(s.seen_at) from console_session s where s.person_id = p.id)
            from person_role r join person p on p.id = r.person_id
            where r.sender_id = @sender order by r.role, p.mail_key
            """)
            .Bind("sender", senderId)
            .ListAsync(
                row => new ListedPerson(
                    row.GetInt64(0), row.GetString(1), row.GetString(2), (Role)row.GetInt32(3), row.Flag(4), row.LongOrNull(5) is { } seen ? DateTimeOffset.FromUnixTimeMilliseconds(seen) : null),
                stop),
        stop);

    /// <summary>Changes what a person may at the seat's place.</summary>
    /// <returns>False when the person has no role there.</returns>
    public Task<bool> ChangeRoleAsync(Seat by, long personId, Role role, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var mail = await session.Sql(
                """
                update person_role set role = @role where sender_id = @sender and person_id = @person
                returning (select mail from person where id = @person)
                """)
                .Bind("role", (long)role).Bind("sender", by.SenderId).Bind("person", personId).FirstAsync(row => row.GetString(0), stop);
            if (mail is null) return false;

            await audit.WriteAsync(session, by, Deed.Changed, $"role of {mail} to {role.Word}", stop);
            return true;
        },
        stop);

    private async Task<long> FindOrAddAsync(Session session, EmailAddress mail, string name, CancellationToken stop)
    {
        await session.Sql("insert into person (id, mail, mail_key, name, created_at) values (@id, @mail, @key, @name, @now) on conflict (mail_key) do nothing")
            .Bind("id", store.Ids.Next()).Bind("mail", mail.Value).Bind("key", Key(mail.Value)).Bind("name", name).Bind("now", Now).RunAsync(stop);
        return await session.Sql("select id from person where mail_key = @key").Bind("key", Key(mail.Value)).FirstAsync(row => row.GetInt64(0), stop);
    }

    private Task<int> GiveAsync(Session session, long personId, long senderId, Role role, CancellationToken stop) => session.Sql(
        """
        insert into person_role (sender_id, person_id, role, created_at) values (@sender, @person, @role, @now)
        on conflict (sender_id, person_id) do update set role = excluded.role
        """)
        .Bind("sender", senderId).Bind("person", personId).Bind("role", (long)role).Bind("now", Now).RunAsync(stop);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What a mail address is looked up by: in any letter case.</summary>
    private static string Key(string mail) => mail.ToLowerInvariant();
}
