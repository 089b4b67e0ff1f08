using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.Access.Console;

/// <summary>What kind of thing a person did. The numbers are stored.</summary>
public enum Deed
{
    Saw = 1,
    Exported = 2,
    Changed = 3,
    SignedIn = 4,
}

internal static class Deeds
{
    extension(Deed deed)
    {
        /// <summary>As the page writes it.</summary>
        public string Word => deed switch
        {
            Deed.Saw => "saw",
            Deed.Exported => "exported",
            Deed.Changed => "changed",
            _ => "signed in",
        };
    }
}

/// <summary>An entry of the audit log.</summary>
/// <param name="Id">Orders the entries.</param>
/// <param name="At">When.</param>
/// <param name="Handle">The sender; null for the installation, or when the sender is gone.</param>
/// <param name="Person">The mail address of whoever did it, as it was then.</param>
/// <param name="Deed">The kind of deed.</param>
/// <param name="What">What it was done to.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, string? Handle, string Person, Deed Deed, string What);

/// <summary>Writes down who saw, exported and changed what.</summary>
internal sealed class AuditLog(Store store, TimeProvider clock)
{
    private const int MostLetters = 300;

    /// <summary>Writes an entry in the transaction that does the deed: either both are kept or neither.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="seat">Who, and where.</param>
    /// <param name="deed">What kind of deed.</param>
    /// <param name="what">Names what it was done to, as the page shows it: <c>answers of 2026-01-01 to 2026-01-31</c>. No score, text or secret.</param>
    /// <param name="stop">Gives up.</param>
    public Task<int> WriteAsync(Session session, Seat seat, Deed deed, string what, CancellationToken stop) =>
        WriteAsync(session, seat.SenderId, seat.Person, deed, what, stop);

    /// <summary>The same where there is no seat: for what a person does about themselves, or an operator at a sender.</summary>
    public Task<int> WriteAsync(Session session, long senderId, Person person, Deed deed, string what, CancellationToken stop) =>
        session.Sql("insert into audit (sender_id, id, at, person_id, person, deed, what) values (@sender, @id, @now, @person, @mail, @deed, @what)")
            .Bind("sender", senderId).Bind("id", store.Ids.Next()).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds())
            .Bind("person", person.Id).Bind("mail", person.Mail).Bind("deed", (long)deed).Bind("what", Plain(what)).RunAsync(stop);

    /// <summary>Writes an entry by itself, for pages and exports that change nothing else. Call it before the answer is given.</summary>
    public Task<int> NoteAsync(Seat seat, Deed deed, string what, CancellationToken stop) => NoteAsync(seat.SenderId, seat.Person, deed, what, stop);

    /// <inheritdoc cref="NoteAsync(Seat, Deed, string, CancellationToken)"/>
    public Task<int> NoteAsync(long senderId, Person person, Deed deed, string what, CancellationToken stop) =>
        store.Main.WriteAsync(session => WriteAsync(session, senderId, person, deed, what, stop), stop);

    /// <summary>Entries, newest first.</summary>
    /// <param name="senderId">Of this sender, or <see cref="Place.Installation"/>; null for all.</param>
    /// <param name="deed">Of this kind; null for all.</param>
    /// <param name="before">Older than this entry.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="stop">Gives up.</param>
    public Task<List<AuditEntry>> ListAsync(long? senderId, Deed? deed, long before, int most, CancellationToken stop) => store.Main.ReadAsync(
        session =>
        {
            var statement = session.Sql(
                $"""
                select u.id, u.at, a.screen_name, u.person, u.deed, u.what from audit u left join account a on a.id = u.sender_id
                where {(senderId is null ? "" : "u.sender_id = @sender and ")}u.id < @before and (@deed = 0 or u.deed = @deed)
                order by u.id desc limit @most
                """)
                .Bind("before", before).Bind("deed", (long?)deed ?? 0).Bind("most", (long)most);
            if (senderId is not null) statement.Bind("sender", senderId);
            return statement.ListAsync(
                row => new AuditEntry(row.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.TextOrNull(2), row.GetString(3), (Deed)row.GetInt32(4), row.GetString(5)), stop);
        },
        stop);

    // One line, whatever names had in them; and no half of a letter at its end.
    private static string Plain(string what) =>
        new([.. what.EnumerateRunes().Where(rune => !Rune.IsControl(rune) && rune != Rune.ReplacementChar).Take(MostLetters).SelectMany(rune => rune.ToString())]);
}
