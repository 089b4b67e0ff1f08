using Afterword.Server.Console.Members;
using Afterword.Server.Privacy;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Privacy;

/// <summary>To erase someone costs what they have, and not what is stored.</summary>
public sealed class ErasureCostTests
{
    private const int Copies = 2_000;
    private static readonly int s_more = LongForm.Or(6_000, 60_000);

    // Looks through all entries for a name, of which there is no index: once in the life of a customer.
    private const string Named = "select sender_id, id, person, what from audit";

    [Fact]
    public async Task No_statement_takes_more_steps_when_more_is_stored()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Sqlite);
        var store = await CrowdedStore.FillAsync(fixture, Copies);
        var before = await EraseAsync(fixture, "first");
        await store.GrowAsync(s_more);

        var after = await EraseAsync(fixture, "second");

        Assert.Contains(after.Keys, sql => sql.StartsWith(Named, StringComparison.Ordinal));
        var grown = after.Where(one => !one.Key.StartsWith(Named, StringComparison.Ordinal) && one.Value.StepsARun > (before.GetValueOrDefault(one.Key)?.StepsARun ?? 0) * 3 / 2 + 500).ToArray();
        Assert.True(grown.Length == 0, string.Join("\n\n", grown.Select(one => $"{before.GetValueOrDefault(one.Key)?.StepsARun} steps became {one.Value.StepsARun}\n{one.Key}")));
    }

    private static async Task<Dictionary<string, StatementWork>> EraseAsync(FeedbackFixture fixture, string handle)
    {
        var person = await fixture.Server.UserAsync(handle);
        (await fixture.Server.PostAsync(
            fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{person.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"), ("external_id", handle))).Is(200);
        (await fixture.Server.WriteAsync(await fixture.Server.TokenAsync(fixture.App, person), fixture.Furni)).Is(200);
        var db = fixture.Server.Server.Store.Main;
        await SqliteWork.TakeAsync(db);
        Assert.IsType<ErasureOutcome.Erased>(await fixture.Server.Get<ErasePerson>().RunAsync(person.Id, null, Member.CommandLine, default));
        return await SqliteWork.TakeAsync(db);
    }
}
