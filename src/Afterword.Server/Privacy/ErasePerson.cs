using Afterword.Server.Changes;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Privacy;

/// <summary>Erases a person everywhere, in one transaction. What is left is a statistic, under a pseudonym that nothing leads back from.</summary>
/// <remarks>
/// A sign-in, a follow or a message may have been decided before and be written just behind it. So whoever was erased is looked for once
/// more a minute later, and also after a restore.
/// </remarks>
internal sealed partial class ErasePerson(Store store, Settings settings, AuditLog audit, TimeProvider clock, ILogger<ErasePerson> log)
{
    // What was decided before is written by then, or never.
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMinutes(1);

    private readonly KeptOptOuts _optOuts = new(store);

    /// <summary>What there is of a person, for whoever has to confirm.</summary>
    /// <param name="user">Whom.</param>
    /// <param name="knownTo">The only sender that may know the person; null for whoever may erase everybody.</param>
    /// <param name="stop">Gives up.</param>
    public Task<(ErasureOutcome? Refusal, ErasedCounts Counts)> LookAsync(long user, long? knownTo, CancellationToken stop) => store.Main.SnapshotAsync(
        async session =>
        {
            var (refusal, found) = await FindAsync(session, user, knownTo, stop);
            return (refusal, found?.Counts ?? new ErasedCounts(0, 0, 0, 0, 0, 0));
        },
        stop);

    /// <summary>Who had a handle before they were erased; null when that is not known.</summary>
    public Task<Erasure?> EarlierAsync(string screenName, CancellationToken stop) => store.Main.ReadAsync(
        async session => await _optOuts.FindHashAsync(session, screenName, stop) is { } hash ? await Erasures.FindAsync(session, hash, stop) : null, stop);

    /// <summary>Everybody who was erased.</summary>
    public Task<List<Erasure>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(session => Erasures.ListAsync(session, stop), stop);

    /// <summary>Erases a person.</summary>
    /// <param name="user">Whom.</param>
    /// <param name="knownTo">As for <see cref="LookAsync"/>.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="stop">Gives up before it is done.</param>
    public async Task<ErasureOutcome> RunAsync(long user, long? knownTo, Member by, CancellationToken stop)
    {
        var outcome = await store.Main.WriteAsync(session => RunAsync(session, user, knownTo, by, stop), stop);
        if (outcome is not ErasureOutcome.Erased erased) return outcome;

        return erased with { ListProblem = await WriteListAsync(CancellationToken.None), LogIsEmpty = await ForgetTracesAsync([user], CancellationToken.None) };
    }

    /// <summary>Looks once more for those who were erased a minute ago, or since the backup of which the store was made.</summary>
    /// <param name="stop">Gives up between two people.</param>
    /// <param name="atOnce">Whether also for those of the last minute: nobody else writes.</param>
    /// <returns>How many there were.</returns>
    public async Task<int> RunUnsettledAsync(CancellationToken stop, bool atOnce = false)
    {
        var before = atOnce ? DateTimeOffset.MaxValue : clock.GetUtcNow() - s_lookAgain;
        var unsettled = await store.Main.ReadAsync(session => Erasures.UnsettledAsync(session, before, stop), stop);
        if (unsettled.Count == 0) return 0;

        foreach (var one in unsettled) await store.Main.WriteAsync(session => RunAgainAsync(session, one, stop), stop);

        // Whoever erased them may have been killed before, or not know where the backups are.
        if (await WriteListAsync(stop) is { } problem) NotListed(log, problem);

        // While someone reads an older state, its log still holds them: the next round tries again.
        if (!await ForgetTracesAsync([.. unsettled.Select(one => one.UserId)], stop)) return unsettled.Count;

        foreach (var one in unsettled) await store.Main.WriteAsync(session => Erasures.SettleAsync(session, one.UserId, stop), stop);
        return unsettled.Count;
    }

    private async Task<ErasureOutcome> RunAsync(Session session, long user, long? knownTo, Member by, CancellationToken stop)
    {
        await HoldWritersAsync(session, stop);
        var (refusal, found) = await FindAsync(session, user, knownTo, stop);
        if (refusal is not null) return refusal;

        var now = clock.GetUtcNow();
        var erasure = new Erasure(user, Erasures.NewReceipt(), now);
        await Erasures.AddAsync(session, erasure, await _optOuts.HashAsync(session, found!.Account!.ScreenName, stop), stop);
        await DoAsync(session, found, now, stop);

        // Counts and receipts, and nothing that says who it was.
        await audit.WriteAsync(session, knownTo ?? Workspace.Installation, by, AuditAction.Changed, $"erased a person, {erasure.Receipt}: {found.Counts}", stop);
        foreach (var sender in found.Requests.GroupBy(request => request.SenderId).Where(sender => sender.Key != knownTo))
        {
            await audit.WriteAsync(session, sender.Key, by, AuditAction.Changed, $"erased a person, {erasure.Receipt}: {ErasedCounts.Of(sender.Count(), "request")}", stop);
        }

        return new ErasureOutcome.Erased(erasure, found.Counts);
    }

    private async Task<int> RunAgainAsync(Session session, Erasure erasure, CancellationToken stop)
    {
        await HoldWritersAsync(session, stop);
        var found = await FoundPerson.FindAsync(session, erasure.UserId, stop);
        if (await FoundPerson.AsksOthersAsync(session, erasure.UserId, stop)) return 0;
        if (found.IsEmpty) return await EraseUser.SweepAsync(session, erasure.UserId, stop);

        if (found.Account is { } account) await Erasures.AddAsync(session, erasure, await _optOuts.HashAsync(session, account.ScreenName, stop), stop);
        await DoAsync(session, found, clock.GetUtcNow(), stop);
        return await audit.WriteAsync(session, Workspace.Installation, Member.Server, AuditAction.Changed, $"erased a person once more, {erasure.Receipt}: {found.Counts}", stop);
    }

    /// <summary>Keeps everybody out who decides by what is known of a person, from their first look until the commit.</summary>
    /// <remarks>
    /// Requests, answers and closes begin with the sender's state, messages with the writer's window. On SQLite one transaction writes at a
    /// time anyway. The two tables are taken in this order, and before all rows, so that nobody waits in a circle.
    /// </remarks>
    private async Task HoldWritersAsync(Session session, CancellationToken stop)
    {
        if (store.Main is PostgresDatabase) await session.Sql("lock table message_window, sender_state in exclusive mode").RunAsync(stop);
    }

    private static async Task<(ErasureOutcome? Refusal, FoundPerson? Found)> FindAsync(Session session, long user, long? knownTo, CancellationToken stop)
    {
        if (await FoundPerson.FindAccountAsync(session, user, stop) is null)
        {
            // Whoever may not erase everybody learns nothing of others' customers.
            return (knownTo is null && await Erasures.FindAsync(session, user, stop) is { } earlier ? new ErasureOutcome.Earlier(earlier) : new ErasureOutcome.Unknown(), null);
        }

        if (await FoundPerson.AsksOthersAsync(session, user, stop)) return (knownTo is null ? new ErasureOutcome.AsksOthers() : new ErasureOutcome.Unknown(), null);

        var found = await FoundPerson.FindAsync(session, user, stop);
        if (knownTo is not { } sender) return (null, found);

        var others = found.Others.ToArray();
        return others switch
        {
            [var one] when one == sender => (null, found),
            _ when others.Contains(sender) => (new ErasureOutcome.KnownToOthers(), null),
            _ => (new ErasureOutcome.Unknown(), null),
        };
    }

    private async Task DoAsync(Session session, FoundPerson person, DateTimeOffset now, CancellationToken stop)
    {
        if (person.Account is { } account) await _optOuts.KeepAsync(session, person.UserId, account, person.Contacts, now.ToUnixTimeMilliseconds(), stop);
        var isLeft = person.Requests.Count > 0 || person.Conversations.Count > 0;
        var pseudonym = isLeft ? await Pseudonym.AddAsync(session, stop) : (long?)null;
        var states = new Dictionary<long, SenderState>();
        var outbox = new Outbox();
        var senders = person.Requests.Select(request => request.SenderId).Distinct().ToArray();
        await session.EachAsync([.. ChangeLog.Stamp(senders, now.ToUnixTimeMilliseconds(), states), outbox.Lookup(senders)], stop);

        // Whoever delivers just now has read what waits, and reads it anew. First, so that an answer is noted before the others are emptied, or knows of it.
        foreach (var sender in senders.Order()) await session.Sql("update webhook set version = version + 1 where sender_id = @sender and removed_at is null").Bind("sender", sender).RunAsync(stop);
        await HelpdeskEvents.EraseAsync(session, person, stop);
        await EraseFeedback.RunAsync(session, store.Secrets, person, pseudonym ?? person.UserId, now, stop);
        await EraseUser.RunAsync(session, person, pseudonym, stop);
        await TellAsync(session, person, states, outbox, now, stop);
        await AuditRedaction.RunAsync(session, person, stop);
    }

    /// <summary>Tells whoever follows the events, once for each request.</summary>
    private async Task TellAsync(Session session, FoundPerson person, Dictionary<long, SenderState> states, Outbox outbox, DateTimeOffset now, CancellationToken stop)
    {
        var left = new List<Prompt>();
        await session.EachAsync(
            $$"""select {{Prompt.Columns}} from {rows} join prompt p on p.sender_id = item.sender_id and p.id = item.id""",
            Rows.Of(person.Requests).Long("sender_id", r => r.SenderId).Long("id", r => r.Id), row => left.Add(Prompt.Read(row)), stop);
        OutboxEntry[] told = [.. left.Select(prompt => new OutboxEntry(new(prompt.SenderId, states[prompt.SenderId].Stamp, store.Ids.Next(), ChangeKind.Erased, prompt.Id), prompt))];
        ChangeLog.Append(session, [.. told.Select(one => one.Change)]);
        outbox.Write(session, store, told, now.ToUnixTimeMilliseconds());
    }

    /// <summary>Forgets how often the users called, and takes what was overwritten out of the logs of the files.</summary>
    private async Task<bool> ForgetTracesAsync(IReadOnlyList<long> users, CancellationToken stop)
    {
        foreach (var user in users) await store.Nonces.WriteAsync(session => session.Sql("delete from call_window where user_id = @user").Bind("user", user).RunAsync(stop), stop);
        await store.Nonces.EmptyLogAsync(stop);
        return await store.Main.EmptyLogAsync(stop);
    }

    /// <summary>Writes the list beside the backups, so that a restore of one of them erases the person again.</summary>
    private async Task<string?> WriteListAsync(CancellationToken stop) =>
        settings.Backup.Directory is { } folder && Directory.Exists(folder) ? ErasureList.TryAdd(folder, await ListAsync(stop)) : null;

    [LoggerMessage(EventId = 1405, Level = LogLevel.Warning, Message = "People were erased, but {Problem} Until it is written, a restore of an older backup brings them back.")]
    private static partial void NotListed(ILogger log, string problem);
}
