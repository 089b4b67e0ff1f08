using Afterword.Server.Access.Console;
using Afterword.Server.Privacy;
using Afterword.Server.Tests.World;
using Afterword.Support;

namespace Afterword.Server.Tests.Privacy;

/// <summary>To erase somebody costs what they have, and not what is stored.</summary>
public sealed class ErasureCostTests
{
    private const int Copies = 2_000;
    private static readonly int s_more = LongForm.Or(6_000, 60_000);

    // Looks through all entries for a name, of which there is no index: once in the life of a customer.
    private const string Named = "select sender_id, id, person, what from audit";

    [Fact]
    public async Task No_statement_takes_more_steps_when_more_is_stored()
    {
        await using var loop = await Loop.StartAsync(Engine.Sqlite);
        var store = await CrowdedStore.FillAsync(loop, Copies);
        var before = await EraseAsync(loop, "first");
        await store.GrowAsync(s_more);

        var after = await EraseAsync(loop, "second");

        Assert.Contains(after.Keys, sql => sql.StartsWith(Named, StringComparison.Ordinal));
        var grown = after.Where(one => !one.Key.StartsWith(Named, StringComparison.Ordinal) && one.Value.StepsARun > (before.GetValueOrDefault(one.Key)?.StepsARun ?? 0) * 3 / 2 + 500).ToArray();
        Assert.True(grown.Length == 0, string.Join("\n\n", grown.Select(one => $"{before.GetValueOrDefault(one.Key)?.StepsARun} steps became {one.Value.StepsARun}\n{one.Key}")));
    }

    private static async Task<Dictionary<string, StatementWork>> EraseAsync(Loop loop, string handle)
    {
        var person = await loop.Server.UserAsync(handle);
        (await loop.Server.PostAsync(
            loop.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{person.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"), ("external_id", handle))).Is(200);
        (await loop.Server.WriteAsync(await loop.Server.TokenAsync(loop.App, person), loop.Furni)).Is(200);
        var db = loop.Server.Server.Store.Main;
        await SqliteWork.TakeAsync(db);
        Assert.IsType<ErasureOutcome.Erased>(await loop.Server.Get<ErasePerson>().RunAsync(person.Id, null, Person.CommandLine, default));
        return await SqliteWork.TakeAsync(db);
    }
}
