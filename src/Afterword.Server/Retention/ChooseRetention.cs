using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Reads and changes what a sender keeps, and for how long.</summary>
internal sealed class ChooseRetention(Store store, AuditLog audit)
{
    public Task<SenderRetention> ReadAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(session => SenderRetention.OfAsync(session, sender, stop), stop);

    /// <summary>All senders that ever chose, by handle.</summary>
    public Task<List<(string ScreenName, SenderRetention Kept)>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(session => SenderRetention.ListAsync(session, stop), stop);

    /// <summary>Stores a choice, unless someone else was faster.</summary>
    /// <param name="sender">Whose.</param>
    /// <param name="member">Who chooses.</param>
    /// <param name="periods">The choice.</param>
    /// <param name="seen">The version that they had before them.</param>
    /// <param name="stop">Gives up.</param>
    public Task<bool> SaveAsync(long sender, Member member, RetentionPeriods periods, long seen, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            if (!await SenderRetention.SaveAsync(session, sender, periods, seen, stop)) return false;

            await audit.WriteAsync(session, sender, member, AuditAction.Changed, $"retention: {periods}", stop);
            return true;
        },
        stop);
}
