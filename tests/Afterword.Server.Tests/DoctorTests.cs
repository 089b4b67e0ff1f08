using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests;

/// <summary>The doctor finds nothing wrong with a store that was used, and everything with one that was tampered with.</summary>
public abstract class DoctorTests(Engine engine) : IAsyncLifetime
{
    private Loop _loop = null!;

    public async ValueTask InitializeAsync()
    {
        _loop = await Loop.StartAsync(engine);
        await _loop.AskAsync();
        (await _loop.Server.PostAsync(_loop.Recipient, "/1.1/friendships/create.json", ("screen_name", "furni"))).Is(200);
        (await _loop.Server.WriteAsync(_loop.Recipient, _loop.Furni)).Is(200);
        (await _loop.Server.WriteAsync(_loop.Sender, _loop.Ana)).Is(200);
    }

    [Fact]
    public async Task A_store_that_was_used_is_well()
    {
        var findings = await _loop.Server.ExamineAsync();

        Assert.Contains(findings, finding => finding.Check == "followers and blocks");
        Assert.All(findings, finding => Assert.Empty(finding.Problems));
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
    public async Task What_was_tampered_with_is_found(string tamper, string check, string problem)
    {
        Assert.NotEqual(0, await _loop.Server.Server.Store.Main.WriteAsync(session => session.Sql(tamper).RunAsync(default), default));

        var found = (await _loop.Server.ExamineAsync()).Where(finding => finding.Problems.Count > 0).ToArray();
        Assert.Contains(found, finding => finding.Check == check && finding.Problems.Any(line => line.StartsWith(problem, StringComparison.Ordinal)));
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();
}

public sealed class SqliteDoctorTests() : DoctorTests(Engine.Sqlite);

public sealed class PostgresDoctorTests() : DoctorTests(Engine.Postgres);
