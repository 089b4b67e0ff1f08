using System.Data;
using System.Globalization;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;
using static Afterword.EndToEnd.Tests.Kills.StoredRows;

namespace Afterword.EndToEnd.Tests.Automation;

/// <summary>The law that each conversation is asked about once or not at all, with its reason: compares what clients know with what a store holds, by plain SQL and none of the server's code.</summary>
internal sealed class ClosingInvariants
{
    private const long Scheduled = 0;
    private const long Asked = 1;

    private static readonly string[] s_decisions = ["scheduled", "asked", "skipped", "withdrawn", "failed"];

    private readonly List<string> _broken = [];
    private readonly List<Row> _rows;
    private readonly ILookup<(long, string), Request> _requests;

    private ClosingInvariants(List<Row> rows, List<Request> requests) => (_rows, _requests) = (rows, requests.ToLookup(one => (one.SenderId, one.ExternalId)));

    /// <summary>Gives one line for each way in which the store breaks the law; none is how it must be.</summary>
    /// <param name="store">The store.</param>
    /// <param name="closings">The clients.</param>
    /// <param name="isOver">Whether all that was scheduled must have been settled.</param>
    public static async Task<IReadOnlyList<string>> CheckAsync(TestStore store, Closings closings, bool isOver)
    {
        await using var connection = await store.ConnectAsync();
        await using var snapshot = await connection.BeginTransactionAsync(store is PostgresStore ? IsolationLevel.RepeatableRead : IsolationLevel.Serializable);
        var law = new ClosingInvariants(
            await ListAsync(
                connection, "select sender_id, id, external_id, recipient_id, decision, reason, prompt_id, share, draw from conversation",
                row => new Row(Long(row, 0), Long(row, 1), row.GetString(2), Long(row, 3), Long(row, 4), Long(row, 5), LongOrNull(row, 6), LongOrNull(row, 7), LongOrNull(row, 8))),
            await ListAsync(
                connection,
                """
                select p.sender_id, p.id, p.external_id, p.recipient_id, coalesce(m.many, 0), coalesce(c.many, 0) from prompt p
                left join (select sender_id, prompt_id, count(*) as many from message where prompt_id is not null group by sender_id, prompt_id) as m on m.sender_id = p.sender_id and m.prompt_id = p.id
                left join (select sender_id, prompt_id, count(*) as many from change where kind = 1 group by sender_id, prompt_id) as c on c.sender_id = p.sender_id and c.prompt_id = p.id
                """,
                row => new Request(Long(row, 0), Long(row, 1), row.GetString(2), Long(row, 3), Long(row, 4), Long(row, 5))));
        law.CheckRows(isOver);
        law.CheckRequests();
        law.CheckClosings(closings);
        return law._broken;
    }

    private void CheckRows(bool isOver)
    {
        foreach (var row in _rows)
        {
            var requests = _requests[(row.SenderId, row.ExternalId)].ToArray();
            if (row.Decision == Asked && requests.Length != 1) Break($"{row.ExternalId} was asked about, and has {requests.Length} requests");
            if (row.Decision != Asked && requests.Length > 0) Break($"{row.ExternalId} is {s_decisions[row.Decision]}, and has a request");
            if (row.Decision == Asked && requests is [var request] && (request.Id != row.PromptId || request.RecipientId != row.RecipientId)) Break($"{row.ExternalId} stands beside another's request: {row} {request}");
            if (row.Decision > Asked != row.Reason > 0) Break($"{row.ExternalId} is {s_decisions[row.Decision]} with reason {row.Reason}");
            if (row.Decision == Scheduled && isOver) Break($"{row.ExternalId} is scheduled for good");
            if (row is { Draw: { } draw, Share: { } share, Decision: Scheduled or Asked } && (Int128)draw * 1_000_000 >= (Int128)share << 53) Break($"{row.ExternalId} is not in the sample, and is {s_decisions[row.Decision]}");
        }
    }

    private void CheckRequests()
    {
        var all = _requests.SelectMany(group => group).ToArray();
        var known = _rows.Select(row => (row.SenderId, row.ExternalId)).ToHashSet();
        foreach (var request in all)
        {
            if (!known.Contains((request.SenderId, request.ExternalId))) Break($"{request.ExternalId} has a request, and was never closed");
            if (request.Messages != 1 || request.Events != 1) Break($"{request.ExternalId} was asked about with {request.Messages} messages and {request.Events} events");
        }

        foreach (var group in all.GroupBy(request => (request.SenderId, request.RecipientId)).Where(group => group.Count() > 1)) Break($"{group.Key} was asked {group.Count()} times within the interval");
    }

    private void CheckClosings(Closings closings)
    {
        var rows = _rows.ToLookup(row => (row.SenderId, row.ExternalId));
        foreach (var closing in closings.All)
        {
            var found = rows[(closing.Sender.Id, closing.ExternalId)].ToArray();
            if (found.Length > 1) Break($"{closing.ExternalId} is there {found.Length} times");
            else if (closing.Fate == Fate.Stored && found.Length == 0) Break($"{closing.ExternalId} was acknowledged and is not there");
            else if (found is [var row]) CheckClosing(closing, row);
        }

        if (_rows.Count > closings.All.Count) Break($"{_rows.Count} conversations are there, of {closings.All.Count} that were closed");
    }

    private void CheckClosing(Closing closing, Row row)
    {
        if (row.RecipientId != closing.Customer) Break($"{closing.ExternalId} is about another customer: {row}");
        if (closing.Told is { } told)
        {
            if (told.Id != row.Id.ToString(CultureInfo.InvariantCulture)) Break($"{closing.ExternalId} was acknowledged as {told.Id} and is {row.Id}");
            if (told.Decision != "scheduled" && told.Decision != s_decisions[row.Decision]) Break($"{closing.ExternalId} was {told.Decision} and is {s_decisions[row.Decision]}");
        }

        if (closing.ToldReopened is { Decision: not "scheduled" } reopened && reopened.Decision != s_decisions[row.Decision]) Break($"{closing.ExternalId} was {reopened.Decision} when it was reopened and is {s_decisions[row.Decision]}");
        if (row.Decision == 3 && !closing.MayBeReopened) Break($"{closing.ExternalId} is withdrawn, and nobody reopened it");
    }

    private void Break(string line) => _broken.Add(line);

    private sealed record Row(long SenderId, long Id, string ExternalId, long RecipientId, long Decision, long Reason, long? PromptId, long? Share, long? Draw);

    private sealed record Request(long SenderId, long Id, string ExternalId, long RecipientId, long Messages, long Events);
}
