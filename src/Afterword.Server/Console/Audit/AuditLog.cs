using System.Text;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Audit;

/// <summary>What kind of thing a person did. The numbers are stored.</summary>
public enum AuditAction
{
    Saw = 1,
    Exported = 2,
    Changed = 3,
    SignedIn = 4,

    /// <summary>Was let in nowhere: a wrong password, a missing right, a token that was taken back.</summary>
    Refused = 5,
}

internal static class AuditActions
{
    extension(AuditAction action)
    {
        /// <summary>As the page writes it.</summary>
        public string Word => action switch
        {
            AuditAction.Saw => "saw",
            AuditAction.Exported => "exported",
            AuditAction.Changed => "changed",
            AuditAction.Refused => "refused",
            _ => "signed in",
        };
    }
}

/// <summary>An entry of the audit log.</summary>
/// <param name="Id">Orders the entries.</param>
/// <param name="At">When.</param>
/// <param name="Handle">The sender; null for the installation, or when the sender is gone.</param>
/// <param name="Person">The email address of whoever did it, as it was then.</param>
/// <param name="Action">The kind of action.</param>
/// <param name="What">What it was done to.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, string? Handle, string Person, AuditAction Action, string What);

/// <summary>Where the chain of a place ends.</summary>
/// <param name="SenderId">The place.</param>
/// <param name="ScreenName">Its handle; null for the installation.</param>
/// <param name="Number">How many entries it has.</param>
/// <param name="Hash">The hash of the last.</param>
internal sealed record AuditHead(long SenderId, string? ScreenName, long Number, byte[] Hash);

/// <summary>Writes down who saw, exported and changed what.</summary>
internal sealed class AuditLog(Store store, TimeProvider clock)
{
    /// <summary>What is longer is cut.</summary>
    public const int MostLetters = 300;

    private const int Piece = 1_000;

    /// <summary>Writes an entry in the transaction that does the action: either both are kept or neither.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="membership">Who, and where.</param>
    /// <param name="action">What kind of action.</param>
    /// <param name="what">Names what it was done to, as the page shows it: <c>answers of 2026-01-01 to 2026-01-31</c>. No score, text or secret.</param>
    /// <param name="stop">Gives up.</param>
    public Task<int> WriteAsync(Session session, Membership membership, AuditAction action, string what, CancellationToken stop) =>
        WriteAsync(session, membership.SenderId, membership.Member, action, what, stop);

    /// <summary>The same where there is no membership: for what a person does about themselves, or an operator at a sender.</summary>
    public async Task<int> WriteAsync(Session session, long senderId, Member member, AuditAction action, string what, CancellationToken stop)
    {
        await AuditChain.AppendAsync(session, new(senderId, store.Ids.Next(), clock.GetUtcNow().ToUnixTimeMilliseconds(), member.Id, Plain(member.Email), (long)action, Plain(what)), stop);
        return 1;
    }

    /// <summary>Whether someone looks after what an account does: it may ask customers, or has people in the console.</summary>
    public static Task<bool> IsSenderAsync(Session session, long user, CancellationToken stop) =>
        session.Sql("select 1 from sender where user_id = @user union all select 1 from person_role where sender_id = @user limit 1").Bind("user", user).FirstAsync(_ => true, stop);

    /// <summary>Writes what a user did about their own account: where the owners look if the user asks customers, else at the installation.</summary>
    public async Task<int> WriteOwnAsync(Session session, long userId, AuditAction action, string what, CancellationToken stop, bool onlySenders = false)
    {
        var found = await session.Sql("select a.screen_name, s.user_id from account a left join sender s on s.user_id = a.id where a.id = @user").Bind("user", userId)
            .FirstAsync(row => (ScreenName: row.GetString(0), Place: row.LongOrNull(1) ?? Workspace.Installation), stop);
        if (onlySenders && found.Place == Workspace.Installation) return 0;

        return await WriteAsync(session, found.Place, Member.OfUser(found.ScreenName), action, what, stop);
    }

    /// <summary>Writes what a person did about their own account, under the address that the store has.</summary>
    public async Task WritePersonAsync(Session session, long personId, AuditAction action, string what, CancellationToken stop)
    {
        var email = await session.Sql("select mail from person where id = @id").Bind("id", personId).FirstAsync(row => row.GetString(0), stop);
        await WriteAsync(session, Workspace.Installation, new Member(personId, email ?? "", "", 0, []), action, what, stop);
    }

    /// <summary>Writes an entry by itself, for pages and exports that change nothing else. Call it before the answer is given.</summary>
    public Task<int> NoteAsync(Membership membership, AuditAction action, string what, CancellationToken stop) => NoteAsync(membership.SenderId, membership.Member, action, what, stop);

    /// <inheritdoc cref="NoteAsync(Membership, AuditAction, string, CancellationToken)"/>
    public Task<int> NoteAsync(long senderId, Member member, AuditAction action, string what, CancellationToken stop) =>
        store.Main.WriteAsync(session => WriteAsync(session, senderId, member, action, what, stop), stop);

    /// <summary>Entries, newest first.</summary>
    /// <param name="senderId">Of this sender, or <see cref="Workspace.Installation"/>; null for all.</param>
    /// <param name="action">Of this kind; null for all.</param>
    /// <param name="before">Older than this entry.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<AuditEntry>> ListAsync(long? senderId, AuditAction? action, long before, int most, CancellationToken stop) => store.Main.ReadAsync(
        session =>
        {
            // First the keys alone, and in the order of the index by action: asked in any other way, either engine would sooner or later look through all actions.
            var (which, order) = action is null ? ("k.id < @before", "k.id desc") : ("(k.deed, k.id) < (@deed, @before) and k.deed >= @deed", "k.deed desc, k.id desc");
            var statement = session.Sql(
                $"""
                select u.id, u.at, a.screen_name, u.person, u.deed, u.what from (
                    select k.sender_id, k.id from audit k where {(senderId is null ? "" : "k.sender_id = @sender and ")}{which} order by {order} limit @most) as newest
                cross join audit u left join account a on a.id = u.sender_id
                where u.sender_id = newest.sender_id and u.id = newest.id order by u.id desc
                """)
                .Bind("before", before).Bind("most", (long)most);
            if (senderId is not null) statement.Bind("sender", senderId);
            if (action is { } kind) statement.Bind("deed", (long)kind);
            return statement.ListAsync(
                row => new AuditEntry(row.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.TextOrNull(2), row.GetString(3), (AuditAction)row.GetInt32(4), row.GetString(5)), stop);
        },
        stop);

    /// <summary>Every entry of a place, or of one place after the other, in the order of the chain, with its number and hash.</summary>
    /// <remarks>In pieces: a reader that is slow holds neither a connection nor a moment of the store. Numbers are committed in their order, so that none is missed.</remarks>
    public async Task ReadAllAsync(long? senderId, Action<AuditRow, string?, long?, byte[]?> read, CancellationToken stop)
    {
        var places = senderId is { } one ? [one] : await store.Main.ReadAsync(
            session => session.Sql("select distinct sender_id from audit order by sender_id").ListAsync(row => row.GetInt64(0), stop), stop);
        foreach (var place in places)
        {
            await ReadAllAsync(place, "u.number is null", "u.id", 7, read, stop);
            await ReadAllAsync(place, "u.number is not null", "u.number", 8, read, stop);
        }
    }

    private async Task ReadAllAsync(long place, string which, string order, int column, Action<AuditRow, string?, long?, byte[]?> read, CancellationToken stop)
    {
        var (last, many) = (-1L, Piece);
        while (many == Piece)
        {
            var rows = await store.Main.ReadAsync(
                session => session.Sql(
                    $"""
                    select u.sender_id, u.at, u.person_id, u.person, u.deed, u.what, u.hash, u.id, u.number, a.screen_name, u.erased from audit u left join account a on a.id = u.sender_id
                    where u.sender_id = @sender and {which} and {order} > @last order by {order} limit @most
                    """)
                    .Bind("sender", place).Bind("last", last).Bind("most", (long)Piece)
                    .ListAsync(
                        row => (
                            Entry: new AuditRow(row.GetInt64(0), row.GetInt64(7), row.GetInt64(1), row.GetInt64(2), row.GetString(3), row.GetInt64(4), row.GetString(5), row.Flag(10)),
                            Handle: row.TextOrNull(9), Number: row.LongOrNull(8), Hash: row.BytesOrNull(6), Order: row.GetInt64(column)),
                        stop),
                stop);
            foreach (var row in rows) read(row.Entry, row.Handle, row.Number, row.Hash);
            many = rows.Count;
            if (many > 0) last = rows[^1].Order;
        }
    }

    /// <summary>Where the chain of each place ends.</summary>
    public Task<List<AuditHead>> HeadsAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select h.sender_id, a.screen_name, h.number, h.hash from audit_head h left join account a on a.id = h.sender_id order by h.sender_id")
            .ListAsync(row => new AuditHead(row.GetInt64(0), row.TextOrNull(1), row.GetInt64(2), row.GetBytes(3)), stop),
        stop);

    // One line, whatever names had in them; and no half of a letter at its end.
    private static string Plain(string what) =>
        new([.. what.EnumerateRunes().Where(rune => !Rune.IsControl(rune) && rune != Rune.ReplacementChar).Take(MostLetters).SelectMany(rune => rune.ToString())]);
}
