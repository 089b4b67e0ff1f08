using Afterword.Server.Admin.Health;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Storage;

/// <summary>The doctor finds nothing wrong with a store that was used, and everything with one that was tampered with.</summary>
public abstract class DoctorTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(engine);
        await _fixture.AskAsync();
        (await _fixture.Server.PostAsync(_fixture.Recipient, "/1.1/friendships/create.json", ("screen_name", "furni"))).Is(200);
        (await _fixture.Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);
        (await _fixture.Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
    }

    [Fact]
    public async Task A_store_that_was_used_is_well()
    {
        var findings = await _fixture.Server.ExamineAsync();

        Assert.Contains(findings, finding => finding.Check == "followers and blocks");
        Assert.All(findings, finding => Assert.Empty(finding.Problems));
    }

    [Fact]
    public async Task Operators_find_each_check_in_their_page()
    {
        // Only a store with a key file has the last.
        var checks = (await _fixture.Server.ExamineAsync()).Select(finding => finding.Check).ToArray();
        var lines = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "docs", "operating.md"), TestContext.Current.CancellationToken);
        var documented = lines.SkipWhile(line => !line.StartsWith("| check |", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|')[1].Trim());
        var shown = lines.SkipWhile(line => !line.StartsWith("ok  ", StringComparison.Ordinal)).TakeWhile(line => line.StartsWith("ok  ", StringComparison.Ordinal)).Select(line => line[2..^5].Trim());

        Assert.Equal(checks, documented.Where(check => check != "the key ring"));
        Assert.Equal(checks, shown);
    }

    [Theory]
    [InlineData("update account set followers_count = followers_count + 1 where screen_name = 'furni'", "followers and blocks", "1 users with another number of followers than is noted")]
    [InlineData("update account set friends_count = 0", "followers and blocks", "1 users who follow another number of users than is noted")]
    [InlineData("update contact set blocks = 1 where follows = 1", "followers and blocks", "1 users who follow somebody in spite of a block")]
    [InlineData("update contact set blocks = 1 where follows = 0", "followers and blocks", "1 users who follow somebody in spite of a block")]
    [InlineData("delete from message where prompt_id is null", "the limit of messages", "1 users whose 24-hour window counts more messages than they sent")]
    [InlineData("update message_window set used = 2 where used = 1", "the limit of messages", "1 users whose 24-hour window counts more messages than they sent")]
    [InlineData("update message_window set started_at = started_at + 1 where used = 1", "the limit of messages", "1 users whose 24-hour window counts more messages than they sent")]
    [InlineData("update contact set wrote_at = wrote_at - 1", "the limit of messages", "2 users who wrote later than is noted")]
    [InlineData("update contact set wrote_at = null where free_replies = 1", "the limit of messages", "1 users with free replies to somebody who did not write")]
    [InlineData("insert into contact (sender_id, user_id) select 404, id from account where screen_name = 'ana'", "users", "1 contacts of users who are not there")]
    [InlineData("insert into message_window (sender_id, started_at, used) values (404, 0, 0)", "users", "1 windows of messages of users who are not there")]
    [InlineData("insert into app_message_window (app_id, started_at, used) values (404, 0, 0)", "users", "1 windows of messages of apps that are not there")]
    [InlineData("insert into customer_ref (sender_id, ref, user_id) values (1, 'c:desk:1', 404)", "users", "1 customers of connectors who are no users")]
    [InlineData("insert into connector_event (sender_id, connector_id, event_key, id, received_at, times, test, action, decision) select 1, 404, consumer_secret, 9, 0, 1, 0, 0, 'ignored' from app", "users", "1 events of connectors that are not there")]
    [InlineData("insert into connector_event (sender_id, connector_id, event_key, id, received_at, times, test, action, decision) select 1, 404, consumer_secret, 9, 9999999999999, 1, 0, 0, 'ignored' from app", "the clock", "1 events of connectors of the future")]
    [InlineData("update account set channel = 4 where screen_name = 'ana'", "channels and their requests", "1 users of the channel x without an X user id")]
    public Task What_was_tampered_with_is_found(string tamper, string check, string problem) => IsFoundAsync(tamper, check, problem);

    [Theory]
    [InlineData("delete from change where kind = 1", "prompts and their events", "2 prompts that have not exactly one created event")]
    [InlineData("delete from change where kind = 2", "prompts and their events", "1 prompts that have not exactly one updated event per answered part")]
    [InlineData("update prompt set score_at = score_at + 1", "prompts and their events", "1 prompts whose updated events have other stamps than the answers")]
    [InlineData("update follow_up set scored_at = scored_at + 1", "follow-up", "1 items with another time than their score")]
    [InlineData("update follow_up set prompt_id = prompt_id + 2", "follow-up", "1 items of a score that is not there")]
    [InlineData("update prompt set test = 1", "follow-up", "1 items of test feedback")]
    [InlineData("update follow_up set state = 1", "follow-up", "1 items in an unknown state")]
    [InlineData("update follow_up set version = -1", "follow-up", "1 items with an impossible version")]
    [InlineData("delete from follow_up", "follow-up", "1 notes of an item that is not there")]
    [InlineData("update alert set subject = subject + 2 where kind = 1", "alerts", "1 alerts of a score that is not there")]
    [InlineData("update alert set at = at + 1 where kind = 1", "alerts", "1 alerts with another time than their score")]
    [InlineData("update prompt set test = 1", "alerts", "1 alerts of test feedback")]
    [InlineData("update alert set kind = 6 where kind = 3", "alerts", "1 alerts of an unknown kind")]
    [InlineData("update alert set facts = null where kind = 3", "alerts", "1 alerts whose facts do not fit their kind")]
    [InlineData("delete from alert", "alerts", "2 alerts on their way that are not there")]
    [InlineData("update alert set state = 0", "alerts", "2 alerts on their way that count as new")]
    [InlineData("update alert_dispatch set state = 5 where kind = 1", "alerts", "1 alerts on their way in an unknown channel or state")]
    [InlineData("update alert_dispatch set channel = 2 where kind = 1", "alerts", "1 alerts to a webhook that is not there")]
    [InlineData("update alert_dispatch set settled_at = null where kind = 3", "alerts", "1 alerts on their way that ended at no time")]
    [InlineData("update alert_dispatch set failures = attempts + 1 where kind = 1", "alerts", "1 alerts on their way with fewer attempts")]
    [InlineData("insert into watch (sender_id, follow_csat, follow_nps, alert_csat, alert_nps, fall_points, version) values (404, 2, 6, -1, -1, -1, 1)", "alerts", "1 senders with alerts who are no users")]
    public async Task A_score_that_was_tampered_with_is_found(string tamper, string check, string problem)
    {
        var id = (await _fixture.AskAsync()).Text("id");
        (await _fixture.SubmitAsync(id, ("score", "1"))).Is(200);
        foreach (var add in (string[])
        [
            $"insert into follow_up_note (sender_id, prompt_id, id, at, person_id, person, body) values ({_fixture.Furni.Id}, {id}, 1, 1, 1, 'boss', 'Called')",
            $"insert into alert (sender_id, kind, subject, id, at, state) select sender_id, 1, prompt_id, 1, scored_at, 1 from follow_up",
            $"insert into alert (sender_id, kind, subject, id, at, state, facts) values ({_fixture.Furni.Id}, 3, 700000, 2, 1, 1, '{{}}')",
            "insert into alert_dispatch (sender_id, id, channel, reader_id, kind, subject, state, due_at, attempts, failures, fence, settled_at) select sender_id, id, 1, 7, kind, subject, 2, 1, 1, 0, 1, 1 from alert",
        ])
        {
            await TamperAsync(add);
        }

        await _fixture.Server.AllIsWellAsync();
        await IsFoundAsync(tamper, check, problem);
    }

    [Fact]
    public async Task Secrets_that_nobody_can_open_are_found_wherever_they_are()
    {
        foreach (var insert in (string[])
        [
            "connector (sender_id, id, kind, name, prefix, token_hash, secret, create_users, version, added_at) values (@sender, 7, 'zammad', 'zammad', 'zammad', @bytes, @bytes, 1, 1, 0)",
            "helpdesk (sender_id, kind, url, token, added_at) values (@sender, 4, 'https://desk.example/', @bytes, 0)", "x_account (sender_id, url, keys, added_at) values (@sender, 'https://api.x.com/', @bytes, 0)",
        ])
        {
            var table = insert[..insert.IndexOf(' ', StringComparison.Ordinal)];
            await WriteAsync($"insert into {insert}");
            var problem = Assert.Single(Assert.Single(await _fixture.Server.ExamineAsync(), finding => finding.Problems.Count > 0).Problems);
            Assert.Equal(table == "connector" ? "the secrets of connector 7 cannot be unsealed" : $"what the channels keep for sender {_fixture.Furni.Id} cannot be unsealed", problem);
            await WriteAsync($"delete from {table} where sender_id = @sender");
        }

        Task<int> WriteAsync(string sql) => _fixture.Server.Server.Store.Main.WriteAsync(
            session =>
            {
                var statement = session.Sql(sql).Bind("sender", _fixture.Furni.Id);
                return (sql.Contains("@bytes", StringComparison.Ordinal) ? statement.Bind("bytes", new byte[40]) : statement).RunAsync(default);
            },
            default);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task IsFoundAsync(string tamper, string check, string problem)
    {
        // On a busy machine the server's own workers may mend a row before the doctor reads it.
        List<DoctorFinding> found = [];
        for (var again = 0; again < 10 && !found.Exists(IsIt); again++)
        {
            await TamperAsync(tamper);
            found = await _fixture.Server.ExamineAsync();
        }

        Assert.Contains(found, IsIt);

        bool IsIt(DoctorFinding finding) => finding.Check == check && finding.Problems.Any(line => line.StartsWith(problem, StringComparison.Ordinal));
    }

    private async Task TamperAsync(string sql) => Assert.NotEqual(0, await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default));
}

public sealed class SqliteDoctorTests() : DoctorTests(Engine.Sqlite);

public sealed class PostgresDoctorTests() : DoctorTests(Engine.Postgres);
