using System.Globalization;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Audit;

/// <summary>Follows the chain of every place's audit log, for <c>doctor</c>.</summary>
internal static class AuditCheck
{
    private const int MostProblems = 20;

    public static Task<IReadOnlyList<string>> RunAsync(Database db, CancellationToken stop) => db.SnapshotAsync<IReadOnlyList<string>>(
        async session =>
        {
            var heads = await session.Sql("select h.sender_id, h.number, h.hash, a.screen_name from audit_head h left join account a on a.id = h.sender_id order by h.sender_id")
                .ListAsync(row => new Head(row.GetInt64(0), row.GetInt64(1), row.GetBytes(2), row.TextOrNull(3)), stop);
            var walk = new Walk(heads.ToDictionary(head => head.SenderId));
            await session.Sql(
                """
                select sender_id, id, at, person_id, person, deed, what, number, hash, erased from audit
                where number is not null order by sender_id, number
                """)
                .EachAsync(
                    row => walk.See(
                        new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetString(4), row.GetInt64(5), row.GetString(6), row.Flag(9)), row.GetInt64(7), row.GetBytes(8)),
                    stop);
            return walk.End();
        },
        stop);

    private sealed record Head(long SenderId, long Number, byte[] Hash, string? ScreenName);

    private sealed class Walk(Dictionary<long, Head> heads)
    {
        private readonly List<string> _problems = [];
        private readonly HashSet<long> _seen = [];
        private long _place = -1;
        private long _number;
        private byte[] _hash = [];

        public void See(AuditRow row, long number, byte[] hash)
        {
            if (row.SenderId != _place)
            {
                Leave();
                (_place, _number, _hash) = (row.SenderId, 0, []);
                _seen.Add(_place);
            }

            if (number != _number + 1) Missing(_number + 1, number - 1);

            // Behind a gap the hash before is not known: the gap has been told already. Of an entry whose name is erased, the one behind it vouches for the hash.
            else if (!row.Erased && !row.HashAfter(_hash, number).AsSpan().SequenceEqual(hash)) Add($"entry {number} of {NameOf(_place)} (id {row.Id}) is not what was written, or the one before is not");
            (_number, _hash) = (number, hash);
        }

        public IReadOnlyList<string> End()
        {
            Leave();
            foreach (var head in heads.Values.Where(head => !_seen.Contains(head.SenderId)))
            {
                _place = head.SenderId;
                Missing(1, head.Number);
            }

            return _problems.Count <= MostProblems ? _problems : [.. _problems.Take(MostProblems), string.Create(CultureInfo.InvariantCulture, $"and {_problems.Count - MostProblems:N0} more")];
        }

        private void Leave()
        {
            if (_place < 0) return;
            if (!heads.TryGetValue(_place, out var head)) Add($"the end of the log of {NameOf(_place)} is not noted");
            else if (head.Number > _number) Missing(_number + 1, head.Number);
            else if (head.Number < _number || !head.Hash.AsSpan().SequenceEqual(_hash)) Add($"the log of {NameOf(_place)} ends with entry {_number}, and another end is noted");
        }

        private void Missing(long first, long last)
        {
            if (first == last) Add($"entry {first} of {NameOf(_place)} is missing");
            else Add($"entries {first} to {last} of {NameOf(_place)} are missing");
        }

        private void Add(FormattableString problem) => _problems.Add(FormattableString.Invariant(problem));

        private string NameOf(long place) => place == Workspace.Installation ? "the installation" : heads.GetValueOrDefault(place)?.ScreenName is { } handle ? $"@{handle}" : FormattableString.Invariant($"sender {place}");
    }
}
