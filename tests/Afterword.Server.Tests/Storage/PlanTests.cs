using Afterword.Server.Automation.Due;
using Afterword.Server.Channels;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Retention;
using Afterword.Support;

namespace Afterword.Server.Tests.Storage;

/// <summary>A page costs what it shows, not what is stored, whatever PostgreSQL's planner knows or does not know of the tables.</summary>
public sealed class PlanTests : IAsyncLifetime
{
    private const int Copies = 4_000;

    // The list of answers looks at 1,000 requests at a time, the follow-up counts as far. A plan that begins at the wrong end reads all the copies at least.
    private const long Most = 2_000;

    // Which tables the planner has statistics of. What it knows of one table alone misled it worst.
    private static readonly string[][] s_known = [[], ["change"], [.. CrowdedStore.Tables], ["prompt"], ["prompt_tag", "delivery", "dispatch"]];

    private FeedbackFixture _fixture = null!;
    private TestBrowser _owner = null!;
    private string _prompt = "";
    private string _conversation = "";
    private Dictionary<string, long> _read = [];

    private Database Db => _fixture.Server.Server.Store.Main;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(Engine.Postgres);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_page_reads_few_rows_whatever_the_planner_knows(bool plansForAnyValue)
    {
        var store = await CrowdedStore.FillAsync(_fixture, Copies);
        (_prompt, _conversation) = (store.Prompt, store.Conversation);
        foreach (var table in CrowdedStore.Tables)
        {
            await Db.WriteAsync(session => session.Sql($"alter table {table} set (autovacuum_enabled = false)").RunAsync(default), default);
        }

        _owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
        await ReadOverOneConnectionAsync(plansForAnyValue);

        var wrong = new List<string>();
        foreach (var known in LongForm.IsOn ? s_known : s_known[..3])
        {
            await KnowAsync(known);
            foreach (var (what, read) in Reads())
            {
                // Statements are prepared when they come for the second time, and planned for whatever values from the sixth on.
                for (var i = 0; i < (plansForAnyValue ? 2 : 7); i++) await read();
                await CountAsync();
                await read();
                var rows = await CountAsync();
                if (rows.Values.Sum() > Most) wrong.Add($"{what}, known of {string.Join(", ", known)}: {string.Join(", ", rows.Where(table => table.Value > 0))}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task What_is_due_is_found_by_its_key_however_much_is_due()
    {
        await CrowdedStore.FillAsync(_fixture, Copies);
        await Db.WriteAsync(session => session.Sql("alter table conversation set (autovacuum_enabled = false)").RunAsync(default), default);

        // Of a sender without rules: no worker looks after it.
        await Db.WriteAsync(session => session.Sql("update conversation set decision = 0, due_at = 1, planned_at = 1").RunAsync(default), default);
        await ReadOverOneConnectionAsync(plansForAnyValue: false);

        // One alone is looked for by itself, whatever the planner knows.
        var keys = await Db.ReadAsync(session => session.Sql("select sender_id, id from conversation order by id limit 8").ListAsync(row => new DueKey(row.GetInt64(0), row.GetInt64(1)), default), default);
        foreach (var known in s_known[..3])
        {
            await KnowAsync(known);
            for (var i = 0; i < 7; i++) await FindAsync();
            await CountAsync();
            await FindAsync();
            Assert.InRange((await CountAsync())["conversation"], keys.Count, 10 * keys.Count);
        }

        Task<int> FindAsync() => Db.WriteAsync(
            async session =>
            {
                var batch = new DueBatch(_fixture.Server.Clock.GetUtcNow().ToUnixTimeMilliseconds());
                await session.EachAsync([batch.Conversations(keys)], default);
                Assert.Equal(keys.Count, batch.Found.Count);
                return 0;
            },
            default);
    }

    private IEnumerable<(string What, Func<Task> Read)> Reads()
    {
        foreach (var page in (string[])
        [
            "overview", "overview?type=nps", "answers", "answers?tag=rare", "answers?tag=rare&max_score=2", "answers?agent=zoe&max_score=2", "answers?external_id=CASE-1",
            "answers?type=csat&max_score=2", "answers?q=slow", "answers?q=slow&max_score=2", "follow-up", "follow-up?who=me", "asked", "asked?q=%40bea", "asked?q=%40ana", "asked?q=CASE-1", "webhooks", "webhooks/7", "export",
            $"answers/{_prompt}", $"follow-up/{_prompt}", "alerts", "audit", "audit?deed=exported",
            "automation?from=2026-01-05&to=2026-01-05", "automation?from=2026-01-05&to=2026-01-05&agent=zoe&tag=rare", $"automation/{_conversation}", "automation?from=2026-01-05&find=CASE-1", "automation?from=2026-01-05&find=%40ana", "rules", "fairness?from=2026-01-05&to=2026-01-05",
        ])
        {
            yield return (page, async () => (await _owner.GetAsync($"/console/@furni/{page}")).Is(200));
        }

        foreach (var page in (string[])["/1.1/feedback/events.json?from_time=1767500000000&to_time=1767600000000&count=20", "/1.1/direct_messages/events/list.json", "/1.1/friends/ids.json", "/1.1/followers/ids.json", "/1.1/blocks/ids.json"])
        {
            yield return (page, async () => (await _fixture.Server.GetAsync(_fixture.Sender, page)).Is(200));
        }

        yield return ("closing and reopening", CloseAndReopenAsync);
        yield return ("can_prompt", async () => (await _fixture.Server.GetAsync(_fixture.Sender, FormattableString.Invariant($"/1.1/feedback/can_prompt.json?to_user_id={_fixture.Ana.Id}&external_id=NONE-1"))).Is(200));
        yield return ("retention", () => RetentionSteps.RunAsync(_fixture, "bea", commits: true));
        yield return ("channel list", () => _fixture.Server.Get<ChannelDeliveryHistory>().LatestAsync(_fixture.Furni.Id, deadOnly: false, 50, default));
    }

    // A ticket that nobody has heard of, and again.
    private async Task CloseAndReopenAsync()
    {
        var ticket = FormattableString.Invariant($"NEW-{_fixture.Server.Server.Store.Ids.Next()}");
        for (var i = 0; i < 2; i++)
        {
            (await _fixture.Server.PostAsync(
                _fixture.Sender, "/1.1/feedback/conversations/close.json", ("to_user_id", _fixture.Ana.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("external_id", ticket))).Is(200);
            (await _fixture.Server.PostAsync(_fixture.Sender, "/1.1/feedback/conversations/reopen.json", ("external_id", ticket))).Is(200);
        }
    }

    /// <summary>All reads go over one connection, which can be asked for what it has read.</summary>
    private async Task ReadOverOneConnectionAsync(bool plansForAnyValue)
    {
        var (name, port) = await Db.ReadAsync(
            session => session.Sql("select current_database(), current_setting('port')").FirstAsync(row => (row.GetString(0), row.GetString(1)), default), default);
        var plans = plansForAnyValue ? "force_generic_plan" : "auto";
        await _fixture.Server.RestartAsync($"Database=postgres://postgres@127.0.0.1:{port}/{name}?Maximum%20Pool%20Size=1&Options=-c%20plan_cache_mode%3D{plans}");
    }

    /// <summary>Lets the planner know these tables and no others.</summary>
    private Task<int> KnowAsync(string[] tables) => Db.WriteAsync(
        async session =>
        {
            await session.Sql("delete from pg_statistic where starelid in (select relid from pg_stat_user_tables)").RunAsync(default);
            await session.Sql("update pg_class set relpages = 0, reltuples = -1 where oid in (select relid from pg_stat_user_tables)").RunAsync(default);
            foreach (var table in tables) await session.Sql($"analyze {table}").RunAsync(default);
            return 0;
        },
        default);

    /// <summary>How many rows of each table were read since it was asked before.</summary>
    private async Task<Dictionary<string, long>> CountAsync()
    {
        await Db.ReadAsync(session => session.Sql("select pg_stat_force_next_flush()").RunAsync(default), default);
        var now = await Db.ReadAsync(
            session => session.Sql(
                """
                select t.relname, t.seq_tup_read + (select coalesce(sum(i.idx_tup_read), 0)::bigint from pg_stat_user_indexes i where i.relid = t.relid)
                from pg_stat_user_tables t
                """).ListAsync(row => (Table: row.GetString(0), Rows: row.GetInt64(1)), default),
            default);
        var since = now.ToDictionary(one => one.Table, one => one.Rows - _read.GetValueOrDefault(one.Table));
        _read = now.ToDictionary(one => one.Table, one => one.Rows);
        return since;
    }
}
