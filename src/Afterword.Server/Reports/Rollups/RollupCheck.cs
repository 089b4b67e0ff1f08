using System.Globalization;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Rollups;

/// <summary>Counts every prompt once more and compares: for <c>afterword doctor</c>.</summary>
internal static class RollupCheck
{
    /// <returns>What differs, one line for each sender; none when all is well.</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(Database db, CancellationToken stop)
    {
        var problems = new List<string>();
        var senders = await db.ReadAsync(session => session.Sql("select sender_id from sender_state order by sender_id").ListAsync(row => row.GetInt64(0), stop), stop);
        foreach (var sender in senders)
        {
            if (await db.SnapshotAsync(session => CompareAsync(session, sender, stop), stop) is { } problem) problems.Add(problem);
        }

        return problems;
    }

    private static async Task<string?> CompareAsync(Session session, long sender, CancellationToken stop)
    {
        var state = await session.Sql($"select {RollupState.Columns} from sender_state where sender_id = @sender").Bind("sender", sender)
            .FirstAsync(row => new RollupState(row.TextOrNull(0), row.GetInt64(1), row.GetInt64(2)), stop);

        // While they are rebuilt for another zone there is nothing to compare with.
        if (state.Zone is null) return null;

        var rollupWriter = new RollupWriter();
        await session.Sql($"select {CountedRequest.Columns} from prompt p where p.sender_id = @sender").Bind("sender", sender)
            .EachAsync(row => rollupWriter.Add(CountedRequest.Read(row), state), stop);
        var expected = new Dictionary<RollupKey, Counts>(rollupWriter.All);

        var differences = new List<string>();
        await session.Sql($"select test, type, dimension, day, value, {Counts.Columns} from rollup where sender_id = @sender order by test, type, dimension, day, value").Bind("sender", sender)
            .EachAsync(
                row =>
                {
                    var key = new RollupKey(sender, row.Flag(0), (PromptType)row.GetInt32(1), (Dimension)row.GetInt32(2), row.GetInt64(3), row.GetString(4));
                    expected.Remove(key, out var counts);
                    if (Difference(Counts.Read(row, 5), counts ?? new()) is { } difference) differences.Add($"{NameOf(key)}: {difference}");
                },
                stop);
        differences.AddRange(expected.Where(missing => !missing.Value.IsZero).Select(missing => $"{NameOf(missing.Key)}: not counted"));
        return differences.Count == 0
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{differences.Count:N0} counts of sender {sender} differ from its feedbacks; the first is {differences[0]}");
    }

    private static string? Difference(Counts stored, Counts counted)
    {
        foreach (var (name, is_, should) in new[]
        {
            ("sent", stored.Sent, counted.Sent), ("delivered", stored.Delivered, counted.Delivered),
            ("dismissed", stored.Dismissed, counted.Dismissed), ("commented", stored.Commented, counted.Commented),
        })
        {
            if (is_ != should) return string.Create(CultureInfo.InvariantCulture, $"{name} is {is_}, there are {should}");
        }

        for (var score = 0; score < Counts.ScoreCount; score++)
        {
            var (is_, should) = (stored.Scores[score], counted.Scores[score]);
            if (is_ != should) return string.Create(CultureInfo.InvariantCulture, $"scores of {score} are {is_}, there are {should}");
        }

        return (stored.Times.ToBytes() ?? []).AsSpan().SequenceEqual(counted.Times.ToBytes() ?? []) ? null : "the times to answer differ";
    }

    private static string NameOf(RollupKey key) => string.Create(
        CultureInfo.InvariantCulture,
        $"{DateOnly.FromDayNumber((int)key.Day):yyyy-MM-dd} {key.Type.Wire}{(key.Test ? " test" : "")} {(key.Dimension == Dimension.Cell ? "" : $"{key.Dimension} ")}\"{key.Value}\"");
}
