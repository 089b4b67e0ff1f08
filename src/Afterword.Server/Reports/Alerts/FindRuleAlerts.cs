using Afterword.Server.Automation;
using Afterword.Server.Automation.Fairness;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Console;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Alerts;

/// <summary>Finds out what of the rules' own work owners and supervisors want to be told: that nobody is asked any more, and that an agent picks.</summary>
/// <remarks>
/// As with <see cref="FindAlerts"/> the key of an alert has its week, so nodes that find the same write it once. What is looked at on Mondays alone
/// is looked at once by each process: every further look would have another chance to name someone whom only chance makes stand out.
/// </remarks>
internal sealed class FindRuleAlerts(Store store, TimeProvider clock)
{
    private const int FairnessDays = 28;

    private static readonly long s_longestWait = (long)TimeSpan.FromDays(30).TotalMilliseconds;

    private readonly Dictionary<long, long> _lookedAt = [];

    public async Task RunAsync(CancellationToken stop)
    {
        // The rules that hold, of those senders that want to be told anything.
        var wanting = await store.Main.ReadAsync(
            session => session.Sql(
                """
                select a.sender_id, r.changed_at, r.document from automation a
                join automation_rules r on r.sender_id = a.sender_id and r.version = a.version
                where r.document like '%"alerts"%' order by a.sender_id
                """).ListAsync(row => (Sender: row.GetInt64(0), ChangedAt: row.GetInt64(1), Document: row.GetString(2)), stop),
            stop);
        foreach (var (sender, changedAt, document) in wanting)
        {
            var found = await LookAsync(sender, changedAt, RulesDocument.OfStored(document), stop);
            if (found.Count > 0) await Alert.WriteAsync(store, found, stop);
        }
    }

    private Task<List<Alert>> LookAsync(long sender, long changedAt, RuleSet rules, CancellationToken stop) => store.Main.SnapshotAsync(
        async session =>
        {
            var found = new List<Alert>();
            if (await ReadRollups.ZoneAsync(session, sender, stop) is not { } zone) return found;

            var (now, days) = (clock.GetUtcNow().ToUnixTimeMilliseconds(), ConsoleDays.Of(zone));
            var today = days.DayOf(now);
            var monday = ConsoleDays.MondayOf(today);
            if (rules.Alerts.NobodyAskedDays is { } most && rules.Silence == Reason.None && rules.Rules.Any(rule => rule.Request is not null)
                && !await FindAlerts.IsWrittenAsync(session, sender, AlertKind.NobodyAsked, monday, stop)
                && await SilenceAsync(session, sender, changedAt, now - (long)TimeSpan.FromDays(most).TotalMilliseconds, days, stop) is { } silence)
            {
                found.Add(Alert.New(store, sender, AlertKind.NobodyAsked, monday, now, silence));
            }

            if (rules.Alerts.UnfairAgents && _lookedAt.GetValueOrDefault(sender) != monday)
            {
                if (!await FindAlerts.IsWrittenAsync(session, sender, AlertKind.UnfairAgents, monday, stop)
                    && await UnfairAsync(session, sender, days.StartOf(monday - FairnessDays), days.StartOf(monday), stop) is > 0 and var many)
                {
                    found.Add(Alert.New(store, sender, AlertKind.UnfairAgents, monday, now, new(UnfairAgents: many)));
                }

                _lookedAt[sender] = monday;
            }

            return found;
        },
        stop);

    /// <summary>When the rules last asked, if that was before a time and the present rules are as old; else null.</summary>
    private static async Task<AlertFactsJson?> SilenceAsync(Session session, long sender, long changedAt, long before, ConsoleDays days, CancellationToken stop)
    {
        if (changedAt > before) return null;

        // What was closed long ago may have been asked about just now: it waits for its delay, for quiet hours and for limits. Where someone is asked, that is soon found.
        var recent = await session.Sql(
            """
            select c.id from conversation c
            where c.sender_id = @sender and c.created_at > @waited and c.decision = @asked and c.test = 0 and c.updated_at > @before order by c.created_at desc, c.id desc limit 1
            """).Bind("sender", sender).Bind("waited", before - s_longestWait).Bind("asked", (long)Decision.Asked).Bind("before", before).FirstAsync(row => (long?)row.GetInt64(0), stop);
        if (recent is not null) return null;

        var last = await session.Sql("select c.updated_at from conversation c where c.sender_id = @sender and c.decision = @asked and c.test = 0 order by c.created_at desc, c.id desc limit 1")
            .Bind("sender", sender).Bind("asked", (long)Decision.Asked).FirstAsync(row => (long?)row.GetInt64(0), stop);
        return new(AskedLast: last is { } at ? new ConsoleTimes(days).Minute(at) : "");
    }

    /// <summary>Of how many agents the requests go beyond chance in a period.</summary>
    private static async Task<int> UnfairAsync(Session session, long sender, long from, long to, CancellationToken stop)
    {
        var counter = new AgentCounter();
        await session.Sql(
            $"""
            select c.decision, c.reason, case when c.planned_at is null then 0 else 1 end, null, c.agent, c.share, c.draw, {AgentCounter.FirstDrawSql} from conversation c
            where c.sender_id = @sender and c.created_at >= @from and c.created_at < @to and c.test = 0 and c.agent is not null order by c.created_at, c.id
            """).Bind("sender", sender).Bind("from", from).Bind("to", to)
            .EachAsync(row => counter.Add(row.GetString(4), ReadFunnel.EndOf(row), row.LongOrNull(5), row.LongOrNull(6), row.Flag(7)), stop);
        await session.Sql(
            """
            select p.agent, count(*) from prompt p
            where p.sender_id = @sender and p.id >= @above and p.id < @below and p.test = 0 and p.agent is not null and p.automatic = 0
            group by p.agent
            """).Bind("sender", sender).Bind("above", Snowflakes.FirstOf(from)).Bind("below", Snowflakes.FirstOf(to))
            .EachAsync(row => counter.ByHand(row.GetString(0), row.GetInt64(1)), stop);
        return JudgeFairness.Judge(counter.Counts).Select(flag => flag.Agent).Distinct().Count();
    }
}
