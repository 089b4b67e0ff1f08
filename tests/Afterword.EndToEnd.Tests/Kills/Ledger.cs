using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>Everything that the clients of a run sent, and what they know of it.</summary>
internal sealed class Ledger(SampleData data)
{
    private readonly Lock _lock = new();
    private readonly List<SentRequest> _all = [];
    private readonly List<SentRequest> _open = [];
    private int _members;
    private int _customers;

    /// <summary>What clients knew at some moment, for <see cref="Invariants"/>.</summary>
    public static Ledger Of(SampleData data, IEnumerable<SentRequest> all)
    {
        var ledger = new Ledger(data);
        ledger._all.AddRange(all);
        return ledger;
    }

    /// <summary>All create calls, in the order of their numbers. To be read while no client works.</summary>
    public IReadOnlyList<SentRequest> All => _all;

    /// <summary>Makes the next create call: to someone whom this sender never asked.</summary>
    public SentRequest Next(Random random)
    {
        lock (_lock)
        {
            var number = _all.Count;
            var key = random.Next(3) == 0 ? $"key-{number}" : null;
            var pairs = data.Users.Count * data.Senders.Count;
            SentRequest sentRequest;
            if (random.Next(4) == 0 && _members < pairs)
            {
                var user = data.Users[_members / data.Senders.Count];
                sentRequest = new(number, data.Senders[_members++ % data.Senders.Count], user.Id, user, random.Next(4) == 0, key);
            }
            else
            {
                var customer = 1 + (_customers / data.Senders.Count);
                if (customer > data.Customers) throw new InvalidOperationException("Every customer was asked by every sender.");

                sentRequest = new(number, data.Senders[_customers++ % data.Senders.Count], customer, null, random.Next(4) > 0, key);
            }

            _all.Add(sentRequest);
            return sentRequest;
        }
    }

    /// <summary>Takes one that was acknowledged and can be answered further; nobody else has it until it is put back.</summary>
    public SentRequest? TakeOpen(Random random)
    {
        lock (_lock)
        {
            if (_open.Count == 0) return null;

            var at = random.Next(_open.Count);
            var sentRequest = _open[at];
            _open[at] = _open[^1];
            _open.RemoveAt(_open.Count - 1);
            return sentRequest;
        }
    }

    public void PutBack(SentRequest sentRequest)
    {
        if (sentRequest.Feedback is null || !sentRequest.IsOpen || (sentRequest.Recipient is null && !sentRequest.HasCard)) return;

        lock (_lock) _open.Add(sentRequest);
    }

    /// <summary>Counts the create calls that got no answer, or whose answering got none, and that were carried out all the same.</summary>
    public int CountDoneInSilence(StoreImage image) => _all.Count(sentRequest => image.Find(sentRequest) is { } row
        && (sentRequest.Fate == Fate.InDoubt || (sentRequest.Score.Fate == Fate.InDoubt && row.Score is not null) || (sentRequest.Text.Fate == Fate.InDoubt && row.Comment is not null)));

    /// <summary>Ends every doubt by what the store holds: from now on it must stay as it is.</summary>
    public void Settle(StoreImage image)
    {
        foreach (var sentRequest in _all)
        {
            var row = image.Find(sentRequest);
            if (sentRequest.Fate == Fate.InDoubt) sentRequest.Fate = row is null ? Fate.Absent : Fate.Stored;

            var doubtful = sentRequest.Score.Fate == Fate.InDoubt || sentRequest.Text.Fate == Fate.InDoubt;
            if (!doubtful) continue;

            sentRequest.Score = Settled(sentRequest.Score, row?.Score is not null);
            sentRequest.Text = Settled(sentRequest.Text, row?.Comment is not null);
            sentRequest.Together = false;
            PutBack(sentRequest);
        }
    }

    private static Part Settled(Part part, bool isThere) =>
        part.Fate != Fate.InDoubt ? part : isThere ? part with { Fate = Fate.Stored } : default;
}
