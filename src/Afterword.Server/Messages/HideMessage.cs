using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages;

/// <summary>Takes a message out of a user's own lists, which Twitter calls destroying it.</summary>
/// <remarks>
/// Nothing else changes: the other one goes on seeing it, its card can be answered, and the people of a sender read the conversation in the
/// console, so that nobody who has the account's token hides from them what was said. The limits count it as before.
/// </remarks>
internal sealed class HideMessage(Store store, AuditLog audit, TimeProvider clock)
{
    /// <summary>Bits of the column <c>hidden</c>.</summary>
    private const long FromSender = 1;

    private const long FromRecipient = 2;

    [StringSyntax("sql")]
    private const string Sent = "update message set hidden = hidden | 1 where sender_id = @user and id = @id and id >= @oldest and (hidden & 1) = 0";

    [StringSyntax("sql")]
    private const string Received = "update message set hidden = hidden | 2 where recipient_id = @user and id = @id and id >= @oldest and (hidden & 2) = 0";

    /// <param name="caller">Whose list, and the app that asks.</param>
    /// <param name="id">Of the message.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>False when the user sees no such message.</returns>
    public Task<bool> RunAsync(Caller caller, long id, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var oldest = Snowflakes.FirstOf(clock.GetUtcNow() - Mailbox.Kept);
            foreach (var side in (string[])[Sent, Received])
            {
                if (await session.Sql(side).Bind("user", caller.UserId).Bind("id", id).Bind("oldest", oldest).RunAsync(stop) == 0) continue;

                if (await AuditLog.IsSenderAsync(session, caller.UserId, stop))
                {
                    await audit.WriteAsync(
                        session, caller.UserId, Member.OfUser(caller.ScreenName), AuditAction.Changed, string.Create(CultureInfo.InvariantCulture, $"took message {id} out of the account's own list, with app {caller.App.Name}"), stop);
                }

                return true;
            }

            return false;
        },
        stop);

    /// <summary>Whether one of the two took a message out of their lists.</summary>
    /// <param name="hidden">The column of that name.</param>
    /// <param name="sender">Who wrote it.</param>
    /// <param name="user">The one in question.</param>
    public static bool IsHidden(long hidden, long sender, long user) => (hidden & (sender == user ? FromSender : FromRecipient)) != 0;
}
