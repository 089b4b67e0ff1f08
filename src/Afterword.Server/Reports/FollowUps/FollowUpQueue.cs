using System.Globalization;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.FollowUps;

/// <summary>The list of low scores: read, assigned, done, noted. Each change is written down with who made it.</summary>
/// <remarks>
/// Two people may look at the same item. Whoever changes it says which version they looked at; when there is a newer one, nothing
/// is done and they are told. Notes are only ever added, so they need no version.
/// </remarks>
internal sealed class FollowUpQueue(Store store, AuditLog audit, TimeProvider clock)
{
    public const int PageSize = 50;

    /// <summary>A page of the list, newest first, and where the next one begins.</summary>
    /// <remarks>The key has the state before the time, so each state's newest are read by themselves, a page of each, and then put in order. First the keys alone:
    /// they stand in the index by assignee, which SQLite passes by when more is asked of it, to look through the list of everybody.</remarks>
    public Task<(List<FollowUp> Items, FollowUpCursor? Next)> ListAsync(long sender, FollowUpQuery query, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var statement = session.Sql(
                $"""
                select {FollowUp.Columns} from ({string.Join(" union all ", query.States.Select(state => NewestOf(state, query)))}) newest
                cross join follow_up f {FollowUp.Joins}
                where f.sender_id = newest.sender_id and f.state = newest.state and f.scored_at = newest.scored_at and f.prompt_id = newest.prompt_id
                order by f.scored_at desc, f.prompt_id desc limit @most
                """)
                .Bind("sender", sender).Bind("at", query.After.ScoredAt).Bind("id", query.After.PromptId).Bind("most", PageSize + 1L);
            if (query.Assignee is { } assignee) statement.Bind("assignee", assignee);
            var found = await statement.ListAsync(FollowUp.Read, stop);
            if (found.Count <= PageSize) return (found, (FollowUpCursor?)null);

            found.RemoveAt(PageSize);
            return (found, new(found[^1].ScoredAt, found[^1].PromptId));
        },
        stop);

    /// <summary>How many items are in each state, counted no further than <see cref="FollowUpCounts.Most"/>.</summary>
    public Task<FollowUpCounts> CountAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql(
            """
            select
                (select count(*) from (select 1 from follow_up where sender_id = @sender and state = 0 limit @most) as open),
                (select count(*) from (select 1 from follow_up where sender_id = @sender and state = 1 limit @most) as assigned),
                (select count(*) from (select 1 from follow_up where sender_id = @sender and state = 2 limit @most) as done)
            """)
            .Bind("sender", sender).Bind("most", FollowUpCounts.Most).FirstAsync(row => new FollowUpCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), stop),
        stop);

    /// <summary>One item with its notes; null when the sender has none of this id.</summary>
    public Task<FollowUpDetail?> FindAsync(long sender, long prompt, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var item = await session.Sql($"select {FollowUp.Columns} from follow_up f {FollowUp.Joins} where {FollowUp.IsOfPrompt}")
                .Bind("sender", sender).Bind("prompt", prompt).FirstAsync(FollowUp.Read, stop);
            if (item is null) return null;

            var notes = await session.Sql("select at, person, body from follow_up_note where sender_id = @sender and prompt_id = @prompt order by id")
                .Bind("sender", sender).Bind("prompt", prompt).ListAsync(row => new FollowUpNote(row.GetInt64(0), row.GetString(1), row.GetString(2)), stop);
            return new FollowUpDetail(item, notes, await PeopleAsync(session, sender, stop));
        },
        stop);

    /// <summary>Those who can see to an item: the owners and supervisors, by name.</summary>
    public Task<List<Assignee>> PeopleAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(session => PeopleAsync(session, sender, stop), stop);

    /// <summary>Gives an item to someone, or to nobody; it is to be done then, even if it was.</summary>
    public Task<FollowUpOutcome> AssignAsync(Membership membership, long prompt, long version, long? person, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var to = person is null ? null : (await PeopleAsync(session, membership.SenderId, stop)).Find(one => one.Id == person);
            if (person is not null && to is null) return FollowUpOutcome.Unknown;

            var state = person is null ? FollowUpState.Open : FollowUpState.Assigned;
            return await ChangeAsync(session, membership, prompt, version, state, person, to is null ? "given back" : $"assigned to {to.Email}", stop);
        },
        stop);

    /// <summary>Marks an item as done, or as to be done after all.</summary>
    public Task<FollowUpOutcome> FinishAsync(Membership membership, long prompt, long version, bool done, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var assignee = await session.Sql($"select f.assignee_id from follow_up f where {FollowUp.IsOfPrompt}")
                .Bind("sender", membership.SenderId).Bind("prompt", prompt).FirstAsync(row => row.LongOrNull(0), stop);
            var state = done ? FollowUpState.Done : assignee is null ? FollowUpState.Open : FollowUpState.Assigned;
            return await ChangeAsync(session, membership, prompt, version, state, assignee, done ? "done" : "opened again", stop);
        },
        stop);

    /// <summary>Adds a note.</summary>
    /// <returns>False when there is no such item.</returns>
    public Task<bool> NoteAsync(Membership membership, long prompt, string body, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var noted = await session.Sql(
                $"""
                insert into follow_up_note (sender_id, prompt_id, id, at, person_id, person, body)
                select f.sender_id, f.prompt_id, @id, @now, @person, @mail, @body from follow_up f where {FollowUp.IsOfPrompt}
                """)
                .Bind("id", store.Ids.Next()).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).Bind("person", membership.Member.Id).Bind("mail", membership.Member.Email)
                .Bind("body", body).Bind("sender", membership.SenderId).Bind("prompt", prompt).RunAsync(stop);
            if (noted == 1) await audit.WriteAsync(session, membership, AuditAction.Changed, $"follow-up {prompt}: noted", stop);
            return noted == 1;
        },
        stop);

    public Task<AlertThresholds> WatchAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(session => AlertThresholds.OfAsync(session, sender, stop), stop);

    /// <summary>Changes which scores come into the list from now on.</summary>
    /// <returns>False when someone else was faster.</returns>
    public Task<bool> ChooseAsync(Membership membership, int csat, int nps, long version, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var alertThresholds = await AlertThresholds.OfAsync(session, membership.SenderId, stop) with { FollowCsat = csat, FollowNps = nps, Version = version };
            if (!await alertThresholds.SaveAsync(session, membership.SenderId, stop)) return false;

            await audit.WriteAsync(session, membership, AuditAction.Changed, "which scores are followed up", stop);
            return true;
        },
        stop);

    private async Task<FollowUpOutcome> ChangeAsync(Session session, Membership membership, long prompt, long version, FollowUpState state, long? assignee, string what, CancellationToken stop)
    {
        var changed = await session.Sql(
            $"""
            update follow_up as f set state = @state, assignee_id = @assignee, version = version + 1
            where {FollowUp.IsOfPrompt} and f.version = @version
            """)
            .Bind("state", (long)state).Bind("assignee", assignee).Bind("sender", membership.SenderId).Bind("prompt", prompt).Bind("version", version).RunAsync(stop);
        if (changed == 1)
        {
            await audit.WriteAsync(session, membership, AuditAction.Changed, $"follow-up {prompt}: {what}", stop);
            return FollowUpOutcome.Done;
        }

        return await session.Sql($"select 1 from follow_up f where {FollowUp.IsOfPrompt}").Bind("sender", membership.SenderId).Bind("prompt", prompt).FirstAsync(_ => true, stop)
            ? FollowUpOutcome.Stale
            : FollowUpOutcome.Unknown;
    }

    private static string NewestOf(FollowUpState state, FollowUpQuery query) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        select * from (
            select sender_id, state, scored_at, prompt_id from follow_up
            where sender_id = @sender and state = {(int)state} and (scored_at, prompt_id) < (@at, @id){(query.Assignee is null ? "" : " and assignee_id = @assignee")}
            order by scored_at desc, prompt_id desc limit @most) newest_{(int)state}
        """);

    private static Task<List<Assignee>> PeopleAsync(Session session, long sender, CancellationToken stop) => session.Sql(
        "select p.id, p.name, p.mail from person_role r join person p on p.id = r.person_id where r.sender_id = @sender and r.role in (1, 2) order by p.name, p.id")
        .Bind("sender", sender).ListAsync(row => new Assignee(row.GetInt64(0), row.GetString(1), row.GetString(2)), stop);
}
