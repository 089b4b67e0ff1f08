using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>The power goes while a SQLite store is written. The states in which it may leave the disk are made from the recorded writes of real servers.</summary>
public sealed class PowerCutTests(PowerCutTests.Fixture fixture) : IClassFixture<PowerCutTests.Fixture>
{
    private static int States => LongForm.Or(200, 2_000);

    private PowerCutRun Run
    {
        get
        {
            Strace.SkipUnlessItMayTrace();
            return fixture.Run!;
        }
    }

    [Fact]
    public async Task Whatever_a_power_cut_leaves_all_that_was_acknowledged_is_there_and_nothing_by_half() => AssertNone(await Run.JudgeAsync(States));

    [Fact]
    public async Task A_store_that_a_power_cut_met_at_its_first_start_is_begun_or_gone_on_with()
    {
        Strace.SkipUnlessItMayTrace();
        var start = await PowerCutRun.OfStartAsync();

        AssertNone(await start.JudgeAsync(States / 5));
    }

    [Fact]
    public async Task A_disk_that_keeps_nothing_when_it_is_told_to_is_found_out()
    {
        var broken = await Run.JudgeAsync(40, liesAboutSyncs: true);

        Assert.True(broken.Any(line => line.EndsWith("was acknowledged and is not there", StringComparison.Ordinal)), $"Something must be missing: {string.Join('\n', broken.Take(40))}");
    }

    [Theory]
    [InlineData("delete from prompt where id = (select max(id) from prompt where score is null)", "was acknowledged and is not there")]
    [InlineData("update prompt set dismissed_at = null where dismissed_at is not null", "was dismissed: Stored")]
    [InlineData("delete from delivery where (id, endpoint_id) = (select id, endpoint_id from delivery order by id desc limit 1)", "1 changes without exactly one delivery for an endpoint")]
    public async Task A_row_that_is_missing_is_noticed(string damage, string noticed) =>
        Assert.Contains(await Run.JudgeDamagedAsync(damage), line => line.Contains(noticed, StringComparison.Ordinal));

    [Fact]
    public void The_recording_holds_what_it_is_about()
    {
        var (syncs, answers) = (Run.Recording.Steps.OfType<Sync>().ToArray(), Run.Recording.Answers.Count());

        Assert.Empty(Run.Traffic.Faults);
        Assert.Equal(Run.Traffic.Acknowledged + Run.Traffic.Unavailable, answers);
        Assert.True(Run.Traffic.Unavailable is > 0 and var refused && refused < Run.Traffic.Acknowledged, $"Some requests meet a sync that fails. {Run}");
        Assert.Contains(syncs, sync => sync is { File: "afterword.db-wal", Failed: true });
        foreach (var file in (string[])["", "afterword.db", "afterword.db-wal"]) Assert.Contains(syncs, sync => sync.File == file && !sync.Failed);
        Assert.Contains(Run.Recording.Steps, step => step is Remove { File: "afterword.db-wal" });
    }

    private static void AssertNone(IReadOnlyList<string> broken) => Assert.True(broken.Count == 0, $"{broken.Count} of them: {string.Join('\n', broken.Take(20))}");

    /// <summary>Records once for all tests.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal PowerCutRun? Run { get; private set; }

        public async ValueTask InitializeAsync()
        {
            if (!Strace.MayTrace) return;

            Run = await PowerCutRun.OfLoadAsync(LongForm.Or(100, 600));
            await Console.Out.WriteLineAsync($"Power cuts, {Run}");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
