using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages.Inbox;

/// <summary>Tells whether something has changed in an inbox: two equal marks mean the same messages and cards.</summary>
/// <remarks>A page carries the mark of before it was made. A stream that begins there misses nothing of what came in between.</remarks>
internal sealed class InboxVersions(Store store, Settings settings, TimeProvider clock)
{
    public Task<string> ReadAsync(long user, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var newest = await session.Sql(
                """
                select (select max(id) from message where sender_id = @user), (select max(id) from message where recipient_id = @user)
                """)
                .Bind("user", user).FirstAsync(row => Math.Max(row.LongOrNull(0) ?? 0, row.LongOrNull(1) ?? 0), stop);
            var answered = await OpenCards.ChangedAtAsync(session, user, clock.GetUtcNow() - settings.CardLifetime, stop);
            return string.Create(CultureInfo.InvariantCulture, $"{newest}.{answered}");
        },
        stop);
}
