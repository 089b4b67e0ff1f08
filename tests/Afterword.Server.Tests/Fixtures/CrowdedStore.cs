using System.Globalization;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>A store in which one request, a low score with all that hangs on it, was copied thousands of times.</summary>
/// <remarks>One copy in a hundred keeps its tag, agent, reference, word and customer, so that there are rare and common values.</remarks>
internal sealed class CrowdedStore
{
    private const long TenMinutes = 600_000;

    // What is copied. The tables behind the bar have one row for each value alone, and get no copies.
    private static readonly string[] s_copied =
        ["prompt", "message", "change", "prompt_tag", "text_word", "follow_up", "dispatch", "delivery", "alert", "alert_dispatch", "audit", "conversation"];

    private static readonly string[] s_ids = ["id", "prompt_id", "message_id", "subject"];
    private static readonly string[] s_times = ["created_at", "updated_at", "closed_at", "score_at", "comment_at", "changed_at", "scored_at", "at"];
    private static readonly string[] s_rare = ["prompt_tag", "text_word"];

    private readonly FeedbackFixture _fixture;
    private readonly User _bea;
    private readonly long _first;
    private long _last;
    private int _copies;

    private CrowdedStore(FeedbackFixture fixture, User bea, string prompt, string cardToken, string conversation) =>
        (_fixture, _bea, Prompt, CardToken, Conversation, _first) = (fixture, bea, prompt, cardToken, conversation, Snowflakes.FirstOf(fixture.Server.Clock.GetUtcNow() - TimeSpan.FromMinutes(1)));

    /// <summary>Tables that grow with the requests.</summary>
    public static IReadOnlyList<string> Tables { get; } = [.. s_copied, "contact", "rollup", "account"];

    /// <summary>The request that was copied.</summary>
    public string Prompt { get; }

    public string CardToken { get; }

    /// <summary>The conversation that was copied.</summary>
    public string Conversation { get; }

    private Database Db => _fixture.Server.Server.Store.Main;

    public static async Task<CrowdedStore> FillAsync(FeedbackFixture fixture, int copies)
    {
        var bea = await fixture.Server.UserAsync("bea");
        await fixture.Server.WriteAsync(await fixture.Server.TokenAsync(fixture.App, bea), fixture.Furni);
        var asked = await fixture.AskAsync("csat", ("agent", "zoe"), ("tags", "rare"), ("external_id", "CASE-1"), ("include_card", "true"));
        (await fixture.SubmitAsync(asked.Text("id"), ("score", "1"), ("text", "Slow"))).Is(200);
        var closed = (await fixture.Server.PostAsync(
            fixture.Sender, "/1.1/feedback/conversations/close.json", ("to_user_id", fixture.Ana.Id.ToString(CultureInfo.InvariantCulture)), ("external_id", "CASE-1"), ("agent", "zoe"), ("tags", "rare"))).Is(200);
        var store = new CrowdedStore(fixture, bea, asked.Text("id"), asked.Text("card_token"), closed.Text("id"));
        await store.AddWhatHangsOnItAsync();
        store._last = fixture.Server.Server.Store.Ids.Next();
        if (copies > 0) await store.GrowAsync(copies);
        return store;
    }

    /// <summary>Adds copies, each ten minutes older than the last. Only among the first to be added are rare ones.</summary>
    public Task GrowAsync(int copies) => Db.WriteAsync(
        async session =>
        {
            var columns = new Dictionary<string, List<string>>();
            foreach (var table in s_copied) columns[table] = await ColumnsAsync(session, table);
            foreach (var (table, names) in columns)
            {
                if (_copies > 0 && s_rare.Contains(table)) continue;

                var values = names.Select(name => s_ids.Contains(name) ? string.Create(CultureInfo.InvariantCulture, $"{name} - i * {TenMinutes} * 4194304")
                    : s_times.Contains(name) ? string.Create(CultureInfo.InvariantCulture, $"{name} - i * {TenMinutes}")
                    : name is "external_id" && table is "conversation" ? $"case when {IsRare} then {name} else {name} || i end"
                    : name is "agent" or "tags" or "external_id" ? $"case when {IsRare} then {name} end"
                    : name is "recipient_id" ? string.Create(CultureInfo.InvariantCulture, $"case when {IsRare} then {_bea.Id} else {name} end")
                    : name);
                await session.Sql(
                    $"""
                    insert into {table} ({string.Join(", ", names)})
                    with recursive copy(i) as (select cast({_copies + 1} as bigint) union all select i + 1 from copy where i < {_copies + copies})
                    select {string.Join(", ", values)} from {table} cross join copy
                    where {(names.Contains("id") ? "id" : "prompt_id")} between {_first} and {_last}{(s_rare.Contains(table) ? $" and {IsRare}" : "")}
                    """).RunAsync(default);
            }

            _copies += copies;
            return 0;
        },
        default);

    private string IsRare => _copies == 0 ? "i % 100 = 0" : "1 = 0";

    private Task<int> AddWhatHangsOnItAsync() => Db.WriteAsync(
        async session =>
        {
            await session.Sql(
                """
                insert into webhook (sender_id, id, url, secret, added_at, disabled_at)
                select id, 7, 'https://furni.example/in', @secret, 0, created_at from account where screen_name = 'furni'
                """).Bind("secret", Array.Empty<byte>()).RunAsync(default);
            await session.Sql(
                """
                insert into connector (sender_id, id, kind, name, prefix, token_hash, create_users, version, added_at)
                select id, 7, 'freshdesk', 'freshdesk', 'freshdesk', @hash, 1, 1, 0 from account where screen_name = 'furni'
                """).Bind("hash", System.Security.Cryptography.SHA256.HashData(new byte[20])).RunAsync(default);
            foreach (var insert in (string[])
            [
                """
                delivery (sender_id, endpoint_id, prompt_id, changed_at, id, state, due_at, attempts, failures, settled_at, took, status)
                select sender_id, 7, prompt_id, changed_at, id, 1, changed_at, 1, 0, changed_at, 1, 200 from change
                """,
                """
                dispatch (sender_id, prompt_id, channel, state, due_at, attempts, failures, fence, settled_at, card_base)
                select sender_id, id, 1, 2, created_at, 1, 0, 1, created_at, 'https://furni.example' from prompt
                """,
                "alert (sender_id, kind, subject, id, at, state) select sender_id, 1, id, id, created_at, 1 from prompt where true on conflict (sender_id, kind, subject) do nothing",
                """
                alert_dispatch (sender_id, id, channel, reader_id, kind, subject, state, due_at, attempts, failures, fence, settled_at, status)
                select sender_id, id, 2, 7, 1, id, 2, created_at, 1, 0, 1, created_at, 200 from prompt
                """,
                "audit (sender_id, id, at, person_id, person, deed, what) select sender_id, id, created_at, 1, 'zoe@furni.example', 1, 'overview' from prompt",
            ])
            {
                await session.Sql($"insert into {insert}").RunAsync(default);
            }

            return 0;
        },
        default);

    private static async Task<List<string>> ColumnsAsync(Session session, string table) => session is SqliteSession
        ? await session.Sql($"select name from pragma_table_info('{table}')").ListAsync(row => row.GetString(0), default)
        : await session.Sql("select column_name from information_schema.columns where table_name = @table").Bind("table", table).ListAsync(row => row.GetString(0), default);
}
