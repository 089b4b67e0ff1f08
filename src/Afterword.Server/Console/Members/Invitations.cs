using System.Buffers.Text;
using System.Security.Cryptography;
using Afterword.Server.Channels;
using Afterword.Server.Console.Audit;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Members;

/// <summary>What an invitation is for.</summary>
/// <param name="PersonId">Who is invited; null for the first operator, who says so when it is taken.</param>
/// <param name="Email">The person's address.</param>
/// <param name="Name">The person's name, as whoever invited knew it.</param>
/// <param name="NeedsSecondFactor">Whether one of the person's roles is not had with a password alone.</param>
internal sealed record Invitation(long? PersonId, string? Email, string? Name, bool NeedsSecondFactor);

/// <summary>Who has seen a link before the person that it is for.</summary>
internal enum LinkSource
{
    /// <summary>An owner of a sender: whoever takes it is whom the owner says, and nobody else need believe that.</summary>
    Owner,

    /// <summary>An operator, or someone with a shell beside the store.</summary>
    Operator,

    /// <summary>Nobody: it is in an email to the person's address and was shown nowhere.</summary>
    Mail,
}

/// <summary>Links with which people choose a password. Each is good for once, within a week; the store has its hash.</summary>
internal sealed class Invitations(Store store, AuditLog audit, TimeProvider clock)
{
    public const string Address = "/console/invitation";
    private const int KeyLength = 20;
    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(7);

    /// <summary>Makes a link for a person, in place of those made before.</summary>
    /// <returns>Its path.</returns>
    public async Task<string> IssueAsync(Session session, long personId, LinkSource source, CancellationToken stop)
    {
        await ForgetAsync(session, personId, stop);
        return await AddAsync(session, personId, source, stop);
    }

    /// <summary>Makes a second link beside the one that <paramref name="path"/> is, to be mailed and shown to nobody. Whoever takes one ends both.</summary>
    /// <returns>Its path; null when the other does not hold any more.</returns>
    public Task<string?> IssueForEmailAsync(string path, CancellationToken stop) => store.Main.WriteAsync(
        async session => await HoldInvitedAsync(session, path[(path.LastIndexOf('/') + 1)..], stop) is { } person ? await AddAsync(session, person, LinkSource.Mail, stop) : null,
        stop);

    /// <summary>Makes a link for the first operator, while there is nobody.</summary>
    /// <returns>Its path; null when there are people.</returns>
    public Task<string?> IssueFirstAsync(CancellationToken stop) => store.Main.WriteAsync(
        async session => await HasPeopleAsync(session, stop) ? null : await AddAsync(session, personId: null, LinkSource.Operator, stop), stop);

    /// <summary>What a link is for; null when it is used, too old, or none.</summary>
    public async Task<Invitation?> FindAsync(string key, CancellationToken stop)
    {
        if (HashOf(key) is not { } hash) return null;

        return await store.Main.ReadAsync(
            async session =>
            {
                var found = await session.Sql(
                    """
                    select i.person_id, p.mail, p.name from invitation i left join person p on p.id = i.person_id
                    where i.key_hash = @hash and i.created_at > @oldest and (i.person_id is null or p.id is not null)
                    """)
                    .Bind("hash", hash).Bind("oldest", Oldest).FirstAsync(row => new Invitation(row.LongOrNull(0), row.TextOrNull(1), row.TextOrNull(2), NeedsSecondFactor: true), stop);
                if (found is not { PersonId: { } person }) return found is null || await HasOperatorAsync(session, stop) ? null : found;

                var roles = await session.Sql("select role from person_role where person_id = @person").Bind("person", person).ListAsync(row => (Role)row.GetInt32(0), stop);
                return found with { NeedsSecondFactor = roles.Exists(role => role.NeedsSecondFactor) };
            },
            stop);
    }

    /// <summary>Takes an invitation: the person has this password from now on.</summary>
    /// <returns>The person's id; null when someone was faster, or it is too old.</returns>
    public Task<long?> AcceptAsync(string key, string name, PasswordHash password, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (await HoldInvitedAsync(session, key, stop) is null || await TakeAsync(session, key, stop) is not { PersonId: { } person, Proves: var proves }) return (long?)null;

            await ForgetAsync(session, person, stop);
            await session.Sql($"update person set name = @name, password_hash = @hash, proved_at = @proved, {GuessCounter.Forgiven} where id = @id")
                .Bind("name", name).Bind("hash", password.Text).Bind("proved", proves ? Now : null).Bind("id", person).RunAsync(stop);
            await session.Sql("delete from console_session where person_id = @id").Bind("id", person).RunAsync(stop);
            await audit.WritePersonAsync(session, person, AuditAction.Changed, "chose a password by a link that was passed on or mailed", stop);
            return person;
        },
        stop);

    /// <summary>Takes the invitation of the first operator. Others may have roles at senders already.</summary>
    /// <returns>The person's id; null when someone was faster, it is too old, or there is someone with that address, whose roles the link does not give.</returns>
    public Task<long?> AcceptFirstAsync(string key, EmailAddress email, string name, PasswordHash password, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            await HoldFirstAsync(session, stop);
            if (await HasOperatorAsync(session, stop) || await HasAccountAsync(session, email, stop)) return (long?)null;
            if (await TakeAsync(session, key, stop) is not { PersonId: null }) return null;

            var person = store.Ids.Next();
            await session.Sql("insert into person (id, mail, mail_key, name, password_hash, proved_at, created_at) values (@id, @mail, @key, @name, @hash, @now, @now)")
                .Bind("id", person).Bind("mail", email.Value).Bind("key", Memberships.Key(email.Value)).Bind("name", name).Bind("hash", password.Text).Bind("now", Now).RunAsync(stop);
            await session.Sql("insert into person_role (sender_id, person_id, role, created_at) values (0, @id, @role, @now)")
                .Bind("id", person).Bind("role", (long)Role.Operator).Bind("now", Now).RunAsync(stop);
            await session.Sql("delete from invitation where person_id is null").RunAsync(stop);
            await audit.WritePersonAsync(session, person, AuditAction.Changed, "set up the installation", stop);
            return (long?)person;
        },
        stop);

    /// <summary>Whether there is someone with this address, who cannot become the first operator by a link.</summary>
    public Task<bool> HasAccountAsync(EmailAddress email, CancellationToken stop) => store.Main.ReadAsync(session => HasAccountAsync(session, email, stop), stop);

    public static Task<int> ForgetAsync(Session session, long personId, CancellationToken stop) =>
        session.Sql("delete from invitation where person_id = @person").Bind("person", personId).RunAsync(stop);

    /// <summary>Holds all links of the first operator: whoever becomes one, by a link or by a command, is seen by those who come after. There may be nobody yet to hold.</summary>
    public static Task<int> HoldFirstAsync(Session session, CancellationToken stop) =>
        session.Sql("update invitation set created_at = created_at where person_id is null").RunAsync(stop);

    public Task<int> PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from invitation where created_at <= @oldest").Bind("oldest", Oldest).RunAsync(stop), stop);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private long Oldest => Now - (long)s_lifetime.TotalMilliseconds;

    private async Task<string> AddAsync(Session session, long? personId, LinkSource source, CancellationToken stop)
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        await session.Sql("insert into invitation (key_hash, person_id, proves, created_at) values (@hash, @person, @proves, @now)")
            .Bind("hash", SHA256.HashData(key)).Bind("person", personId).Bind("proves", source == LinkSource.Owner ? 0L : 1L).Bind("now", Now).RunAsync(stop);
        return $"{Address}/{Base64Url.EncodeToString(key)}";
    }

    // The person who is invited, held before their invitation is touched; null when the link does not hold any more.
    private async Task<long?> HoldInvitedAsync(Session session, string key, CancellationToken stop)
    {
        if (HashOf(key) is not { } hash || await InvitedAsync() is not { } person) return null;

        await AccountLock.HoldAsync(session, AccountKind.Person, person, stop);
        return await InvitedAsync();

        Task<long?> InvitedAsync() => session.Sql("select i.person_id from invitation i join person p on p.id = i.person_id where i.key_hash = @hash and i.created_at > @oldest")
            .Bind("hash", hash).Bind("oldest", Oldest).FirstAsync(row => (long?)row.GetInt64(0), stop);
    }

    // Gone is gone, whoever comes at the same time.
    private async Task<Taken?> TakeAsync(Session session, string key, CancellationToken stop) => HashOf(key) is not { } hash ? null : await session.Sql(
        "delete from invitation where key_hash = @hash and created_at > @oldest returning person_id, proves")
        .Bind("hash", hash).Bind("oldest", Oldest).FirstAsync(row => new Taken(row.LongOrNull(0), row.Flag(1)), stop);

    private static async Task<bool> HasOperatorAsync(Session session, CancellationToken stop) =>
        await session.Sql("select 1 from person_role where sender_id = @installation limit 1").Bind("installation", Workspace.Installation).FirstAsync(_ => true, stop);

    private static async Task<bool> HasAccountAsync(Session session, EmailAddress email, CancellationToken stop) =>
        await session.Sql("select 1 from person where mail_key = @key").Bind("key", Memberships.Key(email.Value)).FirstAsync(_ => true, stop);

    private static async Task<bool> HasPeopleAsync(Session session, CancellationToken stop) =>
        await session.Sql("select 1 from person limit 1").FirstAsync(_ => true, stop);

    private static byte[]? HashOf(string key) =>
        key.Length < 64 && Base64Url.IsValid(key, out var length) && length == KeyLength ? SHA256.HashData(Base64Url.DecodeFromChars(key)) : null;

    private sealed record Taken(long? PersonId, bool Proves);
}
