using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>Everything that the clients of a run sent, and what they know of it.</summary>
internal sealed class Ledger(Scene scene)
{
    private readonly Lock _lock = new();
    private readonly List<Asked> _all = [];
    private readonly List<Asked> _open = [];
    private int _members;
    private int _customers;

    /// <summary>What clients knew at some moment, for <see cref="Law"/>.</summary>
    public static Ledger Of(Scene scene, IEnumerable<Asked> all)
    {
        var ledger = new Ledger(scene);
        ledger._all.AddRange(all);
        return ledger;
    }

    /// <summary>All create calls, in the order of their numbers. To be read while no client works.</summary>
    public IReadOnlyList<Asked> All => _all;

    /// <summary>Makes the next create call: to somebody whom this sender never asked.</summary>
    public Asked Next(Random random)
    {
        lock (_lock)
        {
            var number = _all.Count;
            var key = random.Next(3) == 0 ? $"key-{number}" : null;
            var pairs = scene.Members.Count * scene.Senders.Count;
            Asked asked;
            if (random.Next(4) == 0 && _members < pairs)
            {
                var member = scene.Members[_members / scene.Senders.Count];
                asked = new(number, scene.Senders[_members++ % scene.Senders.Count], member.Id, member, random.Next(4) == 0, key);
            }
            else
            {
                var customer = 1 + (_customers / scene.Senders.Count);
                if (customer > scene.Customers) throw new InvalidOperationException("Every customer was asked by every sender.");

                asked = new(number, scene.Senders[_customers++ % scene.Senders.Count], customer, null, random.Next(4) > 0, key);
            }

            _all.Add(asked);
            return asked;
        }
    }

    /// <summary>Takes one that was acknowledged and can be answered further; nobody else has it until it is put back.</summary>
    public Asked? TakeOpen(Random random)
    {
        lock (_lock)
        {
            if (_open.Count == 0) return null;

            var at = random.Next(_open.Count);
            var asked = _open[at];
            _open[at] = _open[^1];
            _open.RemoveAt(_open.Count - 1);
            return asked;
        }
    }

    public void PutBack(Asked asked)
    {
        if (asked.Feedback is null || !asked.IsOpen || (asked.Recipient is null && !asked.HasCard)) return;

        lock (_lock) _open.Add(asked);
    }

    /// <summary>Counts the create calls that got no answer, or whose answering got none, and that were carried out all the same.</summary>
    public int CountDoneInSilence(StoreImage image) => _all.Count(asked => image.Find(asked) is { } row
        && (asked.Fate == Fate.InDoubt || (asked.Score.Fate == Fate.InDoubt && row.Score is not null) || (asked.Text.Fate == Fate.InDoubt && row.Comment is not null)));

    /// <summary>Ends every doubt by what the store holds: from now on it must stay as it is.</summary>
    public void Settle(StoreImage image)
    {
        foreach (var asked in _all)
        {
            var row = image.Find(asked);
            if (asked.Fate == Fate.InDoubt) asked.Fate = row is null ? Fate.Absent : Fate.Stored;

            var doubtful = asked.Score.Fate == Fate.InDoubt || asked.Text.Fate == Fate.InDoubt;
            if (!doubtful) continue;

            asked.Score = Settled(asked.Score, row?.Score is not null);
            asked.Text = Settled(asked.Text, row?.Comment is not null);
            asked.Together = false;
            PutBack(asked);
        }
    }

    private static Part Settled(Part part, bool isThere) =>
        part.Fate != Fate.InDoubt ? part : isThere ? part with { Fate = Fate.Stored } : default;
}
