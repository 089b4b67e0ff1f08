using Afterword.Server.Allowlists;
using Afterword.Server.Channels;
using Afterword.Server.Console.Audit;
using Afterword.Server.SetUp;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Members;

/// <summary>A person as a place's list shows it.</summary>
/// <param name="Id">The person's id.</param>
/// <param name="Email">The email address.</param>
/// <param name="Name">What others read.</param>
/// <param name="Role">What the person may there.</param>
/// <param name="HasPassword">False until the invitation was taken.</param>
/// <param name="SeenAt">When a browser of the person was last used, as far as it is known; null for never.</param>
public sealed record ListedMember(long Id, string Email, string Name, Role Role, bool HasPassword, DateTimeOffset? SeenAt);

/// <summary>How a person is called.</summary>
internal sealed record MemberContact(string Email, string Name);

/// <summary>What became of giving someone a role.</summary>
internal abstract record InviteOutcome
{
    private InviteOutcome()
    {
    }

    /// <summary>The person has no password yet; the link, a path, lets them choose one.</summary>
    internal sealed record Invited(long PersonId, string Link) : InviteOutcome;

    /// <summary>
    /// The person had an account that nobody proved to be theirs, so whoever made it could have come along. Its password, second
    /// factors and sessions have ended; the link, a path, lets them begin anew.
    /// </summary>
    internal sealed record InvitedAgain(long PersonId, string Link) : InviteOutcome
    {
        public static string Why(string email) => $"{email} had an account that nobody has proved to be theirs. Its password, second factors and sessions have ended.";
    }

    /// <summary>The person has a password already and signs in with it.</summary>
    internal sealed record Joined(long PersonId) : InviteOutcome;

    /// <summary>The person has a role there already.</summary>
    internal sealed record AlreadyMember : InviteOutcome;

    /// <summary>The person belongs to places that whoever invites does not own. An operator may add them.</summary>
    internal sealed record MemberElsewhere : InviteOutcome;

    /// <summary>The sender has an owner, who invites all others.</summary>
    internal sealed record HasOwner : InviteOutcome;

    /// <summary>Too many of the sender's invitations of the last 24 hours ended in <see cref="MemberElsewhere"/>: nobody is looked up.</summary>
    internal sealed record TooMany : InviteOutcome;
}

/// <summary>What became of a change to someone's role.</summary>
internal enum ChangeOutcome
{
    Done,

    /// <summary>Nobody would be left who may run the place.</summary>
    LastOne,

    /// <summary>The person has no role there.</summary>
    Unknown,

    /// <summary>The person has a role at a place that the owner does not own.</summary>
    Elsewhere,
}

/// <summary>The people of the console, and what they may where. Each change is written down with who made it.</summary>
internal sealed class Memberships(Store store, Invitations invitations, AuditLog audit, TimeProvider clock)
{
    // Each one tells an owner that an address has an account at another sender.
    private const int MostElsewhere = 10;
    private const string NotAdded = "did not add ";

    /// <summary>Gives a person a role at a place, as an operator does it, whatever they had before; one who is not known yet is added.</summary>
    /// <param name="by">Who does it.</param>
    /// <param name="email">What the person signs in with.</param>
    /// <param name="name">What others read; null for the part before the @. A person who is known keeps theirs.</param>
    /// <param name="senderId">The sender, or <see cref="Workspace.Installation"/>.</param>
    /// <param name="role">What the person may there from now on.</param>
    /// <param name="stop">Gives up.</param>
    public Task<InviteOutcome> AddAsync(Member by, EmailAddress email, string? name, long senderId, Role role, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (role == Role.Owner) await HoldSenderAsync(session, senderId, stop);
            if (role == Role.Operator) await Invitations.HoldFirstAsync(session, stop);
            var found = await FindOrAddAsync(session, email, name, stop);
            return await GiveAsync(session, by, found, senderId, role, LinkSource.Operator, stop);
        },
        stop);

    /// <summary>Gives a sender its first owner, as an operator does it in the console. Of operators who race one succeeds.</summary>
    public Task<InviteOutcome> AddFirstOwnerAsync(Membership by, EmailAddress email, long senderId, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            await HoldSenderAsync(session, senderId, stop);
            if (await session.Sql("select 1 from person_role where sender_id = @sender and role = @owner limit 1").Bind("sender", senderId).Bind("owner", (long)Role.Owner).FirstAsync(_ => true, stop))
            {
                return new InviteOutcome.HasOwner();
            }

            var found = await FindOrAddAsync(session, email, name: null, stop);
            return await GiveAsync(session, by.Member, found, senderId, Role.Owner, LinkSource.Operator, stop);
        },
        stop);

    /// <summary>Makes an operator the owner of a sender that this transaction has added: nobody has answered it yet, so no answers of others are seen.</summary>
    /// <param name="session">The transaction that adds the sender.</param>
    /// <param name="by">The operator.</param>
    /// <param name="senderId">The new sender.</param>
    /// <param name="stop">Gives up.</param>
    public async Task OwnNewSenderAsync(Session session, Member by, long senderId, CancellationToken stop)
    {
        await session.Sql("insert into person_role (sender_id, person_id, role, created_at) values (@sender, @person, @role, @now)")
            .Bind("sender", senderId).Bind("person", by.Id).Bind("role", (long)Role.Owner).Bind("now", Now).RunAsync(stop);
        await NoteAsync(session, by, senderId, $"added {by.Email} as {Role.Owner.Word}", stop);
    }

    /// <summary>The same as an owner does it. Someone who has no password yet could be impersonated with the link, so it is not given for those who belong elsewhere.</summary>
    public Task<InviteOutcome> InviteAsync(Membership by, EmailAddress email, string? name, Role role, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            // Of invitations at once each counts those before it.
            await HoldSenderAsync(session, by.SenderId, stop);
            if (await ElsewhereAsync(session, by.SenderId, stop) >= MostElsewhere) return new InviteOutcome.TooMany();

            var found = await FindOrAddAsync(session, email, name, stop);
            var places = await session.Sql("select sender_id from person_role where person_id = @person").Bind("person", found.Id).ListAsync(row => row.GetInt64(0), stop);
            if (places.Contains(by.SenderId)) return new InviteOutcome.AlreadyMember();
            if (by.Role != Role.Operator && places.Exists(place => !Owns(by.Member, place)))
            {
                await audit.WriteAsync(session, by, AuditAction.Refused, $"{NotAdded}{found.Email}, who belongs to another sender's console too", stop);
                return new InviteOutcome.MemberElsewhere();
            }

            return await GiveAsync(session, by.Member, found, by.SenderId, role, SourceOf(by), stop);
        },
        stop);

    /// <summary>Those with a role at a place, by role and address.</summary>
    public Task<List<ListedMember>> ListAsync(long senderId, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select p.id, p.mail, p.name, r.role, case when p.password_hash is null then 0 else 1 end, (select max(s.seen_at) from console_session s where s.person_id = p.id)
            from person_role r join person p on p.id = r.person_id
            where r.sender_id = @sender order by r.role, p.mail_key
            """)
            .Bind("sender", senderId)
            .ListAsync(
                row => new ListedMember(
                    row.GetInt64(0), row.GetString(1), row.GetString(2), (Role)row.GetInt32(3), row.Flag(4), row.LongOrNull(5) is { } seen ? DateTimeOffset.FromUnixTimeMilliseconds(seen) : null),
                stop),
        stop);

    /// <summary>Everybody with all their roles, by address.</summary>
    public Task<List<Member>> ListAllAsync(CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var roles = await session.Sql(
                """
                select p.id, p.mail, p.name, r.sender_id, coalesce(a.screen_name, ''), coalesce(a.name, ''), r.role
                from person p join person_role r on r.person_id = p.id left join account a on a.id = r.sender_id order by p.mail_key, a.screen_name_key
                """)
                .ListAsync(
                    row => (Id: row.GetInt64(0), Mail: row.GetString(1), Name: row.GetString(2), Place: new Workspace(row.GetInt64(3), row.GetString(4), row.GetString(5), (Role)row.GetInt32(6))), stop);
            return roles.GroupBy(one => (one.Id, one.Mail, one.Name)).Select(one => new Member(one.Key.Id, one.Key.Mail, one.Key.Name, 0, [.. one.Select(role => role.Place)])).ToList();
        },
        stop);

    /// <summary>The id of the person with an address; null for nobody.</summary>
    public Task<long?> FindAsync(string email, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select id from person where mail_key = @key").Bind("key", Key(email)).FirstAsync(row => (long?)row.GetInt64(0), stop), stop);

    /// <summary>The address of a person; null for nobody.</summary>
    public Task<string?> EmailOfAsync(long personId, CancellationToken stop) => store.Main.ReadAsync(session => EmailOfAsync(session, personId, stop), stop);

    /// <summary>Address and name of a person; null for nobody.</summary>
    public Task<MemberContact?> ContactOfAsync(long personId, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select mail, name from person where id = @person").Bind("person", personId).FirstAsync(row => new MemberContact(row.GetString(0), row.GetString(1)), stop), stop);

    /// <summary>Ends all sessions of a person, who can sign in again at once with password and second factor.</summary>
    /// <remarks>A session is for all places of a person. So an owner ends only those of people who have no role where someone else is owner.</remarks>
    /// <param name="by">Who does it.</param>
    /// <param name="senderId">Where: an owner's sender, where the person must have a role, or <see cref="Workspace.Installation"/> for everybody.</param>
    /// <param name="personId">Whose.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>What became of it, and how many ended.</returns>
    public Task<(ChangeOutcome Outcome, int Ended)> SignOutAsync(Member by, long senderId, long personId, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            await AccountLock.HoldAsync(session, AccountKind.Person, personId, stop);
            var places = await session.Sql("select sender_id from person_role where person_id = @person").Bind("person", personId).ListAsync(row => row.GetInt64(0), stop);
            if (await EmailOfAsync(session, personId, stop) is not { } email || (senderId != Workspace.Installation && !places.Contains(senderId))) return (ChangeOutcome.Unknown, 0);
            if (senderId != Workspace.Installation && places.Exists(place => !Owns(by, place))) return (ChangeOutcome.Elsewhere, 0);

            var ended = await session.Sql("delete from console_session where person_id = @person").Bind("person", personId).RunAsync(stop);

            // A laptop that was lost is no browser of theirs any more.
            await KnownBrowsers.ForgetAsync(session, AccountKind.Person, personId, stop);
            await NoteAsync(session, by, senderId, $"signed out {email}", stop);

            // An operator's action concerns the senders where the person has a role.
            if (senderId == Workspace.Installation) await NoteAtSendersAsync(session, by, personId, $"signed out {email}", stop);
            return (ChangeOutcome.Done, ended);
        },
        stop);

    /// <summary>Changes what a person may at the membership's workspace.</summary>
    public Task<ChangeOutcome> ChangeRoleAsync(Membership by, long personId, Role role, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (await IsLastAsync(session, by.SenderId, personId, stop) && role != by.Role) return ChangeOutcome.LastOne;
            var changed = await session.Sql("update person_role set role = @role where sender_id = @sender and person_id = @person")
                .Bind("role", (long)role).Bind("sender", by.SenderId).Bind("person", personId).RunAsync(stop);
            if (changed == 0) return ChangeOutcome.Unknown;

            await NoteAsync(session, by.Member, by.SenderId, $"role of {await EmailOfAsync(session, personId, stop)} to {role.Word}", stop);
            return ChangeOutcome.Done;
        },
        stop);

    /// <summary>Takes a person's role at a place away; who has none left is forgotten with everything.</summary>
    /// <param name="by">Who does it.</param>
    /// <param name="senderId">Where.</param>
    /// <param name="personId">Whose.</param>
    /// <param name="keepLast">Whether the last who may run the place stays.</param>
    /// <param name="stop">Gives up.</param>
    public Task<ChangeOutcome> RemoveAsync(Member by, long senderId, long personId, bool keepLast, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            // Whoever gives the person a role meanwhile waits, and finds either the person or nobody.
            if (0 == await AccountLock.HoldAsync(session, AccountKind.Person, personId, stop)) return ChangeOutcome.Unknown;
            if (keepLast && await IsLastAsync(session, senderId, personId, stop)) return ChangeOutcome.LastOne;
            var removed = await session.Sql("delete from person_role where sender_id = @sender and person_id = @person").Bind("sender", senderId).Bind("person", personId).RunAsync(stop);
            if (removed == 0) return ChangeOutcome.Unknown;

            await NoteAsync(session, by, senderId, $"removed {await EmailOfAsync(session, personId, stop)}", stop);
            if (!await session.Sql("select 1 from person_role where person_id = @person limit 1").Bind("person", personId).FirstAsync(_ => true, stop)) await ForgetAsync(session, personId, stop);
            return ChangeOutcome.Done;
        },
        stop);

    /// <summary>Whether a person has no other role: to remove it deletes the account.</summary>
    public Task<bool> HasOneRoleAsync(long personId, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select count(*) from person_role where person_id = @person").Bind("person", personId).FirstAsync(row => row.GetInt64(0) == 1, stop), stop);

    /// <summary>A new link for someone who has not chosen a password yet. The old one ends.</summary>
    /// <returns>The link's path; null where the person has no role or has a password, or belongs to places that the owner does not own.</returns>
    public Task<string?> RenewLinkAsync(Membership by, long personId, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            await AccountLock.HoldAsync(session, AccountKind.Person, personId, stop);
            var places = await session.Sql("select r.sender_id from person_role r join person p on p.id = r.person_id where r.person_id = @person and p.password_hash is null")
                .Bind("person", personId).ListAsync(row => row.GetInt64(0), stop);
            if (!places.Contains(by.SenderId) || (by.Role != Role.Operator && places.Exists(place => !Owns(by.Member, place)))) return null;

            await NoteAsync(session, by.Member, by.SenderId, $"new invitation for {await EmailOfAsync(session, personId, stop)}", stop);
            return await invitations.IssueAsync(session, personId, SourceOf(by), stop);
        },
        stop);

    /// <summary>Lets a person begin anew: password, second factors, recovery codes and sessions end, and a link for a new password is made.</summary>
    /// <returns>The link's path; null when there is no such person.</returns>
    public Task<string?> ResetAsync(Member by, long personId, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            await AccountLock.HoldAsync(session, AccountKind.Person, personId, stop);
            if (await EmailOfAsync(session, personId, stop) is not { } email) return null;

            await ResetAsync(session, by, personId, email, stop);
            return await invitations.IssueAsync(session, personId, LinkSource.Operator, stop);
        },
        stop);

    private async Task ResetAsync(Session session, Member by, long personId, string email, CancellationToken stop)
    {
        // First of all: a sign-in with the old password has begun its session, which ends here, or begins none any more.
        await session.Sql($"update person set password_hash = null, proved_at = null, totp_secret = null, {GuessCounter.Forgiven} where id = @person").Bind("person", personId).RunAsync(stop);
        await DropKeysAsync(session, personId, stop);
        await ResetLinks.ForgetAsync(session, AccountKind.Person, personId, stop);
        await NoteAsync(session, by, Workspace.Installation, $"reset {email}", stop);

        // Whoever has the link sees what the person sees, so the owners of those senders are told, too.
        await NoteAtSendersAsync(session, by, personId, $"reset {email}", stop);
    }

    /// <summary>What an email address is looked up by: in any letter case.</summary>
    public static string Key(string email) => email.ToLowerInvariant();

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static bool Owns(Member member, long senderId) => member.Workspaces.Any(workspace => workspace.SenderId == senderId && workspace.Role == Role.Owner);

    // An operator can reset anybody, and is believed to hand a link to whom it is for; an owner is believed at the own senders alone.
    private static LinkSource SourceOf(Membership by) => by.Role == Role.Operator ? LinkSource.Operator : LinkSource.Owner;

    // Every way of adding someone ends here.
    private async Task<InviteOutcome> GiveAsync(Session session, Member by, KnownMember found, long senderId, Role role, LinkSource source, CancellationToken stop)
    {
        // Whoever invited the person elsewhere may have chosen this password and enrolled this second factor.
        var mustBeginAnew = found is { HasPassword: true, IsProved: false } && await HasRoleElsewhereAsync(session, found.Id, senderId, stop);
        if (mustBeginAnew) await ResetAsync(session, by, found.Id, found.Email, stop);

        await session.Sql(
            """
            insert into person_role (sender_id, person_id, role, created_at) values (@sender, @person, @role, @now)
            on conflict (sender_id, person_id) do update set role = excluded.role
            """)
            .Bind("sender", senderId).Bind("person", found.Id).Bind("role", (long)role).Bind("now", Now).RunAsync(stop);
        await NoteAsync(session, by, senderId, $"added {found.Email} as {role.Word}", stop);
        if (found.HasPassword && !mustBeginAnew) return new InviteOutcome.Joined(found.Id);

        var link = await invitations.IssueAsync(session, found.Id, source, stop);
        return mustBeginAnew ? new InviteOutcome.InvitedAgain(found.Id, link) : new InviteOutcome.Invited(found.Id, link);
    }

    private static async Task<bool> HasRoleElsewhereAsync(Session session, long personId, long senderId, CancellationToken stop) =>
        await session.Sql("select 1 from person_role where person_id = @person and sender_id <> @sender limit 1").Bind("person", personId).Bind("sender", senderId).FirstAsync(_ => true, stop);

    private Task<long> ElsewhereAsync(Session session, long senderId, CancellationToken stop) => session.Sql(
        $"""
        select count(*) from (
            select 1 from audit where sender_id = @sender and deed = @refused and id >= @since and what like '{NotAdded}%' limit {MostElsewhere}) as counted
        """)
        .Bind("sender", senderId).Bind("refused", (long)AuditAction.Refused).Bind("since", Snowflakes.FirstOf(clock.GetUtcNow().AddDays(-1)))
        .FirstAsync(row => row.GetInt64(0), stop);

    // Someone who is there already is held, as AccountLock does it: what an invitation that is being taken makes of them is seen here.
    private async Task<KnownMember> FindOrAddAsync(Session session, EmailAddress email, string? name, CancellationToken stop) => (await session.Sql(
        """
        insert into person (id, mail, mail_key, name, created_at) values (@id, @mail, @key, @name, @now)
        on conflict (mail_key) do update set name = person.name
        returning id, mail, case when password_hash is null then 0 else 1 end, case when proved_at is null then 0 else 1 end
        """)
        .Bind("id", store.Ids.Next()).Bind("mail", email.Value).Bind("key", Key(email.Value)).Bind("name", name ?? email.Value[..email.Value.IndexOf('@', StringComparison.Ordinal)])
        .Bind("now", Now).FirstAsync(row => new KnownMember(row.GetInt64(0), row.GetString(1), row.Flag(2), row.Flag(3)), stop))!;

    // Whoever adds or invites someone waits here for the others: there may be no row of an owner yet that could be locked.
    private static Task<int> HoldSenderAsync(Session session, long senderId, CancellationToken stop) => AccountLock.HoldAsync(session, AccountKind.User, senderId, stop);

    // Lists those who may run the place, and holds them until the transaction ends: two of them cannot remove each other at once.
    private static async Task<bool> IsLastAsync(Session session, long senderId, long personId, CancellationToken stop)
    {
        var heads = await session.Sql("update person_role set role = role where sender_id = @sender and role = @head returning person_id")
            .Bind("sender", senderId).Bind("head", (long)(senderId == Workspace.Installation ? Role.Operator : Role.Owner)).ListAsync(row => row.GetInt64(0), stop);
        return heads is [var only] && only == personId;
    }

    private static async Task ForgetAsync(Session session, long personId, CancellationToken stop)
    {
        await DropKeysAsync(session, personId, stop);
        await Invitations.ForgetAsync(session, personId, stop);
        await ResetLinks.ForgetAsync(session, AccountKind.Person, personId, stop);
        await ForgetCustomerAsync(session, personId, stop);
        await session.Sql("delete from person where id = @person").Bind("person", personId).RunAsync(stop);
    }

    // As a customer, who tried requests out, they are reached at no address any more, and asked as seldom as others.
    private static async Task ForgetCustomerAsync(Session session, long personId, CancellationToken stop)
    {
        var customer = await session.Sql("update account set channel = 0, mail = null where screen_name_key = @key returning id").Bind("key", SendRequest.ScreenNameOf(personId)).FirstAsync(row => (long?)row.GetInt64(0), stop);
        if (customer is not { } account) return;

        await Allowlist.EndExemptionAsync(session, account, stop);
        await ResetLinks.ForgetAsync(session, AccountKind.User, account, stop);
    }

    private static async Task DropKeysAsync(Session session, long personId, CancellationToken stop)
    {
        await session.Sql("delete from console_session where person_id = @person").Bind("person", personId).RunAsync(stop);
        await session.Sql("delete from passkey where person_id = @person").Bind("person", personId).RunAsync(stop);
        await session.Sql("delete from recovery_code where person_id = @person").Bind("person", personId).RunAsync(stop);
        await KnownBrowsers.ForgetAsync(session, AccountKind.Person, personId, stop);
    }

    private Task NoteAsync(Session session, Member by, long senderId, string what, CancellationToken stop) => audit.WriteAsync(session, senderId, by, AuditAction.Changed, what, stop);

    private async Task NoteAtSendersAsync(Session session, Member by, long personId, string what, CancellationToken stop)
    {
        var senders = await session.Sql("select sender_id from person_role where person_id = @person and sender_id <> @installation")
            .Bind("person", personId).Bind("installation", Workspace.Installation).ListAsync(row => row.GetInt64(0), stop);
        foreach (var sender in senders) await NoteAsync(session, by, sender, what, stop);
    }

    private static Task<string?> EmailOfAsync(Session session, long personId, CancellationToken stop) =>
        session.Sql("select mail from person where id = @person").Bind("person", personId).FirstAsync(row => row.GetString(0), stop);

    private sealed record KnownMember(long Id, string Email, bool HasPassword, bool IsProved);
}
