using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Faults;

/// <summary>The disk of PostgreSQL is full, for real.</summary>
[LongForm]
public sealed class SmallDiskTests
{
    private const int MostPolls = 2_000;

    // As long as a message may be, so that pages fill up.
    private static readonly string s_message = string.Concat(Enumerable.Range(0, 9_000).Select(i => (char)('a' + (i * 7_919 % 26))));

    [Fact]
    public async Task On_a_full_disk_reads_go_on_writes_are_503_and_both_resume_by_themselves()
    {
        using var disk = new SmallDisk();
        var database = await disk.DatabaseAsync();
        Assert.SkipUnless(database is not null, "This machine lets no process mount a disk of its own.");
        await MigratedStores.MigrateAsync("Database", database);
        await using var fixture = await FeedbackFixture.StartOnAsync(database, "Limits:RecipientInterval=00:00:00", "Limits:CreatesPerDay=1000000");
        var @operator = await fixture.Server.MembershipAsync(Role.Operator, null);
        var first = (await fixture.AskAsync()).Text("id");

        await disk.FillAsync();

        // What there are pages for is taken still.
        var (acknowledged, refused) = (new List<string> { first }, await CreateAsync(fixture));
        for (var i = 0; i < MostPolls && refused.Status == 200; i++)
        {
            acknowledged.Add(refused.Text("id"));
            refused = await CreateAsync(fixture);
        }

        refused.Is(503, 130);
        for (var i = 0; i < 50; i++) (await fixture.Server.GetAsync(fixture.Sender, $"/1.1/feedback/show/{first}.json")).Is(200);
        await fixture.Server.ShowsAsync(@operator, ProblemCause.DiskFull);

        await disk.MakeRoomAsync();
        for (var poll = 0; (refused = await CreateAsync(fixture)).Status != 200; poll++)
        {
            Assert.True(poll < MostPolls);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        acknowledged.Add(refused.Text("id"));
        foreach (var id in acknowledged) (await fixture.Server.GetAsync(fixture.Sender, $"/1.1/feedback/show/{id}.json")).Is(200);
        await fixture.Server.AllIsWellAsync();
    }

    private static Task<Answer> CreateAsync(FeedbackFixture fixture) => fixture.Server.PostAsync(
        fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{fixture.Ana.Id}"), ("message", s_message), ("privacy_url", "https://furni.example/privacy"));
}
