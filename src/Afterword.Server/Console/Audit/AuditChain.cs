using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Audit;

/// <summary>An entry of the audit log as it is stored and hashed.</summary>
/// <param name="SenderId">The place.</param>
/// <param name="Id">Orders the entries of all places by time.</param>
/// <param name="At">Unix milliseconds.</param>
/// <param name="PersonId">Who did it; 0 for whoever is no person of the console.</param>
/// <param name="Person">Their email address, or what stands for it. One line.</param>
/// <param name="Action">The number of the <see cref="Afterword.Server.Console.Audit.AuditAction"/>.</param>
/// <param name="What">What it was done to. One line.</param>
/// <param name="Erased">A name in it was replaced when its person was erased: the hash is that of what was written.</param>
internal sealed record AuditRow(long SenderId, long Id, long At, long PersonId, string Person, long Action, string What, bool Erased = false)
{
    /// <summary>The hash of the entry at a place of its chain. docs/security.md tells how others compute it.</summary>
    /// <param name="before">The hash of the entry before; of the first one, nothing.</param>
    /// <param name="number">Counts the entries of the place from 1.</param>
    public byte[] HashAfter(ReadOnlySpan<byte> before, long number) => SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(before)}\n{number}\n{SenderId}\n{Id}\n{At}\n{PersonId}\n{Action}\n{Person}\n{What}")));
}

/// <summary>The chain of hashes of each place's entries: one that is changed or taken out leaves a break behind it.</summary>
internal static class AuditChain
{
    /// <summary>Adds an entry at the end of its place's chain, in the transaction of the action.</summary>
    public static Task AppendAsync(Session session, AuditRow row, CancellationToken stop) => session.LastAsync(row.SenderId, async () =>
    {
        var (number, before) = await session.Sql(
            """
            insert into audit_head (sender_id, number, hash) values (@sender, 1, @none)
            on conflict (sender_id) do update set number = audit_head.number + 1
            returning number, hash
            """)
            .Bind("sender", row.SenderId).Bind("none", Array.Empty<byte>()).FirstAsync(head => (head.GetInt64(0), head.GetBytes(1)), stop);
        var hash = row.HashAfter(before, number);
        await session.Sql(
            """
            insert into audit (sender_id, id, at, person_id, person, deed, what, number, hash)
            values (@sender, @id, @at, @person, @mail, @deed, @what, @number, @hash)
            """)
            .Bind("sender", row.SenderId).Bind("id", row.Id).Bind("at", row.At).Bind("person", row.PersonId).Bind("mail", row.Person)
            .Bind("deed", row.Action).Bind("what", row.What).Bind("number", number).Bind("hash", hash).RunAsync(stop);
        await session.Sql("update audit_head set hash = @hash where sender_id = @sender").Bind("hash", hash).Bind("sender", row.SenderId).RunAsync(stop);
    });
}
