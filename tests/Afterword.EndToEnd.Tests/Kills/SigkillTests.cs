using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Reports.Rollups;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>What must hold of a server that is killed at random moments under load. All of one engine's tests look at one run.</summary>
public abstract class SigkillTests
{
    private protected abstract KillRun Run { get; }

    [Fact]
    public void Every_acknowledged_request_is_stored_and_every_other_wholly_or_not_at_all() => AssertNone(Run.Breaches);

    [Fact]
    public void Nobody_gets_an_unexpected_answer_and_nobody_none_while_the_server_lives() => AssertNone(Run.Faults);

    [Fact]
    public void A_request_accepted_before_a_kill_is_refused_when_it_is_replayed_after_it() => AssertNone(Run.AcceptedReplays);

    [Fact]
    public void A_create_repeated_with_its_key_after_a_kill_gives_exactly_one_prompt()
    {
        AssertNone(Run.WrongRetries);
        Assert.True(Run.Retries is { Stored: > 0, Missing: > 0 }, $"Both kinds of retries must have happened. {Run}");
    }

    [Fact]
    public void The_kills_hit_requests_in_flight()
    {
        Assert.Equal(KillRun.Stores * KillRun.KillsPerStore, Run.Kills);
        Assert.Equal([ServerProcess.KilledCode], Run.ExitCodes);
        Assert.True(Run.Unanswered > Run.Kills, $"Most kills must leave requests unanswered. {Run}");
    }

    [Fact]
    public void A_client_that_takes_silence_for_success_is_found_out()
    {
        Assert.Contains(Run.Illusions, line => line.EndsWith("was acknowledged and is not there", StringComparison.Ordinal));
        Assert.Contains(Run.Illusions, line => line.Contains("has lost its", StringComparison.Ordinal));
    }

    [Fact]
    public Task The_law_notices_a_message_that_is_missing() => AssertNoticedAsync(
        "delete from message where id = (select message_id from prompt order by id limit 1)", "has 0 messages");

    [Fact]
    public Task The_law_notices_a_change_that_is_there_twice() => AssertNoticedAsync(
        "insert into change (sender_id, changed_at, id, kind, prompt_id) select sender_id, changed_at, 7, kind, prompt_id from change where kind = 2 order by id limit 1",
        "and was updated");

    [Fact]
    public Task The_law_notices_a_prompt_that_was_created_twice() => AssertNoticedAsync(
        "insert into change (sender_id, changed_at, id, kind, prompt_id) select sender_id, changed_at, 7, kind, prompt_id from change where kind = 1 order by id limit 1",
        "was created 2 times");

    [Fact]
    public Task The_law_notices_a_score_that_is_erased() => AssertNoticedAsync(
        "update prompt set score = null, score_at = null where id = (select id from prompt where score is not null order by id limit 1)", "has lost its score");

    [Fact]
    public Task The_law_notices_a_prompt_that_is_missing() => AssertNoticedAsync(
        "delete from prompt where id = (select id from prompt order by id limit 1)", "was acknowledged and is not there");

    [Fact]
    public Task The_law_notices_a_cap_that_is_forgotten() => AssertNoticedAsync(
        "update sender_state set window_used = window_used - 1 where sender_id = (select sender_id from prompt order by id limit 1)", "are counted");

    [Fact]
    public async Task The_metrics_are_those_of_the_rows_and_a_count_that_is_lost_is_noticed()
    {
        var copy = await Run.Last.Store.CopyAsync();
        await using (var store = await copy.OpenAsync()) Assert.Empty(await RollupCheck.RunAsync(store.Main, default));

        Assert.NotEqual(0, await copy.RunAsync("update rollup set s3 = s3 + 1, dismissed = dismissed - 1 where sender_id = (select min(sender_id) from rollup)"));
        await using var damaged = await copy.OpenAsync();
        Assert.Contains("differ from its feedbacks", Assert.Single(await RollupCheck.RunAsync(damaged.Main, default)), StringComparison.Ordinal);
    }

    private async Task AssertNoticedAsync(string damage, string noticed)
    {
        var copy = await Run.Last.Store.CopyAsync();
        Assert.Empty(Invariants.Check(await StoreImage.ReadAsync(copy), Run.Last.Ledger));

        Assert.Equal(1, await copy.RunAsync(damage));
        Assert.Contains(Invariants.Check(await StoreImage.ReadAsync(copy), Run.Last.Ledger), line => line.Contains(noticed, StringComparison.Ordinal));
    }

    private void AssertNone(List<string> lines) =>
        Assert.True(lines.Count == 0, $"{lines.Count} of them: {string.Join('\n', lines.Take(20))}\n{Run}");
}

[Collection(nameof(Loads))]
public sealed class SqliteSigkillTests(SqliteSigkillTests.Fixture fixture) : SigkillTests, IClassFixture<SqliteSigkillTests.Fixture>
{
    private protected override KillRun Run => fixture.Run;

    public sealed class Fixture : SigkillFixture
    {
        private protected override Task<TestStore> NewStoreAsync() => Task.FromResult<TestStore>(SqliteStore.Empty());
    }
}

[Collection(nameof(Loads))]
public sealed class PostgresSigkillTests(PostgresSigkillTests.Fixture fixture) : SigkillTests, IClassFixture<PostgresSigkillTests.Fixture>
{
    private protected override KillRun Run => fixture.Run;

    public sealed class Fixture : SigkillFixture
    {
        private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.EmptyAsync();
    }
}

/// <summary>Makes the run once for all tests of an engine.</summary>
public abstract class SigkillFixture : IAsyncLifetime
{
    internal KillRun Run { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Run = await KillRun.RunAsync(NewStoreAsync);
        await Console.Out.WriteLineAsync(Run.ToString());
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private protected abstract Task<TestStore> NewStoreAsync();
}
