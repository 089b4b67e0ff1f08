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

    // One line, whatever names had in them; and no half of a letter at its end.
    private static string Plain(string what) =>
        new([.. what.EnumerateRunes().Where(rune => !Rune.IsControl(rune) && rune != Rune.ReplacementChar).Take(MostLetters).SelectMany(rune => rune.ToString())]);
}
