using Afterword.Server.Privacy;
using Afterword.Server.Retention;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Retention;

/// <summary>Runs every statement of the retention on a store, for those who look what it costs.</summary>
internal static class RetentionSteps
{
    /// <param name="fixture">The store.</param>
    /// <param name="handle">A customer with few requests.</param>
    /// <param name="commits">Whether what is removed stays removed. PostgreSQL is sent some of it together with the commit alone.</param>
    public static async Task RunAsync(FeedbackFixture fixture, string handle, bool commits)
    {
        var (db, sender, now) = (fixture.Server.Server.Store.Main, fixture.Furni.Id, fixture.Server.Clock.GetUtcNow());
        var (later, optOuts) = (now.AddDays(1), new KeptOptOuts(fixture.Server.Server.Store));
        var customer = (await fixture.Server.Get<UserAccounts>().FindAsync(handle, default))!.Id;
        var kept = await db.ReadAsync(session => SenderRetention.OfAsync(session, sender, default), default);
        if (kept.Version == 0) await fixture.Server.KeepAsync(sender, RetentionFixture.Of("12m", "12m", "12m"));
        foreach (var old in (OldRows[])[new OldTexts(db, kept, later.ToUnixTimeMilliseconds()), new OldMessages(db, kept, later.ToUnixTimeMilliseconds()), new OldPeople(db, optOuts, kept, now.AddYears(-1), now, TimeSpan.FromDays(30))])
        {
            if (await old.NextAsync(default) is { } step) await WriteAsync(db, commits, session => step.RemoveAsync(session, default));
        }

        await db.ReadAsync(
            async session =>
            {
                var rows = OldPeople.RowsOf([new(customer, 0, 1)], sender, later, TimeSpan.FromDays(30));
                await session.EachAsync(OldPeople.WithNewer, rows, _ => { }, default);
                await session.EachAsync(OldPeople.Forgotten, rows, _ => { }, default);
                await session.EachAsync(OldPeople.ClosedSince, rows, _ => { }, default);
                await SenderRetention.NextAsync(session, 0, default);
                await SenderRetention.ListAsync(session, default);
                await RetentionRun.FindAsync(session, now, default);
                return await session.Sql(OldTexts.LateNotes).Bind("sender", sender).Bind("prompt", 0L).Bind("id", 0L).Bind("before", later.ToUnixTimeMilliseconds()).Bind("done", later.ToUnixTimeMilliseconds())
                    .Bind("most", 100L).EachAsync(_ => { }, default);
            },
            default);
        await WriteAsync(db, commits: false, session => ForgetPerson.RunAsync(session, optOuts, sender, customer, later, now, default));
        await WriteAsync(db, commits: false, async session =>
        {
            await RetentionRun.HoldAsync(session, "nobody", now, default);
            await RetentionRun.AddAsync(session, RemovedCounts.Nothing, default);
            return RemovedCounts.Nothing;
        });
    }

    private static async Task WriteAsync(Database db, bool commits, Func<Session, Task<RemovedCounts>> write)
    {
        try
        {
            await db.WriteAsync(async Task<RemovedCounts> (session) => await write(session) is var removed && commits ? removed : throw new UndoneException(), default);
        }
        catch (UndoneException)
        {
            // As it was.
        }
    }

    private sealed class UndoneException : Exception;
}
