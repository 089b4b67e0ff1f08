using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Console.Members;
using Afterword.Server.Messages;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Messages;

/// <summary>Users read what they wrote to each other.</summary>
public abstract class MailboxTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(
        engine, "Limits:MessagesPerDay=1000000", "Limits:AppMessagesPerDay=1000000", "Limits:MessagesPer15Minutes=1000000", "Limits:CreatesPerDay=1000000");

    [Fact]
    public async Task Messages_of_both_sides_come_newest_first_those_of_requests_included()
    {
        var first = IdOf((await Server.WriteAsync(_fixture.Sender, _fixture.Ana, "First")).Is(200));
        await Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        var second = IdOf((await Server.WriteAsync(_fixture.Recipient, _fixture.Furni, "And I?")).Is(200));
        await Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        var third = (await _fixture.AskAsync()).Text("dm_id");

        foreach (var side in new[] { _fixture.Sender, _fixture.Recipient })
        {
            var page = (await ListAsync(side)).Is(200);
            Assert.Equal(999_999, page.Header("x-rate-limit-remaining"));
            Golden.Matches("messages.json", page.Body
                .Replace(first, "FIRST", StringComparison.Ordinal).Replace(second, "SECOND", StringComparison.Ordinal).Replace(third, "THIRD", StringComparison.Ordinal)
                .Replace(Id(_fixture.Ana), "ANA", StringComparison.Ordinal).Replace(Id(_fixture.Furni), "FURNI", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Nobody_reads_what_others_wrote()
    {
        var id = IdOf((await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200));
        var bea = await Server.TokenAsync(_fixture.App, await Server.UserAsync("bea"));

        Assert.Equal("""{"events":[]}""", (await ListAsync(bea)).Is(200).Body);
        (await ShowAsync(bea, id)).Is(404, 34);
    }

    [Fact]
    public async Task What_one_takes_out_of_their_list_stays_with_everybody_else()
    {
        var asked = await _fixture.AskAsync();
        var (dm, written) = (asked.Text("dm_id"), IdOf((await Server.WriteAsync(_fixture.Recipient, _fixture.Furni, "Where is my chair?")).Is(200)));

        foreach (var id in new[] { dm, written })
        {
            Assert.Equal("", (await DestroyAsync(_fixture.Sender, id)).Is(204).Body);
            (await DestroyAsync(_fixture.Sender, id)).Is(404, 34);
            (await ShowAsync(_fixture.Sender, id)).Is(404, 34);
        }

        Assert.Equal("""{"events":[]}""", (await ListAsync(_fixture.Sender)).Is(200).Body);
        Assert.Equal([written, dm], (await WalkAsync(_fixture.Recipient, 50)).Ids);
        (await _fixture.SubmitAsync(asked.Text("id"), ("score", "5"))).Is(200);
        var supervisor = await Server.MembershipAsync(Role.Supervisor, _fixture.Furni);
        Assert.Contains("Where is my chair?", (await supervisor.GetAsync($"/console/@furni/answers/{asked.Text("id")}")).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(2, await Server.CountAsync("audit", $"person = '@furni' and sender_id = {_fixture.Furni.Id} and what like 'took message % out of the account''s own list, with app %'"));

        // Its people look after it still when it may ask no longer.
        await Server.Get<Allowlist>().DenySenderAsync(_fixture.Furni.Id, default);
        var later = IdOf((await Server.WriteAsync(_fixture.Recipient, _fixture.Furni, "And my table?")).Is(200));
        (await DestroyAsync(_fixture.Sender, later)).Is(204);
        Assert.Equal(3, await Server.CountAsync("audit", $"sender_id = {_fixture.Furni.Id} and what like 'took message %'"));

        // A customer has no audit log to be told in, and takes the last sight of it from nobody.
        (await DestroyAsync(_fixture.Recipient, written)).Is(204);
        Assert.Equal([later, dm], (await WalkAsync(_fixture.Recipient, 50)).Ids);
        Assert.Equal(3, await Server.CountAsync("audit", "what like 'took message %'"));
        Assert.Contains("Where is my chair?", (await supervisor.GetAsync($"/console/@furni/answers/{asked.Text("id")}")).Is(200).Html, StringComparison.Ordinal);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Only_those_who_see_a_message_take_it_out_of_their_list()
    {
        var id = IdOf((await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200));
        var bea = await Server.TokenAsync(_fixture.App, await Server.UserAsync("bea"));

        (await DestroyAsync(bea, id)).Is(404, 34);
        (await DestroyAsync(await Server.TokenAsync(_fixture.App, _fixture.Furni, Permission.Write), id)).Is(403, 93);
        (await Server.SendAsync(_fixture.Sender, HttpMethod.Delete, "/1.1/direct_messages/events/destroy.json", null)).Is(400, 38);
        (await DestroyAsync(_fixture.Sender, "x")).Is(400, 44);
        Assert.Equal(1, await Server.CountAsync("message", "hidden = 0"));

        await Server.AdvanceAsync(Mailbox.Kept + TimeSpan.FromMinutes(1));
        (await DestroyAsync(_fixture.Sender, id)).Is(404, 34);
    }

    [Fact]
    public async Task Pages_are_complete_without_repeats_and_only_the_end_has_no_cursor()
    {
        var sent = new List<string>();
        for (var i = 0; i < 23; i++) sent.Insert(0, i % 3 == 0 ? (await _fixture.AskAsync()).Text("dm_id") : IdOf(await (i % 3 == 1 ? Server.WriteAsync(_fixture.Sender, _fixture.Ana) : Server.WriteAsync(_fixture.Recipient, _fixture.Furni))));

        foreach (var count in new[] { 1, 5, 22, 23, 24, 50 })
        {
            var (seen, pages) = await WalkAsync(_fixture.Recipient, count);
            Assert.Equal(sent, seen);
            Assert.Equal((23 + count - 1) / count, pages);
        }

        Assert.Equal(20, (await ListAsync(_fixture.Sender)).Json.GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task A_walk_sees_every_message_once_while_others_write()
    {
        var before = await FillAsync(2_000);
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            var written = 0;
            for (; !enough.IsCancellationRequested; written++) await SendAsync(i % 2 == 0 ? (_fixture.Furni, _fixture.Ana) : (_fixture.Ana, _fixture.Furni));
            return written;
        })).ToArray();

        var (seen, _) = await WalkAsync(_fixture.Sender, 50);

        await enough.CancelAsync();
        Assert.True((await Task.WhenAll(writers)).Sum() > 0);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Empty(before.Except(seen));
        Assert.Equal(seen.OrderDescending(), seen);
    }

    [Fact]
    public async Task Messages_are_shown_for_thirty_days()
    {
        var id = IdOf((await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200));

        await Server.AdvanceAsync(TimeSpan.FromDays(30));
        Assert.Equal(1, (await ListAsync(_fixture.Recipient)).Is(200).Json.GetProperty("events").GetArrayLength());
        (await ShowAsync(_fixture.Recipient, id)).Is(200);

        await Server.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, (await ListAsync(_fixture.Recipient)).Is(200).Json.GetProperty("events").GetArrayLength());
        (await ShowAsync(_fixture.Recipient, id)).Is(404, 34);
        Assert.Equal(1, await Server.CountAsync("message"));
    }

    [Fact]
    public async Task A_cursor_is_good_for_its_user_alone()
    {
        for (var i = 0; i < 3; i++) (await Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
        var cursor = (await ListAsync(_fixture.Sender, "?count=1")).Text("next_cursor");

        (await ListAsync(_fixture.Sender, $"?cursor={cursor}")).Is(200);
        (await ListAsync(_fixture.Recipient, $"?cursor={cursor}")).Is(400, 44);
        foreach (var broken in new[] { $"{cursor}x", $"{cursor[..^4]}AAAA", "-1", "MTA", new string('A', 5_000), "%00" }) (await ListAsync(_fixture.Sender, $"?cursor={broken}")).Is(400, 44);

        // One that was given out for pages of events is a cursor, but none of these.
        for (var i = 0; i < 2; i++) await _fixture.AskAsync();
        var now = Server.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        await Server.AdvanceAsync(TimeSpan.FromMinutes(1));
        var foreign = (await Server.GetAsync(_fixture.Sender, $"/1.1/feedback/events.json?from_time={now}&to_time={now + 1_000}&count=1")).Text("next_cursor");
        Assert.NotEqual("", foreign);
        (await ListAsync(_fixture.Sender, $"?cursor={foreign}")).Is(400, 44);
        (await Server.GetAsync(_fixture.Sender, $"/1.1/feedback/events.json?cursor={cursor}")).Is(400, 44);
    }

    [Theory]
    [InlineData("count=0", "count parameter is invalid: a whole number from 1 to 50.")]
    [InlineData("count=51", "count parameter is invalid: a whole number from 1 to 50.")]
    [InlineData("count=x", "count parameter is invalid: a whole number from 1 to 50.")]
    [InlineData("count=1&count=1", "count parameter is invalid: given more than once.")]
    [InlineData("cursor=x", "cursor parameter is invalid: one that was given out for this account.")]
    public async Task Wrong_pages_are_named(string query, string message) => Assert.Equal([message], (await ListAsync(_fixture.Sender, $"?{query}")).Is(400, 44).Messages);

    [Theory]
    [InlineData("", 400, 38)]
    [InlineData("?id=x", 400, 44)]
    [InlineData("?id=-5", 400, 44)]
    [InlineData("?id=9223372036854775807", 404, 34)]
    [InlineData("?id=0", 404, 34)]
    public async Task A_message_that_is_not_there_is_not_shown(string query, int status, int code) =>
        (await Server.GetAsync(_fixture.Sender, $"/1.1/direct_messages/events/show.json{query}")).Is(status, code);

    [Fact]
    public async Task Both_periods_of_a_page_are_read_from_where_it_begins()
    {
        await FillAsync(2_000);
        var plan = await Server.Server.Store.Main.WriteAsync(
            async session =>
            {
                // For few rows PostgreSQL would rather read the table, and the test is about many.
                if (engine == Engine.Postgres) await session.Sql("set local enable_seqscan = off").RunAsync(default);
                return await session.Sql($"{(engine == Engine.Postgres ? "explain" : "explain query plan")} {Mailbox.Page}")
                    .Bind("user", _fixture.Ana.Id).Bind("before", long.MaxValue).Bind("oldest", 0L).Bind("limit", 51L)
                    .ListAsync(row => engine == Engine.Postgres ? row.GetString(0) : row.GetString(3), default);
            },
            default);

        var text = string.Join('\n', plan);
        string[] wanted = engine == Engine.Postgres
            ? ["Index Scan Backward using message_pkey", "(sender_id = ", "Index Scan Backward using message_by_recipient", "(recipient_id = "]
            : ["SEARCH message USING PRIMARY KEY (sender_id=? AND id>? AND id<?)", "SEARCH message USING INDEX message_by_recipient (recipient_id=? AND id>? AND id<?)"];
        Assert.All(wanted, part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.DoesNotContain("SCAN message", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan", text, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<(List<string> Ids, int Pages)> WalkAsync(OAuthCredentials who, int count)
    {
        var (seen, pages, cursor) = (new List<string>(), 0, "");
        while (true)
        {
            var page = (await ListAsync(who, $"?count={count}{cursor}")).Is(200);
            seen.AddRange(page.Json.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("id").GetString()!));
            pages++;
            if (!page.Json.TryGetProperty("next_cursor", out var next)) return (seen, pages);

            cursor = $"&cursor={next.GetString()}";
        }
    }

    private async Task<HashSet<string>> FillAsync(int wanted) =>
        [.. (await Task.WhenAll(Enumerable.Range(0, wanted).Select(i => SendAsync(i % 2 == 0 ? (_fixture.Furni, _fixture.Ana) : (_fixture.Ana, _fixture.Furni)))))];

    private async Task<string> SendAsync((User From, User To) pair)
    {
        var answer = await Server.Get<SendMessage>().RunAsync(new(pair.From.Id, AppId: 7, new MessageDraft(pair.To.Id, "Hello")));
        return Assert.IsType<SendOutcome.Sent>(answer.Outcome).Message.Id.ToString(CultureInfo.InvariantCulture);
    }

    private Task<Answer> ListAsync(OAuthCredentials who, string query = "") => Server.GetAsync(who, $"/1.1/direct_messages/events/list.json{query}");

    private Task<Answer> DestroyAsync(OAuthCredentials who, string id) => Server.SendAsync(who, HttpMethod.Delete, $"/1.1/direct_messages/events/destroy.json?id={id}", null);

    private Task<Answer> ShowAsync(OAuthCredentials who, string id) => Server.GetAsync(who, $"/1.1/direct_messages/events/show.json?id={id}");

    private static string IdOf(Answer sent) => sent.Json.GetProperty("event").GetProperty("id").GetString()!;

    private static string Id(User user) => user.Id.ToString(CultureInfo.InvariantCulture);
}

public sealed class SqliteMailboxTests() : MailboxTests(Engine.Sqlite);

public sealed class PostgresMailboxTests() : MailboxTests(Engine.Postgres);
