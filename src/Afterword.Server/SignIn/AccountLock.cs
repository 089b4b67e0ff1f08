using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>Locks the row of an account, so that transactions about it run one after the other. Call it first in the transaction.</summary>
/// <remarks>
/// Without it, a sign-in whose password was compared before a reset would insert its session after the reset. Roles and tokens use it
/// too, where there may be no row of their own yet that could be locked.
/// <para>
/// Transactions lock in one order, so that no two of them wait for each other: the sender's account that a role is at; the user's
/// account, or the person; their roles, links, sessions, second factors, codes and browsers; the audit log, at the commit. Whoever
/// finds an account by something of it, such as a link, reads that, holds the account, and only then takes the link.
/// </para>
/// </remarks>
internal static class AccountLock
{
    /// <summary>Holds the account until the transaction ends.</summary>
    /// <returns>0 when there is no such account, or none any more.</returns>
    public static Task<int> HoldAsync(Session session, AccountKind kind, long id, CancellationToken stop) =>
        session.Sql($"update {TableOf(kind)} set name = name where id = @id").Bind("id", id).RunAsync(stop);

    /// <summary>Holds the account if it still has the password that was compared.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="kind">Whose account.</param>
    /// <param name="id">Which one.</param>
    /// <param name="hash">The stored hash that the password matched.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<bool> HoldAsync(Session session, AccountKind kind, long id, string hash, CancellationToken stop) =>
        1 == await session.Sql($"update {TableOf(kind)} set name = name where id = @id and password_hash = @hash").Bind("id", id).Bind("hash", hash).RunAsync(stop);

    /// <summary>The table that accounts of a kind are in.</summary>
    public static string TableOf(AccountKind kind) => kind == AccountKind.User ? "account" : "person";
}
